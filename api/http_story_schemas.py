"""Shapes of the answers about stories, for OpenAPI; the answers themselves are the command line's JSON."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from api.http_schemas import HitAnnotation


class Shape(BaseModel):
    """Nothing but what is described."""

    model_config = ConfigDict(extra="forbid")


class Names(Shape):
    """An entity's name in Albanian and in Serbian."""

    sq: str
    sr: str


class EntityRow(Shape):
    """A place, body or holder of public office that both languages know."""

    id: str
    names: Names


class DocumentRow(Shape):
    """What a list shows of a document."""

    id: str
    url: str | None
    source: str
    kind: str
    lang: str | None
    title: str | None
    published_at: str | None
    annotations: list[HitAnnotation]


class SimilarTo(Shape):
    """What others are compared with; `id` and `title` are null for a text."""

    id: str | None
    title: str | None
    lang: str | None


class Ranks(Shape):
    """Places from 1 in the rankings that are fused; null where a ranking does not hold the document."""

    text: int | None
    vectors: int | None
    entities: int | None


class Shared(Shape):
    """Why two documents are alike."""

    entities: list[EntityRow]
    words: list[str]


class SimilarDocument(DocumentRow):
    """One document found."""

    score: float
    cosine: float | None
    ranks: Ranks
    shared: Shared
    cluster_size: int


class SimilarAnswer(Shape):
    """`eho similar --json`."""

    to: SimilarTo
    documents: list[SimilarDocument]
    method: dict[str, Any]
    snapshot: str


class Headline(Shape):
    """How a headline differs from the original's: `new` are spans of the version's title, `removed` of the original's."""

    same: bool
    new: list[tuple[int, int]]
    left_out: list[str]
    removed: list[tuple[int, int]]


class TextChanges(Shape):
    """Shares of the original's words kept and of the version's words that are new; `added` are spans of the version's text."""

    kept: float | None
    new: float | None
    added: list[tuple[int, int]]


class CreditRow(Shape):
    """An agency that the text names as its source, with the span of the name in the text."""

    agency: str
    start: int
    end: int


class Version(DocumentRow):
    """One outlet's version of a text."""

    role: str
    similarity: float
    published_at_precision: str | None
    published_at_from: str | None
    minutes_after: int | None
    headline: Headline
    headline_annotations: list[HitAnnotation]
    text: TextChanges
    credits: list[CreditRow]
    belongs_to_user: str | None


class ContextAnswer(Shape):
    """`eho context --json`."""

    id: str
    cluster: str
    original: str
    original_is_sure: bool
    sources: list[str]
    versions: list[Version]
    headlines: int
    snapshot: str


class VersionChange(Shape):
    """A run of sentences that differs from the version before; `at` is where the added ones begin in this version."""

    field: str
    removed: list[str]
    added: list[str]
    at: int


class DocumentVersion(Shape):
    """One stored version; with `extractor_changed` a difference may be our rules', not the outlet's."""

    version: int
    title: str | None
    fetched_at: str | None
    published_at: str | None
    updated_at: str | None
    extractor: str | None
    extractor_changed: bool
    changes: list[VersionChange]


class VersionsAnswer(Shape):
    """`eho show ID --versions --json`."""

    id: str
    title: str | None
    source: str
    url: str | None
    versions: list[DocumentVersion]
    snapshot: str


class MirrorDocument(DocumentRow):
    """One document of an event; `score` is that of its best pair across the languages."""

    score: float | None
    cosine: float | None
    cluster_size: int
    headline_annotations: list[HitAnnotation]


class Voice(Shape):
    """Whose words are quoted, by public role; nobody is named."""

    speaker: str
    quotes: int
    documents: int


class StanceCount(Shape):
    """How many documents carry a narrative with a stance, and how many of these tags a person has reviewed."""

    narrative: str
    stance: str
    documents: int
    reviewed: int


class NotInOther(Shape):
    """What was not found in the documents shown of the other language."""

    entities: list[EntityRow]
    narratives: list[StanceCount]
    speakers: list[str]


class MirrorSide(Shape):
    """One language's account of an event."""

    documents: list[MirrorDocument]
    voices: list[Voice]
    stances: list[StanceCount]
    not_in_other: NotInOther


class MirrorSides(Shape):
    """Both languages."""

    sq: MirrorSide
    sr: MirrorSide


class SharedEntities(Shape):
    """What both sides name."""

    entities: list[EntityRow]


class MirrorEvent(Shape):
    """One event in both languages."""

    seed: str
    score: float
    first_at: str
    last_at: str
    shared: SharedEntities
    sides: MirrorSides
    left_out: dict[str, int]


class Asked(Shape):
    """A document's id or a query, the other null."""

    id: str | None
    query: str | None


class MirrorAnswer(Shape):
    """`eho mirror --json`; `reason` and `message` say why there is no event."""

    asked: Asked
    events: list[MirrorEvent]
    reason: str | None
    message: str | None
    method: dict[str, Any]
    snapshot: str
