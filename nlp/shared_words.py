"""Words that two texts share and that may be shown: none that could be somebody's name, none of a masking marker."""

from __future__ import annotations

from collections.abc import Mapping

from nlp.phrases import read_words, stop_words

_SHORTEST = 4


def ordinary_words(text: str) -> dict[str, str]:
    """Return the words that a text writes in lower case, folded, with their first spelling; stop words are left out."""
    stop = stop_words()
    found: dict[str, str] = {}
    for word in read_words(text):
        if len(word.folded) >= _SHORTEST and word.text[0].islower() and word.folded not in stop:
            found.setdefault(word.folded, word.text)
    return found


def shared_words(one: Mapping[str, str], other: Mapping[str, str], weights: Mapping[str, float], most: int = 6) -> list[str]:
    """Return the weighted words that both hold, in the spelling of `other`, those of most weight first."""
    shared = sorted(one.keys() & other.keys() & weights.keys(), key=lambda word: (-weights[word], word))
    return [other[word] for word in shared[:most]]
