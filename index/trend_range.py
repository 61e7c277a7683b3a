"""The days and periods of a trend: from where to where, how long each, and which are not whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from statistics import median

from eho.errors import InputError
from index.calendar import Period, next_start, period_start, starts_between
from index.intervals import detectable
from index.nodes import And, DateRange, Node
from index.trend_series import PeriodCounter, SplitField, TrendOptions

MAX_POINTS = 20_000
LEAST_POINTS = 4  # fewer are no line, however well each is measured

_LATE_DAYS = 7

_LENGTHS: tuple[Period, ...] = ("week", "month", "quarter")


@dataclass(frozen=True, slots=True)
class Range:
    """The first and last day counted, both None where nothing is dated, and the periods that they touch."""

    by: Period
    first: date | None
    last: date | None
    today: date | None = None

    @property
    def starts(self) -> Sequence[date]:
        return () if self.first is None or self.last is None else _starts(self.first, self.last, self.by)

    @property
    def partial(self) -> set[date]:
        """The periods that the range cuts, and the one that is not over."""
        return {start for start in self.starts if not self._is_whole(start)}

    def days_of(self, start: date) -> DateRange:
        """Return the days of a period that lie in the range."""
        last = next_start(start, self.by) - timedelta(days=1)
        return DateRange(max(start, self.first or start), min(last, self.last or last))

    def _is_whole(self, start: date) -> bool:
        end = next_start(start, self.by) - timedelta(days=1)
        is_inside = self.first is not None and self.last is not None and start >= self.first and end <= self.last
        return is_inside and not (self.today is not None and start <= self.today <= end)


@lru_cache(maxsize=64)  # asked for many times in one answer
def _starts(first: date, last: date, by: Period) -> tuple[date, ...]:
    return tuple(starts_between(first, last, by))


def range_of(base: Node, by: Period, counter: PeriodCounter, today: date | None) -> Range:
    """Return the days as asked, else from the first to the last dated document of the denominator. Raises InputError."""
    first, last = _asked(base)
    if first is None or last is None:
        counts = counter.count_by_period(base, by, None)
        starts = sorted({start for start, _ in [*counts.originals, *counts.copies]})
        if not starts:
            return Range(by, None, None)
        first = first or _beginning(starts[0], base, by, counter)
        last = last or next_start(starts[-1], by) - timedelta(days=1)
    if (last - first).days > MAX_POINTS * {"day": 1, "week": 7, "month": 28, "quarter": 90}[by]:
        raise InputError(
            f"From {first} to {last} there are too many periods. Count by quarter, or shorten the range.", field="by"
        )
    return Range(by, first, last, today)


def choose_period(
    numerators: Sequence[Node], base: Node, split: SplitField | None, options: TrendOptions, counter: PeriodCounter
) -> Period:
    """Return the shortest of week, month and quarter in which a line at its usual share would show a doubling.

    Where none would, the longest that leaves four points.
    """
    found = sum(sum(counter.count_by_period(node, "day", None).total(options.copies).values()) for node in numerators)
    daily = counter.count_by_period(base, "day", split).total(options.copies)
    total = sum(daily.values()) * max(len(numerators), 1)
    if found >= total:  # all documents: there is no share that could change
        return "week"
    share, longest = found / total, _LENGTHS[0]
    for by in _LENGTHS:
        numbers = dict(_joined(daily, by))
        usual = median(numbers.values())
        rise = detectable(share, usual, usual)
        if rise is not None and rise <= share:
            return by
        if len({start for start, _ in numbers}) >= LEAST_POINTS:
            longest = by
    return longest


def _beginning(start: date, base: Node, by: Period, counter: PeriodCounter) -> date:
    """Return the first document's day where it lies so late in a month or quarter that this one is not whole."""
    if by in ("day", "week"):
        return start
    counts = counter.count_by_period(base, "day", None)
    day = min(day for day, _ in [*counts.originals, *counts.copies])
    return day if (day - start).days > _LATE_DAYS else start


def _joined(daily: Mapping[tuple[date, str], int], by: Period) -> Iterator[tuple[tuple[date, str], int]]:
    joined: dict[tuple[date, str], int] = {}
    for (day, value), number in daily.items():
        key = (period_start(day, by), value)
        joined[key] = joined.get(key, 0) + number
    yield from joined.items()


def _asked(base: Node) -> tuple[date | None, date | None]:
    parts = base.parts if isinstance(base, And) else (base,)
    ranges = [part for part in parts if isinstance(part, DateRange)]
    first = max((part.first for part in ranges if part.first), default=None)
    last = min((part.last for part in ranges if part.last), default=None)
    return first, last
