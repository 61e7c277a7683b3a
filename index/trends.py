"""Trends: how many documents of how many, period by period, with intervals and with everything said that the numbers rest on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from eho.folding import fold_text
from index.answers import snapshot_id
from index.breaks import UNKNOWN, Break, extractor_breaks, source_breaks, tagger_breaks
from index.coverage import silent_sources
from index.filters import any_of, narrow, with_filters
from index.nodes import And, AnnotationGroup, Condition, DateRange, Keyword, Node, Or, Query, conjoin, leaves
from index.panel import Panel, all_sources, constant_panel
from index.trend_method import Rests, method_of
from index.trend_points import SMALL_N, Denominators, as_counts, corrected, series_of, summarised, value_node
from index.trend_range import Range, choose_period, range_of
from index.trend_series import (
    COUNTED_STANCES,
    Copies,
    Counts,
    PeriodCounter,
    Point,
    Series,
    Split,
    SplitField,
    TrendAnswer,
    TrendOptions,
)
from index.vocabulary import Vocabulary

if TYPE_CHECKING:
    from index.changes import Change

__all__ = [
    "COUNTED_STANCES",
    "SMALL_N",
    "Copies",
    "Counts",
    "PeriodCounter",
    "Point",
    "Series",
    "Split",
    "SplitField",
    "TrendAnswer",
    "TrendOptions",
    "trend_answer",
]

_FIELDS: dict[Split, SplitField] = {
    "language": "lang",
    "source": "source",
    "ownership": "source",
    "audience": "source",
    "kind": "kind",
}


def trend_answer(
    query: Query, options: TrendOptions, counter: PeriodCounter, *, sequence: int, vocabulary: Vocabulary | None = None
) -> TrendAnswer:
    """Count and explain. Raises InputError where the range holds too many periods."""
    root = with_filters(query.root, options.filters, vocabulary)
    base = denominator_of(root, options.of)
    if options.of is not None:
        root = conjoin(root, options.of.root)  # counted documents are a part of those they are counted of
    asked: Sequence[tuple[str | None, Node]] = [(None, root)]
    if options.narratives:
        asked = [(one, narrow(root, _known(one, vocabulary))) for one in options.narratives]
    numerators = [(narrative, _with_stances(node, options.stances)) for narrative, node in asked]
    by = options.by
    if by == "auto":
        by = choose_period([node for _, node in numerators], base, _split_field(options), options, counter)
    period = range_of(base, by, counter, options.today)
    counting = _Counting.prepare(base, period, options, counter)
    numerators = [(narrative, counting.in_panel(node)) for narrative, node in numerators]
    series = counting.series(numerators)
    rests = Rests(numerators=[node for _, node in numerators], base=counting.base, period=period, panel=counting.panel)
    method = method_of(options, rests, counting.breaks, series, counter, vocabulary)
    if options.show_as == "count":
        series = [as_counts(one) for one in series]
    return TrendAnswer(query.text, by, options.show_as, tuple(series), method, snapshot_id(sequence, options.model))


def denominator_of(root: Node, of: Query | None) -> Node:
    """Return the query's own restrictions of source, language, kind and date, together with `of` where it is given."""
    parts = root.parts if isinstance(root, And) else (root,)
    kept = [part for part in parts if _restricts(part)]
    return conjoin(*kept, *([] if of is None else [of.root]))


@dataclass(frozen=True, slots=True)
class _Counting:
    """What all series of one answer share."""

    options: TrendOptions
    counter: PeriodCounter
    period: Range
    panel: Panel
    base: Node  # of the panel
    sources: Collection[str]
    breaks: Sequence[Break]

    @classmethod
    def prepare(cls, base: Node, period: Range, options: TrendOptions, counter: PeriodCounter) -> _Counting:
        """Choose the panel and find the breaks."""
        by_source = counter.count_by_period(base, period.by, "source").total(options.copies)
        panel = all_sources() if options.panel == "all" else constant_panel(by_source, period.starts, period.partial)
        if panel.sources is not None and panel.is_narrower:
            base = conjoin(base, _sources(panel.sources))
        breaks = [
            *tagger_breaks(counter.count_by_period(base, period.by, "tagger").total(options.copies)),
            *extractor_breaks(counter.count_by_period(base, period.by, "extractor").total(options.copies)),
            *(source_breaks(by_source, period.starts) if panel.sources is None and period.starts else ()),
        ]
        sources = {source for _, source in by_source} if panel.sources is None else set(panel.sources)
        return cls(options, counter, period, panel, base, sources, sorted(breaks, key=lambda one: (one.start_on, one.kind)))

    def in_panel(self, node: Node) -> Node:
        """Restrict a query to the panel's sources."""
        if self.panel.sources is None or not self.panel.is_narrower:
            return node
        return conjoin(node, _sources(self.panel.sources))

    def series(self, numerators: Sequence[tuple[str | None, Node]]) -> list[Series]:
        """Return all series, summed up and, where that can be done, corrected."""
        if not self.period.starts:
            return []
        denominators = self._denominators()
        found = []
        for narrative, node in numerators:
            counts = self._count(node)
            for one, own in series_of(narrative, node, counts, denominators, self.period, self.options):
                one = summarised(one)
                if one.overall:
                    within = value_node(one.split or "", denominators.values, self.options)
                    one = corrected(one, own, self.base, within, self.options, self._read)
                found.append(one)
        return _with_changes(found) if self.options.changes else found

    def _denominators(self) -> Denominators:
        squares: Mapping[tuple[date, str], int] = {}
        if self.options.copies == "include":
            sizes = self.counter.squared_story_sizes(self.base, self.period.by, _split_field(self.options))
            squares = _regrouped(sizes, self.options)
        counts = self._count(self.base)
        broken = {one.start_on for one in self.breaks}
        return Denominators(counts, squares, self._missing(counts), broken)

    def _missing(self, counts: Counts) -> dict[tuple[date, str], dict[str, float]]:
        """Return, for each period and value, the silent sources and what part of the documents they usually hold."""
        days = conjoin(*(part for part in _parts(self.base) if isinstance(part, DateRange)))
        everything = self.counter.count_by_period(days, self.period.by, "source").total("include")
        silent = silent_sources(everything, self.period.starts, self.period.partial, self.period.by, self.options.coverage)
        totals = counts.total(self.options.copies)
        missing: dict[tuple[date, str], dict[str, float]] = {}
        for source in sorted({one for sources in silent.values() for one in sources if one in self.sources}):
            own = self._count(conjoin(self.base, _sources([source]))).total(self.options.copies)
            mute = [start for start in self.period.starts if source in silent.get(start, ())]
            heard = [start for start in self.period.starts if start not in mute] or self.period.starts
            for value in {value for _, value in own}:
                usual = sum(own.get((start, value), 0) for start in heard)
                usual_of = sum(totals.get((start, value), 0) for start in heard)
                for start in mute if usual else ():
                    missing.setdefault((start, value), {})[source] = usual / usual_of
        return missing

    def _count(self, node: Node) -> Counts:
        counts = self.counter.count_by_period(node, self.period.by, _split_field(self.options))
        return Counts(_regrouped(counts.originals, self.options), _regrouped(counts.copies, self.options))

    def _read(self, node: Node) -> Collection[str]:
        matching = self.counter.matching(node, [one.id for one in self.options.audited])
        return {id for id, is_copy in matching.items() if self.options.copies == "include" or not is_copy}


def _with_changes(series: Sequence[Series]) -> list[Series]:
    from index.changes import Line, by_key, find_changes  # two seconds to import: only where it is asked for

    lines = []
    for one in series:
        points = [point for point in one.points if point.share is not None and "partial" not in point.flags]
        numbers = [point.count / point.denominator * point.effective for point in points]
        lines.append(Line(one.key, [point.start_on for point in points], numbers, [point.effective for point in points]))
    changes = by_key(find_changes(lines))
    return [_marked(one, changes.get(one.key, [])) for one in series]


def _marked(series: Series, changes: Sequence[Change]) -> Series:
    kinds: dict[date, tuple[str, ...]] = {}
    for change in changes:
        kinds[change.start_on] = (*kinds.get(change.start_on, ()), change.kind)
    points = tuple(replace(point, flags=(*point.flags, *kinds.get(point.start_on, ()))) for point in series.points)
    return replace(series, points=points, changes=tuple(change.to_mapping() for change in changes))


def _split_field(options: TrendOptions) -> SplitField | None:
    return None if options.split is None else _FIELDS[options.split]


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


def _sources(sources: Sequence[str]) -> Node:
    return any_of([Keyword("source", fold_text(source)) for source in sources])


def _parts(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, And) else (node,)


def _regrouped(numbers: Mapping[tuple[date, str], int], options: TrendOptions) -> Mapping[tuple[date, str], int]:
    """Join sources of one ownership or audience; those without a known one stand under "unknown"."""
    if options.split not in ("ownership", "audience"):
        return numbers
    joined: dict[tuple[date, str], int] = {}
    for (start, source), number in numbers.items():
        key = (start, options.source_groups.get(source) or UNKNOWN)
        joined[key] = joined.get(key, 0) + number
    return joined
