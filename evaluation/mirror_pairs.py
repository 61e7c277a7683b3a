"""Pairs of one event in both languages: the gold of the demonstration outlets, scores of every way to find them, figures.

`evaluation/mirror/events.jsonl` names, for each event, the articles that tell of it (`same`) and those that it occasioned
(`follow_up`). A pair of two articles of one event is right; only pairs of two that tell of it must be found.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from eho.annotation import AnnotatedDocument
from eho.document import Document
from eho.errors import InputError
from evaluation.bootstrap import Resampling
from evaluation.figures import Figure
from evaluation.metrics import ratio
from evaluation.miniweb.content import Article, load_articles
from index.answers import Frequencies
from index.calendar import day_of
from index.embedding import Embedder, document_vectors
from index.same_event import WINDOW, combined, entity_cosine, entity_ids, rarity_of
from index.tokens import folded_words

EVENTS = Path(__file__).parent / "mirror" / "events.jsonl"

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Event:
    """One happening with the articles that tell of it, and those that it occasioned."""

    id: str
    same: frozenset[str]
    follow_up: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pair:
    """An Albanian and a Serbian article within the window, and what the gold says of them."""

    sq: int
    sr: int
    event: str | None
    is_right: bool
    is_wanted: bool
    cluster: str


def read_events(path: Path = EVENTS) -> list[Event]:
    """Read the gold. Raises InputError for an article that no outlet published, or that stands twice."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    known = {article.id for article in load_articles()}
    seen = Counter(id for row in rows for id in [*row["same"], *row.get("follow_up", ())])
    for id, times in seen.items():
        if id not in known or times > 1:
            raise InputError(f"{path.name}: article {id!r} {'stands twice' if id in known else 'is of no outlet'}; mend it.")
    return [Event(row["event"], frozenset(row["same"]), frozenset(row.get("follow_up", ()))) for row in rows]


def to_document(article: Article) -> Document:
    """Return an article as the crawler would store it."""
    return Document(
        id=article.id,
        source=article.outlet,
        title=article.title,
        lead=article.lead,
        text=article.text,
        published_at=article.published_at,
    )


def pairs_of(articles: Sequence[Article], events: Sequence[Event]) -> list[Pair]:
    """Return every pair of originals within the window; copies would repeat the same decision."""
    event_of = {id: event for event in events for id in event.same | event.follow_up}
    found = []
    for sq, one in enumerate(articles):
        for sr, other in enumerate(articles):
            apart = abs(one.published_at - other.published_at)
            if (one.lang, other.lang) != ("sq", "sr") or one.copy_of or other.copy_of or apart > WINDOW:
                continue
            first, second = event_of.get(one.id), event_of.get(other.id)
            right = first is not None and first is second
            wanted = first is not None and right and {one.id, other.id} <= first.same
            cluster = next((event.id for event in (first, second) if event is not None), one.id)
            found.append(Pair(sq, sr, first.id if first is not None and right else None, right, wanted, cluster))
    return found


def frequencies(tagged: Sequence[AnnotatedDocument]) -> Frequencies:
    """Count documents by entity, as the index does."""
    return Frequencies(len(tagged), Counter(id for one in tagged for id in entity_ids(one)))


def scores(tagged: Sequence[AnnotatedDocument], pairs: Sequence[Pair], embedder: Embedder) -> dict[str, Scores]:
    """Return every system's score of every pair; higher means surer."""
    vectors = document_vectors(embedder, [one.document for one in tagged])
    rarity = rarity_of(frequencies(tagged))
    named = [entity_ids(one) for one in tagged]
    words = _word_vectors(tagged)

    def of(score: Callable[[int, int], float]) -> Scores:
        return np.array([score(pair.sq, pair.sr) for pair in pairs])

    def entities(sq: int, sr: int) -> float:
        return entity_cosine(named[sq], named[sr], rarity)

    def cosine(sq: int, sr: int) -> float:
        return float(vectors[sq] @ vectors[sr])

    def same_day(sq: int, sr: int) -> float:
        days = {_day(tagged[at].document.published_at) for at in (sq, sr)}
        return float(len(named[sq] & named[sr])) if len(days) == 1 else 0.0

    return {
        "mirror": of(lambda sq, sr: combined(cosine(sq, sr), entities(sq, sr)).total),
        "vectors alone": of(cosine),
        "entities alone": of(entities),
        "same day, entities shared": of(same_day),
        "words alone": of(lambda sq, sr: float(words[sq] @ words[sr])),
    }


def _day(at: datetime | None) -> object:
    return None if at is None else day_of(at)


def _word_vectors(tagged: Sequence[AnnotatedDocument]) -> Scores:
    texts = [f"{one.document.title} {one.document.lead or ''} {one.document.text}" for one in tagged]
    vectorizer = TfidfVectorizer(analyzer=folded_words, sublinear_tf=True)
    return np.asarray(vectorizer.fit_transform(texts).toarray(), np.float64)


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What a threshold finds; intervals by drawing whole events again."""

    threshold: float
    shown: int
    precision: Figure
    recall: Figure


def at_threshold(pairs: Sequence[Pair], values: Scores, threshold: float) -> AtThreshold:
    """Return precision (of the pairs shown) and recall (of the pairs wanted)."""
    shown = values >= threshold
    right = np.array([pair.is_right for pair in pairs])
    wanted = np.array([pair.is_wanted for pair in pairs])
    drawn = Resampling([pair.cluster for pair in pairs])
    totals = drawn.totals(np.stack([shown, shown & right, wanted, shown & wanted], axis=1))
    return AtThreshold(
        threshold,
        int(shown.sum()),
        drawn.share(ratio(totals[:, 1], totals[:, 0]), int(shown.sum())),
        drawn.share(ratio(totals[:, 3], totals[:, 2]), int(wanted.sum())),
    )


def lowest_threshold(pairs: Sequence[Pair], values: Scores, precision: float) -> float:
    """Return the lowest score from which on at least this share of the pairs shown is right; infinite where there is none."""
    order = np.argsort(-values, kind="stable")
    right = np.cumsum([pairs[at].is_right for at in order])
    good = right / np.arange(1, len(order) + 1) >= precision
    last_of_tie = np.append(np.diff(values[order]) != 0, True)
    places = np.flatnonzero(good & last_of_tie & (values[order] > 0))
    return float(values[order][places[-1]]) if len(places) else float("inf")


def held_out(pairs: Sequence[Pair], values: Scores, precision: float) -> Scores:
    """Return scores minus the threshold that the other events give: at 0 each event is judged by what it did not choose."""
    moved = np.empty(len(pairs))
    for cluster in {pair.cluster for pair in pairs}:
        inside = np.array([pair.cluster == cluster for pair in pairs])
        others = [pair for pair, held in zip(pairs, inside, strict=True) if not held]
        moved[inside] = values[inside] - lowest_threshold(others, values[~inside], precision)
    return moved


def recall_by_event(pairs: Sequence[Pair], values: Scores, threshold: float) -> Mapping[str, tuple[int, int]]:
    """Return pairs found and wanted of each event."""
    wanted = [(pair.event or "", value >= threshold) for pair, value in zip(pairs, values, strict=True) if pair.is_wanted]
    counts = Counter(event for event, _ in wanted)
    return {event: (sum(hit for name, hit in wanted if name == event), count) for event, count in counts.items()}
