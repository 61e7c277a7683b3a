"""Evidence as a run of words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from eho.folding import fold

_LEAST, _MOST = 3, 15
_WORD = re.compile(r"\w+")


def best_run(gains: Sequence[float]) -> tuple[int, int]:
    """Return (first, last) of the run of 3 to 15 words with the largest sum of gains (Kadane 1984). Needs one word at least."""
    best, found = float("-inf"), (0, min(len(gains), _LEAST) - 1)
    for first in range(len(gains)):
        total = 0.0
        for last in range(first, min(len(gains), first + _MOST)):
            total += gains[last]
            if last - first + 1 >= min(_LEAST, len(gains)) and total > best:
                best, found = total, (first, last)
    return found


def word_gains(text: str, gain: Callable[[str], float], pair_gain: Callable[[str], float]) -> list[tuple[tuple[int, int], float]]:
    """Return each word as `[start, end)` of the text, with what it says for a label.

    `gain`: what a folded word says for the label; `pair_gain`: what two neighbours say together, shared between them.
    """
    folded = fold(text)
    words = list(_WORD.finditer(folded.text))
    gains = [gain(word.group()) for word in words]
    for at, (word, following) in enumerate(pairwise(words)):
        half = pair_gain(f"{word.group()} {following.group()}") / 2
        gains[at] += half
        gains[at + 1] += half
    return [(folded.to_original(word.start(), word.end()), gain) for word, gain in zip(words, gains, strict=True)]


def best_words(gains: Sequence[tuple[tuple[int, int], float]]) -> tuple[int, int] | None:
    """Return the run of words that speaks most for a label, as `[start, end)` of the text; None without words."""
    if not gains:
        return None
    mean = sum(gain for _, gain in gains) / len(gains)
    first, last = best_run([gain - mean for _, gain in gains])
    return gains[first][0][0], gains[last][0][1]
