"""Text with marked stretches, cut into pieces that a template can write one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_LINE = re.compile(r"[^\n]*\S[^\n]*")


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a field to be shown: `number` refers to an annotation in the list beside (0: house style, or blur alone)."""

    start: int
    end: int
    number: int
    veiled: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text under the same marks; `ends` are the numbers of the marks that end with it."""

    text: str
    numbers: tuple[int, ...] = ()
    veiled: bool = False
    ends: tuple[int, ...] = ()

    @property
    def is_numbered(self) -> bool:
        """True where more than house style, or a blur, lies on the run."""
        return any(self.numbers)


def pieces(text: str, marks: Iterable[Mark], *, offset: int = 0) -> list[Piece]:
    """Cut `text`, which begins at `offset` of its field, at every edge of a mark; marks may overlap or reach beyond it."""
    end = offset + len(text)
    inside = [mark for mark in marks if mark.start < end and mark.end > offset]
    edges = sorted({offset, end, *(min(max(edge, offset), end) for mark in inside for edge in (mark.start, mark.end))})
    cut = []
    for start, stop in pairwise(edges):
        over = [mark for mark in inside if mark.start <= start and mark.end >= stop]
        numbers = tuple(sorted({mark.number for mark in over}))
        ends = tuple(sorted({mark.number for mark in over if mark.end == stop and mark.number}))
        cut.append(Piece(text[start - offset : stop - offset], numbers, any(mark.veiled for mark in over), ends))
    return cut


def paragraphs(text: str, marks: Sequence[Mark]) -> list[list[Piece]]:
    """Cut a document's text into its paragraphs, and these into pieces."""
    return [pieces(line.group(), marks, offset=line.start()) for line in _LINE.finditer(text)]
