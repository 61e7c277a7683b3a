"""Charts as SVG and PNG, from one Vega-Lite specification for page, report and picture; lines stay apart for the colour-blind."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import vl_convert

from api.chart_marks import TIME, marks_behind, points
from api.pages_wording import Wording

# Okabe & Ito (2008), https://jfly.uni-koeln.de/color/ - without yellow, which is lost on white paper; order by contrast.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#000000", "#cc79a7", "#56b4e9", "#e69f00")
DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 3], [1, 4])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
MAX_LINES = len(COLOURS)

Size = Literal["large", "small"]
_WIDTHS: dict[Size, int] = {"large": 760, "small": 300}
_DATE_FORMATS = {"day": "%-d %b", "week": "%-d %b", "month": "%b %Y", "quarter": "%b %Y"}
_FONT = "system-ui, Noto Sans, DejaVu Sans, sans-serif"


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a dot chart with its interval; rows of one label stand together, told apart by group."""

    label: str
    group: str
    share: float
    low: float
    high: float


def trend_spec(
    answer: Mapping[str, Any],
    words: Wording,
    *,
    title: str,
    name: Callable[[str], str],
    invented: bool,
    note: str | None = None,
    size: Size = "large",
) -> dict[str, Any]:
    """Return the specification of a trend answer's lines, the first MAX_LINES of them; a gap interrupts its line."""
    series = answer["series"][:MAX_LINES]
    is_share = answer["as"] == "share"
    rows = [row for one in series for row in points(name(one["key"]), one["points"], is_share=is_share)]
    lines = [name(one["key"]) for one in series]
    is_corrected = any(row["raw"] is not None for row in rows)
    notes = [f"{_counted(answer, words)}. {words('interval_note')}", *([note] if note else [])]
    if answer["method"].get("stances_counted"):
        notes.append(words("chart_corrected" if is_corrected else "chart_uncorrected"))
    return {
        **_frame(words, size, title=title, notes=notes, invented=invented),
        "height": 300 if size == "large" else 220,
        "data": {"values": rows},
        "layer": [
            *marks_behind(answer, series, words),
            *_lines(answer, words, lines, size, is_share=is_share, is_corrected=is_corrected),
        ],
    }


def _lines(
    answer: Mapping[str, Any], words: Wording, lines: Sequence[str], size: Size, *, is_share: bool, is_corrected: bool
) -> list[dict[str, Any]]:
    """Return the layers of bands, lines and points; a point that rests on few documents is hollow."""
    axis: dict[str, Any] = {
        "format": ".1~%" if is_share else "~d",
        "tickCount": 6,
        "title": words("axis_share" if is_share else "axis_count"),
    }
    if not is_share:
        axis["tickMinStep"] = 1
    colours = {"domain": lines, "range": list(COLOURS)}
    color = {"field": "line", "type": "nominal", "scale": colours, "legend": _legend(lines, size)}
    shared = {"x": {**TIME, "axis": _date_axis(answer, words, size)}, "color": color}
    value = {"field": "value", "type": "quantitative", "axis": axis, "scale": {"zero": True, "nice": True}}
    dashes = {"domain": lines, "range": [list(dash) for dash in DASHES]}
    dash = {"field": "line", "type": "nominal", "legend": None, "scale": dashes}
    shape = {"field": "line", "type": "nominal", "scale": {"domain": lines, "range": list(SHAPES)}}
    detail = {"field": "segment", "type": "nominal"}
    band = {**shared, "y": {**value, "field": "low"}, "y2": {"field": "high"}}
    line = {**shared, "y": value, "strokeDash": dash, "detail": detail}
    point = {**shared, "y": value, "shape": shape}
    hollow = {"condition": {"test": "datum.small", "value": "white"}, "field": "line", "type": "nominal", "scale": colours}
    raw = {"mark": {"type": "line", "strokeWidth": 0.8, "opacity": 0.9}, "encoding": {**line, "y": {**value, "field": "raw"}}}
    return [
        {"mark": {"type": "area", "opacity": 0.18 / min(len(lines), 3)}, "encoding": {**band, "detail": detail}},
        {"mark": {"type": "rule"}, "encoding": band, "transform": [{"filter": "datum.alone"}]},
        *([raw] if is_corrected else []),
        {"mark": {"type": "line", "strokeWidth": 2.2}, "encoding": line},
        {
            "mark": {"type": "point", "filled": True, "size": 48, "opacity": 1, "strokeWidth": 1.4},
            "encoding": {**point, "fill": {**hollow, "legend": None}, "stroke": {**color, "legend": None}},
        },
        {
            "mark": {"type": "point", "shape": "circle", "filled": False, "size": 220, "strokeWidth": 1.4},
            "encoding": {**shared, "y": value},
            "transform": [{"filter": "datum.burst"}],
        },
    ]


def dots_spec(rows: Sequence[Row], words: Wording, *, title: str, invented: bool, size: Size = "large") -> dict[str, Any]:
    """Return the specification of shares with their intervals, one line of dots for each label."""
    groups, labels = list(dict.fromkeys(row.group for row in rows)), list(dict.fromkeys(row.label for row in rows))
    values = [{"label": row.label, "group": row.group, "share": row.share, "low": row.low, "high": row.high} for row in rows]
    shared: dict[str, Any] = {
        "y": {
            "field": "label",
            "type": "nominal",
            "sort": labels,
            "title": None,
            "axis": {"labelLimit": 300 if size == "large" else 140},
        },
        "yOffset": {"field": "group", "sort": groups},
        "color": {
            "field": "group",
            "type": "nominal",
            "scale": {"domain": groups, "range": list(COLOURS)},
            "legend": _legend(groups, size),
        },
    }
    axis = {"format": ".1~%", "tickCount": 8, "title": words("axis_share")}
    x = {"field": "share", "type": "quantitative", "axis": axis, "scale": {"zero": True}}
    shape = {"field": "group", "type": "nominal", "scale": {"domain": groups, "range": list(SHAPES)}}
    return {
        **_frame(words, size, title=title, notes=[], invented=invented),
        "height": max(90, len(labels) * 18 * max(len(groups), 1) + 24),
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {**shared, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {"mark": {"type": "point", "filled": True, "size": 70, "opacity": 1}, "encoding": {**shared, "x": x, "shape": shape}},
        ],
    }


def to_svg(spec: Mapping[str, Any], words: Wording) -> str:
    """Render to SVG; numbers and months are written in the reader's language."""
    svg: str = vl_convert.vegalite_to_svg(dict(spec), format_locale=_numbers(words), time_format_locale=_times(words))
    return svg


def to_png(spec: Mapping[str, Any], words: Wording) -> bytes:
    """Render to PNG at twice the size, for slides and print."""
    png: bytes = vl_convert.vegalite_to_png(dict(spec), scale=2, format_locale=_numbers(words), time_format_locale=_times(words))
    return png


def _counted(answer: Mapping[str, Any], words: Wording) -> str:
    """Say how many of how many; lines of several narratives stand on the same denominators, which are added up once."""
    count = sum(point["count"] for one in answer["series"] for point in one["points"])
    narratives = {one["narrative"] for one in answer["series"]}
    total = sum(point["denominator"] for one in answer["series"] for point in one["points"]) // max(len(narratives), 1)
    return words("chart_n", k=count, n=total)


def _frame(words: Wording, size: Size, *, title: str, notes: Sequence[str], invented: bool) -> dict[str, Any]:
    width = 92 if size == "large" else 42
    subtitle = [
        *(line for note in notes for line in textwrap.wrap(note, width)),
        *([words("invented_mark")] if invented else []),
        *textwrap.wrap(words("unseen"), width),
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "padding": 8,
        "width": _WIDTHS[size],
        "autosize": {"type": "fit-x", "contains": "padding"},
        "title": {
            "text": textwrap.wrap(title, width * 3 // 4) or [""],
            "subtitle": subtitle,
            "anchor": "start",
            "fontSize": 15,
            "subtitleFontSize": 12,
            "subtitleColor": "#3f4754",
            "subtitlePadding": 4,
            "offset": 12,
        },
        "config": {
            "font": _FONT,
            "axis": {
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "gridColor": "#e6e3da",
                "labelColor": "#1d2430",
            },
            "legend": {"labelFontSize": 12, "labelLimit": 0, "symbolSize": 90, "symbolStrokeWidth": 0, "symbolOpacity": 1},
            "view": {"stroke": None},
        },
    }


def _date_axis(answer: Mapping[str, Any], words: Wording, size: Size) -> dict[str, Any]:
    """Return the axis: under each date the number of documents that its shares are of, over all lines."""
    documents: Counter[str] = Counter()
    for one in answer["series"]:
        for point in one["points"]:
            documents[point["start_on"]] += point["denominator"]
    narratives = len({one["narrative"] for one in answer["series"]})  # they stand on the same denominators
    starts = sorted(documents)
    step = max(1, -(-len(starts) // (9 if size == "large" else 2)))
    form = _DATE_FORMATS[answer["by"]]
    if words.language.startswith("sr"):
        form = form.replace("%-d", "%-d.").replace("%Y", "%Y.")
    ticks = [f"{start}T00:00:00Z" for start in starts[::step]]
    numbers = {tick: f"n = {words.number(documents[tick[:10]] // max(narratives, 1))}" for tick in ticks}
    number = f"{json.dumps(numbers, ensure_ascii=False)}[utcFormat(datum.value, '%Y-%m-%dT%H:%M:%SZ')]"
    label = f"[utcFormat(datum.value, '{form}'), {number} || '']"
    return {"title": None, "labelExpr": label, "values": ticks, "grid": False, "labelLineHeight": 14}


def _legend(names: Sequence[str], size: Size) -> dict[str, Any] | None:
    if len(names) < 2:
        return None
    longest = max(map(len, names))
    columns = 1 if size == "small" or longest > 45 else 2 if longest > 22 else 3
    return {"title": None, "orient": "bottom", "columns": columns, "direction": "horizontal"}


def _numbers(words: Wording) -> dict[str, Any]:
    return {"decimal": words("decimal_sign"), "thousands": words("thousands_sign"), "grouping": [3], "currency": ["", ""]}


def _times(words: Wording) -> dict[str, Any]:
    months = [words(f"month_{number}_alone") for number in range(1, 13)]
    short = [words(f"month_{number}_short") for number in range(1, 13)]
    days = [str(number) for number in range(7)]  # no chart writes days of the week
    form = "%-d %B %Y"
    fixed = {"dateTime": form, "date": form, "time": "%H:%M", "periods": ["", ""]}
    return {**fixed, "days": days, "shortDays": days, "months": months, "shortMonths": short}
