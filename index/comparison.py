"""Compares two sets of documents, such as two sources, languages or periods: both shares, their difference, what it shows.

Works on the trend counts of any engine. Two languages are compared within outlets of one type that are weighed alike on both
sides (Mantel and Haenszel 1959), so that a public broadcaster is never held against a portal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Any, Literal

from eho.errors import InputError
from index.answers import SearchOptions
from index.coverage import Coverage
from index.intervals import CONFIDENCE, POWER, Estimate, detectable, difference, estimate, p_value
from index.nodes import Query, conjoin
from index.protocol import Index
from index.trends import Series, TrendAnswer, TrendOptions

Match = Literal["none", "ownership", "audience"]

FALSE_ALARMS = 0.05
_ALL = ""


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """What to count on both sides: `trend` as for a trend, its periods, split and panel aside."""

    trend: TrendOptions = field(default_factory=TrendOptions)
    match: Match = "none"
    types: Mapping[str, str | None] = field(default_factory=dict)  # source id -> type to match by


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a row: documents found, counted of and independent, by type of outlet."""

    query: str
    counts: Mapping[str, int]
    documents: Mapping[str, int]
    independent: Mapping[str, float]
    corrected: Estimate | None = None

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def weighed(self, weights: Mapping[str, float]) -> tuple[Estimate, float]:
        """Return the share over the types with these weights, and the number of independent documents that it is worth.

        Types are taken to scatter alike, which errs towards a longer interval where one type has no hit.
        """
        share = sum(weight * self.counts[one] / self.documents[one] for one, weight in weights.items())
        worth = 1 / sum(weight * weight / self.independent[one] for one, weight in weights.items())
        return estimate(share, worth), worth

    def to_mapping(self, share: Estimate) -> dict[str, Any]:
        """Return the JSON object."""
        corrected = None if self.corrected is None else self.corrected.to_mapping()
        numbers = {"count": self.count, "denominator": sum(self.documents.values()), **share.to_mapping()}
        return {**numbers, "corrected": corrected, "query": self.query}


def compare(index: Index, first: Query, second: Query, asked: Query, options: CompareOptions) -> dict[str, Any]:
    """Return the JSON object of `eho compare`. Raises InputError where the sides share documents or one has none."""
    _check_apart(index, first, second, options)
    answers = {name: index.trends(asked, _of(side, options)) for name, side in (("a", first), ("b", second))}
    for name, side in (("a", first), ("b", second)):
        if not any(series.overall for series in answers[name].series):
            raise InputError(f"{side.text!r} has no dated documents to compare; look at it with eho search.", field=name)
    sides = {name: _sides(answer, options) for name, answer in answers.items()}
    types = {name: set().union(*(side.documents for side in found.values())) for name, found in sides.items()}
    shared = types["a"] & types["b"]
    if not shared:
        raise InputError(
            f"No type of outlet is on both sides: {_listed(types['a'])} against {_listed(types['b'])}. Use --match none.",
            field="match",
        )
    rows = [_row(name, sides["a"][name], sides["b"][name], shared) for name in sides["a"]]
    rows = [row for row in rows if row["a"]["count"] or row["b"]["count"] or len(sides["a"]) == 1]
    return {
        "a": {"query": first.text, "denominator": answers["a"].method["denominator"]},
        "b": {"query": second.text, "denominator": answers["b"].method["denominator"]},
        "query": asked.text,
        "rows": _judged(rows),
        "method": _method(answers["a"].method, options, shared, types),
        "snapshot": answers["a"].snapshot,
    }


def _of(side: Query, options: CompareOptions) -> TrendOptions:
    whole = side if options.trend.of is None else Query(side.text, conjoin(side.root, options.trend.of.root))
    return replace(
        options.trend,
        of=whole,
        by="quarter",
        split=None if options.match == "none" else "source",
        panel="all",
        show_as="share",
        changes=False,
        coverage=Coverage(),
    )


def _check_apart(index: Index, first: Query, second: Query, options: CompareOptions) -> None:
    both = Query("", conjoin(first.root, second.root))
    among = SearchOptions(limit=1, facets=False, include_needs_review=options.trend.include_needs_review)
    if shared := index.search(both, replace(among, filters=options.trend.filters)).total:
        raise InputError(
            f"A and B have {shared} documents in common, so their difference says nothing; exclude one side, as in "
            f"eho compare A 'NOT A'.",
            field="b",
        )


def _sides(answer: TrendAnswer, options: CompareOptions) -> dict[str | None, _Side]:
    """Join the series of each narrative by type of outlet; outlets of unknown type are left out where types are matched."""
    queries = dict(zip(dict.fromkeys(one.narrative for one in answer.series), answer.method["counted_queries"], strict=True))
    sides: dict[str | None, _Side] = {}
    for narrative, query in queries.items():
        grouped: dict[str, list[Series]] = {}
        for series in answer.series:
            kind = _ALL if options.match == "none" else options.types.get(series.split or "")
            if series.narrative == narrative and series.overall and kind is not None:
                grouped.setdefault(kind, []).append(series)
        whole = grouped[_ALL][0].overall["corrected"] if options.match == "none" else None
        sides[narrative] = _Side(
            query,
            {kind: sum(one.overall["count"] for one in group) for kind, group in grouped.items()},
            {kind: sum(one.overall["denominator"] for one in group) for kind, group in grouped.items()},
            {kind: sum(point.effective for one in group for point in one.points) for kind, group in grouped.items()},
            None if whole is None else Estimate(**whole),
        )
    return sides


def _row(narrative: str | None, first: _Side, second: _Side, types: Collection[str]) -> dict[str, Any]:
    weights = {
        one: first.independent[one] * second.independent[one] / (first.independent[one] + second.independent[one])
        for one in sorted(types)
    }
    weights = {one: weight / sum(weights.values()) for one, weight in weights.items()}
    (share, worth), (other, other_worth) = first.weighed(weights), second.weighed(weights)
    if first.corrected is not None and second.corrected is not None:
        found = difference(first.corrected, second.corrected)
        error = (found.high - found.low) / 2 / NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        p = 2 * NormalDist().cdf(-abs(found.share) / error)
    else:
        found = difference(share, other)
        p = p_value((share.share * worth, worth), (other.share * other_worth, other_worth))
    return {
        "key": narrative or "all",
        "narrative": narrative,
        "a": first.to_mapping(share),
        "b": second.to_mapping(other),
        "difference": found.to_mapping(),
        "is_corrected": first.corrected is not None and second.corrected is not None,
        "detectable": detectable(min(share.share, other.share), worth, other_worth),
        "p": p,
    }


def _judged(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add q and the verdict; the more rows are looked at, the more each must show (Benjamini and Hochberg 1995)."""
    if not rows:
        return []
    from statsmodels.stats.multitest import multipletests

    _, corrected, *_ = multipletests([row["p"] for row in rows], alpha=FALSE_ALARMS, method="fdr_bh")
    judged = []
    for row, q in zip(rows, corrected, strict=True):
        verdict = "cannot_say"
        if q <= FALSE_ALARMS:
            verdict = "a_higher" if row["difference"]["share"] > 0 else "b_higher"
        judged.append({**row, "q": float(q), "verdict": verdict})
    return sorted(judged, key=lambda row: (row["p"], row["key"]))


def _method(
    trend: Mapping[str, Any], options: CompareOptions, shared: Collection[str], types: Mapping[str, Collection[str]]
) -> dict[str, Any]:
    kept = ("copies", "stances_counted", "needs_review", "interval", "note", "uncorrected_because", "model", "time_zone")
    matched = {
        "by": options.match,
        "types": sorted(shared),
        "left_out": {name: sorted(set(found) - set(shared)) for name, found in types.items()},
        "weights": "Mantel-Haenszel, the same on both sides",
    }
    return {
        **{name: trend[name] for name in kept},
        "difference": "a minus b, Newcombe's method 10",
        "power": POWER,
        "false_alarms": f"Benjamini-Hochberg at {FALSE_ALARMS:.0%} over all rows",
        "matched": None if options.match == "none" else matched,
    }


def _listed(values: Collection[str]) -> str:
    return ", ".join(sorted(values)) or "none known"
