"""What a trend asks, what an engine counts for it, and what it answers; `to_mapping` gives exactly the JSON of the interface."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from eho.annotation import ModelVersion, Stance
from index.answers import ExplainLanguage, Filters
from index.audited import AuditedDocument
from index.calendar import Period
from index.coverage import Coverage
from index.intervals import Estimate
from index.nodes import Node, Query

SplitField = Literal["source", "lang", "kind", "tagger", "extractor"]
Split = Literal["language", "source", "ownership", "audience", "kind"]
Copies = Literal["exclude", "include"]

COUNTED_STANCES = tuple(stance.value for stance in Stance if stance.counts_in_prevalence)


@dataclass(frozen=True, slots=True)
class TrendOptions:
    """What to count; see `eho trends`."""

    filters: Filters = field(default_factory=Filters)
    of: Query | None = None  # denominator; without it all documents of the same sources, languages and kinds
    narratives: tuple[str, ...] = ()  # one series each
    by: Period | Literal["auto"] = "week"  # auto: the shortest in which a doubling would be seen
    split: Split | None = None
    show_as: Literal["share", "count"] = "share"
    copies: Copies = "exclude"
    panel: Literal["all", "constant"] = "all"  # constant: see index.panel
    stances: tuple[str, ...] = COUNTED_STANCES  # of annotations whose stance the query leaves open; empty: every stance
    include_needs_review: bool = False
    source_groups: Mapping[str, str | None] = field(default_factory=dict)  # source id -> ownership or audience
    model: ModelVersion | None = None
    language: ExplainLanguage = "en"
    changes: bool = False  # look for change points and bursts
    coverage: Coverage = field(default_factory=Coverage)
    audited: tuple[AuditedDocument, ...] = ()
    today: date | None = None  # a period that holds it is not over


@dataclass(frozen=True, slots=True)
class Counts:
    """Documents per (first day of the period, value); undated documents are in neither."""

    originals: Mapping[tuple[date, str], int]
    copies: Mapping[tuple[date, str], int]

    def total(self, copies: Copies) -> dict[tuple[date, str], int]:
        """Return originals, with their copies where these are counted."""
        total = dict(self.originals)
        if copies == "include":
            for key, number in self.copies.items():
                total[key] = total.get(key, 0) + number
        return total


class PeriodCounter(Protocol):
    """What an engine counts for the trends."""

    def count_by_period(self, node: Node, by: Period, split: SplitField | None) -> Counts:
        """Return documents per period and value of `split`, originals and copies apart."""
        ...

    def squared_story_sizes(self, node: Node, by: Period, split: SplitField | None) -> Mapping[tuple[date, str], int]:
        """Return, per period and value, the sum over stories (clusters) of the squared number of documents, copies included."""
        ...

    def matching(self, node: Node, ids: Collection[str]) -> Mapping[str, bool]:
        """Return those of the documents that match and are dated, and whether each is a copy."""
        ...

    def count(self, node: Node) -> int:
        """Return how many documents match, dated or not."""
        ...


@dataclass(frozen=True, slots=True)
class Point:
    """One period: `count` of `denominator` documents; `low` and `high` bound the share, or the count where that is shown.

    `query` finds the documents counted, their copies included.
    """

    start_on: date
    count: int
    denominator: int
    copies: int
    share: float | None
    low: float | None
    high: float | None
    flags: tuple[str, ...]
    effective: float = 0.0  # independent documents
    corrected: Estimate | None = None
    silent: tuple[str, ...] = ()
    query: str = ""

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "start_on": self.start_on.isoformat(),
            "count": self.count,
            "denominator": self.denominator,
            "share": self.share,
            "low": self.low,
            "high": self.high,
            "corrected": None if self.corrected is None else self.corrected.to_mapping(),
            "copies": self.copies,
            "flags": list(self.flags),
            "silent_sources": list(self.silent),
            "query": self.query,
        }


@dataclass(frozen=True, slots=True)
class Series:
    """One line of the chart, with what can be said of it as a whole."""

    key: str
    points: tuple[Point, ...]
    narrative: str | None = None
    split: str | None = None
    overall: Mapping[str, Any] = field(default_factory=dict)
    detectable: Mapping[str, Any] = field(default_factory=dict)
    correction: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[Mapping[str, Any], ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "key": self.key,
            "narrative": self.narrative,
            "split": self.split,
            "points": [point.to_mapping() for point in self.points],
            "overall": dict(self.overall),
            "detectable": dict(self.detectable),
            "correction": dict(self.correction),
            "changes": [dict(change) for change in self.changes],
        }


@dataclass(frozen=True, slots=True)
class TrendAnswer:
    """All series, and `method`: what was counted, of what, and how sure that is."""

    query: str
    by: Period
    show_as: str
    series: tuple[Series, ...]
    method: Mapping[str, Any]
    snapshot: str

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object of `eho trends --json`."""
        return {
            "query": self.query,
            "by": self.by,
            "as": self.show_as,
            "series": [series.to_mapping() for series in self.series],
            "method": dict(self.method),
            "snapshot": self.snapshot,
        }
