"""Says what the numbers of a trend rest on: the answer's `method`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from index.audited import NO_TAG, NONE_READ
from index.breaks import Break
from index.coverage import MASKED_FROM
from index.explanation import explain
from index.intervals import CONFIDENCE
from index.nodes import And, Condition, DateRange, Node, Not, conjoin, format_query, leaves
from index.panel import Panel
from index.trend_points import SMALL_N
from index.trend_range import Range
from index.trend_series import PeriodCounter, Series, TrendOptions
from index.vocabulary import Vocabulary

_ASSUMED = {
    "overall": "prediction-powered inference, nothing assumed of the classifier",
    "points": "error rates of the whole range, taken to stay alike within it (label shift)",
}


@dataclass(frozen=True, slots=True)
class Rests:
    """What was counted, of what, when and where."""

    numerators: Sequence[Node]
    base: Node
    period: Range
    panel: Panel


def method_of(
    options: TrendOptions,
    rests: Rests,
    breaks: Sequence[Break],
    series: Sequence[Series],
    counter: PeriodCounter,
    vocabulary: Vocabulary | None,
) -> dict[str, Any]:
    """Return the mapping; texts of queries are in the language asked for."""
    first, last = rests.period.first, rests.period.last
    undated = Not(DateRange(None, None))
    return {
        "counted": [explain(node, options.language, vocabulary) for node in rests.numerators],
        "counted_queries": [format_query(node) for node in rests.numerators],
        "denominator": explain(rests.base, options.language, vocabulary),
        "denominator_query": format_query(rests.base),
        "from": None if first is None else first.isoformat(),
        "to": None if last is None else last.isoformat(),
        "by_chosen": "auto" if options.by == "auto" else "asked",
        "time_zone": "Europe/Belgrade",
        "week_starts_on": "Monday",
        "copies": "counted with the originals" if options.copies == "include" else "left out; listed beside each count",
        **rests.panel.to_mapping(),
        "breaks": [one.to_mapping() for one in breaks],
        "coverage": _coverage(series),
        "stances_counted": _stances_counted(rests.numerators),
        "needs_review": "included" if options.include_needs_review else "left out",
        "undated": {
            "count": sum(counter.count(conjoin(_undated(node), undated)) for node in rests.numerators),
            "denominator": counter.count(conjoin(_undated(rests.base), undated)),
        },
        "interval": _interval(options),
        **_correction(series),
        "small_n_below": SMALL_N,
        "changes": _changes(options),
        "model": None if options.model is None else options.model.model_dump(mode="json"),
    }


def _interval(options: TrendOptions) -> dict[str, Any]:
    clustered = (
        "Kish's effective number, a story's copies counting as one" if options.copies == "include" else "one document a story"
    )
    return {"method": "wilson", "confidence": CONFIDENCE, "clustered_by_story": clustered}


def _correction(series: Sequence[Series]) -> dict[str, Any]:
    by_status: dict[str, list[Series]] = {}
    for one in series:
        by_status.setdefault(one.correction.get("status", "uncorrected"), []).append(one)
    done = by_status.get("corrected", [])
    note = "uncorrected for classifier error"
    if done:
        note = "share is the machine's; corrected stands beside it"
    elif series and set(by_status) == {"not_needed"}:
        note = NO_TAG
    return {
        "corrected_for_classifier_error": bool(done),
        "corrected_series": [one.key for one in done],
        "uncorrected_because": sorted({one.correction.get("reason", NONE_READ) for one in by_status.get("uncorrected", [])}),
        "correction": _ASSUMED if done else None,
        "note": note,
    }


def _coverage(series: Sequence[Series]) -> dict[str, Any]:
    silent: dict[str, set[str]] = {}
    for point in (point for one in series for point in one.points):
        if point.silent:
            silent.setdefault(point.start_on.isoformat(), set()).update(point.silent)
    periods = [{"start_on": start, "silent_sources": sorted(sources)} for start, sources in sorted(silent.items())]
    return {"masked_from_missing_share": MASKED_FROM, "periods": periods}


def _changes(options: TrendOptions) -> str:
    if not options.changes:
        return "not looked for"
    return "PELT with binomial deviance, bursts by hypergeometric test; Benjamini-Hochberg at 5 % over all lines"


def _undated(node: Node) -> Node:
    """Return the query without its top-level date ranges: an undated document cannot lie within one."""
    parts = node.parts if isinstance(node, And) else (node,)
    return conjoin(*(part for part in parts if not isinstance(part, DateRange)))


def _stances_counted(numerators: Sequence[Node]) -> list[str]:
    found = {leaf.value for node in numerators for leaf in leaves(node) if isinstance(leaf, Condition) and leaf.field == "stance"}
    return sorted(found)
