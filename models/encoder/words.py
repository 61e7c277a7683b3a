"""Words as bags of hashed character n-grams: how the shipped encoder reads text.

Comments are typed too loosely for subword vocabularies: a missing letter turns one known piece into four unknown ones.
Here every folded word is the mean of a vector of its own and of those of its character n-grams, all looked up by hash,
so that each spelling stays near the others (Bojanowski et al. 2017, fastText; El Boukkouri et al. 2020, CharacterBERT).
Folding has already made one spelling of scripts, diacritics and case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from eho.folding import fold

CLS, SEP, MASK, PAD = 0, 1, 2, 3
SPECIALS = 4
SEPARATOR = ""  # stands for [SEP] among the words of a text, between its context and itself
WORD_BUCKETS = 32_768
NGRAM_BUCKETS = 32_768
ROWS = SPECIALS + WORD_BUCKETS + NGRAM_BUCKETS
MOST_IDS = 24
_SHORTEST, _LONGEST = 3, 5
_LONGEST_WORD = 32
_WORD = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_DIGIT = re.compile(r"\d")
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text: folded forms, and the span `[start, end)` of each in code points of the original text."""

    forms: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


def split_words(text: str, *, most: int) -> Words:
    """Fold a text and split it into words, numbers and marks; keep the first `most`."""
    folded = fold(text)
    forms: list[str] = []
    spans: list[tuple[int, int]] = []
    for match in _WORD.finditer(folded.text):
        if len(forms) == most:
            break
        forms.append(match.group()[:_LONGEST_WORD])
        spans.append(folded.to_original(*match.span()))
    return Words(tuple(forms), tuple(spans))


def folded_words(folded: str, *, most: int) -> list[str]:
    """Split a text that is folded already, without spans (training reads millions of words)."""
    return [form[:_LONGEST_WORD] for form in _WORD.findall(folded)[:most]]


@lru_cache(maxsize=200_000)
def word_ids(form: str) -> tuple[int, ...]:
    """Return the rows of the table whose mean is the word's vector: its own, then its n-grams', at most `MOST_IDS`.

    Digits are one digit; numbers of the same length are one word. n-grams are of 3 to 5 characters of `<word>`.
    """
    form = _DIGIT.sub("0", form)
    rows = [SPECIALS + crc32(form.encode()) % WORD_BUCKETS]
    if len(form) > 1:
        marked = f"<{form}>"
        first = SPECIALS + WORD_BUCKETS
        rows.extend(
            first + crc32(marked[at : at + size].encode()) % NGRAM_BUCKETS
            for size in range(_SHORTEST, _LONGEST + 1)
            for at in range(len(marked) - size + 1)
        )
    return tuple(rows[:MOST_IDS])


def id_matrix(forms: Iterable[str]) -> tuple[Ids, NDArray[np.float32]]:
    """Return rows `[words, MOST_IDS]` (0 where unused) and weights of the same shape whose sum is one for each word."""
    rows = [word_ids(form) for form in forms]
    ids = np.zeros((len(rows), MOST_IDS), np.int64)
    weights = np.zeros((len(rows), MOST_IDS), np.float32)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        weights[at, : len(row)] = 1 / len(row)
    return ids, weights


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts as the encoder takes them. The words of all texts are listed once (`ids`, `weights`: `[unique, MOST_IDS]`);
    `places` `[texts, length]` points into them, and the four special rows come before them.
    """

    ids: Ids
    weights: NDArray[np.float32]
    places: Ids


def to_places(texts: Sequence[Sequence[str]]) -> tuple[Ids, list[str]]:
    """Return where each word of each text stands among the special rows and the unique words, and these words.

    `[CLS] words [SEP]`, padded to the longest.
    """
    index: dict[str, int] = {}
    width = max((len(words) for words in texts), default=0) + 2
    places = np.full((len(texts), width), PAD, np.int64)
    for row, words in enumerate(texts):
        places[row, 0] = CLS
        for column, form in enumerate(words, start=1):
            places[row, column] = SPECIALS + index.setdefault(form, len(index)) if form else SEP
        places[row, len(words) + 1] = SEP
    return places, list(index)


def to_batch(texts: Sequence[Sequence[str]]) -> Batch:
    """Put the words of texts into one batch."""
    places, unique = to_places(texts)
    ids, weights = id_matrix(unique)
    return Batch(ids, weights, places)
