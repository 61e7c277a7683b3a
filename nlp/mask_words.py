"""Word lists of masking, compiled once, and how two inflected forms of one name are recognised."""

from __future__ import annotations

import re
from functools import lru_cache

from nlp.lexicon import words

_LEXICON = "masking"
_ENDINGS_SQ = ("it", "in", "un", "ut", "es", "en", "se", "i", "u", "t", "n", "s", "e")
_ENDINGS_SR = ("om", "em", "in", "a", "u", "e", "i", "o")
_TAILS = frozenset(
    [
        "",
        *_ENDINGS_SQ,
        *_ENDINGS_SR,
        "oj",
        "og",
        "ov",
        "ova",
        "ovi",
        "ovo",
        "in",
        "ina",
        "ine",
        "ini",
        "inu",
        "im",
        "jes",
        "ja",
        "je",
        "ju",
    ]
)  # what is left of two forms of one name: Nakaš and nakon share as many letters, but no endings


@lru_cache(maxsize=64)
def listed(name: str) -> re.Pattern[str]:
    """Compile one list of `nlp/data/masking.yaml` for folded lower-case text; a `*` stands for any ending, inside phrases too."""
    parts = sorted(words(_LEXICON)[name], key=len, reverse=True)
    written = "|".join(re.escape(part).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for part in parts)
    return re.compile(rf"(?<!\w)(?:{written})(?!\w)")


@lru_cache(maxsize=200_000)
def is_listed(name: str, word: str) -> bool:
    """True where a whole folded word stands in a list."""
    return listed(name).fullmatch(word.lower()) is not None


@lru_cache(maxsize=1)
def _first_names() -> frozenset[str]:
    lists = words("first_names")
    return frozenset(name for language in ("sq", "sr") for name in lists[language])


@lru_cache(maxsize=50_000)
def is_first_name(word: str) -> bool:
    """True for a listed first name in any case of either language: Arbenit, Milicom, Marka."""
    word = word.lower()
    names = _first_names()
    if word in names:
        return True
    for ending in (*_ENDINGS_SQ, *_ENDINGS_SR):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2 and not names.isdisjoint((stem, stem + "a", stem + "o", stem + "e", stem + "i")):
            return True
    return len(word) > 4 and word[:-1].endswith("r") and f"{word[:-2]}ar" in names  # Petra, Lazara without the fleeting a


def is_same_word(one: str, other: str) -> bool:
    """True for two forms of one name: a common stem and short endings (Sveçla, Sveçlës; Marko, Marka)."""
    shorter = min(len(one), len(other))
    common = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    if common < max(2, shorter - 2) or (common < 3 and shorter > 3):
        return False
    return one[common:] in _TAILS and other[common:] in _TAILS
