"""The baseline: character n-grams (TF-IDF) and one logistic regression per label, with evidence read off the weights.

Weights lie in safetensors, vocabulary and configuration in JSON; nothing is unpickled. Input is folded text, so every
script and spelling of a word meets the same features.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from eho.errors import ModelError
from eho.folding import fold_text
from models.configured import ConfiguredModel, sigmoid, softmax
from models.passages import NO_SENSE, PassageInput, PassagePrediction
from models.spans import best_words, word_gains
from models.vectors import Floats

WEIGHTS, _VOCABULARY = "weights.safetensors", "vocabulary.json"


@dataclass(frozen=True)
class Heads:
    """Linear heads over one feature space: `weights` (labels × features), `bias` (labels)."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats

    def scores(self, features: csr_matrix) -> Floats:
        """Return decision values, rows × labels."""
        return np.asarray(features @ self.weights.T + self.bias, dtype=np.float32)


@dataclass(frozen=True)
class Features:
    """Two TF-IDF vectorisers side by side: characters inside words, and word uni- and bigrams."""

    characters: TfidfVectorizer
    words: TfidfVectorizer

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Fold texts and return rows × (character + word features), each half of unit length."""
        folded = [fold_text(text) for text in texts]
        return csr_matrix(hstack([self.characters.transform(folded), self.words.transform(folded)]), dtype=np.float32)


def new_vectorizers(character_features: int, word_features: int) -> tuple[TfidfVectorizer, TfidfVectorizer]:
    """Return the two untrained vectorisers; their options are part of the model's format."""
    characters = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(2, 5),
        sublinear_tf=True,
        lowercase=False,
        max_features=character_features,
        dtype=np.float32,
    )
    words = TfidfVectorizer(
        token_pattern=r"\w+",  # noqa: S106 - no password
        ngram_range=(1, 2),
        sublinear_tf=True,
        lowercase=False,
        max_features=word_features,
        dtype=np.float32,
    )
    return characters, words


class LinearModel(ConfiguredModel):
    """A passage model of linear heads; see `models.passages.PassageModel`."""

    def __init__(self, config: Mapping[str, Any], features: Features, heads: Mapping[str, Heads]) -> None:
        super().__init__(config)
        self._features = features
        self._heads = dict(heads)
        self._families: dict[str, str] = dict(config["families"])
        self._calibration: dict[str, tuple[float, float]] = {
            key: (value[0], value[1]) for key, value in config["calibration"].items()
        }
        self._char_index = features.characters.vocabulary_
        self._word_index = features.words.vocabulary_
        self._char_idf = features.characters.idf_
        self._word_idf = features.words.idf_

    def predict(self, passages: Sequence[PassageInput]) -> list[PassagePrediction]:
        """Tag passages, in order."""
        if not passages:
            return []
        features = self.features([passage.text for passage in passages])
        probabilities = self.narrative_probabilities(features)
        labels = self._heads["narratives"].labels
        severities = self._heads["severity"].scores(features).argmax(axis=1)
        targets = sigmoid(self._heads["targets"].scores(features))
        nobody = self.sense_probabilities(features, [NO_SENSE])[:, 0]
        predictions = []
        for row, passage in enumerate(passages):
            listed = [
                (column, label)
                for column, label in enumerate(labels)
                if probabilities[row, column] >= self.thresholds(label).list_at
            ]
            stances = self.stances(features[row], [label for _, label in listed])
            predictions.append(
                PassagePrediction(
                    narratives={label: float(probabilities[row, column]) for column, label in enumerate(labels)},
                    stances=stances,
                    evidence={label: [self._evidence(passage.text, column)] for column, label in listed},
                    targets={label: float(targets[row, at]) for at, label in enumerate(self._heads["targets"].labels)},
                    severity=int(self._heads["severity"].labels[severities[row]]),
                    returns=float(1 - nobody[row]),
                )
            )
        return predictions

    def features(self, texts: Sequence[str]) -> csr_matrix:
        """Return the weighted n-grams of texts, one row each."""
        return self._features.transform(texts)

    def narrative_scores(self, features: csr_matrix, narratives: Sequence[str]) -> Floats:
        """Return raw decision values, rows × narratives; 0 for a narrative that the model does not know."""
        scores = self._heads["narratives"].scores(features)
        known = {label: at for at, label in enumerate(self._heads["narratives"].labels)}
        columns = [scores[:, known[name]] if name in known else np.zeros(len(scores), np.float32) for name in narratives]
        return np.stack(columns, axis=1).astype(np.float32)

    def narrative_probabilities(self, features: csr_matrix) -> Floats:
        """Return calibrated probabilities, rows × narratives (Platt scaling per family, fitted on folds left out)."""
        scores = self._heads["narratives"].scores(features)
        for column, label in enumerate(self._heads["narratives"].labels):
            slope, shift = self._calibration.get(self._families.get(label, ""), (1.0, 0.0))
            scores[:, column] = scores[:, column] * slope + shift
        return sigmoid(scores)

    def predict_sense(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Return sense (or `none`) -> probability for each text."""
        if not texts:
            return []
        senses = self._heads["sense"].labels
        probabilities = self.sense_probabilities(self.features(texts), senses)
        return [{sense: float(value) for sense, value in zip(senses, row, strict=True)} for row in probabilities]

    def sense_probabilities(self, features: csr_matrix, senses: Sequence[str]) -> Floats:
        """Return probabilities, rows × senses (or `none`); 0 for a sense that the model does not know."""
        head = self._heads["sense"]
        probabilities = softmax(head.scores(features))
        columns = [probabilities[:, head.labels.index(one)] if one in head.labels else probabilities[:, 0] * 0 for one in senses]
        return np.stack(columns, axis=1)

    def stances(self, features: csr_matrix, narratives: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return narrative -> stance -> probability for one row of features, for the narratives that the model knows."""
        narratives = [narrative for narrative in narratives if narrative in self._families]
        if not narratives:
            return {}
        head, families = self._heads["stance"], list(self._config["family_order"])
        rows = np.zeros((len(narratives), len(families)), dtype=np.float32)
        for at, narrative in enumerate(narratives):
            rows[at, families.index(self._families[narrative])] = 1.0
        stacked = csr_matrix(hstack([csr_matrix(np.repeat(features.toarray(), len(narratives), axis=0)), csr_matrix(rows)]))
        values = softmax(head.scores(stacked))
        return {
            narrative: {label: float(value) for label, value in zip(head.labels, row, strict=True)}
            for narrative, row in zip(narratives, values, strict=True)
        }

    def word_gains(self, text: str, narrative: str) -> dict[int, float]:
        """Return what each word adds to a narrative's score, by the word's first code point; empty for an unknown narrative."""
        labels = self._heads["narratives"].labels
        if narrative not in labels:
            return {}
        return {start: gain for (start, _), gain in self._gains(text, labels.index(narrative))}

    def _gains(self, text: str, column: int) -> list[tuple[tuple[int, int], float]]:
        weights = self._heads["narratives"].weights[column]
        return word_gains(text, lambda word: self._word_gain(word, weights), lambda pair: self._token_gain(pair, weights))

    def _evidence(self, text: str, column: int) -> tuple[int, int]:
        """Return the stretch of words that speaks most for a label: the maximum-sum run of the words' contributions."""
        return best_words(self._gains(text, column)) or (0, len(text))

    def _word_gain(self, word: str, weights: Floats) -> float:
        gain = self._token_gain(word, weights)
        for gram in _char_grams(word):
            at = self._char_index.get(gram)
            if at is not None:
                gain += float(weights[at] * self._char_idf[at])
        return gain

    def _token_gain(self, token: str, weights: Floats) -> float:
        at = self._word_index.get(token)
        return 0.0 if at is None else float(weights[len(self._char_idf) + at] * self._word_idf[at])


def save_linear(folder: Path, config: Mapping[str, Any], features: Features, heads: Mapping[str, Heads]) -> None:
    """Write `model.json`, `vocabulary.json` and `weights.safetensors` (8-bit weights, one scale a label) into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = save_features(folder, features)
    for name, head in heads.items():
        # in rows: safetensors writes the memory as it lies, and scikit-learn hands out columns
        scales = np.maximum(np.abs(head.weights).max(1), 1e-8) / 127
        arrays[f"{name}.weights"] = np.ascontiguousarray(np.round(head.weights / scales[:, None]), dtype=np.int8)
        arrays[f"{name}.scales"] = scales.astype(np.float32)
        arrays[f"{name}.bias"] = head.bias.astype(np.float32)
    (folder / WEIGHTS).write_bytes(save(arrays))
    write_json(folder / "model.json", {**config, "heads": {name: list(head.labels) for name, head in heads.items()}})


def load_linear(folder: Path) -> LinearModel:
    """Read a folder that `save_linear` wrote. Raises ModelError in one line where a file is missing or broken."""
    try:
        config = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        arrays = load_file(folder / WEIGHTS)
        heads = {
            name: Heads(tuple(labels), _weights(arrays, name), arrays[f"{name}.bias"].astype(np.float32))
            for name, labels in config["heads"].items()
        }
        return LinearModel(config, load_features(folder, arrays), heads)
    except Exception as error:  # safetensors raises its own error type; to the user every cause is one and the same
        raise ModelError(
            f"Model folder {folder} cannot be read ({type(error).__name__}: {error}); restore it or train it anew."
        ) from error


def _weights(arrays: Mapping[str, NDArray[Any]], name: str) -> Floats:
    weights = arrays[f"{name}.weights"].astype(np.float32)
    return weights * arrays[f"{name}.scales"][:, None] if f"{name}.scales" in arrays else weights  # older ones are float16


def save_features(folder: Path, features: Features) -> dict[str, NDArray[Any]]:
    """Write `vocabulary.json`; return the arrays that `load_features` needs among the weights."""
    kinds = {"characters": features.characters, "words": features.words}
    vocabulary = {name: sorted(one.vocabulary_, key=one.vocabulary_.__getitem__) for name, one in kinds.items()}
    write_json(folder / _VOCABULARY, vocabulary)
    return {f"{name}.idf": np.asarray(one.idf_, dtype=np.float32) for name, one in kinds.items()}


def load_features(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> Features:
    """Read what `save_features` wrote."""
    grams = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8"))
    kinds = ("characters", "words")
    vocabularies = [{gram: at for at, gram in enumerate(grams[name])} for name in kinds]
    return trained_features(vocabularies, [arrays[f"{name}.idf"] for name in kinds])


def trained_features(vocabularies: Sequence[Mapping[str, int]], idfs: Sequence[Floats]) -> Features:
    """Return vectorisers that know these n-grams, characters first, with these inverse document frequencies."""
    made = new_vectorizers(*map(len, vocabularies))
    for vectorizer, vocabulary, idf in zip(made, vocabularies, idfs, strict=True):
        vectorizer.vocabulary = vectorizer.vocabulary_ = dict(vocabulary)
        vectorizer.idf_ = idf
    return Features(*made)


def write_json(path: Path, value: object) -> None:
    """Write JSON in one line, as the model folders hold it."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=None, separators=(",", ":")) + "\n", encoding="utf-8")


@lru_cache(maxsize=50_000)
def _char_grams(word: str) -> tuple[str, ...]:
    """Return the n-grams that `char_wb` makes of one word, 2 to 5 characters."""
    padded = f" {word} "
    grams = []
    for size in range(2, 6):
        if size >= len(padded):
            grams.append(padded)
            break
        grams.extend(padded[at : at + size] for at in range(len(padded) - size + 1))
    return tuple(grams)
