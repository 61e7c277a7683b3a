"""`eho models train tagger`: from an encoder and a corpus to a model folder with its card."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from eho.errors import ModelError
from models.calibration import calibrated, fit_calibration, mean_average_precision, pick_thresholds, summarise, wild_weights
from models.corpus import LabelledPassage, read_corpus
from models.encoder.network import WordEncoder
from models.linear import WEIGHTS as LINEAR_WEIGHTS
from models.linear import load_linear, write_json
from models.passages import PassageInput, Thresholds
from models.public_text import COMMENTS
from models.registry import ModelCard, dated, file_digest, read_card, write_card
from models.tagger.body import TaggerBody, as_body
from models.tagger.examples import STANCES, Example, Labels, from_passage, label_names
from models.tagger.network import TaggerHeads
from models.tagger.onnx_model import WORDS, OnnxTagger, load_tagger
from models.tagger.sources import Material, Rewriting, gather
from models.tagger.training import TaggerOptions, train_tagger
from models.training import set_facts

Say = Callable[[str], None]
_WEIGHTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True)
class TaggerPlan:
    """Where the rows come from, and what the thresholds aim at."""

    corpus: Path
    dev: Path
    translations: Path | None = None
    data: Path | None = None
    partner: Path | None = None  # the folder of an n-gram model whose scores are added
    rewritings: Sequence[tuple[Rewriting, float]] = ()  # ways to put a passage otherwise, with the share it is tried on
    least: int = 8  # a label with fewer rows is not learned
    narrative_share: float = 0.01  # of ordinary coverage that is as the written corpus, for the thresholds
    narrative_share_in_articles: float = 0.003
    target_precision: float = 0.7
    options: TaggerOptions = field(default_factory=TaggerOptions)


def train_and_save(
    encoder: WordEncoder | TaggerBody,
    plan: TaggerPlan,
    families: Mapping[str, str],
    *,
    codebook: str,
    out: Path,
    name: str = "small",
    version: str | None = None,
    made_on: date | None = None,
    say: Say = lambda line: None,
) -> ModelCard:
    """Train a tagger on `plan.corpus`, calibrate it on `plan.dev`, write it to `out`; return its card.

    Raises InputError for a corpus that cannot be read.
    """
    body, rows, dev = as_body(encoder), read_corpus(plan.corpus), read_corpus(plan.dev)
    labels = label_names(rows, families, plan.least)
    material = gather(rows, labels, plan.data, plan.translations, seed=plan.options.seed, rewritings=plan.rewritings)
    say(f"{len(material.examples)} examples: " + ", ".join(f"{count} {what}" for what, count in material.counts.items()))
    titles = {row.text: row.title for row in rows if row.title}
    network = train_tagger(body, material.examples, labels, plan.options, say, titles, out / "checkpoint.safetensors")
    version, day = dated(version, made_on)
    bare = {**_bare_config(labels, families), **body.config} | {
        "format": body.format,
        "name": name,
        "version": version,
        "codebook": codebook,
    }
    write_model(out, network, bare, body)
    measured = calibrate(out, dev, material, plan, labels, body.load)
    card = ModelCard(
        name=name,
        version=version,
        format=body.format,
        codebook=codebook,
        made_on=day,
        intended_use="Candidates for review, search and aggregate counts; never a decision about a person or an outlet.",
        limits=(
            "Trained on passages written for this project, not on published texts; native review of the labels is pending.",
            "Probabilities are calibrated on written passages, where narratives are far more frequent than in the news.",
            "Irony and implied meaning escape it more often than plain statements.",
            "A passage of more than 160 words is read up to there.",
            *body.limits,
        ),
        data=(*body.data, *_data_rows(plan, rows, material)),
        measured={"how": "the dev split, which set calibration and thresholds; see docs/measurements.md for the test split"}
        | measured,
        licence=body.licence,
    )
    return write_card(out, card)


def _bare_config(labels: Labels, families: Mapping[str, str]) -> dict[str, Any]:
    return {
        "narratives": list(labels.narratives),
        "families": {name: families[name] for name in labels.narratives},
        "stances": list(STANCES),
        "senses": list(labels.senses),
        "targets": list(labels.targets),
        "calibration": {},
        "thresholds": {},
        "evidence_at": 0.0,
    }


def calibrate(
    folder: Path,
    dev: Sequence[LabelledPassage],
    material: Material,
    plan: TaggerPlan,
    labels: Labels,
    load: Callable[[Path], OnnxTagger] = load_tagger,
) -> dict[str, Any]:
    """Fit what the saved network needs to speak in probabilities, write it into its configuration, and return the figures.

    Calibration and the partner's weight come from the dev rows, thresholds from them beside ordinary text. It is the saved,
    quantised network that is measured.
    """
    config = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    names, families = labels.narratives, config["families"]
    tagger = load(folder)
    examples = [from_passage(row, labels) for row in dev]
    written = tagger.raw([PassageInput(row.text, row.title or "") for row in dev])
    ordinary = tagger.raw([PassageInput(one.text) for one in material.held_out])
    truth = np.stack([one.narratives for one in examples if one.narratives is not None]).astype(np.int8)
    scores = np.concatenate([written.narratives, ordinary.narratives]).astype(np.float64)
    if plan.partner is not None:
        beside = load_linear(plan.partner).narrative_scores(
            [row.text for row in dev] + [one.text for one in material.held_out], names
        )
        weight = _partner_weight(scores[: len(truth)], beside[: len(truth)], truth)
        scores = scores + weight * beside
        digest = file_digest(plan.partner / LINEAR_WEIGHTS)
        config["partner"] = {"name": plan.partner.name, "weight": weight, "sha256": digest}
    scales = fit_calibration(scores[: len(truth)], truth, names, families)
    probabilities = calibrated(scores, names, families, scales)
    none = np.zeros(len(names), np.int8)
    public = [none if one.narratives is None else one.narratives.astype(np.int8) for one in material.held_out]
    whole = np.concatenate([truth, np.array(public, np.int8).reshape(-1, len(names))])
    weights = wild_weights(len(truth), len(scores) - len(truth), plan.narrative_share)
    in_articles = wild_weights(len(truth), len(scores) - len(truth), plan.narrative_share_in_articles)
    comments = [one.group.split("/")[0] in COMMENTS for one in material.held_out]
    in_articles[len(truth) :][comments] = 0.0
    thresholds: dict[str, Thresholds] = pick_thresholds(
        probabilities, whole, weights, names, families, plan.target_precision, in_articles
    )
    config["calibration"] = {family: list(values) for family, values in scales.items()}
    config["thresholds"] = {name: list(astuple(value)) for name, value in thresholds.items()}
    config["evidence_at"] = _evidence_cut(examples, written.evidence)
    write_json(folder / "model.json", config)
    measured = summarise(probabilities[: len(truth)], truth, names, families, thresholds)
    measured |= {"partner": config.get("partner"), "dev_passages": len(dev), "ordinary_texts": len(material.held_out)}
    return measured | {"public": _public(tagger, material)}


def _partner_weight(own: NDArray[np.float64], beside: NDArray[np.float32], truth: NDArray[np.int8]) -> float:
    """Return the weight of the partner's scores with the best mean average precision on the dev rows."""
    return max(_WEIGHTS, key=lambda weight: mean_average_precision(truth, own + weight * beside))


def _evidence_cut(examples: Sequence[Example], evidence: Sequence[NDArray[np.float32]]) -> float:
    """Return the logit from which a word counts as evidence: where words of the dev rows are best told apart (F1)."""
    logits, truth = [], []
    for one, scores in zip(examples, evidence, strict=True):
        if one.told is not None and one.evidence is not None:
            for at in np.flatnonzero(one.told):
                logits.append(scores[at])
                truth.append(one.evidence[at][: len(scores[at])])  # a network may read fewer words than were labelled
    if not logits:
        return 0.0
    flat, right = np.concatenate(logits), np.concatenate(truth) > 0
    cuts = np.quantile(flat, np.linspace(0.05, 0.95, 37))
    return round(float(max(cuts, key=lambda cut: f1_score(right, flat >= cut, zero_division=0))), 3)


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


def write_model(out: Path, network: TaggerHeads, config: Mapping[str, Any], body: TaggerBody) -> None:
    """Write `model.json` and the weights."""
    out.mkdir(parents=True, exist_ok=True)
    body.save(network, out)
    write_json(out / "model.json", config)


def _data_rows(plan: TaggerPlan, rows: Sequence[LabelledPassage], material: Material) -> tuple[dict[str, Any], ...]:
    corpus = {
        "name": plan.corpus.name,
        "origin": "Eho narrative corpus, written for this project (synthetic), and its translations",
        "licence": "CC BY 4.0",
        "rows": len(rows),
        "translated": material.counts["translated"],
        "rewritten": material.counts.get("rewritten", 0),
        "batches": sorted({row.batch for row in rows}),
    }
    others = [
        {"name": name, **set_facts(name), "rows": count}
        for name, count in material.counts.items()
        if name not in ("corpus", "translated", "rewritten")
    ]
    return (corpus, *others, {"name": "options", "use": asdict(plan.options)})


def share_words(folder: Path, other: Path) -> ModelCard:
    """Drop a tagger's word table where the shipped model in `other` holds the very same one; the configuration names it then.

    Raises ModelError where the two tables differ.
    """
    mine, theirs = folder / WORDS, other / WORDS
    digest = file_digest(theirs)
    if file_digest(mine) != digest:
        raise ModelError(f"The word tables of {folder} and {other} differ; train both from one encoder with frozen words.")
    config = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    write_json(folder / "model.json", config | {"words": {"name": other.name, "sha256": digest}})
    mine.unlink()
    return write_card(folder, read_card(folder))
