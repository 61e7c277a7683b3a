"""The layouts and their measuring: nothing empty passes, every system is judged on the same pages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from eho.errors import InputError
from evaluation.extraction_layouts import COLUMNS, SYSTEMS, checks_of, evaluate_layouts, own_fields, read_with_eho
from evaluation.labelled import MissingSetError
from evaluation.layouts import check_expected, load_layouts

ROOT = Path(__file__).resolve().parents[2] / "evaluation"
GOOD: dict[str, Any] = {
    "url": "http://sever.test/a",
    "fetched_at": "2026-11-21T12:00:00Z",
    "language": "sq",
    "split": "dev",
    "title": "Titulli",
    "absent": ["lead", "authors", "published_at", "updated_at", "section", "keywords", "quotes"],
    "fragments": ["Një paragraf."],
    "unwanted": {"notice": ["Na ndiqni."]},
}


def test_the_layouts_are_balanced() -> None:
    layouts = load_layouts(ROOT / "layouts")
    languages = [layout.expected["language"] for layout in layouts]
    assert len(layouts) == 40
    assert {language: languages.count(language) for language in ("sq", "sr-Latn", "sr-Cyrl")} == {
        "sq": 14,
        "sr-Latn": 13,
        "sr-Cyrl": 13,
    }
    assert sum(layout.expected["split"] == "test" for layout in layouts) == 12
    assert all(len(layout.earlier) in (0, 3) for layout in layouts)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"title": ""}, "title is ''", id="empty-text"),
        pytest.param({"fragments": []}, "fragments is []", id="empty-list"),
        pytest.param({"fragments": ["a", ""]}, "fragments is", id="empty-part"),
        pytest.param({"lead": None}, "lead is None", id="null"),
        pytest.param({"absent": ["lead"]}, "authors is missing", id="forgotten"),
        pytest.param({"lead": "Hyrja e tekstit"}, "absent names 'lead'", id="given-and-absent"),
        pytest.param({"headline": "x"}, "headline is no field", id="unknown"),
        pytest.param({"unwanted": {"noise": ["x"]}}, "unwanted has 'noise'", id="unknown-kind"),
    ],
)
def test_an_expectation_that_checks_nothing_is_refused(change: dict[str, Any], says: str) -> None:
    check_expected(GOOD, "page")
    with pytest.raises(InputError, match=".*".join(map(re.escape, says.split()))):
        check_expected({**GOOD, **change}, "page")


def test_a_folder_without_layouts_is_a_missing_set(tmp_path: Path) -> None:
    with pytest.raises(MissingSetError, match="no layouts"):
        load_layouts(tmp_path)


def test_a_page_is_judged_for_what_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "layouts" / "one"
    folder.mkdir(parents=True)
    text = "Komuna ndau dje njëqind mijë euro për rrugët e fshatrave, kurse punimet nisin në pranverë sipas drejtorisë."
    html = f"<html><body><article><h1>Titulli</h1><p>{text}</p><p>Na ndiqni në kanalin tonë, sepse aty lajmet dalin më parë se në portal.</p></article></body></html>"
    (folder / "page.html").write_text(html, encoding="utf-8")
    expected = {**GOOD, "fragments": [text, "Nuk është aty."], "unwanted": {"furniture": ["Titulli i huaj"]}}
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
    own = [check for check in checks_of(load_layouts(tmp_path / "layouts")) if check.system == "eho"]
    assert [check.value for check in own if check.measure == "found"] == [True, False]
    assert [check.value for check in own if check.measure == "other"] == [False]
    assert [check.value for check in own if check.measure in ("title", "day", "authors")] == [True, True, True]
    result = evaluate_layouts(tmp_path)
    found = result.figure("systems/eho/found")
    assert found is not None and (found.value, found.n) == (0.5, 2)
    assert set(result.tables[0].columns) == set(COLUMNS) and [row.key for row in result.tables[0].rows] == list(SYSTEMS)


def test_old_encodings_come_out_right() -> None:
    for name in ("sq-agency-windows-1250", "srl-agency-windows-1250", "src-daily-windows-1251", "srl-old-iso-8859-2"):
        [layout] = [one for one in load_layouts(ROOT / "layouts") if one.name == name]
        reading = read_with_eho(layout, is_learned=False)
        assert reading.title == layout.expected["title"]
        assert reading.document is not None and own_fields(reading.document)["published_at"] == layout.expected["published_at"]


def test_eho_is_better_than_every_mode_of_its_base() -> None:
    rows = {row.key: row.figures for row in evaluate_layouts(ROOT).tables[0].rows}
    for mode in ("trafilatura", "trafilatura_precision", "trafilatura_recall"):
        for measure in COLUMNS:
            ours, theirs = rows["eho"][measure].value, rows[mode][measure].value
            assert ours is not None and theirs is not None
            assert ours < theirs if measure in ("notice", "teaser", "other") else ours > theirs, (mode, measure)
