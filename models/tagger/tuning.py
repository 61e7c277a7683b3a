"""Fits what a trained tagger needs beside its weights: the partner's shares, probabilities, thresholds, the cut of evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.metrics import f1_score

from models.calibration import calibrated, fit_calibration, mean_average_precision, pick_thresholds, summarise, wild_weights
from models.configured import softmax
from models.corpus import LabelledPassage
from models.encoder.words import split_words
from models.linear import WEIGHTS, LinearModel, load_linear, write_json
from models.passages import PassageInput
from models.public_text import COMMENTS
from models.registry import file_digest
from models.spans import best_run
from models.tagger.examples import MOST_WORDS, STANCES, Example, Labels, from_passage
from models.tagger.onnx_model import OnnxTagger, RawScores
from models.tagger.partner import Partner, Shares, gains_of
from models.tagger.sources import Material
from models.vectors import Floats

_NARRATIVE_SHARES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
_MEAN_SHARES = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8)
_EVIDENCE_SHARES = (0.0, 0.015, 0.03, 0.06, 0.1)
_EVIDENCE_CUTS = 12


@dataclass(frozen=True, slots=True)
class Aims:
    """What the thresholds aim at. The shares say how much of ordinary text, and of articles, is as the written corpus."""

    narrative_share: float = 0.01
    narrative_share_in_articles: float = 0.003
    target_precision: float = 0.7


@dataclass(frozen=True)
class _Dev:
    """The dev rows as the saved, quantised network answers them."""

    rows: Sequence[LabelledPassage]
    examples: Sequence[Example]
    raw: RawScores
    truth: NDArray[np.int8]


def calibrate(
    folder: Path,
    dev: Sequence[LabelledPassage],
    material: Material,
    aims: Aims,
    labels: Labels,
    *,
    partner: Path | None,
    load: Callable[[Path], OnnxTagger],
) -> dict[str, Any]:
    """Fit what the saved network needs to speak in probabilities, write it into its configuration, and return the figures.

    Calibration and the partner's shares come from the dev rows, thresholds from them beside ordinary text.
    """
    config = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    names, families = labels.narratives, config["families"]
    tagger = load(folder)
    seen = _answered(tagger, dev, labels)
    ordinary = [PassageInput(one.text) for one in material.held_out]
    scores = np.concatenate([seen.raw.narratives, tagger.raw(ordinary).narratives])
    model = None if partner is None else load_linear(partner)
    config["evidence_at"], evidence = _fit_evidence(seen, model, names)
    if model is not None and partner is not None:
        shares = replace(_fit_shares(seen, model, labels), evidence=evidence)
        beside = Partner(model, shares)
        features = beside.features([row.text for row in dev] + [one.text for one in material.held_out])
        scores = beside.add_to_narratives(scores, features, names)
        config["partner"] = {"name": partner.name, "sha256": file_digest(partner / WEIGHTS), **asdict(shares)}
    scales = fit_calibration(scores[: len(dev)].astype(np.float64), seen.truth, names, families)
    probabilities = calibrated(scores.astype(np.float64), names, families, scales)
    public = [seen.truth[0] * 0 if one.narratives is None else one.narratives.astype(np.int8) for one in material.held_out]
    whole = np.concatenate([seen.truth, np.array(public, np.int8).reshape(-1, len(names))])
    everywhere, in_articles = _weights(len(dev), material.held_out, aims)
    thresholds = pick_thresholds(probabilities, whole, everywhere, names, families, aims.target_precision, in_articles)
    config["calibration"] = {family: list(values) for family, values in scales.items()}
    config["thresholds"] = {name: list(astuple(value)) for name, value in thresholds.items()}
    write_json(folder / "model.json", config)
    measured = summarise(probabilities[: len(dev)], seen.truth, names, families, thresholds)
    measured |= {"partner": config.get("partner"), "dev_passages": len(dev), "ordinary_texts": len(material.held_out)}
    return measured | {"public": _public(tagger, material)}


def _answered(tagger: OnnxTagger, dev: Sequence[LabelledPassage], labels: Labels) -> _Dev:
    examples = [from_passage(row, labels) for row in dev]
    raw = tagger.raw([PassageInput(row.text, row.title or "") for row in dev])
    truth = np.stack([one.narratives for one in examples if one.narratives is not None]).astype(np.int8)
    return _Dev(dev, examples, raw, truth)


def _weights(written: int, ordinary: Sequence[Example], aims: Aims) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much each row counts, everywhere and in articles; comments do not count for the latter."""
    edited = np.array([one.group.split("/")[0] not in COMMENTS for one in ordinary], bool)
    everywhere = wild_weights(written, len(ordinary), aims.narrative_share)
    in_articles = np.zeros(written + len(ordinary))
    rows = np.concatenate([np.ones(written, bool), edited])
    in_articles[rows] = wild_weights(written, int(edited.sum()), aims.narrative_share_in_articles)
    return everywhere, in_articles


def _fit_shares(dev: _Dev, model: LinearModel, labels: Labels) -> Shares:
    """Return the shares with the best dev figures: mean average precision of narratives, macro-F1 of stances, accuracy of
    senses. That of evidence is left out."""
    features = model.features([row.text for row in dev.rows])
    beside = model.narrative_scores(features, labels.narratives)
    narratives = max(_NARRATIVE_SHARES, key=lambda share: mean_average_precision(dev.truth, dev.raw.narratives + share * beside))
    own, other, known = _stances(dev, model, features, labels.narratives)
    stances = max(
        _MEAN_SHARES,
        key=lambda share: f1_score(known, ((1 - share) * own + share * other).argmax(1), average="macro", zero_division=0),
    )
    titled = [f"{row.title}. {row.text}" if row.title else row.text for row in dev.rows]
    senses = model.sense_probabilities(model.features(titled), labels.senses)
    right, mine = np.array([one.sense for one in dev.examples]), softmax(dev.raw.senses)
    sense = max(_MEAN_SHARES, key=lambda share: float(np.mean(((1 - share) * mine + share * senses).argmax(1) == right)))
    return Shares(narratives=narratives, stances=stances, sense=sense)


def _stances(dev: _Dev, model: LinearModel, features: csr_matrix, narratives: Sequence[str]) -> tuple[Floats, Floats, list[int]]:
    """Return both models' stance probabilities for every labelled narrative, and the labelled stances."""
    own, other, known = [], [], []
    for row, one in enumerate(dev.examples):
        for at in np.flatnonzero(dev.truth[row]).tolist():
            if one.stances is None or narratives[at] not in (found := model.stances(features[row], [narratives[at]])):
                continue
            own.append(softmax(dev.raw.stances[row, at]))
            other.append([found[narratives[at]].get(stance, 0.0) for stance in STANCES])
            known.append(int(one.stances[at]))
    return np.array(own, np.float32).reshape(-1, len(STANCES)), np.array(other, np.float32).reshape(-1, len(STANCES)), known


@dataclass(frozen=True)
class _Marked:
    """A labelled narrative of a passage: the network's logits, the n-gram model's gains and the labels of its words."""

    logits: Floats
    gains: Floats
    truth: Floats


def _fit_evidence(dev: _Dev, model: LinearModel | None, narratives: Sequence[str]) -> tuple[float, float]:
    """Return the cut of evidence and the partner's share in it, under which the runs of words of the dev rows are best (F1)."""
    marked = _marked(dev, model, narratives)
    if not marked:
        return 0.0, 0.0
    best, found = -1.0, (0.0, 0.0)
    for share in (0.0,) if model is None else _EVIDENCE_SHARES:
        scores = [one.logits + share * one.gains for one in marked]
        for cut in np.quantile(np.concatenate(scores), np.linspace(0.3, 0.85, _EVIDENCE_CUTS)):
            quality = float(np.mean([_overlap(values - cut, one.truth) for values, one in zip(scores, marked, strict=True)]))
            if quality > best:
                best, found = quality, (round(float(cut), 3), share)
    return found


def _marked(dev: _Dev, model: LinearModel | None, narratives: Sequence[str]) -> list[_Marked]:
    found = []
    for row, one, evidence in zip(dev.rows, dev.examples, dev.raw.evidence, strict=True):
        if one.told is None or one.evidence is None:
            continue
        words = split_words(row.text, most=MOST_WORDS)
        for at in np.flatnonzero(one.told).tolist():
            read = len(evidence[at])  # a network may read fewer words than were labelled
            gains = np.zeros(read, np.float32) if model is None else gains_of(model, row.text, words, narratives[at])[:read]
            found.append(_Marked(evidence[at], gains, one.evidence[at][:read]))
    return [one for one in found if len(one.logits)]


def _overlap(scores: Floats, truth: Floats) -> float:
    """Return the F1 of the words of the best run."""
    first, last = best_run([float(value) for value in scores])
    common = float(truth[first : last + 1].sum())
    return 2 * common / max(last - first + 1 + float(truth.sum()), 1.0)


def _public(tagger: OnnxTagger, material: Material) -> dict[str, Any]:
    """Measure the auxiliary heads on the fifth of the public rows that was left out, at probability one half."""
    found: dict[str, Any] = {}
    for column, name in enumerate(("offence", "hate")):
        mine = [one for one in material.public if getattr(one, name) >= 0]
        if mine:
            logits = tagger.raw([PassageInput(one.text) for one in mine]).public[:, column]
            truth = np.array([getattr(one, name) for one in mine])
            figure = f1_score(truth, logits > 0, average="macro")
            found[name] = {"n": len(mine), "macro_f1": round(float(figure), 3)}
    return found
