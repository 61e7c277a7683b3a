from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from index.calendar import Period, day_begins_at, day_of, next_start, period_start, starts_between


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), date(2026, 3, 28)),  # winter time: an hour ahead of UTC
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), date(2026, 3, 29)),  # summer time since this night: two hours
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25)),  # winter time again
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), date(2026, 10, 26)),
    ],
)
def test_days_are_those_of_belgrade(moment: datetime, expected: date) -> None:
    assert day_of(moment) == expected
    assert day_begins_at(expected) <= moment < day_begins_at(next_start(expected, "day"))


@pytest.mark.parametrize(
    ("period", "start", "after"),
    [("day", "2026-11-15", "2026-11-16"), ("week", "2026-11-09", "2026-11-16"), ("month", "2026-11-01", "2026-12-01"),
     ("quarter", "2026-10-01", "2027-01-01")],
)  # fmt: skip
def test_periods(period: Period, start: str, after: str) -> None:
    first = period_start(date(2026, 11, 15), period)  # a Sunday
    assert first.isoformat() == start
    assert next_start(first, period).isoformat() == after


def test_all_periods_that_touch_a_range() -> None:
    weeks = list(starts_between(date(2025, 12, 31), date(2026, 1, 5), "week"))
    assert [week.isoformat() for week in weeks] == ["2025-12-29", "2026-01-05"]
