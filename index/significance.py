"""How surely a word is more frequent among the documents found than in the rest: the log-likelihood ratio G2.

Dunning 1993, "Accurate Methods for the Statistics of Surprise and Coincidence", on numbers of documents: a word that one long
text repeats counts once. Worked out here and not by an engine, so that all engines give the same words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scipy.special import xlogy
from scipy.stats import chi2

ALPHA = 0.01  # that chance alone brings any word at all into the list


@dataclass(frozen=True, slots=True)
class TermCounts:
    """In how many of the documents found, and in how many of the rest, a term stands; all of one language."""

    term: str
    lang: str
    found: int
    found_of: int
    elsewhere: int
    elsewhere_of: int

    @property
    def g2(self) -> float:
        """The log-likelihood ratio, negative where the term is rarer among the documents found."""
        rows = ((self.found, self.found_of), (self.elsewhere, self.elsewhere_of))
        total, of = self.found + self.elsewhere, self.found_of + self.elsewhere_of
        if 0 in (self.found_of, self.elsewhere_of, total) or total == of:
            return 0.0
        observed = sum(xlogy(count, count) + xlogy(size - count, size - count) - xlogy(size, size) for count, size in rows)
        value = 2 * (observed - xlogy(total, total) - xlogy(of - total, of - total) + xlogy(of, of))
        is_more = self.found * self.elsewhere_of > self.elsewhere * self.found_of
        return max(0.0, float(value)) * (1 if is_more else -1)

    @property
    def ratio(self) -> float:
        """How many times as frequent it is; half a document is added to each count, so that none is infinite."""
        return ((self.found + 0.5) / (self.found_of + 0.5)) / ((self.elsewhere + 0.5) / (self.elsewhere_of + 0.5))

    def to_mapping(self, spelling: str) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "value": spelling,
            "lang": self.lang,
            "count": self.found,
            "of": self.found_of,
            "elsewhere": self.elsewhere,
            "elsewhere_of": self.elsewhere_of,
            "g2": round(self.g2, 2),
            "ratio": round(self.ratio, 2),
        }


def least_g2(tried: int) -> float:
    """Return the value that chance reaches with probability ALPHA in any of so many trials (Bonferroni)."""
    return float(chi2.isf(ALPHA / max(1, tried), df=1))


def significant(counts: Iterable[TermCounts]) -> list[TermCounts]:
    """Return what is more frequent among the documents found, and by more than chance, surest first."""
    rows = list(counts)
    threshold = least_g2(len(rows))
    return sorted((one for one in rows if one.g2 >= threshold), key=lambda one: (-one.g2, one.term))
