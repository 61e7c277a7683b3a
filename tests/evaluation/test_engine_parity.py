"""Both engines give the same answers to generated queries of every kind."""

from __future__ import annotations

from pathlib import Path

from evaluation.benchmarks.engine_parity import KINDS, compare, with_clusters
from evaluation.benchmarks.index_text import make, sentences
from evaluation.elasticsearch_server import Server
from index.embedded import EmbeddedIndex
from tests.elasticsearch_node import ON_ONE_WORKER, settings_for, temporary_index

pytestmark = ON_ONE_WORKER


def test_both_engines_answer_alike(elasticsearch_server: Server, tmp_path: Path) -> None:
    documents = list(with_clusters(list(make(sentences(None), 0, 2_500))))
    with (
        temporary_index(settings_for(elasticsearch_server.url), tmp_path) as theirs,
        EmbeddedIndex(tmp_path / "index", writer_memory_mb=15) as ours,
    ):
        for index in (ours, theirs):
            index.rebuild(documents, sequence=1)
        parity = compare(ours, theirs, documents, 150)
    assert parity.differences == []
    assert set(parity.kinds) == set(KINDS)
    assert (parity.queries, parity.documents, parity.refused) == (150, 2_500, 0)
    assert parity.hits > 5_000
