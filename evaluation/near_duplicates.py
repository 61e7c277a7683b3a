"""Passages that say the same: near-duplicates by MinHash, and stretches of words that two passages share.

MinHash and locality-sensitive hashing (Broder 1997) by datasketch find candidates; the similarity given is the exact Jaccard
index of folded character 5-grams, so that neither chance nor script nor diacritics decide. Ekavian and ijekavian count as one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from datasketch import MinHash, MinHashLSH

from eho.folding import fold_text

NEAR = 0.8
NGRAM = 8
_SHINGLE = 5
_PERMUTATIONS = 128
_CANDIDATE = 0.65  # of the hashing, under the threshold asked for: candidates are few and are then compared exactly
_WORD = re.compile(r"\w+")
_YAT = re.compile(r"ije|je")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two positions in the sequence of texts, the first before the second, and how alike they are (0 to 1)."""

    first: int
    second: int
    similarity: float


def near_duplicates(texts: Sequence[str], least: float = NEAR) -> list[Pair]:
    """Return every pair at or above the similarity, in order of position."""
    shingles = [_shingles(text) for text in texts]
    index = MinHashLSH(threshold=min(_CANDIDATE, least), num_perm=_PERMUTATIONS)
    pairs: list[Pair] = []
    for second, mine in enumerate(shingles):
        sketch = MinHash(num_perm=_PERMUTATIONS, seed=1)
        sketch.update_batch([shingle.encode() for shingle in mine])
        for first in sorted(index.query(sketch)):
            similarity = len(mine & shingles[first]) / len(mine | shingles[first])
            if similarity >= least:
                pairs.append(Pair(first, second, similarity))
        index.insert(second, sketch)
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def shared_ngrams(texts: Sequence[str], words: int = NGRAM) -> list[tuple[int, int, str]]:
    """Return the pairs of texts that share a stretch of so many folded words, with the first such stretch."""
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        folded = _WORD.findall(normalised(text))
        for gram in {tuple(folded[at : at + words]) for at in range(len(folded) - words + 1)}:
            holders[gram].append(number)
    found: dict[tuple[int, int], str] = {}
    for gram, numbers in holders.items():
        for at, first in enumerate(numbers):
            for second in numbers[at + 1 :]:
                key = (first, second)
                stretch = " ".join(gram)
                found[key] = min(found.get(key, stretch), stretch)
    return sorted((first, second, stretch) for (first, second), stretch in found.items())


def normalised(text: str) -> str:
    """Return the text as it is compared: folded, words only, yat forms as one."""
    return " ".join(_WORD.findall(_YAT.sub("e", fold_text(text))))


def _shingles(text: str) -> set[str]:
    plain = normalised(text)
    return {plain[at : at + _SHINGLE] for at in range(max(1, len(plain) - _SHINGLE + 1))}
