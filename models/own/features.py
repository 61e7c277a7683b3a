"""What an own narrative's tagger reads: n-grams of the labelled passages and, where there is one, a sentence encoder's vector."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from eho.errors import EhoError
from eho.folding import fold_text
from models.linear import Features, Heads, new_vectorizers, trained_features
from models.vectors import Floats, unit

CHARACTER_FEATURES, WORD_FEATURES = 30_000, 10_000
_C = 30.0  # of 1, 10, 30 on three narratives in two languages with 40 + 40 labels: average precision 0.51, 0.52, 0.53
_SAME_STORY = 0.5  # Jaccard similarity of word pairs from which two passages may not stand on both sides of a fold
_PROBE = "Të kthyerit dhe fqinjët. Povratnici i komšije."  # its vector tells whether an encoder is the one trained with


class SentenceEncoder(Protocol):
    """Turns texts into vectors that are near where the meaning is, across languages."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one row a text."""


def find_sentence_encoder() -> SentenceEncoder | None:
    """Return the sentence encoder of this installation, None where there is none."""
    if importlib.util.find_spec("models.sentence") is None:
        return None
    try:
        encoder: SentenceEncoder = importlib.import_module("models.sentence").load_sentence_encoder()
    except (EhoError, ImportError, AttributeError, OSError):
        return None  # n-grams alone do, and the card says that no vectors were used
    return encoder


def vectors_of(encoder: SentenceEncoder | None, texts: Sequence[str]) -> Floats | None:
    """Return unit vectors, rows × width; None without an encoder."""
    if encoder is None:
        return None
    return unit(np.asarray(encoder.encode(list(texts)), dtype=np.float32))


def probe_of(encoder: SentenceEncoder) -> list[float]:
    """Return the vector by which an encoder is recognised."""
    found = vectors_of(encoder, [_PROBE])
    return [] if found is None else [round(float(value), 5) for value in found[0]]


@dataclass(frozen=True)
class Weighing:
    """Inverse document frequencies of one set of training rows; 0 for n-grams that its labelled rows lack."""

    characters: NDArray[np.float64]
    words: NDArray[np.float64]


class Counted:
    """N-gram counts of labelled and ordinary rows, taken once; every fold weighs them by its own training rows."""

    def __init__(self, labelled: Sequence[str], ordinary: Sequence[str], encoder: SentenceEncoder | None = None) -> None:
        folded = [fold_text(text) for text in (*labelled, *ordinary)]
        known = folded[: len(labelled)]  # the vocabulary: ordinary text would crowd out the n-grams that matter
        characters, words = new_vectorizers(CHARACTER_FEATURES, WORD_FEATURES)
        self._counts: list[csr_matrix] = []
        self._vocabularies: list[dict[str, int]] = []
        for pattern in (characters, words):
            counter = _counter(pattern).fit(known)
            self._counts.append(counter.transform(folded).tocsr())
            self._vocabularies.append(counter.vocabulary_)
        self._logged = [_sublinear(counts) for counts in self._counts]
        self.labelled = len(labelled)
        self.rows = len(folded)
        self.vectors = vectors_of(encoder, [*labelled, *ordinary])

    def weigh(self, labelled: NDArray[np.intp], ordinary: NDArray[np.intp]) -> Weighing:
        """Return weights from training rows; `labelled` and `ordinary` are row numbers."""
        every = np.concatenate([labelled, ordinary])
        return Weighing(*(_idf(counts, every, labelled) for counts in self._counts))

    def matrix(self, weighing: Weighing) -> csr_matrix:
        """Return all rows × features: characters, words, vectors, each block of unit length."""
        idfs = (weighing.characters, weighing.words)
        blocks: list[Any] = [
            normalize(logged @ diags(idf)).astype(np.float32) for logged, idf in zip(self._logged, idfs, strict=True)
        ]
        return stacked(blocks, self.vectors)

    def features(self, weighing: Weighing) -> Features:
        """Return the vectorisers that make the same n-gram features of new texts, without the n-grams of weight 0."""
        return trained_features(self._vocabularies, [idf.astype(np.float32) for idf in (weighing.characters, weighing.words)])


def stacked(blocks: Sequence[Any], vectors: Floats | None) -> csr_matrix:
    """Put blocks of features side by side."""
    dense = [] if vectors is None else [csr_matrix(vectors)]
    return csr_matrix(hstack([*blocks, *dense]), dtype=np.float32)


def fit_present(
    matrix: csr_matrix, truth: NDArray[np.int8], is_labelled: NDArray[np.bool_], seed: int
) -> tuple[NDArray[np.float64], float]:
    """Fit one label and return weights and bias; present, absent and ordinary rows weigh alike as wholes."""
    weights = np.zeros(len(truth))
    for chosen in (truth == 1, (truth == 0) & is_labelled, ~is_labelled):
        if chosen.any():
            weights[chosen] = is_labelled.sum() / chosen.sum()
    fitted = LogisticRegression(C=_C, max_iter=400, random_state=seed, solver="liblinear").fit(
        matrix, truth, sample_weight=weights
    )
    return fitted.coef_[0], float(fitted.intercept_[0])


def fit_stances(matrix: csr_matrix, stances: Sequence[str], seed: int) -> Heads:
    """Fit the stance of present rows."""
    fitted = LogisticRegression(C=_C, max_iter=400, random_state=seed, class_weight="balanced").fit(matrix, np.array(stances))
    weights, bias = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:  # one row of weights stands for both classes: half of it each way gives the same odds
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.array([-bias[0] / 2, bias[0] / 2])
    return Heads(tuple(str(one) for one in fitted.classes_), weights.astype(np.float32), bias.astype(np.float32))


def groups_of(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return a group number for each text; near-duplicates (of the folded words, transitively) share one."""
    if len(texts) < 2:
        return np.zeros(len(texts), dtype=np.int64)
    pairs = CountVectorizer(analyzer=_shingles, binary=True, dtype=np.int32)
    matrix = pairs.fit_transform(texts)
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    common = (matrix @ matrix.T).tocoo()
    union = sizes[common.row] + sizes[common.col] - common.data
    near = common.data >= _SAME_STORY * union
    common.data = near.astype(np.int32)
    common.eliminate_zeros()
    return np.asarray(connected_components(common, directed=False)[1], dtype=np.int64)


def _counter(like: Any) -> CountVectorizer:
    return CountVectorizer(
        analyzer=like.analyzer,
        ngram_range=like.ngram_range,
        token_pattern=like.token_pattern,
        lowercase=False,
        max_features=like.max_features,
        dtype=np.float32,
    )


def _sublinear(counts: csr_matrix) -> csr_matrix:
    logged = counts.copy()
    logged.data = 1 + np.log(logged.data)
    return logged


def _idf(counts: csr_matrix, every: NDArray[np.intp], labelled: NDArray[np.intp]) -> NDArray[np.float64]:
    frequency = np.diff(counts[every].tocsc().indptr)
    seen = np.diff(counts[labelled].tocsc().indptr) > 0
    return np.asarray(np.where(seen, np.log((1 + len(every)) / (1 + frequency)) + 1, 0.0))


def _shingles(text: str) -> list[str]:
    words = fold_text(text).split()
    return [f"{first} {second}" for first, second in pairwise(words)] or words or [""]
