"""Where a line stops being comparable with itself: model, codebook, extractor or sources changed within the range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

WEIGHTY = 0.1  # of a period's documents: a source that comes or goes with less does not move the line by itself
NO_CHANCE = 4.6  # documents that a silent source would have had: none of them is chance once in a hundred (Poisson)
SEPARATOR = "\x1f"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Break:
    """What is different from `start_on` on; a source that came has no `before`, one that is gone no `after`."""

    start_on: date
    kind: str  # model, codebook, extractor or sources
    before: str
    after: str

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"start_on": self.start_on.isoformat(), "kind": self.kind, "before": self.before, "after": self.after}


def tagger_name(name: str, version: str, codebook: str) -> str:
    """Join what tagged a document into one value of the index."""
    return SEPARATOR.join((f"{name} {version}", codebook))


def tagger_breaks(counts: Mapping[tuple[date, str], int]) -> Iterator[Break]:
    """Yield the periods from which on most documents carry tags of another model or codebook."""
    for start, before, after in _changes(counts):
        first, second = (dict(zip(("model", "codebook"), value.split(SEPARATOR), strict=False)) for value in (before, after))
        for kind in ("model", "codebook"):
            if first.get(kind) != second.get(kind):
                yield Break(start, kind, first.get(kind, UNKNOWN), second.get(kind, UNKNOWN))


def extractor_breaks(counts: Mapping[tuple[date, str], int]) -> Iterator[Break]:
    """Yield the periods from which on most texts were taken from their pages by another version."""
    for start, before, after in _changes(counts):
        yield Break(start, "extractor", before, after)


def source_breaks(counts: Mapping[tuple[date, str], int], starts: Sequence[date]) -> Iterator[Break]:
    """Yield the periods in which sources of weight came for good or were gone for good, while others were there.

    Sources that publish little are silent by chance at both ends of a range: they are left aside.
    """
    totals, place = _totals(counts), {start: number for number, start in enumerate(starts)}
    seen: dict[str, list[date]] = {}
    for (start, source), number in counts.items():
        if number:
            seen.setdefault(source, []).append(start)
    for source, days in sorted(seen.items()):
        first, last = place[min(days)], place[max(days)]
        rate = sum(counts[day, source] for day in days) / (last - first + 1)

        def is_real(inside: int, outside: int, silent: int, source: str = source, rate: float = rate) -> bool:
            own, others = counts[starts[inside], source], totals.get(starts[outside], 0)
            return silent * rate >= NO_CHANCE and others > 0 and own >= WEIGHTY * totals[starts[inside]]

        if first > 0 and is_real(first, first - 1, first):
            yield Break(starts[first], "sources", "", source)
        if last < len(starts) - 1 and is_real(last, last + 1, len(starts) - 1 - last):
            yield Break(starts[last + 1], "sources", source, "")


def _changes(counts: Mapping[tuple[date, str], int]) -> Iterator[tuple[date, str, str]]:
    """Yield where the most frequent value is no longer that of the period before; documents without one are left aside."""
    most: dict[date, tuple[int, str]] = {}
    for (start, value), number in counts.items():
        if number and value != UNKNOWN:
            most[start] = max(most.get(start, (0, "")), (number, value))
    before: str | None = None
    for start in sorted(most):
        value = most[start][1]
        if before is not None and value != before:
            yield start, before, value
        before = value


def _totals(counts: Mapping[tuple[date, str], int]) -> dict[date, int]:
    totals: dict[date, int] = {}
    for (start, _), number in counts.items():
        totals[start] = totals.get(start, 0) + number
    return totals
