"""Puts predictions beside labels: one table of rows × narratives for each thing that figures are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eho.codebook import Codebook
from evaluation.labelled import GoldAnnotation, LabelledRow
from evaluation.predictions import PredictedTag, Prediction

Flags = NDArray[np.bool_]
LEVELS = {"shown": "shown to readers", "listed": "shown or waiting for review"}


@dataclass(frozen=True, slots=True)
class Judged:
    """One row with what was predicted for its text; labels describe `text`, the title is context only."""

    row: LabelledRow
    prediction: Prediction
    tags: tuple[PredictedTag, ...]

    def tags_of(self, level: str) -> tuple[PredictedTag, ...]:
        """Return the tags of a level: `shown` to readers, or `listed` (those that wait for review too)."""
        return tuple(tag for tag in self.tags if tag.shown or level == "listed")


@dataclass(frozen=True)
class Matching:
    """Rows × narratives: what is labelled, what was predicted, with which score."""

    judged: tuple[Judged, ...]
    narratives: tuple[str, ...]
    families: dict[str, str]
    gold: Flags
    predicted: dict[str, Flags]
    scores: NDArray[np.float64]
    listed_scores: NDArray[np.float64]

    def columns_of(self, family: str) -> NDArray[np.intp]:
        """Return the columns of a family's narratives."""
        return np.array([at for at, one in enumerate(self.narratives) if self.families[one] == family], dtype=np.intp)

    def of_target(self, group: str) -> tuple[Flags, dict[str, Flags]]:
        """Return labels and tags that name a target group."""
        gold = np.zeros_like(self.gold)
        predicted = {level: np.zeros_like(self.gold) for level in LEVELS}
        at = {narrative: column for column, narrative in enumerate(self.narratives)}
        for number, one in enumerate(self.judged):
            for annotation in one.row.annotations:
                gold[number, at[annotation.narrative]] |= group in annotation.target_groups
            for level, flags in predicted.items():
                for tag in one.tags_of(level):
                    flags[number, at[tag.narrative]] |= group in tag.target_groups
        return gold, predicted

    def right_tags(self) -> Iterator[tuple[int, PredictedTag, tuple[GoldAnnotation, ...]]]:
        """Yield the likeliest listed tag of every narrative that a row does carry, with the row's annotations of it."""
        for number, one in enumerate(self.judged):
            seen: set[str] = set()
            for tag in sorted(one.tags, key=lambda tag: -tag.score):
                gold = tuple(item for item in one.row.annotations if item.narrative == tag.narrative)
                if gold and tag.narrative not in seen:
                    seen.add(tag.narrative)
                    yield number, tag, gold


def match(judged: Sequence[Judged], codebook: Codebook, scores: Sequence[Sequence[float]] | None = None) -> Matching:
    """Build the tables; `scores` (rows × narratives) default to the model's for each document's text.

    Raises KeyError for a label that the codebook does not know; `eho evaluate validate` names it.
    """
    narratives = tuple(narrative.id for narrative in codebook.narratives)
    at = {narrative: column for column, narrative in enumerate(narratives)}
    gold = np.zeros((len(judged), len(narratives)), dtype=np.bool_)
    predicted = {level: np.zeros_like(gold) for level in LEVELS}
    listed_scores = np.zeros(gold.shape)
    for number, one in enumerate(judged):
        for annotation in one.row.annotations:
            gold[number, at[annotation.narrative]] = True
        for tag in one.tags:
            column = at[tag.narrative]
            listed_scores[number, column] = max(listed_scores[number, column], tag.score)
            for level in LEVELS:
                predicted[level][number, column] |= tag.shown or level == "listed"
    if scores is None:
        scores = [[one.prediction.score(narrative) for narrative in narratives] for one in judged]
    return Matching(
        judged=tuple(judged),
        narratives=narratives,
        families={narrative.id: narrative.family for narrative in codebook.narratives},
        gold=gold,
        predicted=predicted,
        scores=np.array(scores, dtype=np.float64).reshape(gold.shape),
        listed_scores=listed_scores,
    )


def judge(rows: Sequence[LabelledRow], predictions: Sequence[Prediction]) -> list[Judged]:
    """Join rows with the predictions for documents made of them, in order."""
    return [
        Judged(row, prediction, tuple(tag for tag in prediction.tags if tag.field == "text"))
        for row, prediction in zip(rows, predictions, strict=True)
    ]
