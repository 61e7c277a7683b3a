"""Similar documents, for every engine alike: words, vectors and shared names rank, reciprocal rank fusion makes one list.

RRF: Cormack, Clarke & Büttcher 2009, doi:10.1145/1571941.1572114, with their k of 60. Scores of words, cosines and names
have no common scale; their ranks have. Few places are taken from the words: they speak one language only, and a long tail
of them puts any text of the own language before the same story in the other (docs/mirror.md has the figures).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

from eho.annotation import AnnotatedDocument
from index.answers import Filters, NearestOptions, SearchOptions
from index.embedding import Floats
from index.filters import any_of
from index.nodes import Query, Term
from index.protocol import Index
from index.same_event import entity_cosine, entity_ids, rarity_of, sharing_entities
from index.tokens import folded_words

RRF_K = 60
POOLS = {"text": 5, "vectors": 50, "entities": 20}  # places of each ranking that are fused
_SHARING = 300  # newest documents with a shared name that are ranked by their names
_MOST_WORDS = 25
_SHORTEST = 3
_MOST_COMMON = 0.2  # share of the documents; what stands in more says nothing about the subject
_WORDS_WEIGHED = 400  # of a text, the most frequent first

Lookup = Callable[[Sequence[str]], Mapping[str, AnnotatedDocument]]


@dataclass(frozen=True, slots=True)
class SimilarText:
    """What others are compared with: a text, its vector in the encoder's space, and the entities that it names."""

    text: str
    vector: Floats
    space: str
    entities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Similar:
    """A document found, with its places from 1 in the rankings that hold it, and its cosine where the vectors found it."""

    id: str
    score: float
    ranks: Mapping[str, int]
    cosine: float | None


def similar(index: Index, lookup: Lookup, to: SimilarText, filters: Filters) -> tuple[Similar, ...]:
    """Return the documents like a text, best first; the document itself is among them where it is indexed."""
    near = index.nearest(to.vector, NearestOptions(to.space, filters, POOLS["vectors"]))
    cosines = {one.id: one.cosine for one in near}
    rankings = {
        "text": text_ranking(index, to.text, filters, POOLS["text"] + 1),  # one more: the document itself is first as a rule
        "vectors": list(cosines),
        "entities": _entity_ranking(index, lookup, to, filters, cosines)[: POOLS["entities"]],
    }
    places = {name: {id: place for place, id in enumerate(ranking, 1)} for name, ranking in rankings.items()}
    return tuple(
        Similar(id, round(score, 6), {name: ranks[id] for name, ranks in places.items() if id in ranks}, cosines.get(id))
        for id, score in fuse(rankings.values()).items()
    )


def fuse(rankings: Iterable[Sequence[str]], k: int = RRF_K) -> dict[str, float]:
    """Return ids with the sum of 1 / (k + place) over the rankings, best first; equal ones by id."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, id in enumerate(ranking, 1):
            scores[id] = scores.get(id, 0.0) + 1 / (k + place)
    return dict(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])))


def text_ranking(index: Index, text: str, filters: Filters, pool: int) -> list[str]:
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


def _entity_ranking(index: Index, lookup: Lookup, to: SimilarText, filters: Filters, near: Iterable[str]) -> list[str]:
    """Return the ids of documents that name the same, best first."""
    if not to.entities:
        return []
    documents = lookup(sorted({*near, *sharing_entities(index, to.entities, filters, _SHARING)}))
    named = {id: entity_ids(document) for id, document in documents.items()}
    rarity = rarity_of(index.frequencies("entity", to.entities.union(*named.values())))
    cosines = {id: entity_cosine(to.entities, ids, rarity) for id, ids in named.items()}
    return sorted((id for id, cosine in cosines.items() if cosine > 0), key=lambda id: (-cosines[id], id))
