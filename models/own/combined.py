"""The model that tags, with a user's own narratives beside the codebook's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.own.library import version_with
from models.passages import PassageInput, PassageModel, PassagePrediction, Thresholds


class CombinedModel:
    """A passage model that answers with the base model's narratives and the own ones; sense and severity are the base's."""

    def __init__(self, base: PassageModel, own: Mapping[str, PassageModel]) -> None:
        self._base = base
        self._own = dict(own)
        self._version = version_with(base.version, {id: model.version for id, model in self._own.items()})

    @property
    def name(self) -> str:
        return self._base.name

    @property
    def version(self) -> str:
        return self._version

    @property
    def codebook(self) -> str:
        return self._base.codebook

    @property
    def calibrated(self) -> bool:
        return self._base.calibrated

    def thresholds(self, narrative: str) -> Thresholds:
        """Return the thresholds of the model that knows the narrative."""
        return self._own.get(narrative, self._base).thresholds(narrative)

    def predict(self, passages: Sequence[PassageInput]) -> list[PassagePrediction]:
        """Tag passages, in order, with every narrative."""
        answers = self._base.predict(passages)
        for model in self._own.values():
            answers = [_joined(base, own) for base, own in zip(answers, model.predict(passages), strict=True)]
        return answers

    def predict_sense(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Answer as the base model does."""
        return self._base.predict_sense(texts)


def _joined(base: PassagePrediction, own: PassagePrediction) -> PassagePrediction:
    return PassagePrediction(
        narratives={**base.narratives, **own.narratives},
        stances={**base.stances, **own.stances},
        evidence={**base.evidence, **own.evidence},
        targets=base.targets,
        severity=base.severity,
        returns=base.returns,
    )
