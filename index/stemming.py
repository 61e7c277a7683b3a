"""Stems: one key for the forms of a folded word, in Albanian and in Serbian, the same for indexing, queries and highlighting.

Suffix rules learned from paradigms (`evaluation/stem_rules.py`) and measured on treebanks beside the Snowball stemmer, dictionary
expansion and prefixes (docs/query-language.md). The language of a typed word is not known, so its stems in both are tried; a text
is stemmed in its own language.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import resources
from typing import Literal, get_args

StemLanguage = Literal["sq", "sr"]
STEM_LANGUAGES: tuple[StemLanguage, ...] = get_args(StemLanguage)
RULES = {language: resources.files("index") / "data" / f"suffixes_{language}.tsv" for language in STEM_LANGUAGES}
WORD_START = "^"

_SERBIAN_CODES = frozenset({"sr", "bs", "hr", "cnr", "sh"})
_UNKNOWN_CODES = frozenset({"", "und", "mul"})
_ARTICLES = frozenset({"i", "e", "te", "se"})  # i kthyer, e kthyera, të kthyerit, së kthyerës: one adjective
_SHORTEST_STEM = 2
_LONGEST_WORD = 40  # characters; longer "words" are addresses and noise


def stem_languages(lang: str | None) -> tuple[StemLanguage, ...]:
    """Return the languages whose stems a text is given: its own, both where nobody knows it, none for a third language."""
    primary = (lang or "").lower().partition("-")[0]
    if primary == "sq":
        return ("sq",)
    if primary in _SERBIAN_CODES:
        return ("sr",)
    return STEM_LANGUAGES if primary in _UNKNOWN_CODES else ()


def stem_tokens(words: Iterable[str], language: StemLanguage) -> tuple[str, ...]:
    """Return the index tokens of folded words, one for each; those of two languages never meet."""
    return tuple(f"{language}:{stem(word, language)}" for word in words)


@lru_cache(maxsize=200_000)
def stem(word: str, language: StemLanguage) -> str:
    """Return the stem of a folded word; numbers and words of mixed signs stay as they are."""
    if len(word) > _LONGEST_WORD or not word.isalpha():
        return word
    if language == "sq" and word in _ARTICLES:
        return "i"
    rules, longest = _rules(language)
    whole = WORD_START + word
    for at in range(max(0, len(whole) - longest), len(whole)):
        if (rule := rules.get(whole[at:])) is not None:
            stripped, added = rule
            kept = word[: len(word) - stripped] + added
            return kept if len(kept) >= _SHORTEST_STEM else word
    return word


@cache
def _rules(language: StemLanguage) -> tuple[dict[str, tuple[int, str]], int]:
    """Return suffix -> how many letters go, what comes instead; and the length of the longest suffix."""
    rows = (line.split("\t") for line in RULES[language].read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    rules = {suffix: (int(stripped), added) for suffix, stripped, added in rows}
    return rules, max(map(len, rules), default=0)
