"""Formulas over replicates (first axis): what scikit-learn computes for one sample, for a thousand at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Precision, recall and F1, one number a replicate (and a column, where there are columns)."""

    precision: Array
    recall: Array
    f1: Array


def ratio(part: NDArray[np.generic], whole: NDArray[np.generic]) -> Array:
    """Divide; not a number where there is nothing to divide by."""
    base: Array = np.asarray(whole, dtype=np.float64)
    quotient: Array = np.divide(part, base, out=np.full(base.shape, np.nan), where=base > 0)
    return quotient


def retrieval(shown: Array, right: Array, gold: Array, found: Array) -> Retrieval:
    """Compute precision = right/shown, recall = found/gold and their harmonic mean.

    F1 is 0 where something was to be found and nothing right was shown, undefined where there was nothing to find.
    """
    precision, recall = ratio(right, shown), ratio(found, gold)
    p = np.nan_to_num(precision)
    f1 = np.where(p + recall > 0, 2 * p * recall / np.where(p + recall > 0, p + recall, 1), np.where(np.isnan(recall), np.nan, 0))
    return Retrieval(precision, recall, f1)


def average_precision(truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float32]) -> Array:
    """Compute the area under the precision-recall steps; `weights`: replicates × rows. Equal scores count as one step."""
    order = np.argsort(-scores, kind="stable")
    ordered = weights[:, order]
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    hits = np.cumsum(ordered * truth[order], axis=1, dtype=np.float64)[:, last_of_tie]
    seen = np.cumsum(ordered, axis=1, dtype=np.float64)[:, last_of_tie]
    precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
    steps = np.diff(hits, axis=1, prepend=0.0)
    return ratio((steps * precision).sum(axis=1), hits[:, -1])


def accuracy(confusion: Array) -> Array:
    """Compute the share on the diagonal; `confusion`: replicates × true × predicted."""
    return ratio(np.trace(confusion, axis1=1, axis2=2), confusion.sum(axis=(1, 2)))


def class_scores(confusion: Array) -> Retrieval:
    """Compute precision, recall and F1 of every class: replicates × classes."""
    right = np.diagonal(confusion, axis1=1, axis2=2)
    shown, gold = confusion.sum(axis=1), confusion.sum(axis=2)
    return Retrieval(ratio(right, shown), ratio(right, gold), ratio(2 * right, shown + gold))


def macro_f1(confusion: Array) -> Array:
    """Compute the mean F1 over the classes that occur, true or predicted."""
    f1 = class_scores(confusion).f1
    known = np.isfinite(f1)
    return ratio(np.nan_to_num(f1).sum(axis=1), known.sum(axis=1))


def mean_absolute_error(confusion: Array) -> Array:
    """Compute the mean distance between true and predicted step of a scale."""
    steps = np.arange(confusion.shape[1])
    distance = np.abs(steps[:, None] - steps[None, :])
    return ratio((confusion * distance).sum(axis=(1, 2)), confusion.sum(axis=(1, 2)))


def quadratic_kappa(confusion: Array) -> Array:
    """Compute Cohen's kappa with quadratic weights."""
    steps = np.arange(confusion.shape[1], dtype=np.float64)
    distance = (steps[:, None] - steps[None, :]) ** 2
    total = confusion.sum(axis=(1, 2))
    expected = np.einsum("ri,rj->rij", confusion.sum(axis=2), confusion.sum(axis=1))
    chance = ratio((expected * distance).sum(axis=(1, 2)), total)
    return 1 - ratio((confusion * distance).sum(axis=(1, 2)), chance)
