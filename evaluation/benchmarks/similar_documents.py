"""Are the similar documents of the same story? Words, vectors and names fused, beside each alone, in one run.

`python -m evaluation.benchmarks.similar_documents`: every original of an event of `evaluation/mirror/events.jsonl` asks;
right is what belongs to its event, copies included; copies of the asking text itself are left out.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eho.annotation import AnnotatedDocument
from eho.codebook import Codebook
from evaluation.bootstrap import Resampling
from evaluation.miniweb.content import Article, load_articles, load_outlets
from evaluation.mirror_pairs import read_events, to_document
from index.answers import Filters, NearestOptions
from index.embedded import EmbeddedIndex
from index.embedding import document_vectors
from index.protocol import Index
from index.same_event import entity_ids
from index.similarity import SimilarText, fuse, similar, text_ranking
from models.registry import load_model
from models.sentence.encoder import SentenceEncoder
from models.sentence.loading import load_sentence_encoder
from nlp.pipeline import Pipeline

_FIRST = 5
_POOL = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """One article that asks, and the ids that belong to its event: all, and those in the other language."""

    article: Article
    event: str
    right: frozenset[str]
    across: frozenset[str]
    left_out: frozenset[str]


def questions(articles: Sequence[Article]) -> list[Asked]:
    """Return every original of an event, with what it should find."""
    event_of = {id: event.id for event in read_events() for id in event.same | event.follow_up}
    root = {article.id: article.copy_of or article.id for article in articles}
    members = {article.id: event_of.get(root[article.id]) for article in articles}
    lang = {article.id: article.lang for article in articles}
    asked = []
    for article in articles:
        event = event_of.get(article.id)
        if event is None:
            continue
        own = frozenset(id for id, first in root.items() if first == article.id)
        right = frozenset(id for id, of in members.items() if of == event) - own
        across = frozenset(id for id in right if lang[id] != article.lang)
        asked.append(Asked(article, event, right, across, own))
    return asked


def rankings(
    index: Index, encoder: SentenceEncoder, tagged: Mapping[str, AnnotatedDocument], asked: AnnotatedDocument
) -> Mapping[str, Sequence[str]]:
    """Return what each way finds, best first."""

    def lookup(ids: Sequence[str]) -> Mapping[str, AnnotatedDocument]:
        return {id: tagged[id] for id in ids}

    document = asked.document
    text = "\n".join(part for part in (document.title, document.lead, document.text) if part)
    vector = document_vectors(encoder, [document])[0]
    found = similar(index, lookup, SimilarText(text, vector, encoder.space, entity_ids(asked)), Filters())
    words = text_ranking(index, text, Filters(), _POOL)
    near = [one.id for one in index.nearest(vector, NearestOptions(encoder.space, limit=_POOL))]
    return {
        "words, vectors and names fused": [one.id for one in found],
        "words and vectors fused, 100 each": list(fuse((words, near))),
        "words alone": words,
        "vectors alone": near,
    }


def main() -> None:
    """Print one line for each way."""
    articles = [article for article in load_articles() if article.outlet in load_outlets()]
    encoder = load_sentence_encoder()
    asked = questions(articles)
    codebook = Codebook.load()
    pipeline = Pipeline(codebook, load_model("baseline", codebook_tag=codebook.tag))
    tagged = {one.document.id: one for one in pipeline.tag(to_document(article) for article in articles)}
    rows: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, EmbeddedIndex(Path(folder), embedder=encoder) as index:
        index.rebuild(tagged.values(), sequence=1)
        for one in asked:
            for name, ranking in rankings(index, encoder, tagged, tagged[one.article.id]).items():
                kept = [id for id in ranking if id not in one.left_out]
                first = sum(id in one.right for id in kept[:_FIRST]) / _FIRST
                across = sum(id in one.across for id in kept[: 2 * _FIRST]) / min(2 * _FIRST, max(1, len(one.across)))
                rows.setdefault(name, []).append((first, across))
    drawn = Resampling([one.event for one in asked])
    sys.stdout.write(f"{len(asked)} articles of {drawn.clusters} events ask, {len(articles)} can be found\n")
    for name, values in rows.items():
        means = drawn.totals(np.array(values)) / drawn.totals(np.ones(len(asked)))[:, None]
        own, other = (drawn.figure(means[:, column], len(asked)) for column in (0, 1))
        sys.stdout.write(
            f"{name:34} first {_FIRST} of the event {own.value:.2f} [{own.low:.2f}, {own.high:.2f}], "
            f"other language in the first {2 * _FIRST} {other.value:.2f} [{other.low:.2f}, {other.high:.2f}]\n"
        )


if __name__ == "__main__":
    main()
