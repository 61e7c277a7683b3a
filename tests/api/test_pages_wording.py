from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import api
from api.pages_wording import Wording, plural_form, preferred, table
from eho.codebook import LANGUAGES, Language
from evaluation.miniweb.script import to_cyrillic

PACKAGE = Path(api.__file__).parent
KEPT_LATIN = re.compile(r"\{[a-z_]+\}|robots\.txt|SHA-256|PNG|SVG")
# Keys that are put together from a prefix and a value of the program; all others must be written out where they are used.
COMPOSED = (
    *(
        "facet_",
        "lang_",
        "kind_",
        "variety_",
        "precision_",
        "reviewed_",
        "outcome_",
        "anomaly_",
        "flag_",
        "by_",
        "split_",
        "as_",
        "sort_",
        "in_",
    ),
    *(
        "month_",
        "role_",
        "nav_",
        "about_limit_",
        "about_method_",
        "ownership_",
        "audience_",
        "trend_",
        "report_lang_",
        "axis_",
        "break_",
        "panel_",
        "total",
    ),
)


def forms(entry: str | dict[str, str]) -> dict[str, str]:
    return {"": entry} if isinstance(entry, str) else entry


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_lacks_a_text(language: Language) -> None:
    wanted = {"one", "few", "other"} if language.startswith("sr") else {"one", "other"}
    for key, entry in table().items():
        assert set(entry) == set(LANGUAGES), key
        assert all(text.strip() for text in forms(entry[language]).values()), key
        if isinstance(entry[language], dict):
            assert set(forms(entry[language])) == wanted, key


def test_all_languages_fill_in_the_same_values() -> None:
    for key, entry in table().items():
        fields = {
            frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)
            for said in entry.values()
            for text in forms(said).values()
        }
        assert len(fields) == 1, (key, fields)


def test_cyrillic_spells_the_latin_words() -> None:
    for key, entry in table().items():
        for form, latin in forms(entry["sr-Latn"]).items():
            cyrillic = forms(entry["sr-Cyrl"])[form]
            if key == "language_name":
                assert (latin, cyrillic) == ("Srpski (latinica)", "Српски (ћирилица)")
                continue
            kept = KEPT_LATIN.findall(latin)
            expected = "".join(
                to_cyrillic(part) + (kept[at] if at < len(kept) else "") for at, part in enumerate(KEPT_LATIN.split(latin))
            )
            assert cyrillic == expected, key


def test_every_text_is_used_and_every_use_has_a_text() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [
            *PACKAGE.glob("pages*.py"),
            *PACKAGE.glob("report*.py"),
            *PACKAGE.glob("chart*.py"),
            *PACKAGE.glob("trend_*.py"),
            *PACKAGE.glob("templates/*.html"),
        ]
    )
    used = set(re.findall(r"""\b(?:t|words|_words)\(\s*["']([a-z][A-Za-z_0-9-]*)["']\s*[,)]""", code))
    assert used - set(table()) == set()
    quoted = set(re.findall(r"""["']([a-z][A-Za-z_0-9-]*)["']""", code))
    unused = {key for key in table() if key not in quoted and not key.startswith(COMPOSED)}
    assert unused == set()


@pytest.mark.parametrize(
    ("language", "n", "form"),
    [
        *[("sr-Latn", n, "one") for n in (1, 21, 101)],
        *[("sr-Cyrl", n, "few") for n in (2, 4, 23, 104)],
        *[("sr-Latn", n, "other") for n in (0, 5, 11, 12, 14, 111, 112)],
        ("sq", 1, "one"),
        ("sq", 21, "other"),
        ("en", 1, "one"),
        ("en", 0, "other"),
    ],
)
def test_plural_forms(language: Language, n: int, form: str) -> None:
    assert plural_form(language, n) == form


@pytest.mark.parametrize(
    ("language", "number", "percent", "day", "moment", "month", "total"),
    [
        ("sq", "12.345", "12,3%", "3 shtator 2026", "3 shtator 2026, 07:40", "shtator 2026", "2 dokumente"),
        ("sr-Latn", "12.345", "12,3%", "3. septembra 2026.", "3. septembra 2026. u 07:40", "septembar 2026.", "2 dokumenta"),
        ("sr-Cyrl", "12.345", "12,3%", "3. септембра 2026.", "3. септембра 2026. у 07:40", "септембар 2026.", "2 документа"),
        ("en", "12,345", "12.3%", "3 September 2026", "3 September 2026, 07:40", "September 2026", "2 documents"),
    ],
    ids=LANGUAGES,
)
def test_numbers_and_dates(language: Language, number: str, percent: str, day: str, moment: str, month: str, total: str) -> None:
    words = Wording(language)
    assert words.number(12345) == number
    assert words.percent(0.1234) == percent
    assert words.day("2026-09-03") == day
    assert words.moment("2026-09-03T05:40:00Z") == moment
    assert words.moment("2026-09-02T23:30:00Z", "day") == day  # after midnight in Belgrade
    assert words.month("2026-09") == month
    assert words("total", n=2) == total


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("sq-AL,sq;q=0.9", "sq"),
        ("sr-RS,sr;q=0.9,en;q=0.8", "sr-Cyrl"),
        ("sr-Latn-RS", "sr-Latn"),
        ("de-CH,bs;q=0.5", "sr-Latn"),
        ("de", "en"),
        ("", "en"),
    ],
)
def test_the_browsers_wish(header: str, language: str) -> None:
    assert preferred(header) == language


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="no interface language 'sr'"):
        Wording("sr")  # type: ignore[arg-type]
