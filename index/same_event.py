"""Do a document in Albanian and one in Serbian tell of the same event? A score, and a threshold below which nobody says so.

The score adds two numbers: the cosine of the vectors, and the cosine of the entities' TF-IDF weights, drawn towards zero
where little is named. Weight, damping and threshold were measured on the pairs of `evaluation/mirror` (docs/mirror.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import log, sqrt
from typing import Literal

from eho.annotation import AnnotatedDocument
from index.answers import Filters, SearchOptions
from index.filters import any_of
from index.nodes import Keyword, Query
from index.protocol import Index

Side = Literal["sq", "sr"]
SIDES: tuple[Side, Side] = ("sq", "sr")
SIDE_LANGUAGES: Mapping[Side, tuple[str, ...]] = {"sq": ("sq",), "sr": ("sr", "bs", "hr", "cnr")}

WINDOW = timedelta(hours=72)
THRESHOLD = 0.55
_DAMPING = 16.0  # a lone name, unless it is rare, is no event: two stories of one day that name Syria are two stories
_HEADLINE = 2  # a name in title or lead counts as often as this in the text
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


def entity_counts(annotated: AnnotatedDocument) -> dict[str, int]:
    """Count the entities that have an id; names in title and lead count more."""
    counts: dict[str, int] = {}
    for entity in () if annotated.tags is None else annotated.tags.entities:
        if entity.canonical_id:
            key = entity.canonical_id.lower()
            counts[key] = counts.get(key, 0) + (1 if entity.field == "text" else _HEADLINE)
    return counts


def sharing_entities(index: Index, counts: Mapping[str, int], filters: Filters, most: int) -> list[str]:
    """Return the ids of documents that name one of these entities, the newest first; the rarest names are asked for."""
    if not counts:
        return []
    rarity = index.frequencies("entity", counts).rarity
    rarest = sorted(counts, key=lambda id: (-rarity(id), id))[:_RAREST]
    query = Query("", any_of([Keyword("entity", id) for id in rarest]))
    return [hit.id for hit in index.search(query, SearchOptions(filters=filters, sort="date", limit=most, facets=False)).hits]


def combined(cosine: float, entities: float) -> PairScore:
    """Return the score of two documents of the window; without a shared entity nothing names the event, and it is zero."""
    return PairScore(cosine + entities if entities > 0 else 0.0, cosine, entities)


def entity_cosine(one: Mapping[str, int], other: Mapping[str, int], rarity: Callable[[str], float]) -> float:
    """Return the damped cosine of two documents' entities, weighted by TF-IDF; `rarity` is the inverse document frequency."""
    shared = one.keys() & other.keys()
    if not shared:
        return 0.0
    first, second = ({key: (1 + log(number)) * rarity(key) for key, number in counts.items()} for counts in (one, other))
    lengths = [sum(weight * weight for weight in weights.values()) + _DAMPING for weights in (first, second)]
    return sum(first[key] * second[key] for key in shared) / sqrt(lengths[0] * lengths[1])
