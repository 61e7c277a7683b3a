"""How a headline differs from another on the same text, word by word, whatever script either is written in."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

from index.tokens import Words


def headline_difference(original: str, version: str) -> dict[str, Any]:
    """Return whether both say the same words, the spans of `version` that are new, and the words that it leaves out.

    `removed` are the spans of these in `original`.
    """
    first, second = Words.folded(original), Words.folded(version)
    new: list[list[int]] = []
    left_out: list[str] = []
    removed: list[list[int]] = []
    for kind, start, end, begin, stop in SequenceMatcher(None, first.texts, second.texts, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        if stop > begin:
            new.append(list(second.span(begin, stop - 1)))
        if end > start:
            at, until = first.span(start, end - 1)
            removed.append([at, until])
            left_out.append(original[at:until])
    return {"same": not new and not left_out, "new": new, "left_out": left_out, "removed": removed}
