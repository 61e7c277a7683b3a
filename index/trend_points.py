"""Builds the series of a trend from counts: points with intervals and flags, what a line can show, and its correction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from eho.folding import fold_text
from index.audited import NO_TAG, Read, question_of, read_documents, why_not
from index.breaks import UNKNOWN
from index.coverage import MASKED_FROM
from index.filters import any_of
from index.intervals import POWER, Estimate, detectable, effective_number, estimate, estimates
from index.nodes import Keyword, Node, Not, conjoin, format_query
from index.trend_range import Range
from index.trend_series import Counts, Point, Series, TrendOptions

if TYPE_CHECKING:
    from index.prevalence import Correction

Matching: TypeAlias = Callable[[Node], Collection[str]]  # ids of the documents read that a query finds

SMALL_N = 20  # below this denominator one document moves the share by more than five points


@dataclass(frozen=True, slots=True)
class Denominators:
    """What all series of an answer are counted of."""

    counts: Counts
    squares: Mapping[tuple[date, str], int]  # see PeriodCounter.squared_story_sizes; empty where copies are left out
    missing: Mapping[tuple[date, str], Mapping[str, float]]  # period and value -> silent source -> its usual part
    broken: Collection[date]

    @property
    def values(self) -> list[str]:
        """Return the values of the split, in order."""
        return sorted({value for _, value in [*self.counts.originals, *self.counts.copies]})


def series_of(
    narrative: str | None, node: Node, numerators: Counts, denominators: Denominators, period: Range, options: TrendOptions
) -> Iterator[tuple[Series, Node]]:
    """Yield the series of one narrative, one for each value of the split, and the query of its documents."""
    counts, totals = numerators.total(options.copies), denominators.counts.total(options.copies)
    starts, partial = period.starts, period.partial
    for value in [""] if options.split is None else denominators.values:
        within = conjoin(node, value_node(value, denominators.values, options))
        points = []
        for start, query, (effective, found) in zip(
            starts, _queries(within, period, starts), _shares(starts, value, counts, totals, denominators), strict=True
        ):
            key = (start, value)
            flags = ["gap"] if found is None else ["small_n"] if effective < SMALL_N else []
            flags += ["partial"] if start in partial else []
            flags += ["version_break"] if start in denominators.broken else []
            share, low, high = (None, None, None) if found is None else (found.share, found.low, found.high)
            numbers = (counts.get(key, 0), totals.get(key, 0), numerators.copies.get(key, 0))
            point = Point(start, *numbers, share, low, high, tuple(flags), effective, query=query)
            points.append(_masked(point, denominators.missing.get(key, {})))
        key_parts = [part for part in (narrative, value) if part]
        yield Series(" · ".join(key_parts) or "all", tuple(points), narrative, value or None), within


def value_node(value: str, values: Sequence[str], options: TrendOptions) -> Node:
    """Return the restriction to one value of the split."""
    if options.split is None:
        return conjoin()
    if options.split in ("ownership", "audience"):
        named = {source: group for source, group in options.source_groups.items() if group}
        sources = [Keyword("source", fold_text(one)) for one in sorted(named) if value in (UNKNOWN, named[one])]
        if value == UNKNOWN:
            return Not(any_of(sources)) if sources else conjoin()
        return any_of(sources)
    if options.split != "language":
        return Keyword("source" if options.split == "source" else "kind", fold_text(value))
    if value == UNKNOWN:
        return Not(Keyword("lang", "*"))
    narrower = [other for other in values if other.startswith(f"{value}-")]
    return conjoin(Keyword("lang", fold_text(value)), *(Not(Keyword("lang", fold_text(other))) for other in narrower))


def summarised(series: Series) -> Series:
    """Add what the line says as a whole, and the smallest rise from one period to the next that it would show."""
    count, documents = sum(point.count for point in series.points), sum(point.denominator for point in series.points)
    effective = sum(point.effective for point in series.points)
    if not documents:
        return series
    whole = estimate(count / documents, effective)
    overall = {"count": count, "denominator": documents, **whole.to_mapping(), "corrected": None}
    measured = [point.effective for point in series.points if point.share is not None and "partial" not in point.flags]
    if not measured or count == documents:
        return replace(series, overall=overall)
    usual = median(measured)
    rise = detectable(whole.share, usual, usual)
    can_say = rise is not None and rise <= whole.share
    shown = {"difference": rise, "documents": usual, "power": POWER, "verdict": "can_say" if can_say else "cannot_say"}
    return replace(series, overall=overall, detectable=shown)


def corrected(series: Series, node: Node, base: Node, within: Node, options: TrendOptions, matching: Matching) -> Series:
    """Add the correction for the classifier's errors, or why there is none."""
    question = question_of(node, base)
    if isinstance(question, str):
        status = "not_needed" if question == NO_TAG else "uncorrected"
        return replace(series, correction={"status": status, "reason": question, "read": 0})
    read: Sequence[Read] = ()
    if options.audited:
        inside, rest = matching(conjoin(base, within)), matching(conjoin(base, question.rest, within))
        read = read_documents(question, options.audited, inside, rest, matching(node))
    problem = why_not(read)
    if problem is None:
        from index.prevalence import Correction  # numpy: only where there is something to correct

        effective = sum(point.effective for point in series.points)
        found = Correction(read, series.overall["share"] * effective, effective)
        if found.is_informative:
            return _with_correction(series, found)
        problem = "the machine's label may say nothing about these documents"
    return replace(series, correction={"status": "uncorrected", "reason": problem, "read": len(read)})


def as_counts(series: Series) -> Series:
    """Turn intervals of shares into intervals of counts."""
    return replace(series, points=tuple(_as_count(point) for point in series.points))


def _shares(
    starts: Sequence[date],
    value: str,
    counts: Mapping[tuple[date, str], int],
    totals: Mapping[tuple[date, str], int],
    denominators: Denominators,
) -> Iterator[tuple[float, Estimate | None]]:
    """Yield for each period how many independent documents there are, and the share; None where there is no document."""
    known = [(start, value) for start in starts if totals.get((start, value), 0)]
    effective = [effective_number(totals[key], denominators.squares.get(key, 0)) for key in known]
    found = iter(zip(effective, estimates([counts.get(key, 0) / totals[key] for key in known], effective), strict=True))
    for start in starts:
        yield next(found) if totals.get((start, value), 0) else (0.0, None)


def _queries(within: Node, period: Range, starts: Sequence[date]) -> Iterator[str]:
    """Yield the query of each period's documents; what they share is written once."""
    for number, start in enumerate(starts):
        days = period.days_of(start)
        if number == 0:
            shared = format_query(conjoin(within, days)).removesuffix(format_query(days))
        yield shared + format_query(days)


def _masked(point: Point, missing: Mapping[str, float]) -> Point:
    """Mark a period in which sources were silent; where too much is missing, its share is of other media and is not given."""
    if not missing:
        return point
    point = replace(point, silent=tuple(sorted(missing)), flags=(*point.flags, "coverage"))
    if sum(missing.values()) < MASKED_FROM or point.share is None:
        return point
    return replace(point, share=None, low=None, high=None, flags=("gap", *point.flags))


def _with_correction(series: Series, found: Correction) -> Series:
    points = tuple(
        replace(point, corrected=found.at(point.count / point.denominator * point.effective, point.effective))
        if point.share is not None
        else point
        for point in series.points
    )
    overall = {**series.overall, "corrected": found.overall.to_mapping()}
    return replace(series, points=points, overall=overall, correction={"status": "corrected", **found.to_mapping()})


def _as_count(point: Point) -> Point:
    if point.low is None or point.high is None:
        return point
    total, better = point.denominator, point.corrected
    if better is not None:
        better = Estimate(better.share, better.low * total, better.high * total)
    return replace(point, low=point.low * total, high=point.high * total, corrected=better)
