"""Intervals: whole clusters (batches, documents) are drawn again with replacement, all replicates at once.

Replicate 0 is the data as they are, so that a figure and its interval come out of one formula. The formulas of
`evaluation.metrics` are scikit-learn's, which has them for one sample only; the tests hold them equal.
Cluster bootstrap: Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x; percentile intervals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.figures import Figure
from index import intervals

Array = NDArray[np.float64]
REPLICATES = 1000
_SEED = 20261121
_LEAST_CLUSTERS = 2
_LEAST_DEFINED = 0.5  # share of the replicates in which a figure must exist for its interval to be given


class Resampling:
    """Draws of the clusters that rows belong to."""

    def __init__(self, clusters: Sequence[str], *, weights: Sequence[float] | None = None, replicates: int = REPLICATES) -> None:
        names, self._of_row = np.unique(np.array(clusters, dtype=str), return_inverse=True)
        self.clusters = len(names)
        self.rows = len(clusters)
        self.weights: Array = np.ones(self.rows) if weights is None else np.array(weights, dtype=np.float64)
        generator = np.random.default_rng(_SEED)
        draws = generator.multinomial(self.clusters, np.full(self.clusters, 1 / max(1, self.clusters)), size=replicates)
        self._draws: Array = np.vstack([np.ones(self.clusters), draws.astype(np.float64)])

    def totals(self, per_row: NDArray[np.generic]) -> Array:
        """Sum weighted values of rows (first axis) in every replicate: replicates × the other axes."""
        values = np.asarray(per_row, dtype=np.float64)
        flat = values.reshape(self.rows, -1) * self.weights[:, None]
        summed = np.zeros((self.clusters, flat.shape[1]))
        np.add.at(summed, self._of_row, flat)
        return (self._draws @ summed).reshape(-1, *values.shape[1:])

    def row_weights(self) -> NDArray[np.float32]:
        """Return how much each row counts in each replicate: replicates × rows."""
        return (self._draws[:, self._of_row] * self.weights).astype(np.float32)

    def figure(self, replicates: NDArray[np.generic], n: float) -> Figure:
        """Turn one number per replicate into a figure; without an interval where it cannot be had."""
        values = np.asarray(replicates, dtype=np.float64)
        if not np.isfinite(values[0]):
            return Figure(None, int(n))
        drawn = values[1:][np.isfinite(values[1:])]
        if self.clusters < _LEAST_CLUSTERS or len(drawn) < _LEAST_DEFINED * (len(values) - 1):
            return Figure(float(values[0]), int(n))
        low, high = np.percentile(drawn, [2.5, 97.5])
        return Figure(float(values[0]), int(n), float(low), float(high))

    def share(self, replicates: NDArray[np.generic], n: float) -> Figure:
        """Turn a share per replicate into a figure; where all draws agree on 0 or 1, Wilson's interval for n cases."""
        figure = self.figure(replicates, n)
        if figure.value in (0.0, 1.0) and figure.n > 0 and (figure.low is None or figure.low == figure.high):
            return wilson(figure.value * figure.n, figure.n)
        return figure


def wilson(count: float, n: int) -> Figure:
    """Return a share with Wilson's 95 % interval; for cases that are not drawn in clusters."""
    if n == 0:
        return Figure(None, 0)
    return Figure(count / n, n, *intervals.wilson(count, n))
