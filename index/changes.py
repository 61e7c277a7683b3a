"""Changes of level and bursts in the lines of a trend, with one false alarm in twenty over all lines together.

Change points: PELT (Killick, Fearnhead and Eckley 2012, by `ruptures`) with the binomial deviance as cost; whether a line has any
is tested by drawing lines without a change that scatter as much as it does. Bursts: one period against its neighbours, exact
hypergeometric test. Benjamini and Hochberg (1995) hold the share of false alarms over all lines and periods at 5 %.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import numpy as np
import ruptures
from numpy.typing import NDArray
from scipy.special import xlogy
from scipy.stats import hypergeom
from statsmodels.stats.multitest import multipletests

LEAST_PERIODS = 8
FALSE_ALARMS = 0.05

_LEAST_LEVEL = 2  # periods: one alone is a burst
_NEIGHBOURS = 4  # periods on each side against which one can stand out: a new level is none, for its neighbours share it
_DRAWS = 1_999
_SEED = 20261121
_MEDIAN_CHI2 = 0.4549364  # of the chi-squared distribution with one degree of freedom

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """The periods of one series that may be compared: neither masked nor partial."""

    key: str
    starts: Sequence[date]
    counts: Sequence[float]
    totals: Sequence[float]


@dataclass(frozen=True, slots=True)
class Change:
    """A new level from `start_on` on, or a burst in that one period; `q` is p corrected for all that was looked at."""

    key: str
    kind: Literal["change_point", "burst"]
    start_on: date
    before: float
    after: float
    p: float
    q: float

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        numbers = {"before": self.before, "after": self.after, "p": self.p, "q": self.q}
        return {"kind": self.kind, "start_on": self.start_on.isoformat()} | numbers


class _Deviance(ruptures.base.BaseCost):  # type: ignore[misc]  # ruptures has no types
    """Minus twice the log likelihood of one share for a stretch of (count, total)."""

    model = "binomial"
    min_size = _LEAST_LEVEL

    def fit(self, signal: Numbers) -> _Deviance:
        self.signal = signal
        self._sums = np.vstack([np.zeros(2), signal.cumsum(axis=0)])
        return self

    def error(self, start: int, end: int) -> float:
        count, total = self._sums[end] - self._sums[start]
        return float(_deviance(count, total))


def find_changes(lines: Sequence[Line]) -> list[Change]:
    """Return change points and bursts of all lines that survive the correction; lines of fewer than 8 periods have none.

    Bursts come first and are left out of the search for levels, so that one loud week is not taken for a new level.
    """
    long = [line for line in lines if len(line.starts) >= LEAST_PERIODS and 0 < sum(line.counts) < sum(line.totals)]
    scaled = [_Scaled.of(line) for line in long]
    peaks = [peak for line in scaled for peak in line.peaks()]
    bursts = [replace(peaks[number], q=q) for number, (_, q) in _kept([peak.p for peak in peaks]).items()]
    loud = {(burst.key, burst.start_on) for burst in bursts}
    quiet = [line.without({start for key, start in loud if key == line.line.key}) for line in scaled]
    quiet = [line for line in quiet if line.size >= LEAST_PERIODS and line.signal[:, 0].sum() > 0]
    kept = _kept([line.p_of_change() for line in quiet])
    return [*(step for number, found in kept.items() for step in quiet[number].steps(*found)), *bursts]


@dataclass(frozen=True, slots=True)
class _Scaled:
    """A line with counts and totals divided by its scatter, so that both tests see no more certainty than there is."""

    line: Line
    signal: Numbers  # count, total

    @classmethod
    def of(cls, line: Line) -> _Scaled:
        signal = np.column_stack([line.counts, line.totals]).astype(float)
        return cls(line, signal / _scatter(signal))

    @property
    def size(self) -> int:
        return len(self.signal)

    def p_of_change(self) -> float:
        """Compare the best single split with that of drawn lines of one share."""
        totals = np.maximum(1, np.round(self.signal[:, 1])).astype(int)
        share = self.signal[:, 0].sum() / self.signal[:, 1].sum()
        drawn = np.random.default_rng(_SEED).binomial(totals, share, (_DRAWS, self.size)).astype(float)
        own = _best_gain(self.signal[None, :, 0], self.signal[:, 1])[0]
        return float((1 + (_best_gain(drawn, totals.astype(float)) >= own).sum()) / (_DRAWS + 1))

    def without(self, starts: Collection[date]) -> _Scaled:
        """Return the line without some periods."""
        kept = [place for place, start in enumerate(self.line.starts) if start not in starts]
        return _Scaled(replace(self.line, starts=[self.line.starts[place] for place in kept]), self.signal[kept])

    def steps(self, p: float, q: float) -> Iterator[Change]:
        """Yield the changes from one level to the next; at least one, for the test found some."""
        search = ruptures.Pelt(custom_cost=_Deviance(), min_size=_LEAST_LEVEL, jump=1).fit(self.signal)
        penalty = 3 * np.log(self.size)
        while len(ends := [0, *search.predict(pen=penalty)]) < 3 and penalty > 1:
            penalty /= 2
        for first, middle, last in zip(ends, ends[1:], ends[2:], strict=False):
            before, after = self._share(first, middle), self._share(middle, last)
            yield Change(self.line.key, "change_point", self.line.starts[middle], before, after, p, q)

    def peaks(self) -> Iterator[Change]:
        """Yield every period with its p of being no higher than its neighbours; q is left open."""
        for place in range(self.size):
            around = self.signal[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS + 1]
            (own, of), (count, total) = self.signal[place], around.sum(axis=0)
            p = float(hypergeom.sf(np.floor(own) - 1, np.ceil(total), np.ceil(count), np.ceil(of)))
            usual = float((count - own) / (total - of))
            yield Change(self.line.key, "burst", self.line.starts[place], usual, self._share(place, place + 1), p, 1.0)

    def _share(self, first: int, last: int) -> float:
        count, total = self.signal[first:last].sum(axis=0)
        return float(count / total)


def by_key(changes: Sequence[Change]) -> Mapping[str, list[Change]]:
    """Group changes by their series, in order of time."""
    found: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda one: (one.start_on, one.kind)):
        found.setdefault(change.key, []).append(change)
    return found


def _kept(values: Sequence[float]) -> dict[int, tuple[float, float]]:
    """Return place -> (p, q) of the values that Benjamini and Hochberg keep."""
    if not values:
        return {}
    rejected, corrected, *_ = multipletests(values, alpha=FALSE_ALARMS, method="fdr_bh")
    return {number: (values[number], float(corrected[number])) for number in map(int, np.flatnonzero(rejected))}


def _scatter(signal: Numbers) -> float:
    """Return how much more than binomial neighbours differ, at least 1; by the median, so that one step counts little."""
    share = signal[:, 0].sum() / signal[:, 1].sum()
    steps = np.diff(signal[:, 0] / signal[:, 1])
    expected = share * (1 - share) * (1 / signal[1:, 1] + 1 / signal[:-1, 1])
    return max(1.0, float(np.median(steps**2 / expected)) / _MEDIAN_CHI2)


def _best_gain(counts: Numbers, totals: Numbers) -> Numbers:
    """Return the largest fall of the deviance that one split of each row brings."""
    left, of_left = counts.cumsum(axis=1), totals.cumsum()
    whole, of_whole = left[:, -1:], of_left[-1]
    gain = _deviance(whole, of_whole) - _deviance(left, of_left) - _deviance(whole - left, of_whole - of_left)
    return np.asarray(gain[:, _LEAST_LEVEL - 1 : -_LEAST_LEVEL].max(axis=1))


def _deviance(count: Any, total: Any) -> Any:
    return -2 * (xlogy(count, count) + xlogy(total - count, total - count) - xlogy(total, total))
