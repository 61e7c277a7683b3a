"""The linear-chain model at work: weights by feature hash, and the best sequence of tags, in NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.entities.features import Memory, token_features
from models.entities.lexicon import Ids, Lexicon, found_in

Floats = NDArray[np.float32]
_NEVER = -1e4


@dataclass(frozen=True)
class Chain:
    """A conditional random field (Lafferty et al. 2001) over BIO tags: `states` `[features, tags]`, `steps` from tag to tag."""

    tags: tuple[str, ...]
    features: Ids  # sorted
    states: Floats
    steps: Floats
    lexicon: Lexicon

    def __post_init__(self) -> None:
        """Raise ValueError where the sizes do not belong together."""
        count = len(self.tags)
        if self.states.shape != (len(self.features), count) or self.steps.shape != (count, count):
            raise ValueError(f"weights {self.states.shape} and {self.steps.shape} are not of {count} tags")

    def tag(self, words: Sequence[str], memory: Memory | None = None) -> list[str]:
        """Return one tag a token, the sequence that is most probable as a whole; words are folded, with capitals kept.

        `memory`: of the document around, from `remembered`.
        """
        if not words:
            return []
        scores = self._scores(words, memory)
        scores[0, [tag.startswith("I-") for tag in self.tags]] = _NEVER
        return [self.tags[at] for at in best_path(scores, self._allowed)]

    def _scores(self, words: Sequence[str], memory: Memory | None) -> Floats:
        rows = token_features(words, self.lexicon, memory)
        sizes = [len(row) for row in rows]
        places, there = found_in(self.features, np.fromiter((key for row in rows for key in row), np.uint32, sum(sizes)))
        owners = np.repeat(np.arange(len(rows)), sizes)[there]
        scores = np.zeros((len(rows), len(self.tags)), np.float32)
        np.add.at(scores, owners, self.states[places[there]])
        return scores

    @cached_property
    def _allowed(self) -> Floats:
        """Return the steps with those ruled out that BIO does not know (I-LOC after B-PER)."""
        inside = [[tag.startswith("I-") and before[2:] != tag[2:] for tag in self.tags] for before in self.tags]
        return np.where(inside, np.float32(_NEVER), self.steps)


def best_path(scores: Floats, steps: Floats) -> list[int]:
    """Return the tags of the highest sum of scores and steps (Viterbi)."""
    best = scores[0].copy()
    back = np.zeros(scores.shape, np.intp)
    for at in range(1, len(scores)):
        reached = best[:, None] + steps
        back[at] = reached.argmax(0)
        best = reached[back[at], np.arange(len(best))] + scores[at]
    path = [int(best.argmax())]
    for at in range(len(scores) - 1, 0, -1):
        path.append(int(back[at, path[-1]]))
    return path[::-1]


def chain_from_arrays(tags: Sequence[str], arrays: Mapping[str, NDArray[np.generic]]) -> Chain:
    """Read a chain back from what `chain_to_arrays` gave. Raises KeyError or ValueError where a part is missing or odd."""
    whole, scales = np.asarray(arrays["states"]), np.asarray(arrays["scales"])
    return Chain(
        tuple(tags),
        np.asarray(arrays["features"]).astype(np.uint32),
        whole.astype(np.float32) * scales.astype(np.float32)[:, None],
        np.asarray(arrays["steps"]).astype(np.float32),
        Lexicon.from_arrays(arrays),
    )


def chain_to_arrays(chain: Chain) -> dict[str, NDArray[np.generic]]:
    """Return what is saved: each feature's weights as whole numbers up to 127 with a scale of their own."""
    scales = (np.abs(chain.states).max(1, initial=1e-4) / 127).astype(np.float16)
    whole = np.rint(chain.states / scales.astype(np.float32)[:, None]).clip(-127, 127).astype(np.int8)
    return {"features": chain.features, "states": whole, "scales": scales, "steps": chain.steps, **chain.lexicon.to_arrays()}
