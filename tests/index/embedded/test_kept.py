from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from index.answers import SearchOptions
from index.embedded import EmbeddedIndex
from index.embedded.kept import KeptIndexes
from index.query import parse
from tests.index.conftest import annotated


def answer(folder: Path) -> dict[str, object]:
    with EmbeddedIndex(folder) as index:
        return index.search(parse("povratnici OR повратници OR kthyer*"), SearchOptions()).to_mapping()


@pytest.fixture
def live(tmp_path: Path) -> Path:
    with EmbeddedIndex(tmp_path / "index", writer_memory_mb=15) as index:
        index.rebuild([annotated(f"d{number}", "povratnici " * number) for number in range(1, 9)], sequence=5)
        index.update([annotated("d1", "kthyerit"), annotated("d2", "повратници")], sequence=6)
    return tmp_path / "index"


def change(live: Path, sequence: int) -> None:
    with EmbeddedIndex(live, writer_memory_mb=15) as index:
        index.update([annotated("d3", "nešto drugo"), annotated("d9", "povratnici")], sequence=sequence)


def test_a_kept_state_answers_exactly_as_before_whatever_becomes_of_the_live_index(live: Path, tmp_path: Path) -> None:
    kept, before = KeptIndexes(tmp_path / "snapshots"), answer(live)
    assert not kept.keep(live, 5, last_removal=0)
    assert kept.keep(live, 6, last_removal=3)
    assert kept.keep(live, 6, last_removal=9)
    for sequence in range(7, 30):
        change(live, sequence)
    assert answer(live) != before
    shutil.rmtree(live)
    found = kept.get(6)
    assert found is not None and found[1] == 3
    assert answer(found[0]) == before


def test_keeping_shares_the_files_where_the_system_can(live: Path, tmp_path: Path) -> None:
    kept = KeptIndexes(tmp_path / "snapshots")
    kept.keep(live, 6, last_removal=0)
    segments = [path for path in kept.path(6).rglob("*") if path.suffix in (".store", ".term")]
    assert segments and all(path.stat().st_nlink == 2 for path in segments)


def test_without_hard_links_the_files_are_copied(live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    kept, before = KeptIndexes(tmp_path / "snapshots"), answer(live)
    assert kept.keep(live, 6, last_removal=0)
    found = kept.get(6)
    assert found is not None and answer(found[0]) == before


def test_a_damaged_or_foreign_state_is_not_served(live: Path, tmp_path: Path) -> None:
    kept = KeptIndexes(tmp_path / "snapshots")
    assert kept.get(6) is None
    kept.keep(live, 6, last_removal=0)
    shutil.copytree(kept.path(6), kept.path(7))
    assert kept.get(7) is None
    path = next(kept.path(6).rglob("*.store"))
    path.unlink()
    path.write_bytes(b"")
    assert kept.get(6) is None
    kept.discard(6)
    assert kept.sequences() == {7}


def test_states_used_longest_ago_go_first_and_spared_ones_stay(live: Path, tmp_path: Path) -> None:
    kept = KeptIndexes(tmp_path / "snapshots")
    for sequence in range(6, 11):
        kept.keep(live, sequence, last_removal=0)
        os.utime(kept.path(sequence), (sequence, sequence))
        change(live, sequence + 1)
    assert kept.get(7) is not None  # used just now
    kept.prune({6}, 2)
    assert kept.sequences() == {6, 7, 10}


def test_nothing_is_kept_where_there_is_no_index(tmp_path: Path) -> None:
    kept = KeptIndexes(tmp_path / "snapshots")
    assert not kept.keep(tmp_path / "index", 0, last_removal=0)
    assert kept.sequences() == set()
