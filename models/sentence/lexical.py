"""The lexical part of a sentence vector: names and numbers, which are the same in both languages and which meaning blurs.

Folded character 4- and 5-grams of words, rare ones counting more, and numbers digit by digit, are added up as fixed random
signs (Weinberger et al. 2009; Achlioptas 2003), so that a dot product of two sums approximates what they share.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from models.vectors import Floats, unit

BUCKETS = 65_536
WIDTH = 192
SHARE = 0.2  # of the similarity, beside 1 for meaning; chosen on left-out translations and news: docs/sentence-encoder.md
_SIZES = (4, 5)
_NUMBER = 8.0
_RARER = 3  # exponent of the rarity weight
_SEED = 20261121
_REMEMBERED = 30_000


class LexicalSketch:
    """Sums of random signs for the words of a text; `rarity` `[BUCKETS]` weighs each n-gram. Safe in several threads."""

    def __init__(self, rarity: NDArray[np.floating]) -> None:
        self._rarity = np.asarray(rarity, np.float32)
        # the raw stream, not a distribution: only it is the same in every version of NumPy
        raw = np.random.PCG64(_SEED).random_raw(BUCKETS * WIDTH // 64).astype("<u8").view(np.uint8)
        self._signs = np.unpackbits(raw).reshape(BUCKETS, WIDTH).astype(np.int8) * 2 - 1
        self._known: OrderedDict[str, Floats] = OrderedDict()
        self._lock = Lock()

    def sketch(self, texts: Sequence[Sequence[str]]) -> Floats:
        """Return `[texts, WIDTH]`, unit length; zeros for a text without words and numbers. Each word of a text counts once."""
        summed = np.zeros((len(texts), WIDTH), np.float32)
        for at, words in enumerate(texts):
            for form in dict.fromkeys(words):
                if form.isalnum():
                    summed[at] += self._vector(form)
        return unit(summed)

    def _vector(self, form: str) -> Floats:
        with self._lock:
            if (known := self._known.get(form)) is not None:
                self._known.move_to_end(form)
                return known
        buckets = word_buckets(form)
        weights = np.full(len(buckets), _NUMBER, np.float32) if form.isdigit() else self._rarity[buckets]
        vector: Floats = weights @ self._signs[buckets].astype(np.float32)
        with self._lock:
            self._known[form] = vector
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return vector


def word_buckets(form: str) -> list[int]:
    """Return where the n-grams of a folded word are counted; a number is one, whatever its length, a letter alone none."""
    if form.isdigit():
        return [crc32(f"#{form}".encode()) % BUCKETS]
    marked = f"<{form}>" if len(form) > 1 else ""
    grams = (marked[at : at + size] for size in _SIZES for at in range(len(marked) - size + 1))
    return [crc32(gram.encode()) % BUCKETS for gram in grams]


def rarity_of(texts: Sequence[Sequence[str]]) -> Floats:
    """Return how rare each bucket is among the texts, 0 (in every text) to 1 (in none)."""
    counts = np.zeros(BUCKETS)
    for words in texts:
        counts[list({bucket for form in words if form.isalpha() for bucket in word_buckets(form)})] += 1
    shares = np.log((len(texts) + 1) / (counts + 1)) / np.log(len(texts) + 2)
    return np.asarray(shares**_RARER, np.float32)


def join(meaning: Floats, lexical: Floats) -> Floats:
    """Put both parts into one unit vector, so that the dot product is the weighted mean of both similarities."""
    return unit(np.concatenate([meaning, np.sqrt(np.float32(SHARE)) * lexical], axis=1))
