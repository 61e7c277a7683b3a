"""Mentions of persons in one folded text: by recogniser, first name, initials, kinship and speech."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nlp.mask_words import is_first_name, is_listed, listed

_TOKEN = re.compile(r"[A-Za-z]+(?:[-'][A-Za-z]+)*|\d+|[^\w\s]")
_INITIAL = re.compile(r"[A-Z][a-z]?\.")
_SHORT_NAME = re.compile(r"(?<![\w.])[A-Z][a-z]?\.\s?[A-Z][a-z]?(?:\.|(?![\w.]))(?!\s?[A-Z][a-z]?\.\s?[A-Z]\b)")
_CAPITAL = re.compile(r"[A-Z][a-z']")
_NO_SURNAME = frozenset(
    {
        "u",
        "se",
        "ne",
        "nga",
        "me",
        "te",
        "i",
        "e",
        "iz",
        "na",
        "sa",
        "za",
        "od",
        "do",
        "po",
        "kod",
        "je",
        "su",
        "da",
        "bez",
        "para",
        "pas",
        "per",
        "dhe",
        "kthye",
        "kthyen",
        "vratila",
        "vratio",
        "dje",
        "sot",
        "juce",
        "danas",
    }
)
_LONGEST = 4  # words of one name


@dataclass(frozen=True, slots=True)
class Mention:
    """A name `[start, end)` of a folded text; `words` in lower case, initials with their full stop."""

    start: int
    end: int
    words: tuple[str, ...]
    is_sure: bool = True

    @property
    def is_short(self) -> bool:
        """True where nothing but initials stands, or a first name with an initial."""
        return any(word.endswith(".") or len(word) == 1 for word in self.words)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or mark of a folded text."""

    start: int
    end: int
    text: str

    @property
    def is_capital(self) -> bool:
        """True for a word that begins with a capital and goes on in small letters."""
        return _CAPITAL.match(self.text) is not None

    @property
    def lower(self) -> str:
        return self.text.lower()


def tokens_of(folded: str) -> list[Token]:
    """Cut a folded text into words, numbers and marks."""
    return [Token(*match.span(), match.group()) for match in _TOKEN.finditer(folded)]


def is_in_capitals(folded: str) -> bool:
    """True for a headline in capitals: its letters say nothing about names."""
    letters = [letter for letter in folded if letter.isalpha()]
    return len(letters) > 8 and sum(letter.isupper() for letter in letters) > 0.7 * len(letters)


def is_in_title_case(tokens: Sequence[Token]) -> bool:
    """True for a headline with a capital at nearly every word."""
    words = [token for token in tokens if len(token.text) > 3 and token.text.isalpha()]
    return len(words) > 4 and sum(token.is_capital for token in words) > 0.75 * len(words)


def find_mentions(
    folded: str, tokens: Sequence[Token], recognised: Iterable[tuple[int, int]], *, thorough: bool
) -> list[Mention]:
    """Return the persons named in a text, in order. `recognised`: spans of the recogniser; `thorough`: single names too."""
    found = [*_recognised(folded, recognised), *_by_first_name(folded, tokens), *_by_initials(folded)]
    if thorough:
        found += [*_by_neighbour(folded, tokens), *_pairs(folded, tokens)]
    return _joined(folded, found)


def opens_sentence(folded: str, at: int) -> bool:
    """True where a capital is owed to the start of a sentence."""
    before = folded[:at].rstrip(" \"'([-")
    return not before or before[-1] in ".!?:\n"


def _mention(folded: str, start: int, end: int, *, sure: bool = True) -> Mention:
    return Mention(start, end, tuple(word.lower() for word in re.findall(r"[A-Za-z][\w'-]*\.?", folded[start:end])), sure)


def _recognised(folded: str, spans: Iterable[tuple[int, int]]) -> Iterator[Mention]:
    for start, end in spans:
        parts = list(re.finditer(r"[A-Za-z][\w'-]*\.?", folded[start:end]))
        while parts and (is_listed("minor", parts[0].group()) or _is_role(parts[0].group())):
            parts.pop(0)  # "Maloletni E. H.", "Muftija Mevlud Dudić": the recogniser takes the word before along
        kept = 0
        while kept < min(len(parts), _LONGEST) and parts[kept].group()[0].isupper():
            kept += 1
        if kept:
            last = start + parts[kept - 1].end()
            if folded[last - 1] == "." and len(parts[kept - 1].group()) > 3:
                last -= 1
            yield _mention(folded, start + parts[0].start(), last)


def _is_role(word: str) -> bool:
    word = word.lower().rstrip(".")
    return is_listed("role_sq", word) or is_listed("role_sr", word)


def _by_first_name(folded: str, tokens: Sequence[Token]) -> Iterator[Mention]:
    for at, token in enumerate(tokens):
        if not token.is_capital or not is_first_name(token.text):
            continue
        end, last = token.end, at
        while last + 1 < len(tokens) and last - at < _LONGEST - 1:
            following = tokens[last + 1]
            if folded[end : following.start] != " " or following.lower in _NO_SURNAME or is_listed("places", following.lower):
                break
            initial = _INITIAL.match(folded, following.start)
            if initial is not None:
                end = initial.end()
                break
            if not following.is_capital:
                break
            last, end = last + 1, following.end
        yield _mention(folded, token.start, end, sure=end > token.end)


def _by_initials(folded: str) -> Iterator[Mention]:
    for match in _SHORT_NAME.finditer(folded):
        yield _mention(folded, *match.span())


def _by_neighbour(folded: str, tokens: Sequence[Token]) -> Iterator[Mention]:
    """Yield capitalised words beside a word of kinship or speech: "kaže Hilmo", "baka Zumra", "djali i saj, Muadhi"."""
    for at, token in enumerate(tokens):
        if not token.is_capital or is_listed("places", token.lower):
            continue
        before = [one.lower for one in tokens[max(0, at - 5) : at] if one.text not in "\"'"]
        near = before[-1:] if not before or before[-1] != "," else before[-2:-1]
        linked = bool(near) and (is_listed("kin", near[0]) or (before[-1] != "," and is_listed("speech", near[0])))
        owned = len(before) > 2 and before[-1] == "," and any(is_listed("kin", word) for word in before[-4:-1])
        if (linked or owned) and not _is_role(token.text):
            end, last = token.end, at
            while last + 1 < len(tokens) and tokens[last + 1].is_capital and folded[end : tokens[last + 1].start] == " ":
                last, end = last + 1, tokens[last + 1].end
            yield _mention(folded, token.start, end)


def _pairs(folded: str, tokens: Sequence[Token]) -> Iterator[Mention]:
    """Yield two or three capitalised words side by side inside a sentence, as full names are written."""
    at = 0
    while at < len(tokens):
        last = at
        while last + 1 < len(tokens) and _follows(folded, tokens[last], tokens[last + 1]):
            last += 1
        if last > at and last - at < 3:
            first = at + 1 if opens_sentence(folded, tokens[at].start) and not is_first_name(tokens[at].text) else at
            words = tokens[first : last + 1]
            if len(words) > 1 and not any(_is_no_name(one) for one in words):
                yield _mention(folded, words[0].start, words[-1].end, sure=False)
        at = last + 1


def _is_no_name(token: Token) -> bool:
    return is_listed("places", token.lower) or is_listed("bodies", token.lower) or _is_role(token.text)


def _follows(folded: str, one: Token, other: Token) -> bool:
    return one.is_capital and other.is_capital and folded[one.end : other.start] == " "


def _joined(folded: str, found: Iterable[Mention]) -> list[Mention]:
    """Join mentions that overlap."""
    joined: list[Mention] = []
    for one in sorted(found, key=lambda mention: (mention.start, -mention.end)):
        if joined and one.start < joined[-1].end:
            last = joined.pop()
            sure = last.is_sure or one.is_sure
            joined.append(_mention(folded, last.start, max(last.end, one.end), sure=sure) if one.end > last.end else last)
            if sure and not joined[-1].is_sure:
                joined[-1] = _mention(folded, joined[-1].start, joined[-1].end)
        else:
            joined.append(one)
    return joined


def remembered(folded: str) -> bool:
    """True for a sentence about the dead of history: a year before 2000, or a word of remembrance."""
    return re.search(r"\b1[0-9]\d\d\b", folded) is not None or listed("remembrance").search(folded.lower()) is not None
