"""The rhythm of a source: asked again when something new can be expected, within bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.rhythm import Rhythm, backed_off
from eho.settings import WatchSettings

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
SETTINGS = WatchSettings()


@pytest.mark.parametrize(
    ("per_day", "interval"),
    [
        (0, timedelta(hours=6)),  # nothing known: the longest interval
        (1, timedelta(hours=6)),
        (24, timedelta(hours=1)),
        (48, timedelta(minutes=30)),
        (10_000, timedelta(minutes=10)),  # the shortest
    ],
)
def test_one_new_document_is_waited_for(per_day: int, interval: timedelta) -> None:
    assert Rhythm.from_counts(28 * per_day, [0] * 24, 28).next_due(NOON, SETTINGS) - NOON == interval


def test_the_night_is_left_alone_and_the_morning_is_not_missed() -> None:
    by_day = [0] * 6 + [10] * 16 + [0] * 2
    rhythm = Rhythm.from_counts(28 * 24, by_day, 28)
    at_noon = rhythm.next_due(NOON, SETTINGS) - NOON
    evening = NOON.replace(hour=22)
    assert at_noon < timedelta(hours=1) < timedelta(hours=3) < rhythm.next_due(evening, SETTINGS) - evening


def test_many_feeds_are_asked_less_often() -> None:
    rhythm = Rhythm.from_counts(28 * 10_000, [0] * 24, 28)
    assert rhythm.next_due(NOON, SETTINGS, lists=90, delay_s=1) - NOON == timedelta(minutes=30)


def test_failures_double_the_interval_up_to_a_day() -> None:
    due = NOON + timedelta(hours=1)
    waits = [backed_off(NOON, due, failures, SETTINGS) - NOON for failures in (0, 1, 2, 3, 4, 5, 50)]
    assert [wait / timedelta(hours=1) for wait in waits] == [1, 2, 4, 8, 16, 24, 24]


@given(
    documents=st.integers(0, 10**6),
    by_hour=st.lists(st.integers(0, 10**4), min_size=24, max_size=24),
    after=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001
    lists=st.integers(0, 500),
)
def test_the_bounds_hold(documents: int, by_hour: list[int], after: datetime, lists: int) -> None:
    after = after.replace(tzinfo=UTC)
    shortest = max(timedelta(minutes=10), timedelta(seconds=20 * lists))
    wait = Rhythm.from_counts(documents, by_hour, 28).next_due(after, SETTINGS, lists=lists, delay_s=1) - after
    assert shortest <= wait <= max(shortest, timedelta(hours=6))
