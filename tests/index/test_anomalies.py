"""Anomalies: each rule fires on its own case, stays silent on the usual one, and keeps its promised rate of false alarms."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from eho.outcome import Outcome
from index.anomalies import FALSE_ALARMS, HISTORY_DAYS, Watched, anomalies, drop_probability
from index.source_days import SourceDay

TODAY = date(2026, 11, 19)
FIRST = TODAY - timedelta(days=HISTORY_DAYS + 1)
DAY = TODAY - timedelta(days=1)
Change = Callable[[SourceDay], None]


def usual_day(day: date, n: int = 20, **more: object) -> SourceDay:
    """A day of a source with `n` documents of 2,000 characters, each with its own time."""
    return SourceDay(
        "izvor",
        day,
        outcomes=Counter({Outcome.STORED: n}),
        asked=Counter({Outcome.STORED: n, Outcome.HTTP_ERROR: 1}),
        runs=4,
        published=n,
        stored=n,
        dates=1,
        moments=n,
        dated_on=day,
        characters=2_000 * n,
        characters_squared=5_000_000.0 * n,
        languages=Counter({"sr-Latn": n}),
    )


def kinds(change: Change | None = None, *, history: bool = True, watched: Watched | None = None) -> set[str]:
    days = {}
    if history:
        for back in range(1, HISTORY_DAYS + 1):
            day = DAY - timedelta(days=back)
            days["izvor", day] = usual_day(day)
    counts = usual_day(DAY)
    if change is not None:
        change(counts)
    if not counts.is_empty:
        days["izvor", DAY] = counts
    one = watched or Watched("izvor", least=3, most=60, languages=["sr-Latn"], first_on=FIRST, last_on=TODAY)
    return {found.kind for found in anomalies([one], days, DAY, DAY, today=TODAY)}


def silent(day: SourceDay) -> None:
    day.outcomes, day.asked, day.runs, day.published, day.stored = Counter(), Counter(), 0, 0, 0


def set_to(**values: object) -> Change:
    def change(day: SourceDay) -> None:
        for name, value in values.items():
            setattr(day, name, value)

    return change


CASES: dict[str, tuple[Change, str]] = {
    "nothing at all": (silent, "zero"),
    "a quarter of the usual number": (set_to(published=5), "drop"),
    "fewer than expected, without a past": (set_to(published=2), "below_min"),
    "a flood": (set_to(published=61), "above_max"),
    "one old date": (set_to(dates=1, dated_on=DAY - timedelta(days=400)), "same_date"),
    "one time to the second": (set_to(moments=1), "same_date"),
    "texts cut to their leads": (set_to(characters=300 * 20, characters_squared=95_000.0 * 20), "short_texts"),
    "another edition": (set_to(languages=Counter({"en": 18, "sr-Latn": 2})), "language"),
    "half of the pages fail": (set_to(asked=Counter({Outcome.STORED: 10, Outcome.HTTP_ERROR: 10})), "failures"),
    "a feed that is gone": (set_to(lists_failed={"https://izvor.test/feed": "HTTP status 404 for a feed"}), "feed"),
    "robots.txt forbids all": (set_to(asked=Counter({Outcome.DISALLOWED: 20})), "robots"),
    "a new paywall": (set_to(asked=Counter({Outcome.STORED: 8, Outcome.PAYWALLED: 12})), "paywall"),
}


@pytest.mark.parametrize(("change", "kind"), CASES.values(), ids=CASES)
def test_each_case_is_named(change: Change, kind: str) -> None:
    assert kinds(change, history=kind != "below_min") == {kind}


USUAL: dict[str, Change | None] = {
    "a usual day": None,
    "a slow day": set_to(published=12),
    "Montenegrin in a Serbian source": set_to(languages=Counter({"cnr": 15, "sr-Latn": 5})),
    "one time, two documents": set_to(stored=2, moments=1, characters=4_000, characters_squared=1e7),
    "short texts, three documents": set_to(stored=3, characters=600, characters_squared=1.2e5),
    "two failures of five": set_to(asked=Counter({Outcome.STORED: 3, Outcome.TIMEOUT: 2})),
}


@pytest.mark.parametrize("change", USUAL.values(), ids=USUAL)
def test_usual_days_are_left_alone(change: Change | None) -> None:
    assert kinds(change) == set()


def test_a_first_day_needs_no_past() -> None:
    assert kinds(history=False) == set()
    assert kinds(set_to(languages=Counter({"en": 20})), history=False) == {"language"}


@pytest.mark.parametrize(
    "watched",
    [
        Watched("izvor", least=3, first_on=FIRST, last_on=DAY),  # not asked since the day ended
        Watched("izvor", least=3, first_on=TODAY, last_on=TODAY),  # not asked before it
        Watched("izvor", least=3),  # never asked
    ],
)
def test_a_day_that_nobody_looked_at_is_not_judged(watched: Watched) -> None:
    assert kinds(silent, watched=watched) == set()


def test_a_source_that_the_others_left_behind() -> None:
    watched = [Watched("a", last_on=TODAY), Watched("b", last_on=TODAY - timedelta(days=5)), Watched("c")]
    found = anomalies(watched, {}, DAY, TODAY, today=TODAY)
    assert [(one.kind, one.source, one.values["last"]) for one in found] == [("idle", "b", "2026-11-14")]


def test_weekends_are_compared_with_weekends() -> None:
    def number(day: date) -> int:
        return 4 if day.weekday() >= 5 else 40

    sunday = date(2026, 11, 15)
    days = [sunday - timedelta(days=back) for back in range(1, HISTORY_DAYS + 1)]
    before = [SourceDay("izvor", day, published=number(day)) for day in days]
    assert drop_probability(4, before, sunday) > 0.1
    assert drop_probability(4, before, sunday + timedelta(days=1)) < 1e-6


@pytest.mark.parametrize("spread", [None, 3.0, 1.0], ids=["Poisson", "negative binomial", "wide negative binomial"])
def test_false_drops_stay_below_the_promised_rate(spread: float | None) -> None:
    """100 sources, 30 days judged: one rule may raise 0.05 alarms a day over all of them."""
    random_numbers, sources, judged = np.random.default_rng(7), 100, 30
    start = TODAY - timedelta(days=judged)
    days = {}
    for number in range(sources):
        size = random.Random(number).uniform(8, 80)
        for back in range(1, HISTORY_DAYS + judged + 1):
            day = TODAY - timedelta(days=back)
            mean = size * (0.5 if day.weekday() >= 5 else 1.0)
            rate = mean if spread is None else random_numbers.gamma(spread * 4, mean / (spread * 4))
            count = int(random_numbers.poisson(rate))
            days[str(number), day] = SourceDay(str(number), day, published=count)
    watched = [Watched(str(number), first_on=date.min, last_on=TODAY) for number in range(sources)]
    alarms = [one for one in anomalies(watched, days, start, DAY, today=TODAY) if one.kind == "drop"]
    assert len(alarms) <= FALSE_ALARMS * judged + 3  # 1.5 expected at most; more than 4 has a probability below 2 %
