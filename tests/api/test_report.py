from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from api.pages_wording import Wording
from api.report import build
from api.report_numbers import count, period_length, shortened
from api.service import Service
from eho.codebook import LANGUAGES, Language
from eho.errors import InputError
from tests.api.pages_corpus import make_gold_home

START, END = date(2026, 9, 1), date(2026, 10, 31)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service.open(make_gold_home(tmp_path_factory.mktemp("gold"))) as service:
        yield service


def originals(service: Service) -> list[dict[str, object]]:
    """Return the documents of the period without copies, found by reading each one."""
    ids = [hit["id"] for hit in service.search("", start=START, end=END, limit=1000)["hits"]]
    documents = [service.document(id) or {} for id in ids]
    return [one for one in documents if not one["cluster"] or one["cluster"]["role"] == "original"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_file_holds_everything(service: Service, tmp_path: Path, language: Language) -> None:
    words = Wording(language)
    path = build(service, start=START, end=END, lang=language, out=tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in text and words("invented_mark") in text
    assert not re.search(r"""(?:src|href)=|@import|url\(""", re.sub(r"xmlns\S+|xlink:href", "", text))
    for key in (
        "report_summary",
        "report_families",
        "report_top",
        "report_languages",
        "report_speakers",
        "methods",
        "report_limits",
    ):
        assert f">{words(key)}</h2>" in text
    assert text.count("<svg") == len(service.codebook.families) + 2
    charts = text.split('id="families"')[1].split("</section>")[0]
    assert charts.count("<table") == charts.count("<svg") == len(service.codebook.families)  # a table under every chart
    assert text.count(words("invented_mark")) >= text.count("<svg") + 1
    assert words("method_uncorrected") in text and html.escape(words("unseen_text")) in text and service.snapshot_id in text
    assert "None" not in re.sub(r"<svg.*?</svg>|<style.*?</style>", "", text, flags=re.DOTALL)


def test_numbers_are_those_that_a_count_by_hand_gives(service: Service) -> None:
    numbers, documents = count(service, START, END, "en"), originals(service)
    family = {narrative.id: narrative.family for narrative in service.codebook.narratives}

    def carries(document: dict[str, object], stances: set[str], *, humane: bool, speaker: str | None = None) -> bool:
        return any(
            annotation["stance"] in stances
            and (family[annotation["narrative"]] == "humanising_counter") == humane
            and annotation["narrative"] != "other_harmful"
            and speaker in (None, annotation["speaker"]["type"])
            for annotation in document["tags"]["annotations"]  # type: ignore[index]
            if not annotation["needs_review"]
        )

    spread, every = {"endorse", "amplify_uncritical"}, {"endorse", "amplify_uncritical", "report_neutral", "counter", "unclear"}
    harm = [one for one in documents if carries(one, spread, humane=False)]
    assert numbers.documents == len(documents)
    assert (numbers.harm.count, numbers.harm.total) == (len(harm), len(documents))
    assert 0 < numbers.harm.low < numbers.harm.value < numbers.harm.high < 1
    humane = [one for one in documents if carries(one, spread, humane=True) or carries(one, {"counter"}, humane=False)]
    assert numbers.humane.count == len(humane)
    answered = [one for one in documents if carries(one, {"counter"}, humane=False)]
    assert (numbers.answered.count, numbers.answered.total) == (
        len(answered),
        len([one for one in documents if carries(one, every, humane=False)]),
    )
    assert numbers.by_group["sq"] == sum(one["lang"] == "sq" for one in documents)
    assert sum(numbers.by_group.values()) == len(documents)
    for speaker, share in numbers.speakers.items():
        assert (share.count, share.total) == (sum(carries(one, spread, humane=False, speaker=speaker) for one in harm), len(harm))
    for narrative in numbers.narratives:
        assert sum(share.count for share in narrative.by_group.values()) == narrative.overall.count > 0


def test_no_outlet_stands_beside_a_label(service: Service, tmp_path: Path) -> None:
    text = build(service, start=START, end=END, lang="en", out=tmp_path / "r.html").read_text(encoding="utf-8")
    labelled = text.split('id="coverage"')[0]
    assert '<span class="chip' in labelled
    for source in service.sources():
        assert source["id"] not in labelled and source["name"] not in labelled
    assert text.split('id="coverage"')[1].count("<tr>") > 5


def test_harmful_quotations_are_short_and_blurred(service: Service) -> None:
    numbers = count(service, START, END, "en")
    assert numbers.examples and all(len(example.text) <= 142 for example in numbers.examples)
    assert shortened("fjalë " * 50).endswith("fjalë …")


def test_a_period_without_documents_says_so(service: Service, tmp_path: Path) -> None:
    path = build(service, start=date(2001, 1, 1), end=date(2001, 2, 1), lang="en", out=tmp_path / "r.html")
    assert "No dated document lies between 1 January 2001 and 1 February 2001." in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("start", "end", "lang", "name", "said"),
    [
        (END, START, "en", "r.html", "swap both days"),
        (START, END, "sr", "r.html", "lang is 'sr'; use one of sq"),
        (START, END, "en", "r.pdf", "cannot be written as 'r.pdf'"),
        (START, END, "en", "missing/r.html", "Choose another place"),
    ],
)
def test_bad_input_is_one_clear_line(
    service: Service, tmp_path: Path, start: date, end: date, lang: str, name: str, said: str
) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        build(service, start=start, end=end, lang=lang, out=tmp_path / name)


@pytest.mark.parametrize(("days", "by"), [(7, "day"), (90, "week"), (365, "month"), (3650, "quarter")])
def test_periods_fit_the_length(days: int, by: str) -> None:
    assert period_length(START, date.fromordinal(START.toordinal() + days)) == by
