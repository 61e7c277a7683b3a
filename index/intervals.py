"""Intervals of shares and of their differences, and the smallest difference that data can show: for trends, pages, evaluation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share, or a difference of shares, with its 95 % interval."""

    share: float
    low: float
    high: float

    def to_mapping(self) -> dict[str, float]:
        """Return the JSON object."""
        return {"share": self.share, "low": self.low, "high": self.high}


def wilson(count: float, total: float) -> tuple[float, float]:
    """Return the 95 % interval of `count` of `total` (Wilson 1927); `total` must be positive, and may be an effective number."""
    from statsmodels.stats.proportion import proportion_confint  # a second to import: only where it is used

    low, high = proportion_confint(count, total, alpha=1 - CONFIDENCE, method="wilson")
    # exact ends where none or all were found: the formula leaves a rest of rounding there
    return 0.0 if count == 0 else float(low), 1.0 if count == total else float(high)


def estimate(share: float, effective_n: float) -> Estimate:
    """Return a share with Wilson's interval for the number of independent documents that it rests on."""
    return Estimate(share, *wilson(share * effective_n, effective_n))


def estimates(shares: Sequence[float], effective_n: Sequence[float]) -> list[Estimate]:
    """Return `estimate` of each pair, in order; all at once, since a line of a thousand points is a thousand calls otherwise."""
    if not shares:
        return []
    from statsmodels.stats.proportion import proportion_confint

    counts = [share * number for share, number in zip(shares, effective_n, strict=True)]
    low, high = proportion_confint(counts, list(effective_n), alpha=1 - CONFIDENCE, method="wilson")
    return [
        Estimate(share, 0.0 if share == 0 else float(below), 1.0 if share == 1 else float(above))
        for share, below, above in zip(shares, low, high, strict=True)
    ]


def effective_number(documents: int, squared_sizes: int) -> float:
    """Return how many independent documents a number of documents is worth, given the sum of squared sizes of its stories.

    Kish's design effect (1965) with full agreement inside a story: a copy has its original's label, so the interval is
    never too short, and nothing has to be estimated from a handful of stories.
    """
    return documents * documents / squared_sizes if squared_sizes > documents else float(documents)


def difference(first: Estimate, second: Estimate) -> Estimate:
    """Return first minus second; the interval comes out of both intervals (Newcombe 1998, method 10; Zou and Donner 2008)."""
    found = first.share - second.share
    below = math.hypot(first.share - first.low, second.high - second.share)
    above = math.hypot(first.high - first.share, second.share - second.low)
    return Estimate(found, max(-1.0, found - below), min(1.0, found + above))


def p_value(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return the two-sided p of two (count, number of independent documents) having one share: score test."""
    together = (first[0] + second[0]) / (first[1] + second[1])
    if not 0 < together < 1:
        return 1.0
    error = math.sqrt(together * (1 - together) * (1 / first[1] + 1 / second[1]))
    return 2 * NormalDist().cdf(-abs(first[0] / first[1] - second[0] / second[1]) / error)


def detectable(share: float, first_n: float, second_n: float) -> float | None:
    """Return the smallest rise above `share` that two groups would show in 80 of 100 cases at the 5 % level.

    Arcsine approximation (Cohen 1988); None where even 100 % would not be seen, or a group is empty.
    """
    if first_n <= 0 or second_n <= 0:
        return None
    normal = NormalDist()
    needed = (normal.inv_cdf((1 + CONFIDENCE) / 2) + normal.inv_cdf(POWER)) * math.sqrt(1 / first_n + 1 / second_n)
    angle = math.asin(math.sqrt(share)) + needed / 2
    return None if angle >= math.pi / 2 else math.sin(angle) ** 2 - share
