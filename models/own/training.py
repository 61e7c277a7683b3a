"""`eho codebook train`: from labelled passages of an own narrative to a model folder with a card that states its error."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eho.errors import InputError
from models.configured import sigmoid
from models.corpus import as_headlines, bundled, json_lines
from models.linear import Features, Heads
from models.own.examples import LEAST, RECOMMENDED, Example, key_of
from models.own.features import (
    Counted,
    SentenceEncoder,
    fit_present,
    fit_stances,
    groups_of,
    probe_of,
    stacked,
    vectors_of,
)
from models.own.library import OwnNarrative
from models.own.model import FORMAT, save_own
from models.own.validation import (
    Labelled,
    Validation,
    fit_platt,
    learning_curve,
    leave_out,
    measure,
    most_folds,
    pick_own_thresholds,
)
from models.registry import ModelCard, write_card
from models.training import set_facts

LEAST_PER_STANCE = 10
_ORDINARY = ("ordinary", "news_sq")  # what ships: rows of the project's corpus without a narrative, and news
Say = Callable[[str], None]


def ordinary_texts() -> list[str]:
    """Return the ordinary passages that come with Eho: news, comments, posts and headlines in both languages.

    Every third comes again cut to the length of a headline, as for the shipped n-gram model: short text that stands only
    among labelled passages makes any headline with one of their words a find.
    """
    texts = []
    for name in _ORDINARY:
        texts += [str(row["text"]) for _, row in json_lines(bundled(f"{name}.jsonl"))]
    return texts + as_headlines(texts[::3])


def train_own(
    narrative: OwnNarrative,
    examples: Sequence[Example],
    out: Path,
    *,
    codebook: str,
    ordinary: Sequence[str] | None = None,
    unlabelled: Sequence[str] = (),
    encoder: SentenceEncoder | None = None,
    options: Validation | None = None,
    made_on: date | None = None,
    say: Say = lambda line: None,
) -> ModelCard:
    """Train, validate and write to `out`; return the card.

    `ordinary` passages are negatives, by default `ordinary_texts()`. `unlabelled` ones, of the user's store, teach nothing:
    the card says how many of them would be listed and shown, and too many shown forbid showing. Raises InputError where
    there are fewer than 8 passages a label, or they are all versions of one text. The same inputs give the same weights.
    """
    options = options or Validation()
    examples = [example for example in examples if example.label in ("present", "absent")]
    _enough(narrative.id, examples)
    rows = prepare(examples, ordinary_texts() if ordinary is None else ordinary, encoder)
    if most_folds(rows, np.arange(len(examples)), options.folds) < 2:
        raise InputError(
            f"All passages of one label for {narrative.id!r} are versions of the same text; label passages from other texts."
        )
    say(f"{len(examples)} labelled and {rows.counted.rows - len(examples)} ordinary passages; cross-validation")
    left_out = leave_out(rows, options)
    fitted = _fit(narrative.id, rows, examples, options.seed)
    calibration = fit_platt(left_out, rows.truth)
    unseen = _of_unlabelled(fitted, calibration, examples, unlabelled, encoder)
    probabilities = _calibrated(left_out.scores.mean(axis=0), calibration)
    thresholds, carried = pick_own_thresholds(probabilities, rows, options, unseen)
    measured = {
        **measure(left_out, rows, options),
        "show_threshold": {**carried, "says": _of_showing(carried, options)},
        "learning_curve": learning_curve(rows, left_out, options, say),
        "languages": dict(sorted(Counter(f"{one.lang or 'und'} {one.label}" for one in examples).items())),
        "stances": fitted.stances,
        "store": {
            "passages": len(unseen),
            "listed": int((unseen >= thresholds.list_at).sum()),
            "shown": int((unseen >= thresholds.show_at).sum()),
        },
    }
    made_on = made_on or datetime.now(UTC).date()
    config = {
        "format": FORMAT,
        "name": narrative.id,
        "codebook": codebook,
        "narrative": narrative.id,
        "calibration": list(calibration),
        "thresholds": {narrative.id: [thresholds.list_at, thresholds.show_at]},
        "encoder_probe": [] if encoder is None else probe_of(encoder),
    }
    config["version"] = f"{made_on:%Y.%m.%d}-{fitted.digest(config)[:8]}"
    save_own(out, config, fitted.features, fitted.present, fitted.stance)
    return write_card(out, _card(config, made_on, measured, examples, rows.counted.rows - len(examples)))


def prepare(examples: Sequence[Example], ordinary: Sequence[str], encoder: SentenceEncoder | None = None) -> Labelled:
    """Count n-grams of labelled and ordinary passages; ordinary ones that a person labelled are left out."""
    texts = [example.text for example in examples]
    labelled = {key_of(text) for text in texts}
    others = [text for text in ordinary if key_of(text) not in labelled]
    present = np.array([example.is_present for example in examples], dtype=np.int8)
    return Labelled(Counted(texts, others, encoder), present, groups_of(texts))


def warnings_of(examples: Sequence[Example]) -> list[str]:
    """Return what a user should know before trusting a training on these passages."""
    counts = Counter(example.label for example in examples)
    found = [
        f"Only {counts[label]} passages are {label}; with fewer than {RECOMMENDED} the error below is very uncertain."
        for label in ("present", "absent")
        if counts[label] < RECOMMENDED
    ]
    present = Counter((example.lang or "und").split("-")[0] for example in examples if example.is_present)
    missing = [name for code, name in (("sq", "Albanian"), ("sr", "Serbian")) if present[code] < LEAST]
    found += [f"Fewer than {LEAST} present passages are {name}; expect it to find little in that language." for name in missing]
    return found


def _enough(id: str, examples: Sequence[Example]) -> None:
    counts = Counter(example.label for example in examples)
    if min(counts["present"], counts["absent"]) < LEAST:
        raise InputError(
            f"{id!r} has {counts['present']} present and {counts['absent']} absent passages; at least {LEAST} of each are "
            f"needed, {RECOMMENDED} recommended. eho codebook suggest {id} picks some to label."
        )


@dataclass(frozen=True)
class _Fitted:
    features: Features
    present: Heads
    stance: Heads | None
    stances: dict[str, Any]

    def digest(self, config: Mapping[str, Any]) -> str:
        heads = [head for head in (self.present, self.stance) if head is not None]
        weights = b"".join(head.weights.tobytes() + head.bias.tobytes() for head in heads)
        return hashlib.sha256(json.dumps(config, sort_keys=True).encode() + weights).hexdigest()


def _fit(id: str, rows: Labelled, examples: Sequence[Example], seed: int) -> _Fitted:
    """Fit on all rows; stances only where ten examples of two at least can teach them."""
    labelled, ordinary = np.arange(len(examples)), np.arange(len(examples), rows.counted.rows)
    weighing = rows.counted.weigh(labelled, ordinary)
    matrix = rows.counted.matrix(weighing)
    weights, bias = fit_present(matrix, rows.truth, rows.is_labelled, seed)
    present = Heads((id,), weights[None, :].astype(np.float32), np.array([bias], dtype=np.float32))
    counts = Counter(example.stance for example in examples if example.is_present and example.stance)
    learned = sorted(stance for stance, count in counts.items() if count >= LEAST_PER_STANCE)
    stance = None
    if len(learned) >= 2:
        chosen = [at for at, example in enumerate(examples) if example.is_present and example.stance in learned]
        stance = fit_stances(matrix[chosen], [str(examples[at].stance) for at in chosen], seed)
    stances = {"learned": learned if stance is not None else [], "labelled": dict(sorted(counts.items(), key=str))}
    return _Fitted(rows.counted.features(weighing), present, stance, stances)


def _of_unlabelled(
    fitted: _Fitted,
    calibration: tuple[float, float],
    examples: Sequence[Example],
    unlabelled: Sequence[str],
    encoder: SentenceEncoder | None,
) -> NDArray[np.float64]:
    labelled = {key_of(example.text) for example in examples}
    texts = [text for text in unlabelled if key_of(text) not in labelled]
    if not texts:
        return np.zeros(0)
    matrix = stacked([fitted.features.transform(texts)], vectors_of(encoder, texts))
    return _calibrated(fitted.present.scores(matrix)[:, 0], calibration)


def _calibrated(scores: NDArray[Any], calibration: tuple[float, float]) -> NDArray[np.float64]:
    return np.asarray(sigmoid(np.asarray(scores * calibration[0] + calibration[1], dtype=np.float32)), dtype=np.float64)


def _of_showing(carried: dict[str, Any], options: Validation) -> str:
    if carried["carried"]:
        return (
            f"Shown from a score at which {carried['precision_expected']:.0%} of the tags are expected to be right "
            f"(at least {carried['precision_at_least']:.0%}, one-sided 95 %) in coverage of which {options.share:.0%} resembles "
            f"the labelled passages; {carried['recall']:.0%} of the present passages reach it."
        )
    return (
        f"The labels cannot carry a threshold for showing (precision {options.target_precision:.0%} expected, surely "
        f"{options.surely_at_least:.0%}); every tag waits for review."
    )


def _card(
    config: dict[str, Any], made_on: date, measured: dict[str, Any], examples: Sequence[Example], ordinary: int
) -> ModelCard:
    counts = Counter(example.label for example in examples)
    return ModelCard(
        name=config["name"],
        version=config["version"],
        format=FORMAT,
        codebook=config["codebook"],
        made_on=made_on.isoformat(),
        intended_use="Candidates for this team's own review, search and counts; never a decision about a person or an outlet.",
        limits=(
            "It knows wording, and only that of its examples: other ways to say the same escape it.",
            "Its error is measured on passages that its makers chose; where they were chosen with its help, as eho codebook "
            "suggest does, they are harder than coverage at large, and rarer forms may be missing from them.",
            "Ordinary passages that ship understate false alarms in readers' comments: of 1,000 real ones 15 to 82 were listed "
            "where 2 to 7 were promised. Look at what it finds in your own store.",
            "One person's labels, without a second annotator and without a comparison of the two languages.",
            *(
                ("Trained without a sentence encoder: nothing carries over from one language to the other.",)
                if not config["encoder_probe"]
                else ()
            ),
        ),
        data=(
            {
                "name": "own examples",
                "origin": "this data folder",
                "licence": "not for redistribution",
                "rows": dict(sorted(counts.items())),
            },
            *({"name": name, "use": "negatives", **set_facts(name)} for name in (_ORDINARY if ordinary else ())),
        ),
        measured=measured,
        licence="not for redistribution",
    )
