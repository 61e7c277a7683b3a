"""Do a document in Albanian and one in Serbian tell of the same event? A score, and a threshold below which nobody says so.

The score adds two numbers: the cosine of the vectors, and half the cosine of the entities weighted by rarity, drawn towards
zero where little is named. Weight, damping and threshold were chosen on the pairs of `evaluation/mirror`, and so that of real
articles, nearly none of which has a partner, one in fifty at most is given one (docs/mirror.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from math import sqrt
from typing import Literal

from eho.annotation import AnnotatedDocument
from index.answers import Filters, Frequencies, SearchOptions
from index.filters import any_of
from index.nodes import Keyword, Query
from index.protocol import Index

Side = Literal["sq", "sr"]
SIDES: tuple[Side, Side] = ("sq", "sr")
SIDE_LANGUAGES: Mapping[Side, tuple[str, ...]] = {"sq": ("sq",), "sr": ("sr", "bs", "hr", "cnr")}

WINDOW = timedelta(hours=72)
THRESHOLD = 0.5
_DAMPING = 16.0  # a lone name, unless it is rare, is no event: two stories of one day that name Syria are two stories
_ENTITIES = 0.5  # weight beside the vectors' cosine; how often a name stands adds nothing: it made "Germany" an event
_LEAST_DOCUMENTS = 1000  # a smaller index cannot say what is rare, and is taken for one of this size
_RAREST = 20  # names by which documents are looked up


@dataclass(frozen=True, slots=True)
class PairScore:
    """How surely two documents tell of one event: `total` is compared with the threshold."""

    total: float
    cosine: float
    entities: float


def side_of(annotated: AnnotatedDocument) -> Side | None:
    """Return the language's side; None for a language that is neither Albanian nor South Slavic."""
    code = annotated.document.lang or "" if annotated.tags is None else annotated.tags.language.code
    base = code.split("-")[0]
    return next((side for side in SIDES if base in SIDE_LANGUAGES[side]), None)


def entity_ids(annotated: AnnotatedDocument) -> frozenset[str]:
    """Return the ids of the entities that both languages know."""
    entities = () if annotated.tags is None else annotated.tags.entities
    return frozenset(entity.canonical_id.lower() for entity in entities if entity.canonical_id)


def rarity_of(frequencies: Frequencies) -> Callable[[str], float]:
    """Return the inverse document frequency of entities, as in an index of a thousand documents at least."""
    return replace(frequencies, documents=max(frequencies.documents, _LEAST_DOCUMENTS)).rarity


def sharing_entities(index: Index, entities: Collection[str], filters: Filters, most: int) -> list[str]:
    """Return the ids of documents that name one of these entities, the newest first; the rarest names are asked for."""
    if not entities:
        return []
    rarity = index.frequencies("entity", entities).rarity
    rarest = sorted(entities, key=lambda id: (-rarity(id), id))[:_RAREST]
    query = Query("", any_of([Keyword("entity", id) for id in rarest]))
    return [hit.id for hit in index.search(query, SearchOptions(filters=filters, sort="date", limit=most, facets=False)).hits]


def combined(cosine: float, entities: float) -> PairScore:
    """Return the score of two documents of the window; without a shared entity nothing names the event, and it is zero."""
    return PairScore(cosine + _ENTITIES * entities if entities > 0 else 0.0, cosine, entities)


def entity_cosine(one: Collection[str], other: Collection[str], rarity: Callable[[str], float]) -> float:
    """Return the damped cosine of two documents' entities, each weighted by its rarity."""
    shared, *sides = (sum(rarity(id) ** 2 for id in ids) for ids in (set(one) & set(other), one, other))
    return shared / sqrt((sides[0] + _DAMPING) * (sides[1] + _DAMPING))
