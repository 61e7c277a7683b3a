"""Marks what a query found in the text as stored: words, phrases, wildcards and fuzzy terms, whatever spelling was typed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.answers import Snippet
from index.nodes import Fuzzy, Phrase, Term, TextLeaf, Wildcard, pattern_of
from index.proximity import near
from index.stemming import StemLanguage, stem, stem_languages
from index.tokens import Words

Span = tuple[int, int]

WINDOW = 220  # characters: two lines of a result list


@dataclass(frozen=True, slots=True)
class Match:
    """A highlighted stretch and the number of the leaf that it answers."""

    start: int
    end: int
    leaf: int


def find_matches(text: str, leaves: Sequence[TextLeaf], field: str, lang: str | None = None) -> list[Match]:
    """Return where the leaves that may stand in a field (`title` or `text`) occur, in order, as offsets into `text`.

    Other forms of a word are marked as the index holds them, by the stems of the text's language.
    """
    wanted = [(number, leaf) for number, leaf in enumerate(leaves) if leaf.field in ("any", field)]
    found: list[Match] = []
    for exact in (False, True):
        group = [(number, leaf) for number, leaf in wanted if _is_exact(leaf) is exact]
        if group:
            words = Words.exact(text) if exact else Words.folded(text)
            places = _places(words.texts)
            for number, leaf in group:
                found += [Match(*words.span(first, last), number) for first, last in _find(leaf, words.texts, places)]
                found += [Match(*words.span(first, last), number) for first, last in _find_forms(leaf, places, lang)]
    return sorted(set(found), key=lambda match: (match.start, match.end))


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans in order, overlapping ones joined."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        elif start < end:
            result.append((start, end))
    return tuple(result)


def best_snippet(text: str, matches: Sequence[Match], *, window: int = WINDOW) -> Snippet:
    """Return the stretch of about `window` characters with most different leaves, then most matches; else the beginning."""
    if not matches:
        start, end = _to_words(text, 0, min(window, len(text)))
        return Snippet(text[start:end])
    starts = [match.start for match in matches]

    def worth(first: int) -> tuple[int, int, int]:
        inside = matches[first : bisect_right(starts, matches[first].start + window * 2 // 3)]
        return len({match.leaf for match in inside}), len(inside), -first

    best = max(range(len(matches)), key=worth)
    start = max(0, min(matches[best].start - window // 4, len(text) - window))
    end = min(len(text), max(start + window, matches[best].end))
    start, end = _to_words(text, start, end)
    inside = [match for match in matches[bisect_left(starts, start) :] if match.start < end]
    end = max(end, *(match.end for match in inside))
    spans = merge((match.start - start, match.end - start) for match in inside)
    return Snippet(text[start:end], spans)


def _is_exact(leaf: TextLeaf) -> bool:
    return isinstance(leaf, Phrase) and leaf.exact


def _places(texts: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for at, word in enumerate(texts):
        places[word].append(at)
    return places


def _find(leaf: TextLeaf, texts: Sequence[str], places: dict[str, list[int]]) -> list[tuple[int, int]]:
    """Return the first and last word of each match as typed."""
    if isinstance(leaf, Term):
        return [] if leaf.is_of_one_language else [(at, at) for at in places.get(leaf.text, ())]
    if isinstance(leaf, Wildcard):
        return [(at, at) for at in _matching(leaf.pattern, places)]
    if isinstance(leaf, Fuzzy):
        alike = [word for word in places if is_within(leaf.text, word, leaf.distance)]
        return [(at, at) for word in alike for at in places[word]]
    positions = [_matching(word, places) for word in leaf.words]
    return _in_a_row(positions) if leaf.slop == 0 else [(at, at) for at in sorted(near(positions, leaf.slop))]


def _in_a_row(positions: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    rest = [set(group) for group in positions[1:]]
    return [(at, at + len(rest)) for at in positions[0] if all(at + n in group for n, group in enumerate(rest, start=1))]


def _find_forms(leaf: TextLeaf, places: dict[str, list[int]], lang: str | None) -> list[tuple[int, int]]:
    """Return the first and last word of each match by stems."""
    if not isinstance(leaf, Term | Phrase):
        return []
    words = (leaf.text,) if isinstance(leaf, Term) else leaf.words
    found: list[tuple[int, int]] = []
    for language in stem_languages(lang):
        if language in leaf.forms_in:
            found += _in_a_row([_forms_of(word, language, places) for word in words])
    return found


def _forms_of(word: str, language: StemLanguage, places: dict[str, list[int]]) -> list[int]:
    wanted = stem(word, language)
    return sorted(at for known, found in places.items() if stem(known, language) == wanted for at in found)


def _matching(word: str, places: dict[str, list[int]]) -> list[int]:
    if "*" not in word:
        return places.get(word, [])
    pattern = pattern_of(word)
    return sorted(at for known, found in places.items() if pattern.fullmatch(known) for at in found)


@lru_cache(maxsize=50_000)  # the same words stand in most hits of a page
def is_within(wanted: str, word: str, distance: int) -> bool:
    """Tell whether at most `distance` edits, swaps of neighbours included, lead from one word to the other."""
    if abs(len(wanted) - len(word)) > distance:
        return False
    before: list[int] = []
    row = list(range(len(word) + 1))
    for i, char in enumerate(wanted, start=1):
        current = [i]
        for j, other in enumerate(word, start=1):
            best = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (char != other))
            if i > 1 and j > 1 and char == word[j - 2] and wanted[i - 2] == other:
                best = min(best, before[j - 2] + 1)
            current.append(best)
        before, row = row, current
        if min(row) > distance:
            return False
    return row[-1] <= distance


def _to_words(text: str, start: int, end: int) -> Span:
    """Move the ends of a stretch to the nearest space inside a few characters, so that no word is cut."""
    if start > 0 and (space := text.find(" ", start, start + 20)) >= 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", max(start, end - 20), end)) > start:
        end = space
    return start, end
