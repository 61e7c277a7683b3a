"""What the command line says under a table of a trend or a comparison, and the columns of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

CORRECTED = ("corrected", "corrected_low", "corrected_high")
POINTS = (
    "key",
    "start_on",
    "count",
    "denominator",
    "share",
    "low",
    "high",
    *CORRECTED,
    "flags",
)
COMPARED = ("key", "a", "b", "share_a", "share_b", "difference", "low", "high", "detectable", "q", "verdict")


def point_rows(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one row for each point of each series."""
    for series in answer["series"]:
        for point in series["points"]:
            better = point["corrected"] or {}
            flat = {name: better.get(part) for name, part in zip(CORRECTED, ("share", "low", "high"), strict=True)}
            yield {"key": series["key"], **point, **flat}


def comparison_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one row of a comparison."""
    a, b, found = row["a"], row["b"], row["difference"]
    return {
        **row,
        "a": f"{a['count']}/{a['denominator']}",
        "b": f"{b['count']}/{b['denominator']}",
        "share_a": a["share"],
        "share_b": b["share"],
        "difference": found["share"],
        "low": found["low"],
        "high": found["high"],
    }


def said_of(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that a reader of a trend's table must not miss."""
    method = answer["method"]
    yield f"By {answer['by']}; {method['panel_note']}."
    for one in method["breaks"]:
        yield f"From {one['start_on']} on {one['kind']} changed: {one['before'] or '-'} -> {one['after'] or '-'}."
    for series in answer["series"]:
        shown, fixed = series["detectable"], series["correction"]
        if shown.get("verdict") == "cannot_say":
            yield f"{series['key']}: cannot say whether the share changed; even a doubling would not show."
        elif shown:
            rise = f"{100 * shown['difference']:.1f} points"
            yield f"{series['key']}: the smallest rise that would show from one {answer['by']} to the next is {rise}."
        if fixed.get("status") == "corrected":
            whole = series["overall"]["corrected"]
            interval = f"{whole['share']:.1%} ({whole['low']:.1%} to {whole['high']:.1%})"
            yield f"{series['key']}: corrected with {fixed['read']} documents read at random; over all {interval}."
    if method["uncorrected_because"]:
        yield f"Uncorrected for classifier error: {'; '.join(method['uncorrected_because'])}."
