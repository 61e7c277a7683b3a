"""Similar documents, for every engine alike: words rank, vectors rank, and reciprocal rank fusion makes one list of both.

RRF: Cormack, Clarke & Büttcher 2009, doi:10.1145/1571941.1572114, with their k of 60. Scores of words and cosines have no
common scale; their ranks have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

from index.answers import Filters, NearestOptions, SearchOptions
from index.embedding import Floats
from index.filters import any_of
from index.nodes import Query, Term
from index.protocol import Index
from index.tokens import folded_words

RRF_K = 60
POOL = 100  # documents of each ranking that are fused
_MOST_WORDS = 25
_SHORTEST = 3
_MOST_COMMON = 0.2  # share of the documents; what stands in more says nothing about the subject
_WORDS_WEIGHED = 400  # of a text, the most frequent first


@dataclass(frozen=True, slots=True)
class SimilarText:
    """What others are compared with: a text, and its vector in the encoder's space."""

    text: str
    vector: Floats
    space: str


@dataclass(frozen=True, slots=True)
class Similar:
    """A document found, with its places in both rankings (from 1) and its cosine where the vectors found it."""

    id: str
    score: float
    text_rank: int | None
    vector_rank: int | None
    cosine: float | None


def similar(index: Index, to: SimilarText, filters: Filters, *, pool: int = POOL) -> tuple[Similar, ...]:
    """Return the documents like a text, best first; the document itself is among them where it is indexed."""
    near = index.nearest(to.vector, NearestOptions(to.space, filters, pool))
    by_words = text_ranking(index, to.text, filters, pool)
    cosines = {one.id: one.cosine for one in near}
    by_vectors = [one.id for one in near]
    places = [{id: place for place, id in enumerate(ranking, 1)} for ranking in (by_words, by_vectors)]
    fused = fuse((by_words, by_vectors))
    return tuple(
        Similar(id, round(score, 6), places[0].get(id), places[1].get(id), cosines.get(id)) for id, score in fused.items()
    )


def fuse(rankings: Iterable[Sequence[str]], k: int = RRF_K) -> dict[str, float]:
    """Return ids with the sum of 1 / (k + place) over the rankings, best first; equal ones by id."""
    scores: Counter[str] = Counter()
    for ranking in rankings:
        for place, id in enumerate(ranking, 1):
            scores[id] += 1 / (k + place)
    return dict(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])))


def text_ranking(index: Index, text: str, filters: Filters, pool: int = POOL) -> list[str]:
    """Return the ids of documents that hold the telling words of a text, best first."""
    words = list(telling_words(index, text))
    if not words:
        return []
    query = Query("", any_of([Term(word) for word in words]))
    options = SearchOptions(filters=filters, limit=pool, facets=False)
    return [hit.id for hit in index.search(query, options).hits]


def telling_words(index: Index, text: str, most: int = _MOST_WORDS) -> Mapping[str, float]:
    """Return the folded words that tell a text from others by TF-IDF, the most telling first."""
    found = Counter(word for word in folded_words(text) if len(word) >= _SHORTEST)
    counted = dict(found.most_common(_WORDS_WEIGHED))
    frequencies = index.frequencies("text", list(counted))
    weights = {
        word: (1 + log(number)) * frequencies.rarity(word)
        for word, number in counted.items()
        if 0 < frequencies.counts.get(word, 0) <= max(2, _MOST_COMMON * frequencies.documents)
    }
    return dict(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:most])
