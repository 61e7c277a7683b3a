"""From raw scores to probabilities and thresholds: Platt scaling a family, thresholds for a stated share of narratives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve

from models.passages import Thresholds


def fit_calibration(
    scores: NDArray[np.float64], truth: NDArray[np.int8], narratives: Sequence[str], families: Mapping[str, str]
) -> dict[str, tuple[float, float]]:
    """Fit a slope and a shift per family on left-out scores (Platt 1999); labels of a family share them, being few-rowed."""
    calibration = {}
    for family in sorted({families[narrative] for narrative in narratives}):
        columns = [at for at, narrative in enumerate(narratives) if families[narrative] == family]
        flat = scores[:, columns].reshape(-1, 1)
        fitted = LogisticRegression(C=1e6, max_iter=1000).fit(flat, truth[:, columns].reshape(-1))
        # too few rows can turn the slope round; a floor keeps the order of scores
        calibration[family] = (max(float(fitted.coef_[0, 0]), 0.05), float(fitted.intercept_[0]))
    return calibration


def calibrated(
    scores: NDArray[np.float64],
    narratives: Sequence[str],
    families: Mapping[str, str],
    calibration: Mapping[str, tuple[float, float]],
) -> NDArray[np.float64]:
    """Return probabilities, rows × narratives."""
    columns = [calibration[families[narrative]] for narrative in narratives]
    slopes, shifts = np.array([slope for slope, _ in columns]), np.array([shift for _, shift in columns])
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores * slopes + shifts, -30, 30))))


def wild_weights(written: int, background: int, share: float) -> NDArray[np.float64]:
    """Weigh rows as coverage is expected to be: `share` of it like the written corpus, the rest ordinary language.

    Written passages carry narratives in more than half of the rows, the news in a few of a hundred; a threshold chosen on
    the written mix would let nearly every shown tag be wrong (prior shift: Saerens et al. 2002).
    """
    if background == 0:
        return np.ones(written)
    return np.concatenate([np.full(written, share / written), np.full(background, (1 - share) / background)])


def best_f1_cut(scores: NDArray[np.float64], truth: NDArray[np.int8]) -> float:
    """Return the score from which listing gives the best F1."""
    precision, recall, cuts = precision_recall_curve(truth, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    return float(cuts[min(int(f1[:-1].argmax()), len(cuts) - 1)])


def pick_thresholds(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int8],
    weights: NDArray[np.float64],
    narratives: Sequence[str],
    families: Mapping[str, str],
    target_precision: float,
    in_articles: NDArray[np.float64] | None = None,
) -> dict[str, Thresholds]:
    """List from the family's best-F1 point on; show from where left-out, weighted precision of the family reaches the target.

    `in_articles`: other weights of the same rows, as they are in news.
    """
    thresholds = {}
    for family in {families[narrative] for narrative in narratives}:
        columns = [at for at, narrative in enumerate(narratives) if families[narrative] == family]
        flat_truth, flat = truth[:, columns].reshape(-1), probabilities[:, columns].reshape(-1)
        list_at = round(best_f1_cut(flat, flat_truth), 4)
        show_at = _reaching(flat_truth, flat, np.repeat(weights, len(columns)), target_precision)
        article_at = None
        if in_articles is not None:
            article_at = max(show_at, _reaching(flat_truth, flat, np.repeat(in_articles, len(columns)), target_precision))
        for at in columns:
            thresholds[narratives[at]] = Thresholds(min(list_at, show_at), show_at, article_at)
    return thresholds


def _reaching(truth: NDArray[np.int8], scores: NDArray[np.float64], weights: NDArray[np.float64], target: float) -> float:
    """Return the lowest score from which weighted precision reaches the target; 1 where none does."""
    precision, recall, cuts = precision_recall_curve(truth, scores, sample_weight=weights)
    reached = np.flatnonzero((precision[:-1] >= target) & (recall[:-1] >= 0.01))
    return round(float(cuts[reached[0]]), 4) if len(reached) else 1.0


def mean_average_precision(truth: NDArray[np.int8], scores: NDArray[np.floating]) -> float:
    """Return the mean over the columns that have a positive row."""
    asked = np.flatnonzero(truth.any(0))
    return float(np.mean([average_precision_score(truth[:, at], scores[:, at]) for at in asked]))


def summarise(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int8],
    narratives: Sequence[str],
    families: Mapping[str, str],
    thresholds: Mapping[str, Thresholds],
) -> dict[str, Any]:
    """Summarise the left-out folds: average precision per narrative; precision and recall of what would be shown, per family."""
    shown = probabilities >= np.array([thresholds[narrative].show_at for narrative in narratives])
    per_family = {}
    for family in sorted({families[narrative] for narrative in narratives}):
        columns = [at for at, narrative in enumerate(narratives) if families[narrative] == family]
        hits = int((shown[:, columns] & (truth[:, columns] == 1)).sum())
        count, positives = int(shown[:, columns].sum()), int(truth[:, columns].sum())
        per_family[family] = {"shown": count, "right": hits, "labelled": positives}
    return {
        "thresholds": "show_at: precision 0.7 on left-out rows weighed as the option narrative_share says; list_at: best F1",
        "average_precision": {
            narrative: round(float(average_precision_score(truth[:, at], probabilities[:, at])), 3)
            for at, narrative in enumerate(narratives)
        },
        "labelled": {narrative: int(truth[:, at].sum()) for at, narrative in enumerate(narratives)},
        "shown_per_family": per_family,
    }
