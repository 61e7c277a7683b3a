"""A source's rhythm: when to ask it again, from how often and at what hours its documents appear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from eho.settings import WatchSettings

_EVEN_SHARE = 0.3  # of the documents is taken to appear at any hour, so that no hour is never looked at
_LIST_SHARE = 20.0  # feeds and sitemaps may take a twentieth of the requests that the pause between requests leaves


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How many documents a day a source publishes, and the share of each UTC hour of those whose hour is known."""

    per_day: float = 0.0
    hours: Sequence[float] = ()

    @classmethod
    def from_counts(cls, documents: int, by_hour: Sequence[int], days: float) -> Rhythm:
        """Take the numbers of a period: all documents, and by UTC hour those whose time of day is known."""
        known = sum(by_hour)
        return cls(documents / max(days, 1.0), tuple(count / known for count in by_hour) if known else ())

    def rate_at(self, hour: int) -> float:
        """Return documents an hour at a UTC hour."""
        even = self.per_day / 24
        return even if not self.hours else _EVEN_SHARE * even + (1 - _EVEN_SHARE) * self.per_day * self.hours[hour]

    def next_due(self, after: datetime, settings: WatchSettings, *, lists: int = 1, delay_s: float = 0.0) -> datetime:
        """Return when `documents_per_run` new documents can be expected, within the shortest and longest interval.

        The shortest interval grows with the number of the source's feeds and sitemaps and the pause between two requests.
        """
        shortest = timedelta(seconds=max(60 * settings.shortest_m, _LIST_SHARE * lists * delay_s))
        longest = max(shortest, timedelta(hours=settings.longest_h))
        moment, expected = after, 0.0
        while moment < after + longest:
            rate = self.rate_at(moment.hour)
            step = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1) - moment
            if rate > 0 and expected + rate * step / timedelta(hours=1) >= settings.documents_per_run:
                moment += timedelta(hours=(settings.documents_per_run - expected) / rate)
                break
            expected += rate * step / timedelta(hours=1)
            moment += step
        return min(max(moment, after + shortest), after + longest)


def backed_off(after: datetime, due: datetime, failures: int, settings: WatchSettings) -> datetime:
    """Return when to ask a source again that failed so often in a row: twice as late each time, at most a day."""
    if failures == 0:
        return due
    longest = max(timedelta(days=1), timedelta(hours=settings.longest_h))
    times: int = 2 ** min(failures, 10)
    return after + min(longest, (due - after) * times)
