"""Labelled passages as the tagger learns them: words with their labels, evidence as words, and looser spellings of both."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eho.annotation import Stance
from models.corpus import LabelledPassage
from models.encoder.words import SEPARATOR, split_words
from models.passages import NO_SENSE

MOST_WORDS = 160
MOST_CONTEXT = 24
STANCES = tuple(str(stance) for stance in Stance)
SEVERITIES = 7
UNKNOWN = -1


@dataclass(frozen=True)
class Labels:
    """The names of what the heads tell apart, in the order of their outputs."""

    narratives: tuple[str, ...]
    senses: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """One passage. `context` and `words` are folded forms; arrays are None or -1 where nothing is known.

    narratives `[narratives]` 0/1; stances `[narratives]` index or -1; evidence `[narratives, words]` 0/1, known for the
    narratives in `told`; targets `[targets]` 0/1; `offence`: 0/1 for passages of the public sets, else -1.
    """

    group: str
    lang: str
    context: tuple[str, ...]
    words: tuple[str, ...]
    narratives: NDArray[np.float32] | None = None
    stances: NDArray[np.int64] | None = None
    evidence: NDArray[np.float32] | None = None
    told: NDArray[np.float32] | None = None
    targets: NDArray[np.float32] | None = None
    sense: int = UNKNOWN
    severity: int = UNKNOWN
    offence: int = UNKNOWN
    hate: int = UNKNOWN
    weight: float = 1.0
    text: str = ""


def from_passage(row: LabelledPassage, labels: Labels, weight: float = 1.0) -> Example:
    """Turn a labelled passage into an example."""
    words = split_words(row.text, most=MOST_WORDS)
    known = {name: at for at, name in enumerate(labels.narratives)}
    narratives = np.zeros(len(known), np.float32)
    stances = np.full(len(known), UNKNOWN, np.int64)
    evidence = np.zeros((len(known), len(words.forms)), np.float32)
    told = np.zeros(len(known), np.float32)
    targets = np.zeros(len(labels.targets), np.float32)
    for one in row.annotations:
        for group in one.target_groups:
            if group in labels.targets:
                targets[labels.targets.index(group)] = 1
        if (at := known.get(one.narrative)) is None:
            continue
        narratives[at] = 1
        stances[at] = STANCES.index(one.stance)
        for start, end in one.evidence:
            inside = [max(start, first) < min(end, last) for first, last in words.spans]
            evidence[at] = np.maximum(evidence[at], np.array(inside, np.float32))
            told[at] = 1
    return Example(
        row.batch,
        row.lang,
        split_words(row.title or "", most=MOST_CONTEXT).forms,
        words.forms,
        narratives,
        stances,
        evidence,
        told,
        targets,
        labels.senses.index(row.sense or NO_SENSE),
        row.severity,
        weight=weight,
        text=row.text,
    )


def background(text: str, labels: Labels, group: str, lang: str, weight: float) -> Example:
    """Return ordinary text as an example without narrative, sense, target or severity."""
    words = split_words(text, most=MOST_WORDS).forms
    none = np.zeros(len(labels.narratives), np.float32)
    return Example(
        group, lang, (), words,
        narratives=none, stances=np.full(len(none), UNKNOWN, np.int64), evidence=np.zeros((len(none), len(words)), np.float32),
        told=none, targets=np.zeros(len(labels.targets), np.float32), sense=labels.senses.index(NO_SENSE), severity=UNKNOWN,
        weight=weight, text=text,
    )  # fmt: skip


def loosened(form: str, draw: random.Random) -> str:
    """Mistype a word as people do: a letter doubled, dropped, swapped with its neighbour, or dj and zh typed loosely."""
    if len(form) < 4 or not form.isalpha():
        return form
    at = draw.randrange(1, len(form) - 1)
    kind = draw.randrange(4)
    if kind == 0:
        return form[:at] + form[at] + form[at:]
    if kind == 1:
        return form[:at] + form[at + 1 :]
    if kind == 2:
        return form[:at] + form[at + 1] + form[at] + form[at + 2 :]
    return form.replace("dj", "d") if "dj" in form else form.replace("sh", "s")


def inputs_of(
    example: Example, draw: random.Random | None, *, mistyped: float = 0.0, without_context: float = 0.0
) -> tuple[list[str], int]:
    """Return the words given to the encoder, and where the passage begins; with `draw`, some words come mistyped."""
    context = list(example.context)
    if draw is not None and context and draw.random() < without_context:
        context = []
    words = list(example.words)
    if draw is not None and mistyped:
        words = [loosened(form, draw) if draw.random() < mistyped else form for form in words]
    head = [*context, SEPARATOR] if context else []
    return head + words, len(head)


def label_names(rows: Sequence[LabelledPassage], families: Mapping[str, str], least: int = 8) -> Labels:
    """Return the labels that have at least `least` rows."""
    counts: dict[str, int] = {}
    for row in rows:
        for name in {one.narrative for one in row.annotations}:
            counts[name] = counts.get(name, 0) + 1
    targets: dict[str, int] = {}
    for row in rows:
        for name in {group for one in row.annotations for group in one.target_groups}:
            targets[name] = targets.get(name, 0) + 1
    senses = sorted({row.sense for row in rows if row.sense})
    return Labels(
        tuple(name for name in families if counts.get(name, 0) >= least),
        (NO_SENSE, *senses),
        tuple(sorted(name for name, count in targets.items() if count >= least)),
    )
