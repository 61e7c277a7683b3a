"""What each ingredient of the tagger brings, on the development split: one arm a training, all else equal.

    python -m evaluation.benchmarks.tagger_ablation --encoder FOLDER [--arms full no-context …] [--epochs 3] --out FILE.jsonl

Raw scores without the n-gram partner, as PyTorch computes them. Intervals: bootstrap over passages, 95 %.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from eho.codebook import Codebook
from evaluation.augmentation import rewritings
from models.calibration import mean_average_precision
from models.corpus import read_corpus
from models.encoder.network import EncoderShape, WordEncoder
from models.encoder.pretraining import PretrainOptions, load_encoder, new_encoder
from models.encoder.sets import read_dictionary
from models.spans import best_run
from models.tagger.examples import UNKNOWN, Example, Labels, from_passage, label_names
from models.tagger.sources import Material, gather
from models.tagger.training import Scores, TaggerOptions, score, train_tagger

_CORPUS = Path(__file__).resolve().parents[1] / "corpus"
_REPLICATES = 200
Say = Callable[[str], None]


@dataclass(frozen=True)
class Arm:
    """One training. `start`: pretrained, teacher (its layers, words from dictionaries) or random; `share` of the batches."""

    name: str
    start: str = "pretrained"
    translated: bool = True
    rewritten: bool = True
    public: bool = True
    context: bool = True
    auxiliary: bool = True
    share: float = 1.0


ARMS = (
    Arm("full"),
    Arm("teacher-start", start="teacher"),
    Arm("random-start", start="random"),
    Arm("no-translations", translated=False),
    Arm("no-rewritings", rewritten=False),
    Arm("no-public-text", public=False),
    Arm("no-context", context=False),
    Arm("no-auxiliary", auxiliary=False),
    Arm("half-of-batches", share=0.5),
    Arm("quarter-of-batches", share=0.25),
)


def main() -> None:
    """Train the arms one after the other; append one JSON object each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--arms", nargs="*", default=[arm.name for arm in ARMS])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    known = {arm.name: arm for arm in ARMS}
    if unknown := sorted(set(chosen.arms) - set(known)):
        parser.error(f"there is no arm {unknown[0]!r}; there are {', '.join(known)}")
    codebook = Codebook.load()
    for name in chosen.arms:
        started = time.monotonic()
        figures = measure(known[name], chosen.encoder, chosen.epochs, codebook, _say)
        row = {"arm": name, "epochs": chosen.epochs, **figures, "minutes": round((time.monotonic() - started) / 60, 1)}
        with chosen.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        _say(json.dumps(row))


def measure(arm: Arm, folder: Path, epochs: int, codebook: Codebook, say: Say) -> dict[str, Any]:
    """Train one arm and measure it on the development split."""
    data = Path(os.environ["EHO_DATA"]) if "EHO_DATA" in os.environ else None
    families = {one.id: one.family for one in codebook.narratives if one.id != "other_harmful"}
    rows, dev = read_corpus(_CORPUS / "train"), read_corpus(_CORPUS / "dev")
    labels = label_names(rows, families)
    if arm.share < 1:
        batches = sorted({row.batch for row in rows})
        random.Random(1).shuffle(batches)  # noqa: S311 - seeded, no secret
        kept = set(batches[: round(len(batches) * arm.share)])
        rows = [row for row in rows if row.batch in kept]
    ways = rewritings(codebook) if arm.rewritten else ()
    translations = _CORPUS / "translations" if arm.translated else None
    material = gather(rows, labels, data if arm.public else None, translations, seed=11, rewritings=ways)
    examples = _without(material, arm)
    network = train_tagger(_start(arm.start, folder, data, say), examples, labels, TaggerOptions(epochs=epochs), say)
    held = [_plain(from_passage(row, labels), arm) for row in dev]
    return {"examples": len(examples), "n": len(dev), **figures_of(score(network, held), held, labels, families)}


def _without(material: Material, arm: Arm) -> list[Example]:
    mine = [_plain(one, arm) for one in material.examples]
    if not arm.public:
        mine = [one for one in mine if "/" not in one.group]
    return [one for one in mine if one.narratives is not None] if not arm.auxiliary else mine


def _plain(one: Example, arm: Arm) -> Example:
    one = one if arm.context else replace(one, context=())
    return one if arm.auxiliary else replace(one, offence=UNKNOWN, hate=UNKNOWN, severity=UNKNOWN)


def _start(start: str, folder: Path, data: Path | None, say: Say) -> WordEncoder:
    if start == "pretrained":
        return load_encoder(folder)
    if start == "teacher":
        if data is None:
            raise SystemExit("the arm teacher-start reads dictionaries; set EHO_DATA to the folder of the public sets.")
        return new_encoder(EncoderShape(), read_dictionary(data), PretrainOptions(), say)
    return WordEncoder(EncoderShape())


def figures_of(scores: Scores, held: Sequence[Example], labels: Labels, families: Mapping[str, str]) -> dict[str, Any]:
    """Return label and family figures with intervals, and the other heads' figures on the narratives as labelled."""
    truth = np.stack([one.narratives for one in held if one.narratives is not None])
    names = sorted({families[name] for name in labels.narratives})
    columns = [[at for at, name in enumerate(labels.narratives) if families[name] == family] for family in names]
    whole = np.stack([truth[:, some].max(1) for some in columns], 1)
    best = np.stack([scores.narratives[:, some].max(1) for some in columns], 1)
    draws = np.random.default_rng(20261121).integers(0, len(truth), (_REPLICATES, len(truth)))
    stances = [(stance, row, at) for row, one in enumerate(held) for at, stance in _known(one)]
    said = [int(scores.stances[row, at].argmax()) for _, row, at in stances]
    sense = np.array([one.sense for one in held])
    return {
        "label_map": _with_interval(mean_average_precision, truth, scores.narratives, draws),
        "family_map": _with_interval(mean_average_precision, whole, best, draws),
        "family_best_f1": _with_interval(_mean_best_f1, whole, best, draws),
        "stance_macro_f1": round(float(f1_score([one for one, _, _ in stances], said, average="macro")), 3),
        "sense_accuracy": round(float((scores.sense.argmax(1) == sense).mean()), 3),
        "span_f1": round(_span_f1(scores, held), 3),
    }


def _known(one: Example) -> list[tuple[int, int]]:
    """Return the narratives whose stance is known, with it."""
    return [] if one.stances is None else [(at, int(stance)) for at, stance in enumerate(one.stances) if stance >= 0]


def _mean_best_f1(truth: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean over columns of F1 at the best cut: what a perfect threshold would give."""
    found = []
    for at in np.flatnonzero(truth.any(0)):
        right = np.cumsum(truth[np.argsort(-scores[:, at]), at])
        found.append(float((2 * right / (np.arange(1, len(right) + 1) + right[-1])).max()))
    return float(np.mean(found))


def _with_interval(
    measure: Callable[[NDArray[Any], NDArray[Any]], float], truth: NDArray[Any], scores: NDArray[Any], draws: NDArray[np.int64]
) -> list[float]:
    drawn = [measure(truth[draw], scores[draw]) for draw in draws]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return [round(value, 3) for value in (measure(truth, scores), float(low), float(high))]


def _span_f1(scores: Scores, held: Sequence[Example]) -> float:
    """Return partial F1 over words of the best run against the marked evidence, narratives as labelled."""
    overlap = total = 0.0
    for one, evidence in zip(held, scores.evidence, strict=True):
        if one.told is None or one.evidence is None:
            continue
        for at in np.flatnonzero(one.told):
            first, last = best_run([float(value) + 1.0 for value in evidence[at]])
            overlap += 2 * float(one.evidence[at][first : last + 1].sum())
            total += last - first + 1 + float(one.evidence[at].sum())
    return overlap / total if total else 0.0


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
