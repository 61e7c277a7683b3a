"""`eho evaluate validate|statistics|probes|agreement` and `eho codebook diff|guide`, as a user gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eho.codebook import Codebook
from tests.evaluation.corpus_rows import EVIDENCE, annotation, plain, row, write

BUNDLED = Path(__file__).parents[2] / "eho" / "data" / "codebook.yaml"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "evaluation" / "corpus"
    write(
        folder / "train" / "b01.jsonl", [row("sq"), row("sr-Latn", 2), plain("Bora e parë i zuri autobusët në qafë të malit.", 3)]
    )
    write(folder / "dev" / "b02.jsonl", [row("sr-Cyrl", 1, "b02"), plain("Tregu i gjelbër lëviz nesër te stacioni.", 2, "b02")])
    return folder


def test_validate_says_that_a_whole_corpus_is_whole(eho, corpus: Path, tmp_path: Path) -> None:
    ran = eho("evaluate", "validate", corpus, home=tmp_path)
    assert (ran.status, ran.out, ran.err) == (0, "5 rows: valid.\n", "")


def test_validate_names_every_problem_on_a_line_and_exits_with_2(eho, corpus: Path, tmp_path: Path) -> None:
    path = write(corpus / "train" / "b01.jsonl", [row(synthetic=False), row("sr-Latn", 2, voice="editorial"), "{"])
    ran = eho("evaluate", "validate", corpus, home=tmp_path)
    assert (ran.status, ran.out) == (2, "2 rows: 3 problems.\n")
    assert [line.split(": ")[:2] for line in ran.err.splitlines()] == [
        [f"{path}:1", "b01-001"],
        [f"{path}:2", "b01-002"],
        [f"{path}:3", "?"],
    ]
    assert "Traceback" not in ran.err
    as_json = eho("evaluate", "validate", corpus, "--json", home=tmp_path)
    assert as_json.status == 2 and len(json.loads(as_json.out)["problems"]) == 3


def test_fix_adds_spans_only(eho, corpus: Path, tmp_path: Path) -> None:
    write(corpus / "train" / "b01.jsonl", [row() | {"annotations": [annotation(EVIDENCE["sq"])]}])
    assert eho("evaluate", "validate", corpus, home=tmp_path).status == 2
    ran = eho("evaluate", "validate", corpus, "--fix", home=tmp_path)
    assert (ran.status, ran.out) == (0, "Spans were added to 1 annotations.\n3 rows: valid.\n")


def test_a_place_without_rows_is_named(eho, tmp_path: Path) -> None:
    ran = eho("evaluate", "validate", tmp_path / "none", home=tmp_path)
    assert (ran.status, ran.out) == (2, "") and ran.err.startswith("There are no corpus rows at")


def test_statistics_as_table_json_and_page(eho, corpus: Path, tmp_path: Path) -> None:
    page = tmp_path / "statistics.md"
    table = eho("evaluate", "statistics", corpus, "--out", page, home=tmp_path)
    assert table.status == 0 and "Narratives by language, stance and split" in table.out
    as_json = json.loads(eho("evaluate", "statistics", corpus, "--json", home=tmp_path).out)
    assert (as_json["rows"], as_json["codebook"]) == (5, Codebook.load().tag)
    assert page.read_text(encoding="utf-8").startswith("# The narrative corpus in numbers")


def test_probes_as_table_json_and_page(eho, corpus: Path, tmp_path: Path) -> None:
    page = tmp_path / "probes.md"
    table = eho("evaluate", "probes", corpus, "--out", page, home=tmp_path)
    assert table.status == 0 and "Pairs of passages" in table.out
    as_json = json.loads(eho("evaluate", "probes", corpus, "--json", home=tmp_path).out)
    assert as_json["near_duplicates"]["across splits"] == 0
    assert "5 passages" in page.read_text(encoding="utf-8")


def test_agreement_calls_itself_self_consistency(eho, corpus: Path, tmp_path: Path) -> None:
    label = {"returnee_sense": "conflict_zone", "severity": 2, "annotations": [annotation(EVIDENCE["sr-Latn"])]}
    write(
        corpus / "second" / "a.jsonl",
        [{"id": "b01-002", **label}, {"id": "b01-003", "returnee_sense": None, "severity": 0, "annotations": []}],
    )
    page = tmp_path / "agreement.md"
    ran = eho("evaluate", "agreement", "--root", corpus.parent, "--out", page, home=tmp_path)
    assert ran.status == 0 and "Self-consistency of two machine passes, not agreement between annotators" in ran.out
    assert page.read_text(encoding="utf-8").startswith("# Self-consistency")
    (compared,) = json.loads(eho("evaluate", "agreement", "--root", corpus.parent, "--json", home=tmp_path).out)
    assert compared["rows"] == 2
    nothing = eho("evaluate", "agreement", "--root", tmp_path / "none", home=tmp_path)
    assert nothing.status == 2 and nothing.err.startswith("There are no two passes below")


def test_a_broken_row_stops_the_counting_with_one_line(eho, corpus: Path, tmp_path: Path) -> None:
    write(corpus / "train" / "b01.jsonl", ["{"])
    for command in ("statistics", "probes"):
        ran = eho("evaluate", command, corpus, home=tmp_path)
        assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
        assert "b01.jsonl:1" in ran.err and "eho evaluate validate names all" in ran.err


def test_codebook_diff(eho, tmp_path: Path) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_text(BUNDLED.read_text(encoding="utf-8").replace("version: '1.0'", "version: '1.1'"), encoding="utf-8")
    same = eho("codebook", "diff", BUNDLED, home=tmp_path)
    assert (same.status, same.out) == (0, f"{BUNDLED} to bundled: 0 changes.\n")
    (found,) = json.loads(eho("codebook", "diff", "bundled", changed, "--json", home=tmp_path).out)
    assert found == {"kind": "changed", "place": "version", "before": "1.0", "after": "1.1"}
    absent = eho("codebook", "diff", tmp_path / "none.yaml", home=tmp_path)
    assert absent.status == 2 and "No such file" in absent.err


def test_codebook_guide(eho, tmp_path: Path) -> None:
    ran = eho("codebook", "guide", "--out", tmp_path / "guide", home=tmp_path)
    assert ran.status == 0 and ran.out.count("Wrote ") == 3
    assert (tmp_path / "guide" / "guide.sq.md").read_text(encoding="utf-8").startswith("# Udhëzuesi i anotuesit")
