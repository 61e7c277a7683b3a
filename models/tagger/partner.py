"""The n-gram model beside the network: what it adds to the network's narratives, stances, sense and evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix

from models.encoder.words import Words
from models.linear import LinearModel
from models.vectors import Floats


@dataclass(frozen=True, slots=True)
class Shares:
    """How much the n-gram model's word counts, fitted on the dev rows (`models.tagger.tuning`).

    narratives: weight of its scores, added to the network's. evidence: weight of what it makes of each word, likewise.
    stances, sense: its share of the mean of both models' probabilities.
    """

    narratives: float = 0.0
    evidence: float = 0.0
    stances: float = 0.0
    sense: float = 0.0

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Read them from a configuration's entry about the partner."""
        return cls(**{name: float(config[name]) for name in cls.__slots__})


class Partner:
    """An n-gram model and its shares."""

    def __init__(self, model: LinearModel, shares: Shares) -> None:
        self.model, self.shares = model, shares

    def features(self, texts: Sequence[str]) -> csr_matrix:
        """Return the n-grams of passages, which the other methods ask for."""
        return self.model.features(texts)

    def add_to_narratives(self, scores: Floats, features: csr_matrix, labels: Sequence[str]) -> Floats:
        """Return the sum of both models' scores, passages × labels."""
        return np.asarray(scores + self.shares.narratives * self.model.narrative_scores(features, labels), np.float32)

    def mix_stances(self, own: Floats, features: csr_matrix, narratives: Sequence[str], stances: Sequence[str]) -> Floats:
        """Return the mean of both models' probabilities for one passage, narratives × stances."""
        mixed, share = own.copy(), self.shares.stances
        found = self.model.stances(features, narratives) if share else {}
        for at, narrative in enumerate(narratives):
            if narrative in found:
                mixed[at] = (1 - share) * own[at] + share * np.array([found[narrative].get(stance, 0.0) for stance in stances])
        return mixed

    def mix_sense(self, own: Floats, features: csr_matrix, senses: Sequence[str]) -> Floats:
        """Return the mean of both models' probabilities, texts × senses."""
        beside = self.model.sense_probabilities(features, senses)
        return np.asarray((1 - self.shares.sense) * own + self.shares.sense * beside, np.float32)

    def add_to_evidence(self, logits: Floats, text: str, words: Words, narrative: str) -> Floats:
        """Return the sum of both models' evidence for the words of one passage."""
        if not self.shares.evidence:
            return logits
        return np.asarray(logits + self.shares.evidence * gains_of(self.model, text, words, narrative)[: len(logits)], np.float32)


def gains_of(model: LinearModel, text: str, words: Words, narrative: str) -> Floats:
    """Return how much more than the mean of the passage each word speaks for a narrative, by the weights of its n-grams."""
    gains = model.word_gains(text, narrative)
    found = np.array([gains.get(start, 0.0) for start, _ in words.spans], np.float32)
    return found - found.mean() if len(found) else found
