"""What is known of a word before any label is read: how dictionaries inflect it, how it is cased, which words are like it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint32]
COARSE = 8  # fine clusters to a coarse one, at most 256 coarse ones


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one word: dictionary class, habit of capitals, fine and coarse cluster; 0 where nothing is known."""

    paradigm: int = 0
    case: int = 0
    fine: int = 0
    coarse: int = 0


_NOTHING = Facts()


@dataclass(frozen=True)
class Lexicon:
    """Words by hash, sorted: `names` with their dictionary class, `words` with habit of capitals and cluster.

    No word is kept as it is written. `coarse` gives the coarse cluster of each fine one.
    """

    names: Ids
    paradigms: NDArray[np.uint8]
    words: Ids
    cases: NDArray[np.uint8]
    clusters: NDArray[np.uint16]
    coarse: NDArray[np.uint8]

    @classmethod
    def empty(cls) -> Lexicon:
        """Return the lexicon that knows nothing."""
        none, byte = np.zeros(0, np.uint32), np.zeros(0, np.uint8)
        return cls(none, byte, none, byte, np.zeros(0, np.uint16), np.zeros(1, np.uint8))

    @classmethod
    def from_words(
        cls,
        names: Mapping[str, int],
        words: Mapping[str, tuple[int, int]],
        coarse: Sequence[int],
    ) -> Lexicon:
        """Build it from dictionary classes of names, and from (habit of capitals, fine cluster) of words; all in lower case."""
        named = {crc32(word.encode()): number for word, number in names.items()}
        met = {crc32(word.encode()): both for word, both in words.items()}
        name_ids, word_ids = sorted(named), sorted(met)
        return cls(
            np.array(name_ids, np.uint32),
            np.array([named[one] for one in name_ids], np.uint8),
            np.array(word_ids, np.uint32),
            np.array([met[one][0] for one in word_ids], np.uint8),
            np.array([met[one][1] for one in word_ids], np.uint16),
            np.array(coarse, np.uint8),
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Lexicon:
        """Read it back from what `to_arrays` gave."""
        return cls(**{name: np.asarray(arrays[f"lexicon.{name}"]) for name in cls.__dataclass_fields__})

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays that weights are saved with."""
        return {f"lexicon.{name}": getattr(self, name) for name in self.__dataclass_fields__}

    def look_up(self, words: Iterable[str]) -> dict[str, Facts]:
        """Return what is known of each word; words are in lower case."""
        asked = sorted(set(words))
        keys = np.array([crc32(word.encode()) for word in asked], np.uint32)
        paradigms = _values(self.names, self.paradigms, keys)
        cases = _values(self.words, self.cases, keys)
        fine = _values(self.words, self.clusters, keys)
        coarse = self.coarse[fine]
        return {word: Facts(*map(int, row)) for word, *row in zip(asked, paradigms, cases, fine, coarse, strict=True)}


def found_in(known: Ids, keys: Ids) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return where each key stands in a sorted list, and whether it stands there at all."""
    if len(known) == 0:
        return np.zeros(len(keys), np.intp), np.zeros(len(keys), np.bool_)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return places, known[places] == keys


def _values(known: Ids, values: NDArray[np.generic], keys: Ids) -> NDArray[np.int64]:
    if len(known) == 0:
        return np.zeros(len(keys), np.int64)
    places, there = found_in(known, keys)
    return np.where(there, values[places].astype(np.int64), 0)
