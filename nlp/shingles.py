"""What two texts are compared by: folded words, their triples as MinHash, and the numbers that tell templates apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

from eho.folding import fold_text

PERMUTATIONS = 126  # 42 bands of 3 rows
LEAST_WORDS = 8  # shorter notices are alike by accident
_ROWS = 3
_SHINGLE = 3
_MOST_NUMBERS = 32
_LEAST_NUMBERS = 3
_WORD = re.compile(r"\w+")
# djeca and deca, vrijeme and vreme, video and vidio become one; both sides are treated alike, so nothing is lost
_YAT = re.compile(r"ije|je|io\b")
_MASK = re.compile(r"⟦[^⟦⟧]*⟧")
_THOUSANDS = re.compile(r"(?<=\d)[. ](?=\d{3}(?!\d))")
_YEAR = re.compile(r"(?:19|20)\d\d")

_ODD, _FACTOR = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)  # of splitmix64 (Steele et al. 2014)
_EMPTY = MinHash(num_perm=PERMUTATIONS, seed=1)  # its permutations are shared: drawing them takes as long as hashing a text

Signature = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A text as it is compared: its exact digest, how many distinct triples it has, their MinHash and its numbers."""

    digest: bytes
    shingles: int
    signature: Signature
    numbers: NDArray[np.uint32]

    def band_keys(self) -> list[int]:
        """Return one 64-bit key for each band of rows; texts with a key in common are candidates."""
        keys = np.arange(PERMUTATIONS // _ROWS, dtype=np.uint64)
        for row in self.signature.reshape(-1, _ROWS).T:
            keys = (keys + row + _ODD) * _FACTOR  # wraps around, as multiplicative hashing wants
            keys ^= keys >> np.uint64(29)
        return [int(key) for key in keys.view(np.int64)]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two texts are, estimated from their sketches: of both (Jaccard), and of the shorter in the longer."""

    jaccard: float
    containment: float
    same_numbers: bool


def compared_words(text: str) -> list[str]:
    """Return the words that are compared: one script, no diacritics, ekavian and ijekavian as one, masked details left out."""
    return _words(_folded(text))


def one_variety(word: str) -> str:
    """Return a folded word with ekavian and ijekavian forms as one."""
    return _YAT.sub(_one_yat, word)


def sketch(text: str) -> Sketch | None:
    """Return the sketch of a text; None where it has fewer than eight words."""
    folded = _folded(text)
    words = _words(folded)
    if len(words) < LEAST_WORDS:
        return None
    plain = " ".join(words)
    shingles = {" ".join(words[at : at + _SHINGLE]).encode() for at in range(len(words) - _SHINGLE + 1)}
    hashed = MinHash(num_perm=PERMUTATIONS, seed=1, permutations=_EMPTY.permutations, scheme=_EMPTY.scheme)
    hashed.update_batch(sorted(shingles))
    return Sketch(
        digest=blake2b(plain.encode(), digest_size=16).digest(),
        shingles=len(shingles),
        signature=np.asarray(hashed.hashvalues, dtype=np.uint32),
        numbers=_numbers(_THOUSANDS.sub("", folded)),
    )


def likeness(one: Sketch, other: Sketch) -> Likeness:
    """Compare two sketches (Broder 1997; containment from the Jaccard index and both sizes as in Zhu et al. 2016)."""
    jaccard = float(np.mean(one.signature == other.signature))
    shorter, both = min(one.shingles, other.shingles), one.shingles + other.shingles
    containment = min(1.0, jaccard * both / (1 + jaccard) / shorter)
    return Likeness(jaccard, containment, _agree(one.numbers, other.numbers))


def _folded(text: str) -> str:
    return fold_text(_MASK.sub(" ", text) if "⟦" in text else text)


def _words(folded: str) -> list[str]:
    return _WORD.findall(_YAT.sub(_one_yat, folded))


def _one_yat(match: re.Match[str]) -> str:
    return "eo" if match.group() == "io" else "e"


def _numbers(folded: str) -> NDArray[np.uint32]:
    """Return hashes of the distinct numbers, years left out: a sample that is the same for the same numbers."""
    found = {number for number in re.findall(r"\d+", folded) if not _YEAR.fullmatch(number)}
    hashes = sorted(int.from_bytes(blake2b(number.encode(), digest_size=4).digest(), "little") for number in found)
    return np.array(hashes[:_MOST_NUMBERS], dtype=np.uint32)


def _agree(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> bool:
    """Tell whether most numbers of the text with fewer stand in the other: a template filled again has others."""
    fewer = min(len(one), len(other))
    return fewer < _LEAST_NUMBERS or len(np.intersect1d(one, other)) >= fewer / 2
