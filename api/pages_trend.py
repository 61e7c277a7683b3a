"""What the trend page shows beside the chart: names of the lines, every number in a table, and the methods in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.pages_codebook import Names
from api.pages_wording import Wording


@dataclass(frozen=True, slots=True)
class PointRow:
    """One point of a series, written out."""

    period: str
    line: str
    count: str
    denominator: str
    share: str
    interval: str
    notes: str


@dataclass(frozen=True, slots=True)
class PointTable:
    """All points of an answer; `several` where a row must name its line."""

    rows: Sequence[PointRow]
    several: bool


def line_names(
    answer: Mapping[str, Any], names: Names, words: Wording, source_names: Mapping[str, str], *, split: str, whole: str
) -> Callable[[str], str]:
    """Return how a reader calls each series: narrative where there are several, value of the split, or `whole`."""
    called, several = {}, len({one["narrative"] for one in answer["series"]}) > 1
    for one in answer["series"]:
        parts = []
        if several and one["narrative"]:
            parts.append(names("narrative", one["narrative"]))
        if value := one["split"]:
            parts.append(_split_name(value, split, words, source_names))
        called[one["key"]] = " · ".join(parts) or whole
    return lambda key: called.get(key, key)


def point_table(answer: Mapping[str, Any], words: Wording, name: Callable[[str], str]) -> PointTable:
    """Write every point of every series; shares and intervals are those of the answer."""
    is_share = answer["as"] == "share"
    rows = []
    for one in answer["series"]:
        for point in one["points"]:
            low, high = point["low"], point["high"]
            written = words.percent if is_share else lambda value: words.decimal(value, 1)
            rows.append(
                PointRow(
                    period=words.period(point["start_on"], answer["by"]),
                    line=name(one["key"]),
                    count=words.number(point["count"]),
                    denominator=words.number(point["denominator"]),
                    share="–" if point["share"] is None else words.percent(point["share"]),
                    interval="–" if low is None or high is None else words.interval(written(low), written(high)),
                    notes="; ".join(words(f"flag_{flag}") for flag in point["flags"]),
                )
            )
    return PointTable(rows, len(answer["series"]) > 1)


def method_lines(answer: Mapping[str, Any], names: Names, words: Wording) -> list[str]:
    """Say in sentences what the numbers rest on, from the answer's own `method`."""
    method = answer["method"]
    lines = [words("method_query", text=answer["query"])] if answer["query"] else []
    lines += [words("method_counted", text=text) for text in method["counted"]]
    lines.append(words("method_base", text=method["denominator"]))
    if method["from"] and method["to"]:
        lines.append(words("method_period", start=words.day(method["from"]), end=words.day(method["to"])))
    if stances := stances_line(answer, names, words):
        lines.append(stances)
    lines.append(words("method_originals" if method["copies"].startswith("left out") else "method_with_copies"))
    if undated := method["undated"]["denominator"]:
        lines.append(words("method_undated", n=undated))
    lines += [words("method_interval"), words("method_small", n=method["small_n_below"]), words("method_calendar")]
    if method["needs_review"] == "left out":
        lines.append(words("method_review_left"))
    if not method["corrected_for_classifier_error"]:
        lines.append(words("method_uncorrected"))
    if model := method["model"]:
        lines.append(words("method_model", model=f"{model['name']} {model['version']}", codebook=model["codebook"]))
    return [*lines, words("method_snapshot", id=answer["snapshot"])]


def stances_line(answer: Mapping[str, Any], names: Names, words: Wording) -> str | None:
    """Say which stances were counted; None where the query does not ask for narratives."""
    stances = answer["method"]["stances_counted"]
    return words("method_stances", stances=", ".join(names("stance", one).lower() for one in stances)) if stances else None


def _split_name(value: str, split: str, words: Wording, source_names: Mapping[str, str]) -> str:
    if value == "unknown":
        return words("unknown_group")
    if split == "source":
        return source_names.get(value, value)
    return words.or_id({"language": "lang", "kind": "kind"}.get(split, split), value)
