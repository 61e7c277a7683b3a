"""Words near each other: what `"a b c"~5` means, for every engine and for what is marked.

All words of the phrase, in any order, each at a place of its own, with at most so many other words among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from index.nodes import pattern_of

MOST_PATTERNS = 4  # words of a phrase with `*` and `~`: an engine has to try their orders


def may_share_a_place(words: Sequence[str]) -> bool:
    """Tell whether one word of a text may stand for two words of the phrase, so that engines have to keep them apart."""
    return any(_meet(first, second) for first, second in combinations(words, 2))


def near(positions: Sequence[Sequence[int]], slop: int) -> set[int]:
    """Return the places of all matches; `positions`: where each word of the phrase stands, in order."""
    words_at: dict[int, list[int]] = {}
    for number, places in enumerate(positions):
        for place in places:
            words_at.setdefault(place, []).append(number)
    places = sorted(words_at)
    found: set[int] = set()
    end = 0
    for start, first in enumerate(places):
        while end < len(places) and places[end] - first < len(positions) + slop:
            end += 1
        inside = places[start:end]
        if _fill([words_at[place] for place in inside], len(positions)):
            found.update(inside)
    return found


def _fill(offers: Iterable[Sequence[int]], needed: int) -> bool:
    """Tell whether every word finds a place of its own (Kuhn's algorithm for matchings)."""
    rows = list(offers)
    if len({number for row in rows for number in row}) < needed or len(rows) < needed:
        return False
    taken: dict[int, int] = {}

    def place(row: int, seen: set[int]) -> bool:
        for number in rows[row]:
            if number not in seen:
                seen.add(number)
                if number not in taken or place(taken[number], seen):
                    taken[number] = row
                    return True
        return False

    return sum(place(row, set()) for row in range(len(rows))) >= needed


def _meet(first: str, second: str) -> bool:
    if "*" in first and "*" in second:
        return True
    return pattern_of(first).fullmatch(second) is not None or pattern_of(second).fullmatch(first) is not None
