"""What the sources page shows: each source with what became of the addresses that were requested from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eho.outcome import Outcome

_STORED = frozenset({Outcome.STORED, Outcome.NEW_VERSION, Outcome.UNCHANGED})


@dataclass(frozen=True, slots=True)
class CoverageDay:
    """How many addresses ended in an outcome on a day."""

    day: str
    outcome: str
    count: int


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
    days: Sequence[CoverageDay]


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
    days = sorted(rows, key=lambda row: (row["day"], row["outcome"]), reverse=True)
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
        days=[CoverageDay(row["day"], row["outcome"], row["count"]) for row in days],
    )
