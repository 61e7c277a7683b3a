"""From text as published to the pieces of a Hugging Face tokenizer, and from pieces back to words with their spans.

Evidence stays a run of words: each word of `split_words` is read off the vector of its first piece, so that offsets never
depend on the tokenizer. The passage comes first and its context second, joined as the tokenizer joins pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.encoder.words import Words, split_words
from models.tagger.examples import MOST_CONTEXT, MOST_WORDS

CONTEXT, OWN = 1, 2
_MOST_CHARACTERS = 4000  # 25 a word; what is longer is no text, and a megabyte without a space would hold a tokenizer up


@dataclass(frozen=True, slots=True)
class Cut:
    """A text in pieces. `words`: the passage's own words as far as the pieces reach; `firsts`: the place of the first piece of
    each of these and then of each of its context's words."""

    ids: list[int]
    types: list[int]
    words: Words
    firsts: list[int]


class PieceCutter:
    """Cuts texts into at most `most` pieces; safe to use from several threads."""

    def __init__(self, tokenizer: Tokenizer, *, most: int, pad: int) -> None:
        tokenizer.no_padding()
        tokenizer.enable_truncation(most, strategy="longest_first")
        self._tokenizer, self._pad = tokenizer, pad

    def to_json(self) -> str:
        """Return the tokenizer as `tokenizer.json` holds it."""
        return str(self._tokenizer.to_str())

    def cut(self, text: str, context: str = "", words: Words | None = None) -> Cut:
        """Cut a passage and its context; `words` where the passage's are known already."""
        words = _within(words or split_words(text[:_MOST_CHARACTERS], most=MOST_WORDS))
        around = _within(split_words(context[:_MOST_CHARACTERS], most=MOST_CONTEXT))
        shown = text[: words.spans[-1][1]] if words.spans else ""
        beside = context[: around.spans[-1][1]] if around.spans else ""
        pieces = self._tokenizer.encode(shown, beside) if beside else self._tokenizer.encode(shown)
        firsts, others = (_first_pieces(pieces, at, some) for at, some in enumerate((words, around)))
        kept = Words(words.forms[: len(firsts)], words.spans[: len(firsts)])
        return Cut(list(pieces.ids) or [self._pad], list(pieces.type_ids) or [0], kept, firsts + others)

    def batch(self, cuts: Sequence[Cut]) -> dict[str, NDArray[np.int64]]:
        """Return arrays `[texts, pieces]` ids, mask, types and `[texts, words]` firsts and parts (`OWN`, `CONTEXT`, 0 beyond)."""
        pieces, words = max(len(one.ids) for one in cuts), max(1, *(len(one.firsts) for one in cuts))
        arrays = {name: np.zeros((len(cuts), pieces), np.int64) for name in ("ids", "mask", "types")}
        arrays |= {name: np.zeros((len(cuts), words), np.int64) for name in ("firsts", "parts")}
        arrays["ids"] += self._pad
        for row, one in enumerate(cuts):
            own = len(one.words.forms)
            arrays["ids"][row, : len(one.ids)] = one.ids
            arrays["types"][row, : len(one.ids)] = one.types
            arrays["mask"][row, : len(one.ids)] = 1
            arrays["firsts"][row, : len(one.firsts)] = one.firsts
            arrays["parts"][row, : len(one.firsts)] = [OWN] * own + [CONTEXT] * (len(one.firsts) - own)
        return arrays


def _within(words: Words) -> Words:
    """Return the words that end within the characters that are read."""
    count = sum(1 for _ in takewhile(lambda span: span[1] <= _MOST_CHARACTERS, words.spans))
    return Words(words.forms[:count], words.spans[:count])


def _first_pieces(pieces: Any, sequence: int, words: Words) -> list[int]:
    """Return the place of each word's first piece, in order, until the pieces of the sequence are used up.

    A word that the tokenizer dropped (a control character, say) is read off the piece that follows it.
    """
    given = [
        (end, at)
        for at, ((start, end), of) in enumerate(zip(pieces.offsets, pieces.sequence_ids, strict=True))
        if of == sequence and end > start
    ]
    found, next_piece = [], 0
    for start, _ in words.spans:
        while next_piece < len(given) and given[next_piece][0] <= start:
            next_piece += 1
        if next_piece == len(given):
            break
        found.append(given[next_piece][1])
    return found
