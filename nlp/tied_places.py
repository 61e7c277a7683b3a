"""Schools and places below the municipality in one folded text: what leads to somebody whose name is masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nlp.contacts import Found
from nlp.mask_words import is_first_name, is_listed
from nlp.person_mentions import Token

_QUOTES = "\"'"
_LINKS = frozenset({"i", "e", "te", "se"})
_MOST_BEFORE_NAME = 5
_LONGEST_QUOTED = 60


def find_schools(folded: str, tokens: Sequence[Token]) -> Iterator[Found]:
    """Yield the names of schools and kindergartens, without the word for them."""
    for at, token in enumerate(tokens):
        if not is_listed("school", token.lower) or (token.lower == "os" and token.text != "OS"):
            continue
        after = at + 1
        while after < len(tokens) and after - at < _MOST_BEFORE_NAME and is_listed("school_between", tokens[after].lower):
            after += 1
        if (name := _name_at(folded, tokens, after)) is not None and not is_listed("places", folded[name[0] : name[1]].lower()):
            yield Found(*name, "school")


def find_villages(folded: str, tokens: Sequence[Token]) -> Iterator[Found]:
    """Yield what a word for village, hamlet or neighbourhood stands before: "fshatin e lindjes, Zllakuqan", "selo Vapa"."""
    for at, token in enumerate(tokens):
        if not is_listed("village", token.lower):
            continue
        after = at + 1
        if after < len(tokens) and tokens[after].lower in _LINKS:
            comma = next((one for one in range(after, min(len(tokens), after + 4)) if tokens[one].text == ","), None)
            after = after if comma is None else comma + 1
        if (name := _name_at(folded, tokens, after)) is not None:
            yield Found(*name, "place")


def find_unknown_places(
    folded: str, tokens: Sequence[Token], recognised: Iterable[tuple[int, int]], known: Iterable[tuple[int, int]]
) -> Iterator[Found]:
    """Yield places that neither gazetteer nor list knows as a municipality or more: by recogniser, or after a preposition."""
    stays = list(known)

    def stay(start: int, end: int) -> bool:
        listed = is_listed("places", folded[start:end].lower()) or is_listed("places", folded[start:end].lower().split()[0])
        return listed or any(one < end and start < other for one, other in stays)

    for start, end in recognised:
        words = folded[start:end].split()
        upper = words[0].split("-")[0].isupper()
        if words and words[0][:1].isupper() and not upper and not stay(start, end) and not is_listed("bodies", words[0].lower()):
            yield Found(start, end, "place")
    for at in range(1, len(tokens)):
        token, before = tokens[at], tokens[at - 1]
        if not token.is_capital or len(token.text) < 4 or not is_listed("preposition", before.lower):
            continue
        name = _name_at(folded, tokens, at)
        if name is None or token.text[1:] != token.text[1:].lower() or is_listed("bodies", token.lower):
            continue
        if not stay(token.start, token.end) and not stay(*name) and not is_first_name(token.text):
            yield Found(*name, "place")


def _name_at(folded: str, tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """Return the name that begins at a token: what stands in quotation marks, or capitalised words and what links them."""
    if at >= len(tokens):
        return None
    if tokens[at].text in _QUOTES:
        start = tokens[at].end
        end = next((place for place in range(start, len(folded)) if folded[place] in _QUOTES), -1)
        return (start, end) if 0 < end - start <= _LONGEST_QUOTED else None
    if not tokens[at].is_capital:
        return None
    last = at
    while last + 1 < len(tokens) and folded[tokens[last].end : tokens[last + 1].start] == " ":
        following = tokens[last + 1]
        linked = following.lower in _LINKS and last + 2 < len(tokens) and tokens[last + 2].is_capital
        if not (following.is_capital or linked) or last - at > 3:
            break
        if is_listed("places", tokens[last + 1 + linked].lower):
            break  # "Semetishtë i Suharekës": the municipality stays
        last += 2 if linked else 1
    return tokens[at].start, tokens[last].end
