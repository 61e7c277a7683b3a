"""What a search asks and answers; `to_mapping` gives exactly the JSON of the interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from math import log
from typing import Any, Literal

from eho.annotation import ModelVersion
from eho.document import to_utc_text

Sort = Literal["relevance", "date"]
ExplainLanguage = Literal["sq", "sr-Latn", "sr-Cyrl", "en"]

FACETS = ("source", "lang", "kind", "narrative", "stance", "sense", "month")
MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Filters:
    """Restrictions given beside the query; the values of one list mean OR, the lists AND. Days are inclusive, in Belgrade."""

    from_on: date | None = None
    to_on: date | None = None
    sources: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    narratives: tuple[str, ...] = ()
    stances: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How to search. Without a word or phrase to rank by (wildcards weigh all alike), relevance means newest first."""

    filters: Filters = Filters()
    sort: Sort = "relevance"
    limit: int = 20
    cursor: str | None = None
    collapse: bool = False  # one hit for each cluster of copies
    include_needs_review: bool = False
    facets: bool = True
    model: ModelVersion | None = None  # named in the snapshot
    language: ExplainLanguage = "en"  # of `explained`


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of the text as stored, with highlights as offsets into it."""

    text: str
    highlights: tuple[tuple[int, int], ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"text": self.text, "highlights": [list(span) for span in self.highlights]}


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found."""

    id: str
    score: float
    url: str | None
    source: str
    kind: str
    lang: str | None
    title: str | None
    published_at: datetime | None
    snippets: tuple[Snippet, ...]
    annotations: tuple[Mapping[str, Any], ...]
    cluster_size: int
    title_highlights: tuple[tuple[int, int], ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "id": self.id,
            "score": self.score,
            "url": self.url,
            "source": self.source,
            "kind": self.kind,
            "lang": self.lang,
            "title": self.title,
            "published_at": None if self.published_at is None else to_utc_text(self.published_at),
            "snippets": [snippet.to_mapping() for snippet in self.snippets],
            "annotations": [dict(annotation) for annotation in self.annotations],
            "cluster_size": self.cluster_size,
            "title_highlights": [list(span) for span in self.title_highlights],
        }


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """Hits of one page, with counts over all hits."""

    query: str
    explained: str
    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, list[dict[str, Any]]]
    snapshot: str
    next: str | None = None
    total_is_exact: bool = True

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object of `eho search --json`."""
        return {
            "query": self.query,
            "explained": self.explained,
            "total": self.total,
            "total_is_exact": self.total_is_exact,
            "hits": [hit.to_mapping() for hit in self.hits],
            "facets": dict(self.facets),
            "next": self.next,
            "snapshot": self.snapshot,
        }


@dataclass(frozen=True, slots=True)
class NearestOptions:
    """Which documents may be near. `space` is the encoder's: an index that holds vectors of another refuses."""

    space: str
    filters: Filters = Filters()
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Near:
    """A document near a vector."""

    id: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Frequencies:
    """How many documents hold each value, of how many; within a few where documents were replaced lately."""

    documents: int
    counts: Mapping[str, int]

    def rarity(self, value: str) -> float:
        """Return the inverse document frequency of a value, natural logarithm."""
        return log((self.documents + 1) / (self.counts.get(value, 0) + 0.5))


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What a build or an update did."""

    version: str
    documents: int  # in the index afterwards
    written: int
    elapsed_s: float
    failures: tuple[Mapping[str, str], ...] = ()  # documents that the engine refused: id, outcome, reason
    spooled: int = 0  # documents that wait for a server that is away


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What the index holds; `sequence` is the store's number up to which it is complete."""

    engine: str
    version: str
    documents: int
    sequence: int
    size_bytes: int
    created_at: datetime
    vectors: int = 0  # documents that have one
    vector_space: str | None = None  # the encoder that made them
    extra: Mapping[str, Any] = field(default_factory=dict)


def snapshot_id(sequence: int, model: ModelVersion | None) -> str:
    """Name the documents, tags and codebook over which an answer was given."""
    if model is None:
        return f"s{sequence}"
    digest = model.codebook.rpartition("+")[2][:12]
    return f"s{sequence}-{model.name}@{model.version}-{digest}"
