"""Script of an outlet: Serbian Latin text in Cyrillic letters, for copies, mirrors and page furniture."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SINGLE = dict(zip("abvgdđežzijklmnoprstćufhcčš", "абвгдђежзијклмнопрстћуфхцчш", strict=True))
_DIGRAPHS = {"lj": "љ", "nj": "њ", "dž": "џ"}
# Words in which n+j or d+ž are two sounds (Pravopis srpskoga jezika, section 2): the prefix ends between the letters.
_TWO_SOUNDS = re.compile(r"(in(?=jekc)|kon(?=jug|junk)|tan(?=jug)|nad(?=ž[ain])|od(?=ž[ia]))", re.IGNORECASE)
_TOKEN = re.compile(r"\b(?:UNHCR|KBC|RSS|https?://\S+|[\w.]+\.test)\b|lj|nj|dž|.", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"\w+")


def to_cyrillic(text: str) -> str:
    """Write Serbian Latin text in Cyrillic; addresses and acronyms that print keeps in Latin stay as they are."""
    return _TOKEN.sub(_letter, _TWO_SOUNDS.sub("\\1\0", text)).replace("\0", "")


def _letter(match: re.Match[str]) -> str:
    token = match.group()
    lowered = token.lower()
    letter = _DIGRAPHS.get(lowered) or _SINGLE.get(lowered)
    if letter is None:
        return token
    return letter.upper() if token[0].isupper() else letter


def replace_words(text: str, words: Mapping[str, str]) -> str:
    """Replace whole words, keeping a capital first letter: ekavian forms by ijekavian ones, for example."""

    def swap(match: re.Match[str]) -> str:
        word = match.group()
        other = words.get(word.lower())
        if other is None:
            return word
        if word.isupper() and len(word) > 1:
            return other.upper()
        return other[0].upper() + other[1:] if word[0].isupper() else other

    return _WORD.sub(swap, text)
