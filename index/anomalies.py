"""Days on which a source did not behave as usual: rules over its counts, corrected for the number of sources looked at.

Rules by chance (drop, short_texts, language, failures, paywall) have a tail probability below `FALSE_ALARMS` divided by
the number of sources, so that over all sources one such rule raises at most one false alarm in twenty days where its
model holds (Bonferroni), and also a least size, because with many documents the smallest change is beyond chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import fmean, median
from typing import Literal

from scipy.stats import betabinom, gamma, nbinom, poisson

from eho.outcome import Outcome
from index.source_days import SourceDay

Kind = Literal[
    "zero",
    "below_min",
    "drop",
    "above_max",
    "same_date",
    "short_texts",
    "language",
    "failures",
    "feed",
    "robots",
    "paywall",
    "idle",
]
FALSE_ALARMS = 0.05  # of one rule, a day, over all sources
HISTORY_DAYS = 56  # eight of every day of the week
_LEAST_WEEKS = 4  # days of the same weekday before a drop is spoken of
_LEAST_USUAL = 7  # documents a day: a source of this size is silent by chance once in a thousand days (Poisson)
_LEAST_ASKED = 10  # addresses before a share of them is spoken of
_LEAST_TEXTS = 10
_LEAST_SAME = 5
_LEAST_KNOWN = 20  # addresses or documents of earlier days before something counts as usual


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of a source beside its days: what is expected, and when it was crawled first and last."""

    source: str
    least: float = 0
    most: float | None = None
    languages: Sequence[str] = ()
    first_on: date | None = None  # None: never
    last_on: date | None = None


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One thing unusual about a source on a day; `values` are what its sentence says."""

    kind: Kind
    source: str
    day: date
    values: Mapping[str, str | float] = field(default_factory=dict)


def anomalies(
    watched: Iterable[Watched], days: Mapping[tuple[str, date], SourceDay], start: date, end: date, *, today: date
) -> list[Anomaly]:
    """Return what is unusual from start to end, by day and source. `days` must reach `HISTORY_DAYS` back before start.

    A day's number of documents is judged once the source was crawled after it; today's is not.
    """
    sources = list(watched)
    alpha = FALSE_ALARMS / max(1, len(sources))
    own: dict[str, dict[date, SourceDay]] = {}
    for (source, day), counts in days.items():
        own.setdefault(source, {})[day] = counts
    found: list[Anomaly] = []
    newest = max((one.last_on for one in sources if one.last_on is not None), default=date.min)
    for one in sources:
        found += _of_source(one, own.get(one.source, {}), start, end, alpha, today)
        if one.last_on is not None and newest - one.last_on > timedelta(days=1) and newest >= start:
            found.append(Anomaly("idle", one.source, min(newest, end), {"last": one.last_on.isoformat()}))
    return sorted(found, key=lambda anomaly: (anomaly.day, anomaly.source, anomaly.kind))


def _of_source(
    one: Watched, own: Mapping[date, SourceDay], start: date, end: date, alpha: float, today: date
) -> Iterable[Anomaly]:
    for day in (start + timedelta(days=number) for number in range((end - start).days + 1)):
        counts = own.get(day) or SourceDay(one.source, day)
        before = [own[then] for back in range(1, HISTORY_DAYS + 1) if (then := day - timedelta(days=back)) in own]
        if day < today and one.first_on is not None and one.last_on is not None and one.first_on <= day < one.last_on:
            yield from _volume(one, counts, before, alpha)
        if one.most is not None and counts.published > one.most:
            yield Anomaly("above_max", one.source, day, {"n": counts.published, "most": one.most})
        for rule in (_same_date, _short_texts, _languages, _failures, _paywall, _lists):
            yield from rule(one, counts, before, alpha)


def _volume(one: Watched, counts: SourceDay, before: Sequence[SourceDay], alpha: float) -> Iterable[Anomaly]:
    number = counts.published
    usual = usual_numbers(before, counts.day)
    mean = fmean(usual) if usual else 0.0
    if number == 0 and (one.least > 0 or mean >= _LEAST_USUAL):
        yield Anomaly("zero", one.source, counts.day, {"usual": round(mean, 1), "least": one.least})
    elif len(usual) >= _LEAST_WEEKS and 2 * number < mean and drop_probability(number, before, counts.day) < alpha:
        yield Anomaly("drop", one.source, counts.day, {"n": number, "usual": round(mean, 1)})
    elif number < one.least:
        yield Anomaly("below_min", one.source, counts.day, {"n": number, "least": one.least})


def usual_numbers(before: Sequence[SourceDay], day: date) -> list[int]:
    """Return the numbers of documents on earlier days of the same weekday; days of silence of a large source are no measure."""
    return [one.published for one in _speaking(before) if one.day.weekday() == day.weekday()]


def drop_probability(number: int, before: Sequence[SourceDay], day: date) -> float:
    """Return how probable so few documents are by the source's own days: the lower tail of a negative binomial.

    Its mean is that of the same weekday; its variance is the mean times the dispersion of all earlier days around their
    weekday's mean (Pearson's statistic by degrees of freedom, at least 1), widened for the mean being an estimate itself.
    """
    weekdays: dict[int, list[int]] = {}
    for one in _speaking(before):
        weekdays.setdefault(one.day.weekday(), []).append(one.published)
    own = weekdays.get(day.weekday(), [])
    if not own or not any(own):
        return 1.0
    mean = fmean(own)
    squares, free = 0.0, 0
    for numbers in weekdays.values():
        if len(numbers) > 1 and any(numbers):
            centre = fmean(numbers)
            squares += sum((value - centre) ** 2 for value in numbers) / centre
            free += len(numbers) - 1
    dispersion = max(1.0, squares / free if free else 1.0) * (1 + 1 / len(own))
    if dispersion < 1.01:
        return float(poisson.cdf(number, mean))
    return float(nbinom.cdf(number, mean / (dispersion - 1), 1 / dispersion))


def _speaking(before: Sequence[SourceDay]) -> list[SourceDay]:
    usual = median([one.published for one in before] or [0])
    return [one for one in before if one.published or usual < _LEAST_USUAL]


def _same_date(one: Watched, counts: SourceDay, before: Sequence[SourceDay], _: float) -> Iterable[Anomaly]:
    """All of a day's documents carry one time, or one date that is neither that day nor the day before."""
    if counts.stored < _LEAST_SAME or counts.undated or counts.dated_on is None:
        return
    is_old = counts.dates == 1 and counts.dated_on < counts.day - timedelta(days=1)
    if is_old or (counts.moments == 1 and _times_differ(before)):
        yield Anomaly("same_date", one.source, counts.day, {"n": counts.stored, "date": counts.dated_on.isoformat()})


def _times_differ(before: Sequence[SourceDay]) -> bool:
    """Tell whether the source usually gives times, not days alone; without a past it is taken not to."""
    stored, moments = sum(one.stored for one in before), sum(one.moments for one in before)
    dates = sum(one.dates for one in before)
    return stored >= _LEAST_KNOWN and moments > 2 * dates


def _short_texts(one: Watched, counts: SourceDay, before: Sequence[SourceDay], alpha: float) -> Iterable[Anomaly]:
    """The mean length is less than half the usual one, beyond chance: gamma with the spread of the earlier documents."""
    known = sum(day.stored for day in before)
    if counts.stored < _LEAST_TEXTS or known < _LEAST_KNOWN:
        return
    usual = sum(day.characters for day in before) / known
    spread = sum(day.characters_squared for day in before) / known - usual**2
    mean = counts.characters / counts.stored
    if usual <= 0 or 2 * mean >= usual:
        return
    shape = counts.stored * usual**2 / max(spread, 0.04 * usual**2)
    if gamma.cdf(mean / usual * shape, shape) < alpha:
        yield Anomaly("short_texts", one.source, counts.day, {"mean": round(mean), "usual": round(usual)})


def _languages(one: Watched, counts: SourceDay, before: Sequence[SourceDay], alpha: float) -> Iterable[Anomaly]:
    """Most documents are in a language that was rare before, or on the first days in one that the source's file does not name."""
    today, earlier = _written(counts.languages), Counter[str]()
    for day in before:
        earlier.update(_written(day.languages))
    expected = set(_written(dict.fromkeys(one.languages, 1)))
    for code, number in today.most_common(1):
        if code in expected and earlier.total() < _LEAST_KNOWN:
            continue
        if _surges(number, today.total(), earlier[code], earlier.total(), alpha, least_share=0.5):
            usual = ", ".join(one.languages) or ", ".join(other for other, _ in earlier.most_common(2))
            yield Anomaly("language", one.source, counts.day, {"lang": code, "share": number / today.total(), "usual": usual})


def _written(languages: Mapping[str, int]) -> Counter[str]:
    """Count languages as they are told apart by any reader: Bosnian, Croatian and Montenegrin with Serbian in Latin script."""
    counts = Counter[str]()
    for code, number in languages.items():
        counts["sr-Latn" if code in ("bs", "hr", "cnr") else code] += number
    return counts


def _failures(one: Watched, counts: SourceDay, before: Sequence[SourceDay], alpha: float) -> Iterable[Anomaly]:
    def failed(asked: Counter[Outcome]) -> int:
        return sum(number for outcome, number in asked.items() if outcome.is_failure)

    yield from _share("failures", one, counts, before, alpha, failed, least_share=0.2)


def _paywall(one: Watched, counts: SourceDay, before: Sequence[SourceDay], alpha: float) -> Iterable[Anomaly]:
    yield from _share("paywall", one, counts, before, alpha, lambda asked: asked[Outcome.PAYWALLED], least_share=0.3)


def _share(
    kind: Kind,
    one: Watched,
    counts: SourceDay,
    before: Sequence[SourceDay],
    alpha: float,
    number_of: Callable[[Counter[Outcome]], int],
    *,
    least_share: float,
) -> Iterable[Anomaly]:
    number, total = number_of(_dealt_with(counts)), _dealt_with(counts).total()
    earlier = [_dealt_with(day) for day in before]
    known, all_known = sum(map(number_of, earlier)), sum(asked.total() for asked in earlier)
    if _surges(number, total, known, all_known, alpha, least_share=least_share):
        usual = known / all_known if all_known else 0.0
        yield Anomaly(kind, one.source, counts.day, {"share": number / total, "usual_share": usual, "n": total})


def _dealt_with(day: SourceDay) -> Counter[Outcome]:
    """Return what the day's runs noted; of a run that was killed, or of an earlier Eho, what is known of its new addresses."""
    return day.asked if day.runs else day.outcomes


def _surges(number: int, total: int, known: int, all_known: int, alpha: float, *, least_share: float) -> bool:
    """Tell whether a share is large, twice its usual one and beyond chance (beta-binomial, Jeffreys); half where no past."""
    if total < _LEAST_ASKED:
        return False
    share = number / total
    if all_known < _LEAST_KNOWN:
        return share >= max(0.5, least_share)
    if share < least_share or share < 2 * known / all_known:
        return False
    return bool(betabinom.sf(number - 1, total, known + 0.5, all_known - known + 0.5) < alpha)


def _lists(one: Watched, counts: SourceDay, _: Sequence[SourceDay], __: float) -> Iterable[Anomaly]:
    """Feeds that the day's last run could not read, and a robots.txt that forbids all that was asked."""
    for address, reason in counts.lists_failed.items():
        yield Anomaly("feed", one.source, counts.day, {"url": address, "reason": reason})
    dealt = _dealt_with(counts)
    if dealt[Outcome.DISALLOWED] and dealt[Outcome.DISALLOWED] == dealt.total():
        yield Anomaly("robots", one.source, counts.day, {"n": dealt.total()})
