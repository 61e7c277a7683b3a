"""What a passage model reads and what it answers: the one interface between models and the steps that use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

NO_SENSE = "none"


@dataclass(frozen=True, slots=True)
class PassageInput:
    """A passage of 4 to about 120 words as published, with the text around it (title, neighbouring passages)."""

    text: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class PassagePrediction:
    """Numbers for one passage.

    narratives: narrative id -> probability that it is present, whatever the stance.
    stances: narrative id -> stance -> probability, for the narratives at or above the model's listing threshold.
    evidence: narrative id -> spans `[start, end)` in code points of the passage's text, for the same narratives.
    targets: target group -> probability. severity: 0 to 6, of the passage's own voice.
    returns: probability that the passage speaks of somebody's return, whoever that is.
    """

    narratives: Mapping[str, float]
    stances: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    evidence: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    targets: Mapping[str, float] = field(default_factory=dict)
    severity: int = 0
    returns: float = 0.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`list_at`: listed from here on, marked for review; `show_at`: shown to readers from here on.

    `show_in_articles_at` takes the place of `show_at` in articles, where narratives are rarer than in comments: the same
    probability is more often wrong there.
    """

    list_at: float
    show_at: float
    show_in_articles_at: float | None = None

    def show_in(self, kind: str) -> float:
        """Return the probability from which a document of this kind shows the narrative."""
        return self.show_at if kind != "article" or self.show_in_articles_at is None else self.show_in_articles_at


class PassageModel(Protocol):
    """A tagger of passages. Implementations are stateless after loading and safe to call from several threads."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def codebook(self) -> str:
        """The tag of the codebook it was trained for."""

    @property
    def calibrated(self) -> bool: ...

    def thresholds(self, narrative: str) -> Thresholds:
        """Return the probabilities from which a narrative is listed and shown."""

    def predict(self, passages: Sequence[PassageInput]) -> list[PassagePrediction]:
        """Tag passages, in order."""

    def predict_sense(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Return sense (or `none`) -> probability for each text, which should hold the surrounding context."""
