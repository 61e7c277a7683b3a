"""What the trend page shows beside the chart: names of the lines, every number in a table, and the methods in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    corrected: str
    notes: str
    query: str


@dataclass(frozen=True, slots=True)
class PointTable:
    """All points of an answer; `several` where a row must name its line, `corrected` where there is a corrected share."""

    rows: Sequence[PointRow]
    several: bool
    corrected: bool


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

    def written(low: float | None, high: float | None) -> str:
        if low is None or high is None:
            return "–"
        ends = [words.percent(end) if is_share else words.decimal(end, 1) for end in (low, high)]
        return words.interval(*ends)

    def better(point: Mapping[str, Any]) -> str:
        found = point["corrected"]
        if found is None:
            return "–"
        value = words.percent(found["share"]) if is_share else words.decimal(found["share"] * point["denominator"], 1)
        return f"{value}, {written(found['low'], found['high'])}"

    rows = [
        PointRow(
            period=words.period(point["start_on"], answer["by"]),
            line=name(one["key"]),
            count=words.number(point["count"]),
            denominator=words.number(point["denominator"]),
            share="–" if point["share"] is None else words.percent(point["share"]),
            interval=written(point["low"], point["high"]),
            corrected=better(point),
            notes="; ".join(words(f"flag_{flag}") for flag in _flags(point)),
            query=point["query"],
        )
        for one in answer["series"]
        for point in one["points"]
    ]
    has_corrected = any(point["corrected"] for one in answer["series"] for point in one["points"])
    return PointTable(rows, len(answer["series"]) > 1, has_corrected)


def _flags(point: Mapping[str, Any]) -> list[str]:
    """Return the flags worth a word: a masked period has documents, but not all."""
    return [flag for flag in point["flags"] if flag != "gap" or not point["denominator"]]


def method_lines(answer: Mapping[str, Any], names: Names, words: Wording, line: Callable[[str], str] | None = None) -> list[str]:
    """Say in sentences what the numbers rest on, and what each line shows where `line` names them."""
    method = answer["method"]
    lines = [words("method_query", text=answer["query"])] if answer["query"] else []
    lines += [words("method_counted", text=text) for text in method["counted"]]
    lines.append(words("method_base", text=method["denominator"]))
    if method["from"] and method["to"]:
        lines.append(words("method_period", start=words.day(method["from"]), end=words.day(method["to"])))
    if stances := stances_line(answer, names, words):
        lines.append(stances)
    lines += [*_panel_lines(method, words), *(_shown_lines(answer, words, line) if line is not None else [])]
    lines.append(words("method_originals" if method["copies"].startswith("left out") else "method_with_copies"))
    if undated := method["undated"]["denominator"]:
        lines.append(words("method_undated", n=undated))
    lines += [words("method_interval"), words("method_small", n=method["small_n_below"]), words("method_calendar")]
    if method["needs_review"] == "left out":
        lines.append(words("method_review_left"))
    if method["uncorrected_because"]:
        lines.append(words("method_uncorrected"))
    if model := method["model"]:
        lines.append(words("method_model", model=f"{model['name']} {model['version']}", codebook=model["codebook"]))
    return [*lines, words("method_snapshot", id=answer["snapshot"])]


def _panel_lines(method: Mapping[str, Any], words: Wording) -> Iterator[str]:
    if method["panel_sources"] is not None:
        share = words.percent(method["panel_share_of_documents"])
        yield words("method_panel", k=len(method["panel_sources"]), share=share)
    elif method["panel_rule"] == "none":
        yield words("method_panel_none")
    for one in method["breaks"]:
        what, ends = words(f"break_{one['kind']}"), {name: one[name] or "–" for name in ("before", "after")}
        yield words("method_break", date=words.day(one["start_on"]), what=what, **ends)
    if periods := method["coverage"]["periods"]:
        yield words("method_silent", k=len(periods))


def _shown_lines(answer: Mapping[str, Any], words: Wording, name: Callable[[str], str]) -> Iterator[str]:
    for one in answer["series"]:
        shown, fixed, line = one["detectable"], one["correction"], name(one["key"])
        if shown.get("verdict") == "cannot_say":
            yield words("method_cannot_say", line=line)
        elif shown:
            yield words("method_detectable", line=line, rise=words.decimal(100 * shown["difference"], 1))
        if fixed.get("status") == "corrected":
            whole = one["overall"]["corrected"]
            interval = words.interval(words.percent(whole["low"]), words.percent(whole["high"]))
            share = words.percent(whole["share"])
            yield words("method_corrected", line=line, k=fixed["read"], share=share, interval=interval)


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
