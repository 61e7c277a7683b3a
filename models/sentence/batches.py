"""Pairs of sentences in two languages, and the batches of them: one pair of languages each, neighbours together."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eho.folding import fold_text
from models.encoder.sets import Translation
from models.encoder.words import folded_words

LANGUAGES = ("sq", "sr", "en")
SHARES: Mapping[tuple[str, str], float] = {("sq", "sr"): 0.5, ("sq", "en"): 0.2, ("sr", "en"): 0.3}
_LEAST, _MOST = 3, 64
_COUNTS_UP_TO = 24  # a pair is drawn by its length: interface strings of three words teach little about sentences
_OFTEN = 5  # news passages are few and the nearest to what is searched
_NEIGHBOURS = 3
_SAME = 0.97

Sentence = tuple[str, ...]
Pair = tuple[Sentence, Sentence]
Encode = Callable[[Sequence[Sentence]], NDArray[np.float32]]


@dataclass(slots=True)
class Pairs:
    """All pairs of two languages; `near` names, for some, the pairs that the present model takes for them most easily."""

    rows: list[Pair]
    weights: list[int]
    near: dict[int, list[int]] = field(default_factory=dict)
    drawn_by: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.drawn_by = list(
            accumulate(min(_length(row), _COUNTS_UP_TO) * weight for row, weight in zip(self.rows, self.weights, strict=True))
        )

    def draw(self, draw: random.Random, count: int) -> list[int]:
        """Return positions of pairs, longer ones more often."""
        return draw.choices(range(len(self.rows)), cum_weights=self.drawn_by, k=count)


def read_pairs(
    translations: Sequence[Translation], *, often: frozenset[Translation] = frozenset()
) -> dict[tuple[str, str], Pairs]:
    """Return folded pairs of 3 to 64 words by languages, each once; those of `often` are drawn `_OFTEN` times as often."""
    found: dict[tuple[str, str], dict[Pair, int]] = {languages: {} for languages in SHARES}
    for one in translations:
        words = {lang: tuple(folded_words(fold_text(getattr(one, lang)), most=_MOST)) for lang in LANGUAGES}
        for first, second in SHARES:
            if min(len(words[first]), len(words[second])) >= _LEAST and words[first] != words[second]:
                found[first, second][words[first], words[second]] = _OFTEN if one in often else 1
    return {languages: Pairs(list(rows), list(rows.values())) for languages, rows in found.items() if rows}


def mine(pairs: Pairs, encode: Encode, draw: random.Random, *, pool: int) -> None:
    """Note for a pool of pairs which others of the pool are nearest; those that say the same are not noted."""
    chosen = sorted(set(pairs.draw(draw, pool)))
    first = encode([pairs.rows[at][0] for at in chosen])
    second = encode([pairs.rows[at][1] for at in chosen])
    pairs.near = {}
    for start in range(0, len(chosen), 512):
        scores = first[start : start + 512] @ second.T
        right = np.arange(start, start + len(scores))
        alike = np.maximum(first[right] @ first.T, second[right] @ second.T)
        scores[alike > _SAME] = -1.0  # the same sentence in other words, or nearly: no wrong answer
        scores[np.arange(len(scores)), right] = -1.0
        nearest = np.argsort(-scores, axis=1)[:, :_NEIGHBOURS]
        for at, others in zip(right, nearest, strict=True):
            pairs.near[chosen[at]] = [chosen[other] for other in others]


def batch(pairs: Pairs, draw: random.Random, *, words: int, hard: float) -> list[Pair]:
    """Return distinct pairs of about one length, `words` in all; a share `hard` are mined pairs with their neighbours."""
    candidates = pairs.draw(draw, max(64, words // 4))
    middle = _length(pairs.rows[draw.choice(candidates)])
    chosen: dict[int, None] = {}
    left = float(words)
    if pairs.near:
        seeds = draw.sample(sorted(pairs.near), min(len(pairs.near), words // 8))
        left -= _fill(pairs, chosen, _by_length(pairs, seeds, middle), words * hard, with_near=True)
    _fill(pairs, chosen, _by_length(pairs, candidates, middle), left, with_near=False)
    return [pairs.rows[at] for at in chosen]


def same_sentences(rows: Sequence[Pair]) -> Tensor:
    """Return `[pairs, pairs]`: which pairs share a side."""
    sides = [np.array([hash(row[side]) for row in rows]) for side in (0, 1)]
    return torch.from_numpy((sides[0][:, None] == sides[0]) | (sides[1][:, None] == sides[1]))


def _fill(pairs: Pairs, chosen: dict[int, None], order: Sequence[int], most: float, *, with_near: bool) -> float:
    used = 0.0
    for at in order:
        for one in (at, *pairs.near.get(at, ())) if with_near else (at,):
            if one not in chosen:
                used += _length(pairs.rows[one]) * 2
                if used > most and len(chosen) > 8:
                    return used
                chosen[one] = None
    return used


def _by_length(pairs: Pairs, some: Sequence[int], middle: float) -> list[int]:
    return sorted(some, key=lambda at: abs(_length(pairs.rows[at]) - middle))


def _length(pair: Pair) -> int:
    return (len(pair[0]) + len(pair[1]) + 1) // 2 + 2
