"""Trains the baseline: fits every head, calibrates on folds left out (by batch), and picks thresholds from the same folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from eho.folding import fold_text
from models.calibration import calibrated, fit_calibration, pick_thresholds, summarise, wild_weights
from models.corpus import LabelledPassage
from models.linear import Features, Heads, new_vectorizers
from models.passages import NO_SENSE

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LinearOptions:
    """Sizes and seed of a baseline; the defaults are those of the shipped one."""

    character_features: int = 60_000
    word_features: int = 20_000
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
    read: Sequence[LabelledPassage] = (),
    options: LinearOptions | None = None,
    say: Say = lambda line: None,
) -> LinearTraining:
    """Fit all heads on labelled passages; `background` texts carry no narrative and nobody returns in them.

    `read`: published passages with labels; they count as ordinary coverage where thresholds are picked. `families` maps
    each narrative to its family (calibration is shared within a family). Deterministic for one seed.
    """
    options = options or LinearOptions()
    written = len(rows)
    rows = [*rows, *read]
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
    calibration = fit_calibration(left_out, truth, narratives, families)
    probabilities = calibrated(left_out, narratives, families, calibration)
    weights = wild_weights(written, len(texts) - written, options.narrative_share)
    thresholds = pick_thresholds(probabilities, truth, weights, narratives, families, options.target_precision)
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
    return LinearTraining(config, features, heads, summarise(probabilities, truth, narratives, families, thresholds))


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
