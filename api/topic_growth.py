"""Whether a topic grows: its share of the last weeks' documents against its share of the weeks before, with an interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from index.calendar import next_start, period_start, starts_between
from index.intervals import wilson

WEEKS_BEFORE = 12
MOST_POINTS = 104
SMALL_N = 10  # dated documents of a topic in both periods, below which a ratio says little


@dataclass(frozen=True, slots=True)
class Periods:
    """The last weeks and the weeks before them, as days `[before, since)` and `[since, end)`."""

    before: date
    since: date
    end: date

    @classmethod
    def until(cls, last: date, recent_weeks: int) -> Periods:
        """Return the weeks up to the one in which `last` falls."""
        end = next_start(period_start(last, "week"), "week")
        since = end - timedelta(weeks=recent_weeks)
        return cls(since - timedelta(weeks=WEEKS_BEFORE), since, end)

    def count(self, days: Sequence[date]) -> tuple[int, int]:
        """Return how many days lie in the weeks before and in the last ones."""
        return sum(self.before <= day < self.since for day in days), sum(self.since <= day < self.end for day in days)


@dataclass(frozen=True, slots=True)
class Growth:
    """Rate ratio of two Poisson counts; `high` and `ratio` are None where nothing stood before."""

    ratio: float | None
    low: float | None
    high: float | None
    flags: tuple[str, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"ratio": _round(self.ratio), "low": _round(self.low), "high": _round(self.high), "flags": list(self.flags)}

    @property
    def order(self) -> tuple[bool, float]:
        """Return what topics are sorted by: the growth that is sure, most first."""
        return self.low is None, -(self.low or 0.0)


def growth(days: Sequence[date], all_days: Sequence[date], periods: Periods) -> Growth:
    """Compare a topic's days with those of all documents, so that more crawling is not growth.

    Given their sum, the later of two Poisson counts is binomial (Przyborowski & Wilenski 1940); Wilson's interval of that
    share is turned into one of the ratio.
    """
    before, after = periods.count(days)
    all_before, all_after = periods.count(all_days)
    flags = [] if before + after >= SMALL_N else ["small_n"]
    if not all_before or not all_after or before + after == 0:
        return Growth(None, None, None, (*flags, "gap"))
    exposure = all_before / all_after
    low, high = (_odds(share) for share in wilson(after, before + after))
    ratio = after / before * exposure if before else None
    if not before:
        flags.append("new")
    return Growth(ratio, None if low is None else low * exposure, None if high is None else high * exposure, tuple(flags))


def weekly(days: Sequence[date], all_days: Sequence[date]) -> list[dict[str, Any]]:
    """Return a topic's documents per week over the weeks of all documents, the last `MOST_POINTS` of them."""
    if not all_days:
        return []
    counts = Counter(period_start(day, "week") for day in days)
    starts = list(starts_between(min(all_days), max(all_days), "week"))[-MOST_POINTS:]
    return [{"start_on": start.isoformat(), "count": counts[start]} for start in starts]


def _odds(share: float) -> float | None:
    return share / (1 - share) if share < 1 else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
