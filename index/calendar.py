"""Belgrade days, weeks, months and quarters: the periods by which documents are found and counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Period = Literal["day", "week", "month", "quarter"]

BELGRADE = ZoneInfo("Europe/Belgrade")


def day_of(moment: datetime) -> date:
    """Return the day on which a moment falls in Belgrade (Pristina and Tirana keep the same time)."""
    return moment.astimezone(BELGRADE).date()


def period_start(day: date, period: Period) -> date:
    """Return the first day of the day's period; weeks start on Monday."""
    if period == "day":
        return day
    if period == "week":
        return day - timedelta(days=day.weekday())
    if period == "month":
        return day.replace(day=1)
    return day.replace(month=day.month - (day.month - 1) % 3, day=1)


def next_start(start: date, period: Period) -> date:
    """Return the first day of the period after the one that begins on `start`."""
    if period == "day":
        return start + timedelta(days=1)
    if period == "week":
        return start + timedelta(days=7)
    months = 1 if period == "month" else 3
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, 1)


def starts_between(first: date, last: date, period: Period) -> Iterator[date]:
    """Yield the start of every period that touches the inclusive range of days."""
    start = period_start(first, period)
    while start <= last:
        yield start
        start = next_start(start, period)


def day_begins_at(day: date) -> datetime:
    """Return the moment, in UTC, at which a Belgrade day begins."""
    return datetime.combine(day, time.min, tzinfo=BELGRADE).astimezone(UTC)
