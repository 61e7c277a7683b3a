"""A part of a whole with its interval, so that no share is ever written without numerator, denominator and doubt."""

from __future__ import annotations

from dataclasses import dataclass

from api.pages_wording import Wording
from index.intervals import wilson


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`, with the Wilson 95 % interval; all zero where there is no whole."""

    count: int
    total: int
    low: float
    high: float

    @classmethod
    def of(cls, count: int, total: int) -> Share:
        """Compute the interval; documents of a whole that is empty have no share."""
        return cls(count, total, *wilson(count, total)) if total else cls(count, 0, 0.0, 0.0)

    @property
    def value(self) -> float:
        return self.count / self.total if self.total else 0.0

    def percent(self, words: Wording) -> str:
        """Write the share; a dash where there is no whole."""
        return words.percent(self.value) if self.total else "–"

    def interval(self, words: Wording) -> str:
        """Write the interval; a dash where there is no whole."""
        return words.interval(words.percent(self.low), words.percent(self.high)) if self.total else "–"

    def values(self, words: Wording) -> dict[str, object]:
        """Return the parts of a sentence: k, n, share, low, high."""
        low, high = words.percent(self.low), words.percent(self.high)
        return {"k": self.count, "n": self.total, "share": self.percent(words), "low": low, "high": high}
