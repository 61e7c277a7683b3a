"""Counts of a corpus small enough to count by hand."""

from __future__ import annotations

import json

import pytest

from eho.codebook import Codebook
from evaluation.corpus_schema import load_rows
from evaluation.statistics import Statistics, count, markdown_table
from tests.evaluation.corpus_rows import EVIDENCE, annotation, plain, row, write

CODEBOOK = Codebook.load()


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Statistics:
    folder = tmp_path_factory.mktemp("corpus")
    guilt = annotation(
        EVIDENCE["sr-Cyrl"], narrative="ethnic_collective_guilt", target_groups=["albanians"], stance="counter", severity=0
    )
    write(
        folder / "train" / "b01.jsonl",
        [row("sq"), row("sr-Latn", 2), plain("Bora e parë i zuri autobusët.", 3, voice="headline", trap="everyday")],
    )
    two = row("sr-Cyrl", 1, "b02", variety="ijekavian")
    two["annotations"] = [*two["annotations"], guilt]
    write(folder / "dev" / "b02.jsonl", [two])
    return count(load_rows([folder]), CODEBOOK)


def _table(counted: Statistics, id: str) -> list[dict[str, object]]:
    return [dict(one) for table in counted.tables if table.id == id for one in table.rows]


def test_passages_by_split_and_language(counted: Statistics) -> None:
    found = {(one["split"], one["lang"]): one for one in _table(counted, "passages")}
    assert set(found) == {
        ("train", "sq"),
        ("train", "sr-Latn"),
        ("train", "all"),
        ("dev", "sr-Cyrl"),
        ("dev", "all"),
        ("all", "sq"),
        ("all", "sr-Latn"),
        ("all", "sr-Cyrl"),
        ("all", "all"),
    }
    assert found["all", "all"] == {
        "split": "all",
        "lang": "all",
        "batches": 2,
        "passages": 4,
        "annotations": 4,
        "two or more": 1,
        "without a label": 1,
        "share without": 0.25,
    }


def test_labels_by_language_stance_and_split(counted: Statistics) -> None:
    found = {(one["narrative"], one["language"]): one for one in _table(counted, "labels")}
    threat = found["returnee_security_threat", "sr"]
    assert (threat["passages"], threat["endorse"], threat["counter"], threat["train"], threat["dev"]) == (2, 2, 0, 1, 1)
    assert found["ethnic_collective_guilt", "sr"]["counter"] == 1
    assert len(found) == 2 * len(CODEBOOK.narratives)


def test_shortfalls_name_the_plan_and_leave_out_what_has_none(counted: Statistics) -> None:
    short = {(one["narrative"], one["language"]): (one["passages"], one["planned"]) for one in _table(counted, "short")}
    assert short["returnee_security_threat", "sr"] == (2, 60)
    assert short["kosovo_reconquest", "sq"] == (0, 35)
    assert not any(narrative == "other_harmful" for narrative, _ in short)


def test_targets_by_language(counted: Statistics) -> None:
    found = {str(one["target"]): one for one in _table(counted, "directions")}
    assert (found["returnee_families"]["sq harm shared"], found["returnee_families"]["sr harm shared"]) == (1, 2)
    assert found["albanians"]["sr shown or countered"] == 1
    mirrors = {one["narrative"]: one for one in _table(counted, "mirrors")}
    assert mirrors["ethnic_collective_guilt"]["sr on albanians"] == 1


def test_words_openings_and_lengths(counted: Statistics) -> None:
    words = {one["language"]: one for one in _table(counted, "words")}
    assert words["sq"]["tokens"] == 19 + 6  # s'i is two words once folded
    sr = next(one for one in _table(counted, "openings") if one["language"] == "sr")
    assert (sr["passages"], sr["distinct"], sr["times"]) == (2, 1.0, 1)
    lengths = {(one["language"], one["voice"]): one for one in _table(counted, "lengths")}
    assert lengths["sq", "headline"]["shortest"] == lengths["sq", "headline"]["longest"] == 6


def test_values_and_traps(counted: Statistics) -> None:
    voices = {one["value"]: one for one in _table(counted, "voices")}
    assert (voices["news"]["sr"], voices["headline"]["sq"], voices["headline"]["labelled"]) == (2, 1, 0)
    senses = {one["value"]: one for one in _table(counted, "senses")}
    assert senses["conflict_zone"]["labelled"] == 3 and senses["nobody returns"]["sq"] == 1
    assert {"trap": "everyday", "without a label": 1, "labelled": 0} in _table(counted, "traps")


def test_cells_hold_every_annotation_once(counted: Statistics) -> None:
    assert sum(cell["count"] for cell in counted.cells) == 4
    assert {
        "narrative": "ethnic_collective_guilt",
        "lang": "sr-Cyrl",
        "stance": "counter",
        "split": "dev",
        "voice": "news",
        "variety": "ijekavian",
        "count": 1,
    } in [dict(cell) for cell in counted.cells]


def test_page_and_json(counted: Statistics) -> None:
    page = counted.to_markdown()
    assert page.startswith("# The narrative corpus in numbers") and CODEBOOK.tag in page
    assert all(f"## {table.title}" in page for table in counted.tables)
    json.dumps(counted.to_mapping(), allow_nan=False)


def test_markdown_table_escapes_bars_and_aligns_numbers() -> None:
    assert markdown_table([{"a": "x|y", "b": 1.5}], ("a", "b")) == ["| a | b |", "|---|---:|", "| x\\|y | 1.500 |"]
