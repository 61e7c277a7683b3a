"""Spellings that readers and writers use beside the published one, for training models that read text as it is typed."""

from __future__ import annotations

import random
from collections.abc import Callable

from eho.folding import fold_text

_BARE, _OTHER_SCRIPT = 0.2, 0.2
_PAIRS = ("dž џ", "lj љ", "nj њ")
_LATIN, _CYRILLIC = "abvgdđežzijklmnoprstćufhcčš", "абвгдђежзијклмнопрстћуфхцчш"
_LETTERS = str.maketrans(_LATIN + _LATIN.upper(), _CYRILLIC + _CYRILLIC.upper())
_BACK = str.maketrans(_CYRILLIC + _CYRILLIC.upper(), _LATIN + _LATIN.upper())


def respelled(lang: str, draw: random.Random) -> Callable[[str], str]:
    """Draw how a passage is spelled: as published, bare (no diacritics, Latin), or Serbian in its other script."""
    drawn = draw.random()
    if drawn < _BARE:
        return lambda word: fold_text(word, keep_case=True) or word
    if drawn < _BARE + _OTHER_SCRIPT and lang.startswith("sr"):
        return other_script
    return lambda word: word


def other_script(word: str) -> str:
    """Return a Serbian word in the other script; words with letters that neither alphabet has stay as they are."""
    if any("Ѐ" <= char <= "ӿ" for char in word):
        return _digraphs(word, to_cyrillic=False).translate(_BACK)
    if set(word.lower()) - set(_LATIN) and word.isalpha():
        return word
    return _digraphs(word, to_cyrillic=True).translate(_LETTERS)


def _digraphs(word: str, *, to_cyrillic: bool) -> str:
    for pair in _PAIRS:
        latin, cyrillic = pair.split()
        for one, other in ((latin, cyrillic), (latin.capitalize(), cyrillic.upper()), (latin.upper(), cyrillic.upper())):
            if to_cyrillic:
                word = word.replace(one, other)
            elif one != latin.upper():
                word = word.replace(other, one)
    return word
