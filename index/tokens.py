"""Words of a text: the same cut for indexing, for queries and for highlighting, so that what is found can be shown."""

from __future__ import annotations

import re
import unicodedata

from eho.folding import Folded, fold, fold_text

WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")  # letters and digits with the marks that combine with them
MOST_LETTERS = 120  # of a word that are compared: servers cut words at 255 UTF-16 units, and what is longer is noise
_MASK = re.compile(r"⟦[^⟦⟧]*⟧")  # the markers that stand for masked details are no words of the text


class Words:
    """The words of a text in the spelling that is compared; spans in the original are worked out when asked for."""

    def __init__(self, texts: list[str], spans: list[tuple[int, int]], folded: Folded | None) -> None:
        self.texts = texts
        self._spans = spans
        self._folded = folded

    @classmethod
    def folded(cls, text: str) -> Words:
        """Cut into folded words."""
        folded = fold(text)
        matches = list(WORD.finditer(unmasked(folded.text)))
        return cls([match.group()[:MOST_LETTERS] for match in matches], [match.span() for match in matches], folded)

    @classmethod
    def exact(cls, text: str) -> Words:
        """Cut into words as spelt."""
        matches = list(WORD.finditer(unmasked(text)))
        return cls([_exact(match.group())[:MOST_LETTERS] for match in matches], [match.span() for match in matches], None)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return the span in the original from one word to another, both included."""
        start, end = self._spans[first][0], self._spans[last][1]
        return (start, end) if self._folded is None else self._folded.to_original(start, end)


def folded_words(text: str) -> list[str]:
    """Return the folded words of a text."""
    return [word[:MOST_LETTERS] for word in WORD.findall(unmasked(fold_text(text)))]


def exact_words(text: str) -> list[str]:
    """Return the words as spelt, in lower case and NFC: script and diacritics kept."""
    return [word[:MOST_LETTERS] for word in WORD.findall(_exact(unmasked(text)))]


def _exact(word: str) -> str:
    return unicodedata.normalize("NFC", word).lower()


def unmasked(text: str) -> str:
    """Return the text with masking markers blanked out; offsets stay."""
    return _MASK.sub(lambda match: " " * len(match.group()), text) if "⟦" in text else text
