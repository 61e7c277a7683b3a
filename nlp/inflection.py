"""Endings of names: which forms a name takes in Albanian and in Serbian, in folded spelling with capitals kept.

Rules by ending, generous rather than exact: a form that nobody writes does no harm in a list of names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import product

from eho.folding import fold_text

_ACRONYM = re.compile(r"[A-Z]{2,}\w{0,3}|[A-Z]\w{0,2}[A-Z]+\w?")
_FLEETING = re.compile(r"\w{2}[b-df-hj-np-tvxz]a[kc]$")  # Račak, Račka; Glogovac, Glogovca; generous for Sandžak
_AFTER_HYPHEN = {
    "sq": ("i", "it", "in", "u", "ut", "un", "ja", "se", "ne", "a", "es", "en", "s", "e", "jes", "jen"),
    "sr": ("a", "u", "om", "em", "e", "i", "ov", "ova", "ovo", "ove", "ovi", "ovog", "ovom"),
}


def forms(name: str, language: str) -> set[str]:
    """Return all forms of a name as `gazetteer.yaml` writes it (see there for `=` and `+`), folded, capitals kept."""
    words = [fold_text(word, keep_case=True) for word in name.removeprefix("=").split()]
    if name.startswith("="):
        return {" ".join(words)}
    if len(words) == 1 and _ACRONYM.fullmatch(words[0]):
        return {words[0], *(f"{words[0]}-{ending}" for ending in _AFTER_HYPHEN[language])}
    rows = _albanian(words) if language == "sq" else _serbian(words)
    return {" ".join(row) for row in rows}


def _albanian(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    marked = any(word.startswith("+") for word in words)
    choices: list[Sequence[str]] = []
    for at, word in enumerate(words):
        bare = word.removeprefix("+")
        if word.startswith("+") or (at == 0 and not marked):
            choices.append(sorted(_albanian_word(bare, alone=len(words) == 1)))
        elif bare in ("i", "e"):
            choices.append((bare, "te", "se"))
        else:
            choices.append((bare.removeprefix("="),))
    return product(*choices)


def _albanian_word(word: str, *, alone: bool) -> set[str]:
    stem = word[:-1]
    if word.endswith("e"):
        return {word, *(stem + ending for ending in ("a", "es", "en", "eja", "ejes", "ejen"))}
    if word.endswith("a"):
        return {word, *(stem + ending for ending in ("e", "es", "en", *(("se", "ne", "") if stem.endswith("i") else ())))}
    if word.endswith("i"):
        return {word, word + "a", word + "se", word + "ne"} if alone else {word, stem + "it", stem + "in", word + "t", word + "n"}
    if word.endswith("u"):
        return {word, word + "t", word + "n"}
    if word.endswith("o"):
        return {word, word + "s", word + "n", word + "ja"}
    return {word, *(word + ending for ending in ("i", "it", "in", "u", "ut", "un"))}


def _serbian(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """Decline the words before the first one marked `=` together, case by case."""
    fixed = next((at for at, word in enumerate(words) if word.startswith("=")), len(words))
    tail = tuple(word.removeprefix("=") for word in words[fixed:])
    rows: set[tuple[str, ...]] = set()
    declined = [
        _serbian_word(word, last=at == fixed - 1) if word != "i" else (("i",),) * 5 for at, word in enumerate(words[:fixed])
    ]
    for case in range(5):
        rows |= {(*row, *tail) for row in product(*(word[case] for word in declined))}
    return rows


def _serbian_word(word: str, *, last: bool) -> tuple[Sequence[str], ...]:
    """Return nominative, genitive, dative and locative, accusative, instrumental."""
    stem = word[:-1]
    if word.endswith("a"):
        return (word,), (stem + "e",), (stem + "i", stem + "oj"), (stem + "u",), (stem + "om",)
    if word.endswith("o"):
        return (
            (word,), (stem + "a", stem + "og"), (stem + "u", stem + "om"), (word,), (stem + "om", stem + "im"),
        )  # fmt: skip
    if word.endswith("e"):
        return (
            (word,), (stem + "a", stem + "ih"), (stem + "u", stem + "im", stem + "ama"), (word,), (stem + "em", stem + "im"),
        )  # fmt: skip
    if word.endswith("i") and not last:
        return (word,), (stem + "og", stem + "ih"), (stem + "om", stem + "im"), (word, stem + "og", stem + "e"), (stem + "im",)
    if word.endswith("i"):
        return (word,), (stem + "a", word + "ja"), (stem + "ima", word + "ju"), (stem + "e", word + "ja"), (word + "jem",)
    stems = (word, word[:-2] + word[-1]) if _FLEETING.search(word) else (word,)
    genitive, dative = [stem + "a" for stem in stems], [stem + "u" for stem in stems]
    return (word,), genitive, dative, (word, *genitive), [stem + ending for stem in stems for ending in ("om", "em")]
