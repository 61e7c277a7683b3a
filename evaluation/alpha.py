"""Krippendorff's alpha of two annotation passes, with an interval over whole clusters.

Figures are the krippendorff package's. It knows one sample at a time and holds units × values × values numbers, so the
replicates of an interval are computed here for distances that do not depend on the counts; the tests hold both equal.
Alpha: Krippendorff 2011, https://repository.upenn.edu/asc_papers/43. MASI, a distance of sets: Passonneau 2006, LREC.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal

import krippendorff
import numpy as np
from numpy.typing import NDArray

from evaluation.bootstrap import Resampling
from evaluation.figures import Figure

Array = NDArray[np.float64]
Level = Literal["nominal", "ordinal", "masi"]


def masi_distance(first: frozenset[str], second: frozenset[str]) -> float:
    """Return 1 − Jaccard × monotonicity: 0 for equal sets, 1 for sets that share nothing."""
    if first == second:
        return 0.0
    jaccard = len(first & second) / len(first | second)
    monotonicity = 2 / 3 if first <= second or second <= first else 1 / 3
    return 1 - jaccard * monotonicity


def alpha(first: Sequence[Hashable], second: Sequence[Hashable], level: Level, sampling: Resampling | None = None) -> Figure:
    """Return alpha of two passes over the same units; no value where the passes hold fewer than two values between them.

    Ordinal values must be sortable. `sampling` draws the units' clusters.
    """
    values = sorted(set(first) | set(second), key=_order)
    if len(values) < 2:
        return Figure(None, len(first))
    at = {value: number for number, value in enumerate(values)}
    coded = np.array([[at[value] for value in first], [at[value] for value in second]], dtype=np.int64)
    table = _distances(values, level)
    metric: Any = level if table is None else _metric(table)
    value = float(krippendorff.alpha(coded, value_domain=np.arange(len(values)), level_of_measurement=metric))
    if sampling is None:
        return Figure(value, len(first))
    replicates = _replicates(coded, table, sampling) if table is not None else _ordinal_replicates(coded, len(values), sampling)
    interval = sampling.figure(replicates, len(first))
    return Figure(value, len(first), interval.low, interval.high)


def _order(value: Hashable) -> Any:
    return (len(value), sorted(value)) if isinstance(value, frozenset) else value


def _distances(values: Sequence[Any], level: Level) -> Array | None:
    """Return the distance of every two values; None where it depends on how often they occur."""
    match level:
        case "nominal":
            return 1 - np.eye(len(values))
        case "masi":
            return np.array([[masi_distance(one, other) for other in values] for one in values])
        case "ordinal":
            return None


def _metric(table: Array) -> Callable[..., Array]:
    def distance(v1: Any, v2: Any, i1: Any, i2: Any, n_v: Any, dtype: Any = np.float64) -> Array:
        return np.asarray(table[i1, i2], dtype=dtype)

    return distance


def _replicates(coded: NDArray[np.int64], table: Array, sampling: Resampling) -> Array:
    """Compute 1 − observed / expected distance in every replicate: two values a unit, none missing."""
    size = len(table)
    counts = np.eye(size)[coded[0]] + np.eye(size)[coded[1]]
    n_v = sampling.totals(counts)
    observed = sampling.totals(table[coded[0], coded[1]]) * 2
    expected = np.einsum("rv,vw,rw->r", n_v, table, n_v, optimize=True) / (n_v.sum(axis=1) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def _ordinal_replicates(coded: NDArray[np.int64], size: int, sampling: Resampling) -> Array:
    counts = (np.eye(size)[coded[0]] + np.eye(size)[coded[1]]).astype(np.int64)
    found = []
    for weights in sampling.row_weights():
        drawn = np.repeat(counts, weights.astype(np.int64), axis=0)
        varied = (drawn.sum(axis=0) > 0).sum() > 1
        found.append(float(krippendorff.alpha(value_counts=drawn, level_of_measurement="ordinal")) if varied else np.nan)
    return np.array(found)
