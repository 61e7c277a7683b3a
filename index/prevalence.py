"""Corrects shares for the classifier's errors with documents that people read, drawn at random with known probabilities.

Over a whole range: prediction-powered inference for a mean (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023, Science 382),
stratified by the machine's label, weights as in design-based supervised learning (Egami, Hinck, Stewart and Wei 2023). It assumes
nothing of the classifier. For one period there are too few read documents, so the error rates found over the range are carried
over (label shift, Angelopoulos and others 2023, supplement; Rogan and Gladen 1978): this assumes that what the machine misses
and what it invents stays alike over the range while the share changes. Intervals come from draws of Jeffreys posteriors, which
stay honest where no error was found among few documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.audited import Read, why_not
from index.intervals import CONFIDENCE, Estimate

_DRAWS = 8_000
_SEED = 20261121
_TAILS = ((1 - CONFIDENCE) / 2, 0.5, (1 + CONFIDENCE) / 2)

Draws = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Stratum:
    """Read documents with one label of the machine: the weighted share that carries, and the effective number."""

    share: float
    n: float

    @classmethod
    def of(cls, read: Sequence[Read]) -> _Stratum:
        weights = np.array([one.weight for one in read])
        carries = np.array([one.carries for one in read], dtype=float)
        return cls(float(weights @ carries / weights.sum()), float(weights.sum() ** 2 / (weights @ weights)))

    def draws(self, generator: np.random.Generator) -> Draws:
        return generator.beta(self.share * self.n + 0.5, (1 - self.share) * self.n + 0.5, _DRAWS)


class Correction:
    """The correction of one series: `read` documents of it, and how many of how many independent ones the machine found."""

    def __init__(self, read: Sequence[Read], found: float, documents: float) -> None:
        if problem := why_not(read):
            raise ValueError(problem)
        self.read = len(read)
        self._generator = np.random.default_rng(_SEED)
        self._right = _Stratum.of([one for one in read if one.found]).draws(self._generator)
        self._missed = _Stratum.of([one for one in read if not one.found]).draws(self._generator)
        self._found = self._shares(found, documents)
        carrying = self._found * self._right + (1 - self._found) * self._missed
        self._sensitivity = self._found * self._right / carrying
        self._false_alarms = self._found * (1 - self._right) / (1 - carrying)
        self.overall = _estimate(carrying)

    @cached_property
    def is_informative(self) -> bool:
        """False where the machine's label may say nothing: then no period can be corrected."""
        return bool(np.quantile(self._sensitivity - self._false_alarms, _TAILS[0]) > 0)

    def at(self, found: float, documents: float) -> Estimate:
        """Return the corrected share of a period in which the machine found so many of so many independent documents."""
        margin = np.maximum(self._sensitivity - self._false_alarms, 1e-9)
        return _estimate(np.clip((self._shares(found, documents) - self._false_alarms) / margin, 0.0, 1.0))

    def to_mapping(self) -> dict[str, Any]:
        """Return what was found out about the machine, each with its interval."""
        rates = {"sensitivity": self._sensitivity, "specificity": 1 - self._false_alarms, "precision": self._right}
        return {"read": self.read} | {name: _estimate(draws).to_mapping() for name, draws in rates.items()}

    def _shares(self, found: float, documents: float) -> Draws:
        return self._generator.beta(found + 0.5, documents - found + 0.5, _DRAWS)


def _estimate(draws: Draws) -> Estimate:
    low, middle, high = (float(value) for value in np.quantile(draws, _TAILS))
    return Estimate(middle, low, high)
