"""The rows of a trend chart, and what is drawn behind its lines: periods without data, breaks and new levels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from api.pages_wording import Wording

TIME = {"field": "start", "type": "temporal", "scale": {"type": "utc"}}

_GAP = "#e9e6dd"
_INK = "#3f4754"
_BOTTOM = {"value": {"expr": "height - 4"}}


def points(line: str, series: Sequence[Mapping[str, Any]], *, is_share: bool) -> list[dict[str, Any]]:
    """Return one row for each point that can be drawn; where a corrected share is known it is the value, beside the raw one."""
    rows, segment = [], 0
    for point in series:
        raw = point["share"] if is_share else point["count"]
        if "version_break" in point["flags"]:
            segment += 1  # what stands on both sides of a break is not to be joined
        if raw is None or "gap" in point["flags"]:
            segment += 1
            continue
        better = point.get("corrected")
        shown = point if better is None else better
        value = raw if better is None else better["share"] * (1 if is_share else point["denominator"])
        rows.append(
            {
                "start": _moment(point["start_on"]),
                "line": line,
                "value": value,
                "raw": None if better is None else raw,
                "low": value if shown["low"] is None else shown["low"],
                "high": value if shown["high"] is None else shown["high"],
                "segment": f"{line}-{segment}",
                "small": "small_n" in point["flags"],
                "burst": "burst" in point["flags"],
            }
        )
    counts = Counter(row["segment"] for row in rows)
    return [{**row, "alone": counts[row["segment"]] == 1} for row in rows]  # a band needs two points; one alone gets a bar


def marks_behind(answer: Mapping[str, Any], series: Sequence[Mapping[str, Any]], words: Wording) -> list[dict[str, Any]]:
    """Return the layers behind the lines; a period is grey where no line has a value."""
    days, layers = _Days(point["start_on"] for one in series for point in one["points"]), []
    drawn = {point["start_on"] for one in series for point in one["points"] if "gap" not in point["flags"]}
    gaps = [{"start": days.before(day), "end": days.after(day)} for day in days.all if day not in drawn]
    if gaps:
        layers += [_boxes(gaps), *days.texts({gaps[0]["start"]: words("chart_gap")}, y=_BOTTOM)]
    if breaks := {days.before(start): words("chart_break", what=what) for start, what in _breaks(answer, words).items()}:
        layers += [_rules(breaks, dash=[5, 3]), *days.texts(breaks, y={"value": 4})]
    changes = (change for one in series for change in one.get("changes", ()))
    if levels := {days.before(one["start_on"]): words("chart_level") for one in changes if one["kind"] == "change_point"}:
        layers += [_rules(levels, dash=[1, 2]), *days.texts(levels, y={"value": 20})]
    return layers


class _Days:
    """The first days of all periods, and the moments halfway to the next."""

    def __init__(self, starts: Iterable[str]) -> None:
        self.all = sorted(set(starts))
        self._moments = [datetime.fromisoformat(start) for start in self.all]

    def before(self, start: str) -> str:
        place = self.all.index(start)
        own = self._moments[place]
        return _moment(own - (own - self._moments[place - 1] if place else self._step(place)) / 2)

    def after(self, start: str) -> str:
        place = self.all.index(start)
        own = self._moments[place]
        return _moment(own + (self._moments[place + 1] - own if place + 1 < len(self.all) else self._step(place)) / 2)

    def texts(self, said: Mapping[str, str], *, y: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return layers of texts beside their moments, turned to the left in the right half so that none leaves the picture."""
        middle = _moment(self._moments[0] + (self._moments[-1] - self._moments[0]) / 2)
        halves = [
            (align, [{"start": start, "text": text} for start, text in said.items() if (start > middle) == (align == "right")])
            for align in ("left", "right")
        ]
        return [_texts(rows, y=y, align=align) for align, rows in halves if rows]

    def _step(self, place: int) -> timedelta:
        if len(self.all) < 2:
            return timedelta(days=1)
        return self._moments[1] - self._moments[0] if place == 0 else self._moments[place] - self._moments[place - 1]


def _breaks(answer: Mapping[str, Any], words: Wording) -> dict[str, str]:
    """Return what changed, by the period from which on it is different."""
    kinds: dict[str, dict[str, None]] = {}
    for one in answer["method"].get("breaks", ()):
        kinds.setdefault(one["start_on"], {})[words(f"break_{one['kind']}")] = None
    return {start: ", ".join(said) for start, said in kinds.items()}


def _boxes(rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    encoding = {"x": TIME, "x2": {"field": "end"}}
    return {"data": {"values": rows}, "mark": {"type": "rect", "color": _GAP, "opacity": 1}, "encoding": encoding}


def _rules(said: Mapping[str, str], *, dash: Sequence[int]) -> dict[str, Any]:
    mark = {"type": "rule", "color": _INK, "strokeWidth": 1.2, "strokeDash": list(dash)}
    return {"data": {"values": [{"start": start} for start in said]}, "mark": mark, "encoding": {"x": TIME}}


def _texts(rows: Sequence[Mapping[str, str]], *, y: Mapping[str, Any], align: str) -> dict[str, Any]:
    beside = {"align": align, "dx": 4 if align == "left" else -4, "baseline": "bottom" if y == _BOTTOM else "top"}
    mark = {"type": "text", **beside, "fontSize": 11, "color": _INK}
    encoding = {"x": TIME, "y": y, "text": {"field": "text", "type": "nominal"}}
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _moment(day: str | datetime) -> str:
    return f"{day}T00:00:00Z" if isinstance(day, str) else f"{day:%Y-%m-%dT%H:%M:%SZ}"
