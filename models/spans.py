"""Evidence as a run of words."""

from __future__ import annotations

from collections.abc import Sequence

_LEAST, _MOST = 3, 15


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
