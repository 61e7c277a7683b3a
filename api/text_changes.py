"""What a version of a text kept of the original and what it added, word by word, whatever script or variety either is in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from index.tokens import Words
from nlp.shingles import one_variety

_RUN = 3  # words: as in the clusters, a run of three shared words is no chance
_ADDED = 4  # words: a shorter stretch is a name, a number or a form
_SHARE_DIGITS = 3


def text_changes(original: str, version: str) -> dict[str, Any]:
    """Return the share of the original's words kept, the share of the version's words that are new, and where these stand.

    A word is kept where it stands in a run of three that both texts have, wherever it stands: reordered paragraphs are kept.
    `added` are spans of the version.
    """
    first, second = Words.folded(original), Words.folded(version)
    ours, theirs = ([one_variety(word) for word in words.texts] for words in (first, second))
    kept, old = _covered(ours, theirs), _covered(theirs, ours)
    return {
        "kept": _share(sum(kept), len(kept)),
        "new": _share(len(old) - sum(old), len(old)),
        "added": [list(second.span(start, end - 1)) for start, end in _runs(old)],
    }


def _covered(words: Sequence[str], others: Sequence[str]) -> list[bool]:
    """Tell for each word whether it stands in a run of three that the others have; very short texts by single words."""
    length = min(_RUN, len(words), len(others))
    known = {tuple(others[at : at + length]) for at in range(len(others) - length + 1)} if length else set()
    covered = [False] * len(words)
    for at in range(len(words) - length + 1):
        if length and tuple(words[at : at + length]) in known:
            covered[at : at + length] = [True] * length
    return covered


def _runs(covered: Sequence[bool]) -> Iterator[tuple[int, int]]:
    start = None
    for at, is_covered in enumerate([*covered, True]):
        if not is_covered and start is None:
            start = at
        elif is_covered and start is not None:
            if at - start >= _ADDED:
                yield start, at
            start = None


def _share(count: int, of: int) -> float | None:
    return round(count / of, _SHARE_DIGITS) if of else None
