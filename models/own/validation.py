"""The honest error of an own narrative: repeated grouped cross-validation, thresholds, and what more labels would bring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedShuffleSplit

from models.calibration import best_f1_cut
from models.own.features import Counted, fit_present
from models.passages import Thresholds

Scores = NDArray[np.float64]
_SLOWEST = 0.05  # slope of the calibration at least: few rows can turn it round
_SHARES = (0.5, 0.75)  # beside all of them, whose scores are there already
_MORE = (20, 50, 100)
_LEAST_UNLABELLED = 200  # of the store; fewer say nothing of one in a hundred


@dataclass(frozen=True, slots=True)
class Validation:
    """How the error is measured; the defaults are those of `eho codebook train`."""

    folds: int = 5
    repeats: int = 5
    target_precision: float = 0.7
    surely_at_least: float = 0.5  # one-sided 95 % lower bound of the precision that a threshold for showing must keep
    share: float = 0.01  # assumed share of coverage that resembles the labelled passages; the rest is ordinary
    replicates: int = 1000
    seed: int = 20261121


@dataclass(frozen=True)
class LeftOut:
    """Decision values of rows from models that never saw them nor their near-duplicates: repeats × rows."""

    scores: Scores
    folds: NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """The rows of a training: labelled ones first, then ordinary ones; `groups` of the labelled rows."""

    counted: Counted
    present: NDArray[np.int8]
    groups: NDArray[np.int64]

    @property
    def truth(self) -> NDArray[np.int8]:
        """Return 0 or 1 for every row, ordinary ones included."""
        return np.concatenate([self.present, np.zeros(self.counted.rows - len(self.present), dtype=np.int8)])

    @property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Tell for every row whether a person labelled it."""
        return np.arange(self.counted.rows) < len(self.present)


def most_folds(rows: Labelled, chosen: NDArray[np.intp], wanted: int) -> int:
    """Return into how many folds the rows can be cut so that each has groups of both labels; below 2 it cannot be."""
    groups = [len(set(rows.groups[chosen][rows.present[chosen] == value])) for value in (0, 1)]
    return min(wanted, *groups)


def leave_out(
    rows: Labelled, options: Validation, *, chosen: NDArray[np.intp] | None = None, repeat: int | None = None
) -> LeftOut:
    """Score every chosen labelled row and every ordinary row by models that did not train on it; NaN for rows not chosen."""
    chosen = np.arange(len(rows.present)) if chosen is None else chosen
    ordinary = np.arange(len(rows.present), rows.counted.rows)
    repeats = range(options.repeats) if repeat is None else (repeat,)
    count = most_folds(rows, chosen, options.folds)
    scores = np.full((len(repeats), rows.counted.rows), np.nan)
    folds = np.full(scores.shape, -1, dtype=np.int64)
    for at, number in enumerate(repeats):
        seed = options.seed + number
        cuts = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
        others = list(KFold(count, shuffle=True, random_state=seed).split(ordinary)) if len(ordinary) >= count else []
        for fold, (train, test) in enumerate(cuts.split(chosen, rows.present[chosen], rows.groups[chosen])):
            beside, left = (ordinary[others[fold][0]], ordinary[others[fold][1]]) if others else (ordinary, ordinary[:0])
            asked = np.concatenate([chosen[test], left])
            scores[at, asked] = _fit_and_score(rows, chosen[train], beside, asked, seed)
            folds[at, asked] = fold
    return LeftOut(scores, folds)


def _fit_and_score(
    rows: Labelled, labelled: NDArray[np.intp], ordinary: NDArray[np.intp], asked: NDArray[np.intp], seed: int
) -> Scores:
    matrix = rows.counted.matrix(rows.counted.weigh(labelled, ordinary))
    train = np.concatenate([labelled, ordinary])
    weights, bias = fit_present(matrix[train], rows.truth[train], rows.is_labelled[train], seed)
    return np.asarray(matrix[asked] @ weights + bias)


def fit_platt(left_out: LeftOut, truth: NDArray[np.int8]) -> tuple[float, float]:
    """Fit slope and shift on left-out scores with Platt's smoothed targets (1999), which few rows need most."""
    flat, labels = left_out.scores.ravel(), np.tile(truth, len(left_out.scores))
    known = np.isfinite(flat)
    flat, labels = flat[known], labels[known]
    positives, negatives = int(truth.sum()), int((truth == 0).sum())
    towards = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(
        np.concatenate([flat, flat])[:, None],
        np.concatenate([np.ones(len(flat)), np.zeros(len(flat))]),
        sample_weight=np.concatenate([towards, 1 - towards]),
    )
    return max(float(fitted.coef_[0, 0]), _SLOWEST), float(fitted.intercept_[0])


def pick_own_thresholds(
    probabilities: Scores, rows: Labelled, options: Validation, unlabelled: Scores | None = None
) -> tuple[Thresholds, dict[str, Any]]:
    """Choose from where to list and from where to show; the second answer says what carries the threshold for showing.

    `probabilities` are left-out ones, one a row. Shown is from the lowest cut at which the precision expected in coverage
    reaches the target and its cautious lower bound (Clopper–Pearson for recall and for false alarms) `surely_at_least`.
    Where no cut does, `show_at` is above 1: everything waits for review. `unlabelled` are probabilities of passages of the
    user's own store: a cut that would show more of them than the narrative's assumed share allows is no cut either (on 1,000
    real comments four to eighteen were shown where the ordinary passages that ship had promised less than one).
    """
    truth, labelled = rows.truth, rows.is_labelled
    list_at = best_f1_cut(probabilities, truth)
    parts = (probabilities[truth == 1], probabilities[(truth == 0) & labelled], probabilities[~labelled])
    for cut in np.unique(probabilities[(truth == 1) & (probabilities >= list_at)]):
        expected, surely = _precision_in_coverage(float(cut), parts, options.share)
        expected = min(expected, _most_right(float(cut), parts, options.share, unlabelled))
        if expected >= options.target_precision and surely >= options.surely_at_least:
            told = {"precision_expected": round(expected, 2), "precision_at_least": round(surely, 2)}
            told["recall"] = round(float((parts[0] >= cut).mean()), 2)
            return Thresholds(round(list_at, 4), round(float(cut), 4)), {"carried": True, **told}
    return Thresholds(round(list_at, 4), 1.01), {"carried": False}


def _precision_in_coverage(cut: float, parts: Sequence[Scores], share: float) -> tuple[float, float]:
    """Return the expected precision and a cautious lower bound of it, in coverage of which `share` is like the labelled rows."""
    present, absent, _ = (len(part) for part in parts)
    of_labelled = present / (present + absent)
    shares = (share * of_labelled, share * (1 - of_labelled), 1 - share)
    rates = [float((part >= cut).mean()) if len(part) else 0.0 for part in parts]
    bounds = [_bound(int((part >= cut).sum()), len(part), upper=at > 0) for at, part in enumerate(parts)]
    results = []
    for right, near, far in (rates, bounds):
        listed = shares[0] * right + shares[1] * near + shares[2] * far
        results.append(shares[0] * right / listed if listed > 0 else 0.0)
    return results[0], results[1]


def _most_right(cut: float, parts: Sequence[Scores], share: float, unlabelled: Scores | None) -> float:
    """Return the precision on unlabelled passages at most, if the narrative is as frequent in them as assumed."""
    if unlabelled is None or len(unlabelled) < _LEAST_UNLABELLED or (shown := float((unlabelled >= cut).mean())) == 0.0:
        return 1.0
    present, absent, _ = parts
    return min(1.0, share * len(present) / (len(present) + len(absent)) * float((present >= cut).mean()) / shown)


def _bound(count: int, n: int, *, upper: bool) -> float:
    """Return the one-sided 95 % Clopper–Pearson bound of a share."""
    if n == 0:
        return 1.0 if upper else 0.0
    if upper:
        return 1.0 if count == n else float(stats.beta.ppf(0.95, count + 1, n - count))
    return 0.0 if count == 0 else float(stats.beta.ppf(0.05, count, n - count + 1))


def measure(left_out: LeftOut, rows: Labelled, options: Validation) -> dict[str, Any]:
    """Return precision, recall, F1 and average precision of left-out rows with 95 % intervals, n stated.

    The cut for listing is chosen for each fold on the other folds. Intervals: groups of near-duplicates are drawn again
    with replacement, and for each draw one of the repeats, so both the passages and the cut into folds are in them.
    """
    truth, labelled = rows.truth, rows.is_labelled
    listed = np.stack([_listed(scores, folds, truth) for scores, folds in zip(left_out.scores, left_out.folds, strict=True)])
    groups = np.concatenate([rows.groups, rows.groups.max(initial=0) + 1 + np.arange((~labelled).sum())])
    _, groups = np.unique(groups, return_inverse=True)
    generator = np.random.default_rng(options.seed)
    drawn = [_figures(left_out.scores, listed, truth, labelled, np.ones(len(truth)))]
    for _ in range(options.replicates):
        weights = generator.multinomial(groups.max() + 1, np.full(groups.max() + 1, 1 / (groups.max() + 1)))[groups].astype(float)
        at = generator.integers(len(listed))
        drawn.append(_figures(left_out.scores[at : at + 1], listed[at : at + 1], truth, labelled, weights))
    table = {name: np.array([one[name] for one in drawn]) for name in drawn[0]}
    counts = {"present": int(truth.sum()), "absent": int((labelled & (truth == 0)).sum()), "ordinary": int((~labelled).sum())}
    return {
        "how": (
            f"{len(listed)} × {left_out.folds.max() + 1}-fold cross-validation, near-duplicates in one fold; "
            "95 % bootstrap intervals"
        ),
        "n": {**counts, "groups": len(set(rows.groups))},
        **{name: _with_interval(values) for name, values in table.items()},
        "base_rate": round(counts["present"] / max(1, labelled.sum()), 3),
    }


def _listed(scores: Scores, folds: NDArray[np.int64], truth: NDArray[np.int8]) -> NDArray[np.bool_]:
    listed = np.zeros(len(scores), dtype=np.bool_)
    for fold in range(folds.max() + 1):
        others = (folds != fold) & (folds >= 0)
        listed[folds == fold] = scores[folds == fold] >= best_f1_cut(scores[others], truth[others])
    return listed


def _figures(
    scores: Scores, listed: NDArray[np.bool_], truth: NDArray[np.int8], labelled: NDArray[np.bool_], weights: Scores
) -> dict[str, float]:
    """Return the figures averaged over repeats; precision, recall, F1 and average precision among labelled rows."""
    kept = labelled & (weights > 0)
    if not (truth[kept] == 1).any():
        names = ("precision", "recall", "f1", "average_precision", "average_precision_with_ordinary", "false_alarms_per_1000")
        return dict.fromkeys(names, float("nan"))
    hits = (listed & (truth == 1)) @ weights
    wrong = (listed & (truth == 0) & labelled) @ weights
    missed = (~listed & (truth == 1)) @ weights
    ordinary = max(float(weights[~labelled].sum()), 1e-9)
    return {
        "precision": float(np.mean(hits / np.maximum(hits + wrong, 1e-9))),
        "recall": float(np.mean(hits / np.maximum(hits + missed, 1e-9))),
        "f1": float(np.mean(2 * hits / np.maximum(2 * hits + wrong + missed, 1e-9))),
        "average_precision": _mean_ap(scores[:, kept], truth[kept], weights[kept]),
        "average_precision_with_ordinary": _mean_ap(scores, truth, weights),
        "false_alarms_per_1000": float(np.mean(1000 * (listed[:, ~labelled] @ weights[~labelled]) / ordinary)),
    }


def _mean_ap(scores: Scores, truth: NDArray[np.int8], weights: Scores) -> float:
    """Return the mean of scikit-learn's average precision, whose checks take ten times as long as the sums."""
    found = []
    for one in scores:
        order = np.argsort(-one, kind="stable")
        last = np.flatnonzero(np.append(np.diff(one[order]) != 0, True))  # of each run of equal scores
        hits, listed = np.cumsum((truth * weights)[order])[last], np.cumsum(weights[order])[last]
        precision = hits / np.maximum(listed, 1e-12)
        found.append(float(np.sum(np.diff(hits, prepend=0.0) * precision) / hits[-1]))
    return float(np.mean(found))


def _with_interval(values: Scores) -> dict[str, float]:
    drawn = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (0.0, 1.0)
    return {"value": round(float(values[0]), 3), "low": round(float(low), 3), "high": round(float(high), 3)}


def learning_curve(rows: Labelled, left_out: LeftOut, options: Validation, say: Callable[[str], None]) -> dict[str, Any]:
    """Say what more labels would bring, from scores at half, three quarters and all of the labels.

    The error 1 − average precision (ordinary rows included) is taken to fall as a power of the number of labels. One curve
    for each repeat; intervals by Student's t with the variance corrected for repeats that share their rows (Nadeau & Bengio
    2003). `can_be_told` is false where the change's interval reaches 0.
    """
    sizes, errors = [], []
    for repeat in range(options.repeats):
        say(f"learning curve {repeat + 1} of {options.repeats}")
        row = [*(_error_at(rows, options, share, repeat) for share in _SHARES), _error_of(rows, left_out.scores[repeat])]
        if any(one is None for one in row):
            return {"can_be_told": False, "says": "Too few labels for a curve: half of them cannot be cut into folds."}
        sizes.append([one[0] for one in row if one is not None])
        errors.append([one[1] for one in row if one is not None])
    labels, error = np.array(sizes, dtype=float), np.maximum(np.array(errors), 0.005)
    slopes = np.array([np.polyfit(np.log(n), np.log(one), 1)[0] for n, one in zip(labels, error, strict=True)])
    now = len(rows.present)
    points = [
        {"labels": int(n), "average_precision": round(float(1 - one), 3)}
        for n, one in zip(labels.mean(axis=0), error.mean(axis=0), strict=True)
    ]
    changes = []
    for more in _MORE:
        gains = error[:, -1] * (1 - ((now + more) / now) ** np.minimum(slopes, 2.0))
        mean, half = float(gains.mean()), _half_width(gains, options.folds)
        changes.append({"more": more, "change": round(mean, 3), "low": round(mean - half, 3), "high": round(mean + half, 3)})
    told = next((one for one in changes if one["low"] > 0), None)
    return {
        "of": "average precision, ordinary passages included",
        "points": points,
        "changes": changes,
        **_in_words(told, changes),
    }


def _in_words(told: dict[str, float] | None, changes: Sequence[dict[str, float]]) -> dict[str, Any]:
    if told is None:
        return {"can_be_told": False, "says": f"Whether more labels help cannot be told: {_change(changes[1])}."}
    return {"can_be_told": True, "says": f"Label {_change(told)}."}


def _change(one: dict[str, float]) -> str:
    return (
        f"{one['more']:g} more to see a change of {one['change']:+.2f} in average precision "
        f"(95 % {one['low']:+.2f} to {one['high']:+.2f})"
    )


def _error_at(rows: Labelled, options: Validation, share: float, repeat: int) -> tuple[int, float] | None:
    cut = StratifiedShuffleSplit(1, train_size=share, random_state=options.seed + repeat)
    chosen = np.sort(next(iter(cut.split(rows.present, rows.present)))[0])
    if most_folds(rows, chosen, options.folds) < 2:
        return None
    return _error_of(rows, leave_out(rows, options, chosen=chosen, repeat=repeat).scores[0])


def _error_of(rows: Labelled, scores: Scores) -> tuple[int, float]:
    known = np.isfinite(scores)
    return int((known & rows.is_labelled).sum()), 1 - float(average_precision_score(rows.truth[known], scores[known]))


def _half_width(values: Scores, folds: int) -> float:
    variance = float(values.var(ddof=1)) * (1 / len(values) + 1 / max(1, folds - 1))
    return float(stats.t.ppf(0.975, len(values) - 1) * np.sqrt(variance))
