"""The benchmark of the index compares like with like: every engine finds the same documents."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from evaluation.benchmarks.index_engines import Eho, Fts5
from evaluation.benchmarks.index_scale import QUERIES, questions, table
from evaluation.benchmarks.index_text import make, sentences
from index.embedded import EmbeddedIndex


def test_ours_and_fts5_count_the_same(tmp_path: Path) -> None:
    found = sentences(None)
    ours, peer = Eho(EmbeddedIndex(tmp_path / "index", writer_memory_mb=15)), Fts5(tmp_path / "peer.sqlite", bare=False)
    for engine in (ours, peer):
        engine.build(make(found, 0, 150))
        engine.update(make(found, 0, 20, version=1))
    mix = questions(found, 150)
    assert {kind: sum(one.kind == kind for one in mix) for kind in QUERIES} == QUERIES
    counts = [(ours.ask(one), peer.ask(one)) for one in mix]
    assert [first for first, _ in counts] == [second for _, second in counts]
    assert sum(first > 0 for first, _ in counts) > 150
    assert [ours.weekly(one) for one in mix[:20]] == [peer.weekly(one) for one in mix[:20]]
    ours.close()
    peer.close()


def test_the_same_number_is_the_same_document() -> None:
    found = sentences(None)
    assert list(make(found, 3, 6)) == list(make(found, 0, 6))[3:]
    assert {item.document.lang for item in make(found, 0, 4)} == set(found)


def test_the_whole_run_prints_ratios(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evaluation.benchmarks.index_scale", "--documents", "120", "--folder", str(tmp_path)]
    done = subprocess.run([*command, "--out", str(tmp_path / "out.json")], capture_output=True, text=True, check=True)
    runs = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["runs"]
    assert [run["engine"] for run in runs] == ["embedded", "fts5", "fts5-bare"]
    for run in runs:
        assert run["bytes"] > 0 and run["documents_per_s"] > 0 and run["queries_ms"]["all"]["p50"] > 0
    assert done.stdout.endswith(table(runs))
