"""What a user's own narrative reaches: narratives of the codebook taken as if a user had just defined them.

    python -m evaluation.benchmarks.own_narrative [--part error|curve] [--narrative ID]… [--seeds 3]

`error`: 40 + 40 labels from whole batches of the training split of one language; average precision on that language's dev
rows beside the shipped baseline (which learned the same label from all of the split, both languages) and chance, and whether
the cross-validated interval holds on dev rows in the same mix. With EHO_DATA, finds per 1,000 real passages too.
`curve`: 20 to 100 labels, suggested ones against random ones from the same pool; no ordinary text, which shares rows with it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from eho.codebook import Codebook
from evaluation.bootstrap import Resampling
from models.corpus import LabelledPassage, json_lines, read_corpus, spread
from models.own.examples import Example
from models.own.features import fit_present
from models.own.library import OwnNarrative
from models.own.model import OwnModel, load_own
from models.own.selection import suggest
from models.own.training import prepare, train_own
from models.own.validation import Validation
from models.passages import PassageInput
from models.registry import load_model

_CORPUS = Path(__file__).resolve().parents[1] / "corpus"
_NARRATIVES = ("returnee_rejection", "ethnic_collective_guilt", "stigma_counterspeech")
_LANGUAGES = ("sq", "sr")
_LABELS = 40
_START, _STEP, _END = 20, 20, 100
_REAL = {"sq": ("text/news_sq",), "sr": ("text/news_sr", "text/comments_sr")}
_REAL_ROWS = 1000


def main() -> None:
    """Measure and print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("error", "curve"), action="append")
    parser.add_argument("--narrative", action="append")
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    parts = chosen.part or ["error", "curve"]
    train, dev = read_corpus(_CORPUS / "train"), read_corpus(_CORPUS / "dev")
    for part, narrative, lang in product(parts, chosen.narrative or _NARRATIVES, _LANGUAGES):
        rows, asked = _of(train, lang), _of(dev, lang)
        found = (
            error(narrative, lang, rows, asked, dev, chosen.seeds)
            if part == "error"
            else curve(narrative, lang, rows, asked, chosen.seeds)
        )
        for row in found:
            sys.stdout.write(json.dumps({"part": part, "narrative": narrative, "lang": lang, **row}, ensure_ascii=False) + "\n")
            sys.stdout.flush()


def error(
    narrative: str,
    lang: str,
    rows: Sequence[LabelledPassage],
    dev: Sequence[LabelledPassage],
    every: Sequence[LabelledPassage],
    seeds: int,
) -> Iterator[dict[str, Any]]:
    """Yield one row a seed: dev figures, the peers', and how the cross-validated ones compare."""
    truth = np.array([_carries(row, narrative) for row in dev])
    texts = [row.text for row in dev]
    shipped = load_model("baseline").predict([PassageInput(text) for text in texts])
    baseline = np.array([one.narratives[narrative] for one in shipped])
    other = [row for row in every if row not in dev]
    for seed in range(seeds):
        labelled = _label(rows, narrative, seed)
        model, card = _train(narrative, labelled, Validation(repeats=5))
        bare, _ = _train(narrative, labelled, Validation(repeats=2, replicates=2), ordinary=[])
        scores = model.probabilities(texts)
        mix = _same_mix(truth, seed)
        bounds = model.thresholds("own")
        yield {
            "seed": seed,
            "n_dev": len(dev),
            "present_dev": int(truth.sum()),
            "ap": _ap(truth, scores),
            "ap_labels_only": _ap(truth, bare.probabilities(texts))["value"],
            "ap_shipped_baseline": _ap(truth, baseline),
            "ap_chance": round(float(truth.mean()), 3),
            "ap_other_language": _ap(
                np.array([_carries(row, narrative) for row in other]), model.probabilities([row.text for row in other])
            )["value"],
            "dev_same_mix": {
                "ap": round(float(average_precision_score(truth[mix], scores[mix])), 3),
                **_at(truth[mix], scores[mix], bounds.list_at),
            },
            "cross_validated": {
                name: card[name] for name in ("average_precision", "precision", "recall", "f1", "false_alarms_per_1000")
            },
            "listed": _at(truth, scores, bounds.list_at),
            "shown": _at(truth, scores, bounds.show_at),
            "show_threshold": card["show_threshold"]["says"],
            "learning_curve": card["learning_curve"]["says"],
            "real_listed_per_1000": _on_real(model, bounds.list_at, lang),
            "real_shown_per_1000": _on_real(model, bounds.show_at, lang),
        }


def curve(
    narrative: str, lang: str, rows: Sequence[LabelledPassage], dev: Sequence[LabelledPassage], seeds: int
) -> Iterator[dict[str, Any]]:
    """Yield one row for each way to choose and each number of labels: mean dev average precision over seeds."""
    del lang
    truth = np.array([_carries(row, narrative) for row in dev])
    definition = Codebook.load().narrative(narrative)
    words = " ".join([*definition.labels.values(), *definition.definition.values()])
    for way in ("random", "suggested"):
        found: dict[int, list[tuple[float, int]]] = {}
        for seed in range(seeds):
            draw = random.Random(seed)  # noqa: S311 - a draw, no secret
            known = _start(rows, narrative, draw)
            while True:
                scores = _scores(known, [row.text for row in dev], seed)
                positives = sum(example.is_present for example in known)
                found.setdefault(len(known), []).append((float(average_precision_score(truth, scores)), positives))
                if len(known) >= _END:
                    break
                known += _more(rows, narrative, known, words, way, draw, seed)
        for labels, measured in sorted(found.items()):
            values = np.array([value for value, _ in measured])
            yield {
                "way": way,
                "labels": labels,
                "present": round(float(np.mean([count for _, count in measured])), 1),
                "ap": round(float(values.mean()), 3),
                "sd": round(float(values.std(ddof=1)), 3) if len(values) > 1 else None,
                "seeds": len(values),
            }


def _label(rows: Sequence[LabelledPassage], narrative: str, seed: int) -> list[Example]:
    """Return 40 + 40 labels: passages that carry it from whole batches in random order, and others of the same batches."""
    draw = random.Random(seed)  # noqa: S311 - a draw, no secret
    batches = sorted({row.batch for row in rows})
    draw.shuffle(batches)
    present: list[LabelledPassage] = []
    absent: list[LabelledPassage] = []
    for batch in batches:
        for row in rows:
            if row.batch == batch:
                (present if _carries(row, narrative) else absent).append(row)
        if len(present) >= _LABELS:
            break
    absent = draw.sample(absent, _LABELS)
    return [_example(row, narrative) for row in (*present[:_LABELS], *absent)]


def _start(rows: Sequence[LabelledPassage], narrative: str, draw: random.Random) -> list[Example]:
    """Return what a user brings: a quarter of the first labels carry it."""
    present = [row for row in rows if _carries(row, narrative)]
    absent = [row for row in rows if not _carries(row, narrative)]
    chosen = [*draw.sample(present, _START // 4), *draw.sample(absent, _START - _START // 4)]
    return [_example(row, narrative) for row in chosen]


def _more(
    rows: Sequence[LabelledPassage],
    narrative: str,
    known: Sequence[Example],
    words: str,
    way: str,
    draw: random.Random,
    seed: int,
) -> list[Example]:
    seen = {example.text for example in known}
    pool = [row for row in rows if row.text not in seen]
    if way == "random":
        return [_example(row, narrative) for row in draw.sample(pool, _STEP)]
    chosen = suggest([row.text for row in pool], known, words, n=_STEP, seed=seed)
    return [_example(pool[one.at], narrative) for one in chosen]


def _scores(known: Sequence[Example], texts: Sequence[str], seed: int) -> Any:
    rows = prepare(known, texts)  # the dev texts take the place of ordinary ones: counted, never trained on
    labelled = np.arange(len(known))
    matrix = rows.counted.matrix(rows.counted.weigh(labelled, labelled[:0]))
    weights, bias = fit_present(matrix[labelled], rows.present, np.ones(len(known), dtype=bool), seed)
    return matrix[len(known) :] @ weights + bias


def _train(
    narrative: str, labelled: Sequence[Example], options: Validation, ordinary: list[str] | None = None
) -> tuple[OwnModel, Any]:
    own = OwnNarrative("own", {"en": narrative}, narrative, "2026-11-21")
    with tempfile.TemporaryDirectory() as folder:
        card = train_own(own, labelled, Path(folder), codebook="", ordinary=ordinary, options=options)
        return load_own(Path(folder)), card.measured


def _same_mix(truth: Any, seed: int) -> Any:
    """Return dev rows in the labels' own mix: all that carry it and as many others."""
    present, absent = np.flatnonzero(truth), np.flatnonzero(~truth)
    return np.concatenate([present, np.random.default_rng(seed).choice(absent, len(present), replace=False)])


def _ap(truth: Any, scores: Any) -> dict[str, float]:
    drawn = Resampling([str(at) for at in range(len(truth))])
    weights = drawn.row_weights()
    values = np.array(
        [average_precision_score(truth, scores, sample_weight=one) if one[truth].any() else np.nan for one in weights]
    )
    figure = drawn.figure(values, len(truth))
    return {"value": round(figure.value or 0.0, 3), "low": round(figure.low or 0.0, 3), "high": round(figure.high or 0.0, 3)}


def _at(truth: Any, scores: Any, cut: float) -> dict[str, int]:
    return {"tagged": int((scores >= cut).sum()), "right": int(truth[scores >= cut].sum())}


def _on_real(model: OwnModel, cut: float, lang: str) -> dict[str, float]:
    """Return finds per 1,000 passages of real text, which nobody judged; empty without EHO_DATA."""
    folder, found = os.environ.get("EHO_DATA"), {}
    for name in _REAL[lang] if folder else ():
        path = Path(str(folder)) / f"{name}.jsonl.gz"
        rows = [str(row["text"]) for _, row in json_lines(path)] if path.exists() else []
        texts = [row[:500] for row in spread(rows, _REAL_ROWS)]
        found[name] = round(1000 * float((model.probabilities(texts) >= cut).mean()), 1) if texts else 0.0
    return found


def _example(row: LabelledPassage, narrative: str) -> Example:
    label = "present" if _carries(row, narrative) else "absent"
    return Example(row.text, label, lang=row.lang)


def _of(rows: Sequence[LabelledPassage], lang: str) -> list[LabelledPassage]:
    return [row for row in rows if row.lang.split("-")[0] == lang]


def _carries(row: LabelledPassage, narrative: str) -> bool:
    return any(item.narrative == narrative for item in row.annotations)


if __name__ == "__main__":
    main()
