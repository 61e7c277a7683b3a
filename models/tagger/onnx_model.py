"""The tagger at work: ONNX Runtime over composed word vectors, calibrated and thresholded as its configuration says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from eho.errors import ModelError
from models.configured import ConfiguredModel, sigmoid, softmax
from models.encoder.table import WordTable, load_table
from models.encoder.words import SEPARATOR, Words, split_words, to_places
from models.linear import WEIGHTS as LINEAR_WEIGHTS
from models.linear import load_linear
from models.onnx_session import open_session
from models.passages import NO_SENSE, PassageInput, PassagePrediction
from models.registry import shipped_file
from models.spans import best_run
from models.tagger.examples import MOST_CONTEXT, MOST_WORDS
from models.tagger.partner import Partner, Shares
from models.vectors import Floats

FORMAT = "eho-tagger-1"
WORDS, NETWORK = "words.safetensors", "tagger.onnx"
_BATCH = 32


@dataclass(frozen=True)
class Prepared:
    """A text as a reader cut it. `size`: how much the network has to read; `first`: where on the outputs' last axis its own
    words begin; `words`: these, as far as the network can read; `parts`: what the reader makes its inputs of."""

    size: int
    first: int
    words: Words
    parts: Any


class Reader(Protocol):
    """Turns texts into the inputs of a network; safe to use from several threads."""

    def prepare(self, text: str, context: str) -> Prepared:
        """Cut a text and what stands around it."""

    def inputs(self, texts: Sequence[Prepared]) -> dict[str, NDArray[Any]]:
        """Put texts into one batch."""


@dataclass(frozen=True)
class RawScores:
    """Logits: narratives `[passages, N]`, stances `[passages, N, stances]`, senses `[passages, senses]`, evidence `[N, words]`
    a passage, offence and hate `[passages, 2]`."""

    narratives: Floats
    stances: Floats
    senses: Floats
    evidence: list[Floats]
    public: Floats


class OnnxTagger(ConfiguredModel):
    """A passage model; see `models.passages.PassageModel`."""

    def __init__(
        self,
        config: Mapping[str, Any],
        reader: Reader,
        session: onnxruntime.InferenceSession,
        partner: Partner | None = None,
    ) -> None:
        super().__init__(config)
        self._reader, self._session, self._partner = reader, session, partner
        self._labels: tuple[str, ...] = tuple(config["narratives"])
        self._families: Mapping[str, str] = config["families"]
        calibration = [config["calibration"].get(self._families[label], [1.0, 0.0]) for label in self._labels]
        self._nobody = list(config["senses"]).index(NO_SENSE)
        self._slopes = np.array([slope for slope, _ in calibration], np.float32)
        self._shifts = np.array([shift for _, shift in calibration], np.float32)

    def predict(self, passages: Sequence[PassageInput]) -> list[PassagePrediction]:
        """Tag passages, in order."""
        prepared = [self._reader.prepare(one.text, one.context) for one in passages]
        answers: list[PassagePrediction | None] = [None] * len(passages)
        for places, output in self._run(prepared):
            texts = [passages[at].text for at in places]
            features = None if self._partner is None else self._partner.features(texts)
            scores = self._narratives(output["narratives"], features)
            probabilities = sigmoid(scores * self._slopes + self._shifts)
            senses = self._senses(output["sense"], features)
            for row, at in enumerate(places):
                mine = {name: values[row] for name, values in output.items()} | {"sense": senses[row]}
                listed = [at for at, label in enumerate(self._labels) if probabilities[row, at] >= self.thresholds(label).list_at]
                stances = self._stances(mine["stances"], listed, None if features is None else features[row])
                evidence = [self._evidence(texts[row], prepared[at], mine["evidence"][label], label) for label in listed]
                answers[at] = self._answer(probabilities[row], listed, stances, evidence, mine)
        return [answer for answer in answers if answer is not None]

    def predict_sense(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Return sense (or `none`) -> probability for each text."""
        answers: list[Mapping[str, float]] = [{}] * len(texts)
        for places, output in self._run([self._reader.prepare(text, "") for text in texts]):
            features = None if self._partner is None else self._partner.features([texts[at] for at in places])
            probabilities = self._senses(output["sense"], features)
            for row, at in enumerate(places):
                answers[at] = {name: float(value) for name, value in zip(self._config["senses"], probabilities[row], strict=True)}
        return answers

    def raw(self, passages: Sequence[PassageInput]) -> RawScores:
        """Return the network's scores before calibration and without the partner, in order."""
        prepared = [self._reader.prepare(one.text, one.context) for one in passages]
        count = len(passages)
        narratives = np.zeros((count, len(self._labels)), np.float32)
        stances = np.zeros((count, len(self._labels), len(self._config["stances"])), np.float32)
        senses = np.zeros((count, len(self._config["senses"])), np.float32)
        evidence: list[Floats] = [np.zeros((0, 0), np.float32)] * count
        public = np.zeros((count, 2), np.float32)
        for places, output in self._run(prepared):
            narratives[places], stances[places], senses[places] = output["narratives"], output["stances"], output["sense"]
            public[places] = np.stack([output["offence"], output["hate"]], axis=1)
            for row, at in enumerate(places):
                evidence[at] = self._own(prepared[at], output["evidence"][row])
        return RawScores(narratives, stances, senses, evidence, public)

    def _narratives(self, scores: Floats, features: csr_matrix | None) -> Floats:
        if self._partner is None or features is None:
            return scores
        return self._partner.add_to_narratives(scores, features, self._labels)

    def _senses(self, logits: Floats, features: csr_matrix | None) -> Floats:
        own = softmax(logits)
        if self._partner is None or features is None:
            return own
        return self._partner.mix_sense(own, features, self._config["senses"])

    def _stances(self, logits: Floats, listed: Sequence[int], features: csr_matrix | None) -> Floats:
        """Return the probabilities of the listed narratives' stances."""
        own = softmax(logits[listed])
        if self._partner is None or features is None:
            return own
        return self._partner.mix_stances(own, features, [self._labels[at] for at in listed], self._config["stances"])

    def _run(self, prepared: Sequence[Prepared]) -> Iterator[tuple[list[int], dict[str, Floats]]]:
        """Run texts of about the same length together; yield their places and the network's outputs."""
        order = sorted(range(len(prepared)), key=lambda at: prepared[at].size)
        names = [output.name for output in self._session.get_outputs()]
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            values = self._session.run(names, self._reader.inputs([prepared[at] for at in chosen]))
            yield chosen, dict(zip(names, values, strict=True))

    def _answer(
        self,
        probabilities: Floats,
        listed: Sequence[int],
        stances: Floats,
        evidence: Sequence[tuple[int, int]],
        output: Mapping[str, Floats],
    ) -> PassagePrediction:
        return PassagePrediction(
            narratives={label: float(value) for label, value in zip(self._labels, probabilities, strict=True)},
            stances={
                self._labels[at]: {name: float(value) for name, value in zip(self._config["stances"], row, strict=True)}
                for at, row in zip(listed, stances, strict=True)
            },
            evidence={self._labels[at]: [span] for at, span in zip(listed, evidence, strict=True)},
            targets={name: float(value) for name, value in zip(self._config["targets"], sigmoid(output["targets"]), strict=True)},
            severity=int((sigmoid(output["severity"]) >= 0.5).sum()),
            returns=1.0 - float(output["sense"][self._nobody]),
        )

    def _evidence(self, text: str, prepared: Prepared, logits: Floats, label: int) -> tuple[int, int]:
        """Return the run of words that was taken for evidence, in code points of the passage."""
        spans = prepared.words.spans
        if not spans:
            return 0, 0
        own = self._own(prepared, logits)
        if self._partner is not None:
            own = self._partner.add_to_evidence(own, text, prepared.words, self._labels[label])
        first, last = best_run([float(value) for value in own - self._config["evidence_at"]])
        return spans[first][0], spans[last][1]

    @staticmethod
    def _own(text: Prepared, logits: Floats) -> Floats:
        """Cut the passage's own words out of what the network says of a whole text (last axis)."""
        return logits[..., text.first : text.first + len(text.words.forms)]


class WordReader:
    """Reads for the small encoder: folded words, whose vectors are composed outside the network."""

    def __init__(self, table: WordTable) -> None:
        self._table = table

    def prepare(self, text: str, context: str) -> Prepared:
        """Cut a text into its words, after those of its context and a separator."""
        words = split_words(text, most=MOST_WORDS)
        around = split_words(context, most=MOST_CONTEXT).forms if context else ()
        forms = [*around, SEPARATOR, *words.forms] if around else list(words.forms)
        return Prepared(len(forms), 1 + len(forms) - len(words.forms), words, forms)

    def inputs(self, texts: Sequence[Prepared]) -> dict[str, NDArray[Any]]:
        """Return the vectors of the batch's words, where each stands, and where each passage begins."""
        places, unique = to_places([text.parts for text in texts])
        vectors = np.concatenate([self._table.specials, self._table.vectors(unique)])
        return {"vectors": vectors, "places": places, "starts": np.array([text.first for text in texts], np.int64)}


def load_tagger(folder: Path) -> OnnxTagger:
    """Read a tagger's folder. Raises ModelError as `load_with`."""
    return load_with(folder, lambda _: WordReader(load_table(folder / WORDS)))


def load_with(folder: Path, reader: Callable[[Mapping[str, Any]], Reader]) -> OnnxTagger:
    """Read the folder of a tagger that `reader` reads for, and the shipped n-gram model that it adds to its scores, if any.

    Raises ModelError in one line where a file is missing or broken, or a shipped one is not the one it was made with.
    """
    try:
        config = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        beside = config.get("partner")
        partner = Partner(load_linear(shipped_file(folder, beside, LINEAR_WEIGHTS).parent), Shares.of(beside)) if beside else None
        return OnnxTagger(config, reader(config), open_session(folder / NETWORK, config), partner)
    except ModelError:
        raise
    except Exception as error:  # ONNX Runtime and safetensors raise their own types; to the user every cause is one and the same
        raise ModelError(
            f"Model folder {folder} cannot be read ({type(error).__name__}: {error}); restore it or train it anew."
        ) from error
