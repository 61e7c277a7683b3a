"""Trends: how many documents of how many, period by period, with intervals and with everything said that the numbers rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Literal, Protocol

from eho.annotation import ModelVersion, Stance
from eho.errors import InputError
from eho.folding import fold_text
from index.answers import ExplainLanguage, Filters, snapshot_id
from index.calendar import Period, next_start, starts_between
from index.explanation import explain
from index.filters import any_of, narrow, with_filters
from index.intervals import wilson
from index.nodes import (
    And,
    AnnotationGroup,
    Condition,
    DateRange,
    Keyword,
    Node,
    Not,
    Or,
    Query,
    conjoin,
    leaves,
)
from index.vocabulary import Vocabulary

SplitField = Literal["source", "lang", "kind"]
Split = Literal["language", "source", "ownership", "audience", "kind"]
Copies = Literal["exclude", "include"]

SMALL_N = 20  # below this denominator one document moves the share by more than five points
MAX_POINTS = 20_000
COUNTED_STANCES = tuple(stance.value for stance in Stance if stance.counts_in_prevalence)

_CONFIDENCE = 0.95
_UNKNOWN = "unknown"
_FIELDS: dict[Split, SplitField] = {
    "language": "lang",
    "source": "source",
    "ownership": "source",
    "audience": "source",
    "kind": "kind",
}


@dataclass(frozen=True, slots=True)
class TrendOptions:
    """What to count; see `eho trends`."""

    filters: Filters = field(default_factory=Filters)
    of: Query | None = None  # denominator; without it all documents of the same sources, languages and kinds
    narratives: tuple[str, ...] = ()  # one series each
    by: Period = "week"
    split: Split | None = None
    show_as: Literal["share", "count"] = "share"
    copies: Copies = "exclude"
    panel: Literal["all", "constant"] = "all"  # constant: only sources with documents in every period
    stances: tuple[str, ...] = COUNTED_STANCES  # of annotations whose stance the query leaves open; empty: every stance
    include_needs_review: bool = False
    source_groups: Mapping[str, str | None] = field(default_factory=dict)  # source id -> ownership or audience
    model: ModelVersion | None = None
    language: ExplainLanguage = "en"


@dataclass(frozen=True, slots=True)
class Counts:
    """Documents per (first day of the period, value); undated documents are in neither."""

    originals: Mapping[tuple[date, str], int]
    copies: Mapping[tuple[date, str], int]


class PeriodCounter(Protocol):
    """What an engine counts for the trends."""

    def count_by_period(self, node: Node, by: Period, split: SplitField | None) -> Counts:
        """Return documents per period and value of `split`, originals and copies apart."""
        ...

    def count(self, node: Node) -> int:
        """Return how many documents match, dated or not."""
        ...


@dataclass(frozen=True, slots=True)
class Point:
    """One period: `count` of `denominator` documents; `low` and `high` bound the share, or the count where that is shown."""

    start_on: date
    count: int
    denominator: int
    copies: int
    share: float | None
    low: float | None
    high: float | None
    flags: tuple[str, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "start_on": self.start_on.isoformat(),
            "count": self.count,
            "denominator": self.denominator,
            "share": self.share,
            "low": self.low,
            "high": self.high,
            "copies": self.copies,
            "flags": list(self.flags),
        }


@dataclass(frozen=True, slots=True)
class Series:
    """One line of the chart."""

    key: str
    points: tuple[Point, ...]
    narrative: str | None = None
    split: str | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        points = [point.to_mapping() for point in self.points]
        return {"key": self.key, "narrative": self.narrative, "split": self.split, "points": points}


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


def trend_answer(
    query: Query, options: TrendOptions, counter: PeriodCounter, *, sequence: int, vocabulary: Vocabulary | None = None
) -> TrendAnswer:
    """Count and explain. Raises InputError where the range holds too many periods."""
    root = with_filters(query.root, options.filters, vocabulary)
    base = denominator_of(root, options.of)
    if options.of is not None:
        root = conjoin(root, options.of.root)  # counted documents are a part of those they are counted of
    base, panel = _with_panel(base, options, counter)
    if panel is not None:
        root = conjoin(root, _sources(panel))
    period = _period_of(base, options.by, counter)
    split = None if options.split is None else _FIELDS[options.split]
    denominators = _regroup(counter.count_by_period(base, options.by, split), options)
    asked: Sequence[tuple[str | None, Node]] = [(None, root)]
    if options.narratives:
        asked = [(one, narrow(root, _known(one, vocabulary))) for one in options.narratives]
    numerators = [(narrative, _with_stances(node, options.stances)) for narrative, node in asked]
    series = [
        one
        for narrative, node in numerators
        for one in _series(
            narrative, _regroup(counter.count_by_period(node, options.by, split), options), denominators, period, options
        )
    ]
    method = _method(options, [node for _, node in numerators], base, period, counter, vocabulary)
    if panel is not None:
        method["panel_sources"] = list(panel)
    return TrendAnswer(query.text, options.by, options.show_as, tuple(series), method, snapshot_id(sequence, options.model))


def denominator_of(root: Node, of: Query | None) -> Node:
    """Return the query's own restrictions of source, language, kind and date, together with `of` where it is given."""
    parts = root.parts if isinstance(root, And) else (root,)
    kept = [part for part in parts if _restricts(part)]
    return conjoin(*kept, *([] if of is None else [of.root]))


def _restricts(node: Node) -> bool:
    found = leaves(node)
    return bool(found) and all(
        isinstance(leaf, DateRange) or (isinstance(leaf, Keyword) and leaf.field in ("source", "lang", "kind")) for leaf in found
    )


def _known(narrative: str, vocabulary: Vocabulary | None) -> Condition:
    (vocabulary or Vocabulary()).check("narrative", narrative, None)
    return Condition("narrative", narrative)


def _with_stances(node: Node, stances: Sequence[str]) -> Node:
    """Add the stances that count to every annotation whose narrative is asked for and whose stance is left open."""
    if isinstance(node, And):
        return And(tuple(_with_stances(part, stances) for part in node.parts))
    if isinstance(node, Or):
        return Or(tuple(_with_stances(part, stances) for part in node.parts))
    if isinstance(node, AnnotationGroup) and stances:
        fields = {leaf.field for leaf in leaves(node) if isinstance(leaf, Condition)}
        if "narrative" in fields and "stance" not in fields:
            counted = any_of([Condition("stance", stance) for stance in stances])
            return AnnotationGroup(conjoin(node.expression, counted))
    return node


def _with_panel(base: Node, options: TrendOptions, counter: PeriodCounter) -> tuple[Node, list[str] | None]:
    if options.panel == "all":
        return base, None
    first, last = _period_of(base, options.by, counter)
    starts = set() if first is None or last is None else set(starts_between(first, last, options.by))
    counts = _total(counter.count_by_period(base, options.by, "source"), options.copies)
    published: dict[str, set[date]] = {}
    for (start, source), number in counts.items():
        if number:
            published.setdefault(source, set()).add(start)
    panel = sorted(source for source, seen in published.items() if seen >= starts)
    return conjoin(base, _sources(panel)), panel


def _sources(panel: Sequence[str]) -> Node:
    if not panel:
        raise InputError("No source has documents in every period. Use --panel all, or a shorter range.", field="panel")
    return any_of([Keyword("source", fold_text(source)) for source in panel])


def _period_of(base: Node, by: Period, counter: PeriodCounter) -> tuple[date | None, date | None]:
    """Return the first and last day counted: as asked, else from the first to the last dated document of the denominator."""
    parts = base.parts if isinstance(base, And) else (base,)
    ranges = [part for part in parts if isinstance(part, DateRange)]
    first = max((part.first for part in ranges if part.first), default=None)
    last = min((part.last for part in ranges if part.last), default=None)
    if first is None or last is None:
        counts = counter.count_by_period(base, by, None)
        starts = sorted({start for start, _ in [*counts.originals, *counts.copies]})
        if not starts:
            return first, last
        first = first or starts[0]
        last = last or next_start(starts[-1], by) - timedelta(days=1)
    if (last - first).days > MAX_POINTS * {"day": 1, "week": 7, "month": 28, "quarter": 90}[by]:
        raise InputError(
            f"From {first} to {last} there are too many periods. Count by quarter, or shorten the range.", field="by"
        )
    return first, last


def _total(counts: Counts, copies: Copies) -> dict[tuple[date, str], int]:
    total = dict(counts.originals)
    if copies == "include":
        for key, number in counts.copies.items():
            total[key] = total.get(key, 0) + number
    return total


def _regroup(counts: Counts, options: TrendOptions) -> Counts:
    """Join sources of one ownership or audience; those without a known one stand under "unknown"."""
    if options.split not in ("ownership", "audience"):
        return counts
    groups = options.source_groups

    def joined(numbers: Mapping[tuple[date, str], int]) -> dict[tuple[date, str], int]:
        result: dict[tuple[date, str], int] = {}
        for (start, source), number in numbers.items():
            key = (start, groups.get(source) or _UNKNOWN)
            result[key] = result.get(key, 0) + number
        return result

    return replace(counts, originals=joined(counts.originals), copies=joined(counts.copies))


def _series(
    narrative: str | None,
    numerators: Counts,
    denominators: Counts,
    period: tuple[date | None, date | None],
    options: TrendOptions,
) -> list[Series]:
    first, last = period
    if first is None or last is None:
        return []
    starts = list(starts_between(first, last, options.by))
    counts, totals = _total(numerators, options.copies), _total(denominators, options.copies)
    values = [""] if options.split is None else sorted({value for _, value in [*denominators.originals, *denominators.copies]})
    result = []
    for value in values:
        points = [
            _point(start, counts.get((start, value), 0), totals.get((start, value), 0), numerators.copies.get((start, value), 0))
            for start in starts
        ]
        points = [_finished(point, first, last, options) for point in points]
        key = " · ".join(part for part in (narrative, value) if part) or "all"
        result.append(Series(key, tuple(points), narrative, value or None))
    return result


def _point(start: date, count: int, denominator: int, copies: int) -> Point:
    if denominator == 0:
        return Point(start, count, 0, copies, None, None, None, ("gap",))
    low, high = wilson(count, denominator)
    flags = ("small_n",) if denominator < SMALL_N else ()
    return Point(start, count, denominator, copies, count / denominator, low, high, flags)


def _finished(point: Point, first: date, last: date, options: TrendOptions) -> Point:
    if point.start_on < first or next_start(point.start_on, options.by) - timedelta(days=1) > last:
        point = replace(point, flags=(*point.flags, "partial"))
    if options.show_as == "count" and point.low is not None and point.high is not None:
        point = replace(point, low=point.low * point.denominator, high=point.high * point.denominator)
    return point


def _method(
    options: TrendOptions,
    numerators: Sequence[Node],
    base: Node,
    period: tuple[date | None, date | None],
    counter: PeriodCounter,
    vocabulary: Vocabulary | None,
) -> dict[str, Any]:
    undated = Not(DateRange(None, None))
    first, last = period
    return {
        "counted": [explain(node, options.language, vocabulary) for node in numerators],
        "denominator": explain(base, options.language, vocabulary),
        "from": None if first is None else first.isoformat(),
        "to": None if last is None else last.isoformat(),
        "time_zone": "Europe/Belgrade",
        "week_starts_on": "Monday",
        "copies": "counted with the originals" if options.copies == "include" else "left out; listed beside each count",
        "panel": options.panel,
        "stances_counted": _stances_counted(numerators),
        "needs_review": "included" if options.include_needs_review else "left out",
        "undated": {
            "count": sum(counter.count(conjoin(_undated(node), undated)) for node in numerators),
            "denominator": counter.count(conjoin(_undated(base), undated)),
        },
        "interval": {"method": "wilson", "confidence": _CONFIDENCE},
        "corrected_for_classifier_error": False,
        "note": "uncorrected for classifier error",
        "small_n_below": SMALL_N,
        "model": None if options.model is None else options.model.model_dump(mode="json"),
    }


def _undated(node: Node) -> Node:
    """Return the query without its top-level date ranges: an undated document cannot lie within one."""
    parts = node.parts if isinstance(node, And) else (node,)
    return conjoin(*(part for part in parts if not isinstance(part, DateRange)))


def _stances_counted(numerators: Sequence[Node]) -> list[str]:
    found = {leaf.value for node in numerators for leaf in leaves(node) if isinstance(leaf, Condition) and leaf.field == "stance"}
    return sorted(found)
