"""Are the similar documents of the same story? Words and vectors fused, beside each alone, in one run.

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

from eho.annotation import AnnotatedDocument, Language, ModelVersion, Tags
from evaluation.bootstrap import Resampling
from evaluation.miniweb.content import Article, load_articles, load_outlets
from evaluation.mirror_pairs import read_events, to_document
from index.answers import Filters
from index.embedded import EmbeddedIndex
from index.embedding import document_vectors
from index.protocol import Index
from index.similarity import Similar, SimilarText, similar
from models.sentence.encoder import SentenceEncoder
from models.sentence.loading import load_sentence_encoder

_FIRST = 5
_MODEL = ModelVersion(name="none", version="0", codebook="none")


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


def rankings(index: Index, encoder: SentenceEncoder, article: Article) -> Mapping[str, list[str]]:
    """Return what each way finds, best first."""
    document = to_document(article)
    text = "\n".join(part for part in (document.title, document.lead, document.text) if part)
    vector = document_vectors(encoder, [document])[0]
    found = similar(index, SimilarText(text, vector, encoder.space), Filters())

    def by(rank: str) -> list[str]:
        kept: list[tuple[int, Similar]] = [(place, one) for one in found if (place := getattr(one, rank)) is not None]
        return [one.id for _, one in sorted(kept, key=lambda pair: pair[0])]

    return {"fused": [one.id for one in found], "words alone": by("text_rank"), "vectors alone": by("vector_rank")}


def main() -> None:
    """Print one line for each way."""
    articles = [article for article in load_articles() if article.outlet in load_outlets()]
    encoder = load_sentence_encoder()
    asked = questions(articles)
    rows: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, EmbeddedIndex(Path(folder), embedder=encoder) as index:
        index.rebuild((_annotated(article) for article in articles), sequence=1)
        for one in asked:
            for name, ranking in rankings(index, encoder, one.article).items():
                kept = [id for id in ranking if id not in one.left_out]
                first = sum(id in one.right for id in kept[:_FIRST]) / _FIRST
                across = sum(id in one.across for id in kept[: 2 * _FIRST]) / min(2 * _FIRST, max(1, len(one.across)))
                rows.setdefault(name, []).append((first, across))
    drawn = Resampling([one.event for one in asked])
    sys.stdout.write(f"{len(asked)} articles of {drawn.clusters} events ask, {len(articles)} can be found\n")
    for name, values in rows.items():
        means = drawn.totals(np.array(values)) / drawn.totals(np.ones(len(asked)))[:, None]
        first, across = (drawn.figure(means[:, column], len(asked)) for column in (0, 1))
        sys.stdout.write(
            f"{name:14} first {_FIRST} of the event {first.value:.2f} [{first.low:.2f}, {first.high:.2f}], "
            f"other language in the first {2 * _FIRST} {across.value:.2f} [{across.low:.2f}, {across.high:.2f}]\n"
        )


def _annotated(article: Article) -> AnnotatedDocument:
    language = Language(code=article.lang, confidence=1.0)
    return AnnotatedDocument(document=to_document(article), tags=Tags(language=language, model=_MODEL))


if __name__ == "__main__":
    main()
