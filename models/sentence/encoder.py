"""What a sentence encoder answers, and the two kinds that run without PyTorch: a small network and a static table.

Both read folded words, so that script, diacritics and case cannot move a vector, and both add the lexical part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import onnxruntime

from eho.folding import fold_text
from models.configured import Configured
from models.encoder.table import WordTable
from models.encoder.words import SPECIALS, WORD_BUCKETS, folded_words, to_places, word_ids
from models.sentence.lexical import LexicalSketch, join
from models.vectors import Floats, unit

MOST_WORDS = 96
MOST_READ = 2048
_BATCH_PIECES = 32
_STATIC_BATCH = 1024


class SentenceEncoder(Protocol):
    """Texts to vectors of one space of meaning. Implementations keep no state and are safe to call from several threads."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def width(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return `[texts, width]`, unit length; zeros for a text without words, which is like nothing.

        A text of more than `MOST_WORDS` words is read in pieces (see `cut`); its vector is the mean of the pieces' unit
        vectors, each weighted by its words.
        """


def cut(words: int) -> list[tuple[int, int]]:
    """Return the pieces `[start, end)` in which a text of so many words is read.

    As few as hold `MOST_WORDS` each, of nearly equal length, so that none is a rest of three words. Words after
    `MOST_READ` are not read: a story's subject is told by then, and no page can hold up a search.
    """
    words = min(words, MOST_READ)
    pieces = -(-words // MOST_WORDS)
    edges = [round(at * words / pieces) for at in range(pieces + 1)] if pieces else []
    return list(pairwise(edges))


def in_pieces(lengths: Sequence[int], encode: Callable[[list[tuple[int, int, int]]], Floats], width: int) -> Floats:
    """Return vectors of whole texts from those of their pieces `(text, start, end)`, by the rule of `SentenceEncoder.encode`."""
    pieces = [(at, start, end) for at, words in enumerate(lengths) for start, end in cut(words)]
    summed = np.zeros((len(lengths), width), np.float32)
    if pieces:
        sizes = np.array([end - start for _, start, end in pieces], np.float32)
        np.add.at(summed, [at for at, _, _ in pieces], encode(pieces) * sizes[:, None])
    return unit(summed)


class _FoldedEncoder(Configured):
    """The splitting into folded words and the lexical part, which both shipped kinds share."""

    def __init__(self, config: Mapping[str, Any], lexical: LexicalSketch) -> None:
        super().__init__(config)
        self._lexical = lexical

    @property
    def width(self) -> int:
        return int(self._config["width"])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one unit vector a text; see `SentenceEncoder.encode`."""
        words = [folded_words(fold_text(text), most=MOST_READ) for text in texts]
        return in_pieces(
            [len(one) for one in words],
            lambda pieces: self._encode_pieces([words[at][start:end] for at, start, end in pieces]),
            self.width,
        )

    def _encode_pieces(self, pieces: Sequence[Sequence[str]]) -> Floats:
        return join(self._meaning(pieces), self._lexical.sketch(pieces))

    def _meaning(self, pieces: Sequence[Sequence[str]]) -> Floats:
        raise NotImplementedError


class OnnxSentenceEncoder(_FoldedEncoder):
    """The small network in ONNX Runtime; pooling and unit length are part of the network."""

    def __init__(
        self, config: Mapping[str, Any], table: WordTable, lexical: LexicalSketch, session: onnxruntime.InferenceSession
    ) -> None:
        super().__init__(config, lexical)
        self._table, self._session = table, session

    def _meaning(self, pieces: Sequence[Sequence[str]]) -> Floats:
        found = np.zeros((len(pieces), int(self._config["meaning"])), np.float32)
        order = sorted(range(len(pieces)), key=lambda at: len(pieces[at]))  # texts of one length share a batch: less padding
        for start in range(0, len(order), _BATCH_PIECES):
            chosen = order[start : start + _BATCH_PIECES]
            places, forms = to_places([pieces[at] for at in chosen])
            vectors = np.concatenate([self._table.specials, self._table.vectors(forms)])
            found[chosen] = self._session.run(None, {"vectors": vectors, "places": places})[0]
        return found


class StaticSentenceEncoder(_FoldedEncoder):
    """A table alone: the weighted sum of word vectors, rare words counting more (SIF, Arora et al. 2017)."""

    def __init__(
        self, config: Mapping[str, Any], table: WordTable, lexical: LexicalSketch, pooling: Mapping[str, Floats]
    ) -> None:
        super().__init__(config, lexical)
        self._table, self._weights = table, pooling["weights"]
        self._center, self._directions = pooling["center"], pooling["directions"]

    def _meaning(self, pieces: Sequence[Sequence[str]]) -> Floats:
        starts = range(0, len(pieces), _STATIC_BATCH)
        return np.concatenate([self._sums(pieces[start : start + _STATIC_BATCH]) for start in starts])

    def _sums(self, pieces: Sequence[Sequence[str]]) -> Floats:
        index: dict[str, int] = {}
        rows = [index.setdefault(form, len(index)) for words in pieces for form in words]
        forms = list(index)
        buckets = np.array([word_ids(form)[0] - SPECIALS for form in forms])
        vectors = self._table.vectors(forms) * self._weights[buckets % WORD_BUCKETS, None]
        edges = np.cumsum([0, *(len(words) for words in pieces[:-1])])
        summed = unit(np.add.reduceat(vectors[rows], edges, axis=0).astype(np.float32))
        centred = summed - self._center
        return unit(centred - centred @ self._directions.T @ self._directions)
