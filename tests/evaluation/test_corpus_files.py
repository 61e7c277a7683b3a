"""The corpus as it is committed: every row valid, its datasheet true to it, its canary in place."""

from __future__ import annotations

import re

import pytest

from eho.codebook import Codebook
from evaluation.corpus_checks import validate
from evaluation.corpus_schema import FOLDER, SPLITS, PlacedRow, load_rows

DATASHEET = (FOLDER / "DATASHEET.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows() -> list[PlacedRow]:
    return load_rows([FOLDER])


def test_every_row_is_valid() -> None:
    _, problems = validate([FOLDER], Codebook.load())
    assert [str(problem) for problem in problems] == []


def test_the_datasheet_counts_what_is_there(rows: list[PlacedRow]) -> None:
    without = sum(not placed.row.annotations for placed in rows)
    assert f"{len(rows):,} passages in {len({placed.row.batch for placed in rows})} batches" in DATASHEET
    assert f"{without:,} ({without / len(rows):.0%}".replace("%", " %") in DATASHEET
    for split in SPLITS:
        batches = len({placed.row.batch for placed in rows if placed.split == split})
        assert f"`{split}/` ({batches})" in DATASHEET


def test_the_datasheet_says_what_the_corpus_is() -> None:
    assert "**Texts and labels are machine-written. No native speaker has reviewed them yet.**" in DATASHEET
    for part in ("Motivation", "Composition", "Collection", "Preprocessing", "Uses", "Distribution", "Maintenance"):
        assert f"\n## {part}\n" in DATASHEET


def test_the_canary_stands_in_the_datasheet_and_in_no_row(rows: list[PlacedRow]) -> None:
    canary = re.search(r"canary GUID eho:[0-9a-f-]{36}", (FOLDER / "CANARY").read_text(encoding="utf-8"))
    assert canary is not None and canary.group() in DATASHEET
    assert not any("canary GUID" in placed.row.text for placed in rows)


def test_the_plan_is_kept(rows: list[PlacedRow]) -> None:
    assert len(rows) >= 5000
    for language in ("sq", "sr"):
        assert sum(placed.row.language == language for placed in rows) >= 2400
    assert sum(not placed.row.annotations for placed in rows) >= 0.4 * len(rows)
