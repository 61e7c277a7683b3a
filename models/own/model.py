"""A trained own narrative: one label over n-grams and vectors, calibrated, with evidence read off the n-grams' weights."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save

from eho.annotation import Stance
from eho.errors import ModelError
from models.configured import ConfiguredModel, sigmoid, softmax
from models.linear import WEIGHTS, Features, Heads, load_features, save_features, write_json
from models.own.features import SentenceEncoder, find_sentence_encoder, probe_of, stacked, vectors_of
from models.passages import NO_SENSE, PassageInput, PassagePrediction
from models.spans import best_words, word_gains
from models.vectors import Floats

FORMAT = "eho-own-1"
_SAME_ENCODER = 0.999
_CHARACTERS, _WORDS = 0, 1


class OwnModel(ConfiguredModel):
    """A passage model of one narrative that a user defined; see `models.passages.PassageModel`."""

    def __init__(
        self,
        config: Mapping[str, Any],
        features: Features,
        present: Heads,
        stance: Heads | None = None,
        encoder: SentenceEncoder | None = None,
    ) -> None:
        super().__init__(config)
        self.narrative = str(config["narrative"])
        self._features = features
        self._present = present
        self._stance = stance
        self._encoder = encoder
        self._slope, self._shift = (float(value) for value in config["calibration"])
        self._grams_of = features.characters.build_analyzer()
        self._blocks = ((features.characters, 0), (features.words, len(features.characters.idf_)))

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Return the calibrated probability that each text carries the narrative."""
        return np.zeros(0, dtype=np.float32) if not texts else self._score(self._matrix(texts))

    def predict(self, passages: Sequence[PassageInput]) -> list[PassagePrediction]:
        """Tag passages, in order, with this narrative alone."""
        if not passages:
            return []
        texts = [passage.text for passage in passages]
        matrix = self._matrix(texts)
        listed_from = self.thresholds(self.narrative).list_at
        predictions = []
        for row, (text, score) in enumerate(zip(texts, self._score(matrix).tolist(), strict=True)):
            if score < listed_from:
                predictions.append(PassagePrediction({self.narrative: score}))
                continue
            predictions.append(
                PassagePrediction(
                    {self.narrative: score},
                    stances={self.narrative: self._stances(matrix[row])},
                    evidence={self.narrative: [self.evidence(text)]},
                )
            )
        return predictions

    def predict_sense(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Answer that nobody returns: an own narrative knows nothing of senses."""
        return [{NO_SENSE: 1.0} for _ in texts]

    def evidence(self, text: str) -> tuple[int, int]:
        """Return the run of words that speaks most for the narrative, as `[start, end)` of the text."""
        return best_words(word_gains(text, self._gain, lambda pair: self._gain_of(pair, _WORDS))) or (0, len(text))

    def _gain(self, word: str) -> float:
        return sum(self._gain_of(gram, _CHARACTERS) for gram in self._grams_of(word)) + self._gain_of(word, _WORDS)

    def _gain_of(self, gram: str, block: int) -> float:
        vectorizer, start = self._blocks[block]
        at = vectorizer.vocabulary_.get(gram)
        return 0.0 if at is None else float(self._present.weights[0, start + at] * vectorizer.idf_[at])

    def _matrix(self, texts: Sequence[str]) -> Any:
        return stacked([self._features.transform(texts)], vectors_of(self._encoder, texts))

    def _score(self, matrix: Any) -> Floats:
        return sigmoid(self._present.scores(matrix)[:, 0] * self._slope + self._shift)

    def _stances(self, row: Any) -> dict[str, float]:
        if self._stance is None:
            return {Stance.UNCLEAR.value: 1.0}
        values = softmax(self._stance.scores(row))[0]
        return {label: float(value) for label, value in zip(self._stance.labels, values, strict=True)}


def save_own(folder: Path, config: Mapping[str, Any], features: Features, present: Heads, stance: Heads | None) -> None:
    """Write `model.json`, `vocabulary.json` and `weights.safetensors` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = save_features(folder, features)
    for name, head in (("present", present), ("stance", stance)):
        if head is not None:
            arrays[f"{name}.weights"] = np.ascontiguousarray(head.weights, dtype=np.float32)
            arrays[f"{name}.bias"] = np.ascontiguousarray(head.bias, dtype=np.float32)
    (folder / WEIGHTS).write_bytes(save(arrays))
    write_json(folder / "model.json", {**config, "stances": [] if stance is None else list(stance.labels)})


def load_own(folder: Path) -> OwnModel:
    """Read a folder that `save_own` wrote. Raises ModelError in one line where a file or the sentence encoder is missing."""
    try:
        config = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        arrays = load_file(folder / WEIGHTS)
        present = Heads((str(config["narrative"]),), arrays["present.weights"], arrays["present.bias"])
        labels = tuple(config["stances"])
        stance = Heads(labels, arrays["stance.weights"], arrays["stance.bias"]) if labels else None
        return OwnModel(config, load_features(folder, arrays), present, stance, _encoder_for(folder, config))
    except ModelError:
        raise
    except Exception as error:  # safetensors raises its own error type; to the user every cause is one and the same
        raise ModelError(
            f"Own narrative in {folder} cannot be read ({type(error).__name__}: {error}); run eho codebook train "
            f"{folder.parent.name} anew."
        ) from error


def _encoder_for(folder: Path, config: Mapping[str, Any]) -> SentenceEncoder | None:
    """Return the sentence encoder that the model was trained with, None where it was trained without."""
    if not (wanted := config.get("encoder_probe")):
        return None
    encoder = find_sentence_encoder()
    found = [] if encoder is None else probe_of(encoder)
    if len(found) != len(wanted) or float(np.dot(found, wanted)) < _SAME_ENCODER:
        raise ModelError(
            f"Own narrative {config['narrative']!r} was trained with another sentence encoder than this installation has; "
            f"run eho codebook train {folder.parent.name} anew."
        )
    return encoder
