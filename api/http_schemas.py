"""Shapes of the REST answers for OpenAPI; the answers themselves are the command line's JSON, tested against these."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from eho.annotation import ModelVersion, Tags
from eho.document import Document


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErrorDetail(_Shape):
    """What went wrong."""

    code: str
    message: str
    field: str | None
    position: int | None
    hint: str | None
    request_id: str


class ErrorBody(_Shape):
    """The one error body."""

    error: ErrorDetail


class Snippet(_Shape):
    """A stretch of text with highlights as offsets into it."""

    text: str
    highlights: list[tuple[int, int]]


class HitAnnotation(_Shape):
    """A narrative as a hit shows it, never without its stance."""

    model_config = ConfigDict(extra="allow")

    narrative: str
    stance: str
    speaker: Any
    reviewed: str
    score: float


class Hit(_Shape):
    """One document found."""

    id: str
    score: float
    url: str | None
    source: str
    kind: str
    lang: str | None
    title: str | None
    published_at: str | None
    snippets: list[Snippet]
    annotations: list[HitAnnotation]
    cluster_size: int
    title_highlights: list[tuple[int, int]]


class FacetCount(_Shape):
    """How many hits have a value."""

    value: str
    count: int


class SignificantTerm(_Shape):
    """A word or pair that stands in `count` of `of` documents found, and in `elsewhere` of the others of its language."""

    value: str
    lang: str
    count: int
    of: int
    elsewhere: int
    elsewhere_of: int
    g2: float
    ratio: float


class SignificantTerms(_Shape):
    """The words that set the hits apart, and how they were found."""

    terms: list[SignificantTerm]
    method: dict[str, Any]


class SearchAnswer(_Shape):
    """`eho search --json`."""

    query: str
    explained: str
    total: int
    total_is_exact: bool
    hits: list[Hit]
    facets: dict[str, list[FacetCount]]
    next: str | None
    snapshot: str
    removed_since: dict[str, int] | None = None
    significant_terms: SignificantTerms | None = None


class Share(_Shape):
    """A share, or a difference of shares, with its interval."""

    share: float
    low: float
    high: float


class ExplainAnswer(_Shape):
    """`eho explain --json`."""

    query: str
    normal: str
    explained: dict[str, str]
    clauses: int
    link: str


class PairedTerms(_Shape):
    """Terms of one thing in both languages."""

    topic: str
    sq: list[str]
    sr: list[str]


class TermListAnswer(_Shape):
    """`eho terms list --json`."""

    term_list: str
    version: str
    pairs: list[PairedTerms]


class Point(_Shape):
    """One period of a series; `low` and `high` bound the share or the count, whichever `as` names."""

    start_on: str
    count: int
    denominator: int
    share: float | None
    low: float | None
    high: float | None
    copies: int
    flags: list[str]
    corrected: Share | None
    silent_sources: list[str]
    query: str


class Series(_Shape):
    """One line of a chart."""

    key: str
    narrative: str | None
    split: str | None
    points: list[Point]
    overall: dict[str, Any]
    detectable: dict[str, Any]
    correction: dict[str, Any]
    changes: list[dict[str, Any]]


class TrendAnswer(_Shape):
    """`eho trends --json`."""

    query: str
    by: str
    shown_as: str = Field(alias="as")
    series: list[Series]
    method: dict[str, Any]
    snapshot: str
    removed_since: dict[str, int] | None = None


class ComparedSide(Share):
    """One side of a compared row; `query` finds its documents."""

    count: int
    denominator: int
    corrected: Share | None
    query: str


class ComparedRow(_Shape):
    """One narrative on both sides."""

    key: str
    narrative: str | None
    a: ComparedSide
    b: ComparedSide
    difference: Share
    is_corrected: bool
    detectable: float | None
    p: float
    q: float
    verdict: str


class Comparison(_Shape):
    """`eho compare --json`."""

    a: dict[str, Any]
    b: dict[str, Any]
    query: str
    rows: list[ComparedRow]
    method: dict[str, Any]
    snapshot: str


class Emergence(_Shape):
    """How much larger a topic's share of the last weeks is than before."""

    ratio: float | None
    low: float | None
    high: float | None
    flags: list[str]


class TopicPoint(_Shape):
    """One week of a topic."""

    start_on: str
    count: int


class Phrase(_Shape):
    """Words that set a topic apart, as they are spelt."""

    text: str
    lang: str
    score: float


class TopicDocument(_Shape):
    """A document of a topic, the nearest to its middle first."""

    id: str
    title: str | None
    url: str | None
    lang: str
    published_at: str | None
    source: str


class Topic(_Shape):
    """A group of documents of one subject."""

    id: str
    label: dict[str, list[str]]
    size: int
    share: float
    languages: dict[str, float]
    language_entropy: float
    emergence: Emergence
    points: list[TopicPoint]
    phrases: list[Phrase]
    documents: list[TopicDocument]


class TopicAnswer(_Shape):
    """`eho topics --json`."""

    query: str
    topics: list[Topic]
    total: int
    outliers: int
    method: dict[str, Any]
    snapshot: str


class Snapshot(_Shape):
    """One row of `eho snapshot list --json`; `created_at` where a person keeps it."""

    id: str
    sequence: int
    documents: int
    first_at: str
    created_at: str | None
    note: str | None
    is_current: bool
    at_hand: bool


class SnapshotDetail(Snapshot):
    """`eho snapshot show ID --json`."""

    size_bytes: int | None
    model: ModelVersion | None
    codebook: str
    own_narratives: list[str]
    changed_since: dict[str, int]
    removed_since: dict[str, int]


class DocumentAnswer(Document):
    """`eho show ID --json`: a document with tags, citation and snapshot."""

    tags: Tags | None = None
    citation: str
    snapshot: str


class TagInput(BaseModel):
    """One row to tag; any further field comes back as it was."""

    model_config = ConfigDict(extra="allow")

    text: str
    id: str | int | None = None
    title: str | None = None
    lang: str | None = None


class TagOutput(BaseModel):
    """The row with its tags, or with `outcome: bad_input` and the reason."""

    model_config = ConfigDict(extra="allow")

    tags: Tags | None = None
    outcome: str | None = None
    reason: str | None = None


class SourceFinding(_Shape):
    """One thing to mend (error) or to look at (warning) in a source's file."""

    level: str
    source: str | None
    field: str | None
    message: str
    file: str | None


class SourcesChecked(_Shape):
    """What a check of the registry came to."""

    sources: int
    live: bool
    findings: list[SourceFinding]


class Health(_Shape):
    """Whether the server can answer, and over what."""

    status: str
    version: str
    documents: int | None
    snapshot: str
    has_invented_sources: bool
