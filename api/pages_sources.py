"""What the sources page shows: each source with what became of the addresses that were requested from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from eho.outcome import Outcome

if TYPE_CHECKING:
    from api.coverage import Coverage
    from api.pages_wording import Wording

_STORED = frozenset({Outcome.STORED, Outcome.NEW_VERSION, Outcome.UNCHANGED})


PAGE_DAYS = 28
_BAR_HEIGHT = 40  # of the drawing, in its own units; triangles stand above
_BAR_TOP = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of a source's small chart: documents by their date, as a height from the bottom."""

    day: date
    n: int
    x: int
    y: float
    height: float
    unusual: bool


@dataclass(frozen=True, slots=True)
class Days:
    """A source day by day: its small chart, with the height of what is expected at least, and its rows, newest first."""

    bars: Sequence[Bar]
    width: int
    least_y: float | None
    rows: Sequence[Mapping[str, Any]]
    messages: Sequence[tuple[str, str]]  # day, sentence


@dataclass(frozen=True, slots=True)
class SourceView:
    """One source with its coverage."""

    id: str
    name: str
    languages: Sequence[str]
    country: str | None
    ownership: str | None
    home: str | None
    belongs_to_user: str | None
    invented: bool
    found: int
    stored: int
    left: int
    failed: int
    reasons: Sequence[tuple[str, int]]


def source_views(sources: Sequence[Mapping[str, Any]], coverage: Sequence[Mapping[str, Any]]) -> list[SourceView]:
    """Join sources and coverage by id; a source that is only in the coverage is listed too."""
    rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in coverage:
        rows[row["source"]].append(row)
    known = {source["id"]: source for source in sources}
    unlisted = [{"id": id, "name": id} for id in rows if id not in known]
    return [_view(source, rows.get(source["id"], [])) for source in [*sources, *unlisted] if source["id"]]


def _view(source: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> SourceView:
    counts = Counter[Outcome]()
    for row in rows:
        counts[Outcome(row["outcome"])] += row["count"]
    stored = sum(n for outcome, n in counts.items() if outcome in _STORED)
    failed = sum(n for outcome, n in counts.items() if outcome.is_failure)
    return SourceView(
        id=source["id"],
        name=source["name"],
        languages=source.get("languages") or (),
        country=source.get("country"),
        ownership=source.get("ownership"),
        home=source.get("home"),
        belongs_to_user=source.get("belongs_to_user"),
        invented=bool(source.get("invented")),
        found=counts.total(),
        stored=stored,
        left=counts.total() - stored - failed,
        failed=failed,
        reasons=[(outcome.value, n) for outcome, n in counts.most_common() if outcome not in _STORED],
    )


def source_days(coverage: Coverage, words: Wording) -> dict[str, Days]:
    """Return the days of every source on which anything was expected or happened."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in coverage.rows(words):
        rows[row["source"]].append(row)
    return {source: _days(own, coverage) for source, own in rows.items()}


def _days(rows: Sequence[dict[str, Any]], coverage: Coverage) -> Days:
    by_day = {row["day"]: row for row in rows}
    least = rows[0]["expected_min"] or 0.0
    top = max([least, *(row["published"] for row in rows)]) or 1.0
    bars = []
    for number in range((coverage.end - coverage.start).days + 1):
        day = coverage.start + timedelta(days=number)
        row = by_day.get(day.isoformat(), {})
        height = _BAR_HEIGHT * row.get("published", 0) / top
        y = round(_BAR_TOP + _BAR_HEIGHT - height, 1)
        bars.append(Bar(day, row.get("published", 0), 12 * number, y, round(height, 1), bool(row.get("anomalies"))))
    newest = sorted(rows, key=lambda row: str(row["day"]), reverse=True)
    return Days(
        bars=bars,
        width=12 * len(bars),
        least_y=round(_BAR_TOP + _BAR_HEIGHT * (1 - least / top), 1) if least else None,
        rows=newest,
        messages=[(row["day"], one["message"]) for row in newest for one in row["anomalies"]],
    )
