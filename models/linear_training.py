"""Trains the baseline: fits every head, calibrates on folds left out (by batch), and picks thresholds from the same folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.model_selection import GroupKFold

from eho.folding import fold_text
from models.corpus import LabelledPassage
from models.linear import Features, Heads, new_vectorizers
from models.passages import NO_SENSE, Thresholds

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LinearOptions:
    """Sizes and seed of a baseline; the defaults are those of the shipped one."""

    character_features: int = 30_000
    word_features: int = 10_000
    narrative_c: float = 30.0
    other_c: float = 10.0
    folds: int = 5
    target_precision: float = 0.7
    narrative_share: float = 0.01  # assumed share of ordinary coverage that resembles the written corpus, for the thresholds
    least_positives: int = 8  # a label with fewer rows is not learned
    seed: int = 20261121


@dataclass(frozen=True)
class LinearTraining:
    """A fitted baseline with what the folds left out said of it."""

    config: dict[str, Any]
    features: Features
    heads: dict[str, Heads]
    measured: dict[str, Any] = field(default_factory=dict)


def train_linear(
    rows: Sequence[LabelledPassage],
    background: Sequence[str],
    families: Mapping[str, str],
    *,
    codebook: str,
    name: str,
    version: str,
    options: LinearOptions | None = None,
    say: Say = lambda line: None,
) -> LinearTraining:
    """Fit all heads on labelled passages; `background` texts carry no narrative and nobody returns in them.

    `families` maps each narrative to its family (calibration is shared within a family). Deterministic for one seed.
    """
    options = options or LinearOptions()
    texts = [row.text for row in rows] + list(background)
    characters, words = new_vectorizers(options.character_features, options.word_features)
    folded = [fold_text(row.text) for row in rows]  # background text would crowd out the n-grams that matter: 0.59 against 0.57
    characters.fit(folded)
    words.fit(folded)
    features = Features(characters, words)
    matrix = features.transform(texts)
    groups = np.array([row.batch for row in rows] + [f"background-{at % 10}" for at in range(len(background))])
    narratives, truth = _narrative_truth(rows, len(texts), families, options.least_positives)
    say(f"{len(rows)} passages, {len(background)} background texts, {matrix.shape[1]} features, {len(narratives)} narratives")

    left_out = _left_out_scores(matrix, truth, groups, options, say)
    calibration = _calibrate(left_out, truth, narratives, families)
    probabilities = _calibrated(left_out, narratives, families, calibration)
    weights = _wild_weights(len(rows), len(background), options.narrative_share)
    thresholds = _pick_thresholds(probabilities, truth, weights, narratives, families, options.target_precision)
    heads = {
        "narratives": _one_vs_rest(matrix, truth, narratives, options.narrative_c, options.seed),
        "targets": _target_head(matrix, rows, len(texts), options),
        "severity": _many_classes(matrix, [str(row.severity) for row in rows] + ["0"] * len(background), options),
        "sense": _many_classes(
            features.transform([_with_title(row) for row in rows] + list(background)),
            [row.sense or NO_SENSE for row in rows] + [NO_SENSE] * len(background),
            options,
        ),
    }
    family_order = sorted(set(families.values()))
    heads["stance"] = _stance_head(matrix, rows, families, family_order, options)
    config = {
        "format": "eho-linear-1",
        "name": name,
        "version": version,
        "codebook": codebook,
        "families": {narrative: families[narrative] for narrative in narratives},
        "family_order": family_order,
        "calibration": {family: list(values) for family, values in calibration.items()},
        "thresholds": {narrative: [value.list_at, value.show_at] for narrative, value in thresholds.items()},
    }
    return LinearTraining(config, features, heads, _measure(probabilities, truth, narratives, families, thresholds))


def _with_title(row: LabelledPassage) -> str:
    return f"{row.title}\n{row.text}" if row.title else row.text


def _narrative_truth(
    rows: Sequence[LabelledPassage], size: int, families: Mapping[str, str], least: int
) -> tuple[list[str], NDArray[np.int8]]:
    counts: dict[str, int] = {}
    for row in rows:
        for narrative in {item.narrative for item in row.annotations}:
            counts[narrative] = counts.get(narrative, 0) + 1
    narratives = [narrative for narrative in families if counts.get(narrative, 0) >= least]
    truth = np.zeros((size, len(narratives)), dtype=np.int8)
    for at, row in enumerate(rows):
        for item in row.annotations:
            if item.narrative in narratives:
                truth[at, narratives.index(item.narrative)] = 1
    return narratives, truth


def _fit(matrix: csr_matrix, target: Any, c: float, seed: int) -> LogisticRegression:
    return LogisticRegression(C=c, max_iter=400, random_state=seed, solver="liblinear").fit(matrix, target)


def _left_out_scores(
    matrix: csr_matrix, truth: NDArray[np.int8], groups: NDArray[np.str_], options: LinearOptions, say: Say
) -> NDArray[np.float64]:
    """Return decision values for every row from models that never saw the row's batch."""
    scores = np.full(truth.shape, -10.0)
    folds = min(options.folds, len(set(groups)))
    for number, (train, test) in enumerate(GroupKFold(folds).split(matrix, groups=groups), 1):
        say(f"fold {number} of {folds}")
        for column in range(truth.shape[1]):
            if 0 < truth[train, column].sum() < len(train):
                model = _fit(matrix[train], truth[train, column], options.narrative_c, options.seed)
                scores[test, column] = model.decision_function(matrix[test])
    return scores


def _calibrate(
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


def _calibrated(
    scores: NDArray[np.float64],
    narratives: Sequence[str],
    families: Mapping[str, str],
    calibration: Mapping[str, tuple[float, float]],
) -> NDArray[np.float64]:
    columns = [calibration[families[narrative]] for narrative in narratives]
    slopes, shifts = np.array([slope for slope, _ in columns]), np.array([shift for _, shift in columns])
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores * slopes + shifts, -30, 30))))


def _wild_weights(written: int, background: int, share: float) -> NDArray[np.float64]:
    """Weigh rows as coverage is expected to be: `share` of it like the written corpus, the rest ordinary language.

    Written passages carry narratives in more than half of the rows, the news in a few of a hundred; a threshold chosen on
    the written mix would let nearly every shown tag be wrong (prior shift: Saerens et al. 2002).
    """
    if background == 0:
        return np.ones(written)
    return np.concatenate([np.full(written, share / written), np.full(background, (1 - share) / background)])


def _pick_thresholds(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int8],
    weights: NDArray[np.float64],
    narratives: Sequence[str],
    families: Mapping[str, str],
    target_precision: float,
) -> dict[str, Thresholds]:
    """List from the family's best-F1 point on; show from where left-out, weighted precision of the family reaches the target."""
    thresholds = {}
    for family in {families[narrative] for narrative in narratives}:
        columns = [at for at, narrative in enumerate(narratives) if families[narrative] == family]
        flat_truth, flat = truth[:, columns].reshape(-1), probabilities[:, columns].reshape(-1)
        precision, recall, cuts = precision_recall_curve(flat_truth, flat)
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        list_at = float(cuts[min(int(f1[:-1].argmax()), len(cuts) - 1)])
        precision, recall, cuts = precision_recall_curve(flat_truth, flat, sample_weight=np.repeat(weights, len(columns)))
        reached = np.flatnonzero((precision[:-1] >= target_precision) & (recall[:-1] >= 0.01))
        show_at = float(cuts[reached[0]]) if len(reached) else 1.0
        for at in columns:
            thresholds[narratives[at]] = Thresholds(round(min(list_at, show_at), 4), round(show_at, 4))
    return thresholds


def _one_vs_rest(matrix: csr_matrix, truth: NDArray[np.int8], labels: Sequence[str], c: float, seed: int) -> Heads:
    models = [_fit(matrix, truth[:, column], c, seed) for column in range(len(labels))]
    return Heads(
        tuple(labels),
        np.vstack([model.coef_[0] for model in models]).astype(np.float32),
        np.array([model.intercept_[0] for model in models], dtype=np.float32),
    )


def _target_head(matrix: csr_matrix, rows: Sequence[LabelledPassage], size: int, options: LinearOptions) -> Heads:
    counts: dict[str, int] = {}
    for row in rows:
        for target in {target for item in row.annotations for target in item.target_groups}:
            counts[target] = counts.get(target, 0) + 1
    labels = sorted(target for target, count in counts.items() if count >= options.least_positives)
    truth = np.zeros((size, len(labels)), dtype=np.int8)
    for at, row in enumerate(rows):
        for target in {target for item in row.annotations for target in item.target_groups} & set(labels):
            truth[at, labels.index(target)] = 1
    return _one_vs_rest(matrix, truth, labels, options.other_c, options.seed)


def _many_classes(matrix: csr_matrix, classes: Sequence[str], options: LinearOptions) -> Heads:
    model = LogisticRegression(C=options.other_c, max_iter=400, random_state=options.seed, class_weight="balanced")
    model.fit(matrix, np.array(classes))
    return Heads(
        tuple(str(label) for label in model.classes_), model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
    )


def _stance_head(
    matrix: csr_matrix,
    rows: Sequence[LabelledPassage],
    families: Mapping[str, str],
    family_order: Sequence[str],
    options: LinearOptions,
) -> Heads:
    """Fit stance on (passage, narrative) pairs; the narrative's family is a feature, since family E is mostly endorsed."""
    parts, stances = [], []
    for at, row in enumerate(rows):
        for item in row.annotations:
            if item.narrative in families:
                hot = np.zeros((1, len(family_order)), dtype=np.float32)
                hot[0, family_order.index(families[item.narrative])] = 1.0
                parts.append(hstack([matrix[at], csr_matrix(hot)]))
                stances.append(item.stance)
    return _many_classes(csr_matrix(vstack(parts)), stances, options)


def _measure(
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
