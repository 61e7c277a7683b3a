"""Folding: one spelling for every spelling of a word, with the way back to the original.

`fold` maps Cyrillic to Latin, drops diacritics and invisible characters, unifies quotes, spaces and dashes, repairs
look-alike letters of the other script inside a word, and lowers case. Both engines and all models read folded text;
people read the original, so every folded span maps back to a span of the original.

đ, ђ and dj fold to `dj`; lj, nj, dž fold alike whether typed as one code point, two letters or Cyrillic. The looser
spellings d for đ and sh, ch for š, č are not folded: they would merge words (shka and čka).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate

_EXPLICIT = {
    # Serbian and Macedonian Cyrillic (Vuk's one-to-one romanisation; ISO 9 for the Macedonian letters without a Serbian twin)
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "ђ": "dj", "е": "e", "ж": "z", "з": "z", "и": "i", "ј": "j", "к": "k",
    "л": "l", "љ": "lj", "м": "m", "н": "n", "њ": "nj", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "ћ": "c", "у": "u",
    "ф": "f", "х": "h", "ц": "c", "ч": "c", "џ": "dz", "ш": "s", "ѓ": "gj", "ќ": "kj", "ѕ": "dz", "ѐ": "e", "ѝ": "i",
    # the other Cyrillic alphabets, so that a quoted Russian name is found too
    "й": "j", "ы": "y", "э": "e", "ю": "ju", "я": "ja", "щ": "sc", "ъ": "", "ь": "", "ё": "e", "є": "e",
    "і": "i", "ї": "i", "ґ": "g",
    # Latin letters that Unicode does not decompose
    "đ": "dj", "ð": "d", "ł": "l", "ø": "o", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th",
    # punctuation
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "″": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'", "ʼ": "'",
    "‹": "'", "›": "'", "`": "'", "´": "'", "–": "-", "—": "-", "‒": "-", "‐": "-", "‑": "-", "−": "-", "…": "...",
}  # fmt: skip

_LOOKALIKES = dict(zip("аеорсухјѕікмтнвАЕОРСУХЈЅІКМТНВ", "aeopcyxjsikmthbAEOPCYXJSIKMTHB", strict=True))
_LOOKALIKES_BACK = {latin: cyrillic for cyrillic, latin in _LOOKALIKES.items()}
_MIXED_WORD = re.compile(r"[^\W\d_]*(?:[A-Za-zÀ-ɏ][Ѐ-ӿ]|[Ѐ-ӿ][A-Za-zÀ-ɏ])[^\W\d_]*")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_BORDER = re.compile(r"[A-Za-zÀ-ɏ][Ѐ-ӿ]|[Ѐ-ӿ][A-Za-zÀ-ɏ]")
_CAPITAL_DIGRAPH = re.compile(r"(?<=[A-Z])(?:Lj|Nj|Dj|Dz)+|(?:Lj|Nj|Dj|Dz){2,}|(?:Lj|Nj|Dj|Dz)(?=[A-Z])")


class _Table(dict[int, str]):
    """A translation table that works out a code point the first time it is met."""

    def __init__(self, *, keep_case: bool) -> None:
        super().__init__()
        self._keep_case = keep_case

    def __missing__(self, code_point: int) -> str:
        value = self._fold_char(chr(code_point))
        self[code_point] = value
        return value

    def _fold_char(self, char: str) -> str:
        if (explicit := _EXPLICIT.get(char)) is not None:
            return explicit
        category = unicodedata.category(char)
        if category in ("Mn", "Me", "Cf"):
            return ""
        if category == "Zs":
            return " "
        lowered = char.lower()
        if len(lowered) == 1 and lowered != char:
            folded = self[ord(lowered)]
            return folded[:1].upper() + folded[1:] if self._keep_case else folded
        parts = unicodedata.normalize("NFKD", char if self._keep_case else char.casefold())
        if parts == char:
            return char
        return "".join(self[ord(part)] for part in parts)


_TABLES = {False: _Table(keep_case=False), True: _Table(keep_case=True)}


class _Irregular:
    """A pattern of all code points whose folded form is not one code point long, grown as they are met."""

    def __init__(self, table: _Table) -> None:
        self._table = table
        self._known = 0
        self._pattern = re.compile(r"(?!)")

    def pattern(self) -> re.Pattern[str]:
        if len(self._table) != self._known:
            chars = "".join(re.escape(chr(cp)) for cp, value in self._table.items() if len(value) != 1)
            self._pattern = re.compile(f"[{chars}]") if chars else re.compile(r"(?!)")
            self._known = len(self._table)
        return self._pattern


_IRREGULAR = {key: _Irregular(table) for key, table in _TABLES.items()}


class Folded:
    """Folded text with the map back to the original it was made from.

    The map lists only the stretches whose length changed, `(folded start, folded end, original start, original end)`;
    between them both texts run in step. It is worked out when first asked for: most texts are folded to be indexed and
    never mapped back, and the map costs as much as the folding.
    """

    __slots__ = ("_changes", "_keep_case", "_readable", "_starts", "original", "text")

    def __init__(
        self,
        text: str,
        original: str,
        *,
        readable: str | None = None,
        keep_case: bool = False,
        changes: list[tuple[int, int, int, int]] | None = None,
    ) -> None:
        self.text = text
        self.original = original
        self._readable = readable
        self._keep_case = keep_case
        self._changes = changes if changes is not None or readable is not None else []
        self._starts: list[int] = []

    def __repr__(self) -> str:
        return f"Folded({self.text!r}, {self.original!r})"

    def _map(self) -> list[tuple[int, int, int, int]]:
        if self._changes is None:
            self._changes = _changes(self._readable or "", _TABLES[self._keep_case], _IRREGULAR[self._keep_case].pattern())
        if len(self._starts) != len(self._changes):
            self._starts = [change[0] for change in self._changes]
        return self._changes

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Map the folded span `[start, end)` to the smallest original span that produced it.

        A span that cuts through an expanded character (the d of đ) covers that character whole; marks that combine
        with the last character are included. Raises ValueError unless 0 <= start <= end <= len(self.text).
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"span [{start}, {end}) does not lie in a folded text of {len(self.text)} characters")
        first = self._start_of(start)
        if start == end:
            return first, first
        last = self._end_of(end)
        while last < len(self.original) and unicodedata.combining(self.original[last]):
            last += 1
        return first, last

    def to_folded(self, start: int, end: int) -> tuple[int, int]:
        """Map an original span to the folded span that it produced (empty where all of it was dropped).

        Raises ValueError unless 0 <= start <= end <= len(self.original).
        """
        if not 0 <= start <= end <= len(self.original):
            raise ValueError(f"span [{start}, {end}) does not lie in an original of {len(self.original)} characters")
        first = self._folded_at(start, up=False)
        return first, max(first, self._folded_at(end, up=True)) if end > start else first

    def _start_of(self, position: int) -> int:
        changes = self._map()
        at = bisect_right(self._starts, position) - 1
        if at < 0:
            return position
        _, folded_end, original_start, original_end = changes[at]
        return original_start if position < folded_end else original_end + position - folded_end

    def _end_of(self, position: int) -> int:
        changes = self._map()
        at = bisect_right(self._starts, position - 1) - 1
        if at < 0:
            return position
        _, folded_end, _, original_end = changes[at]
        return original_end if position - 1 < folded_end else original_end + position - folded_end

    def _folded_at(self, position: int, *, up: bool) -> int:
        changes = self._map()
        at = bisect_right(changes, position - 1, key=lambda change: change[2]) - 1
        if at < 0:
            return position
        folded_start, folded_end, _, original_end = changes[at]
        if position >= original_end:
            return folded_end + position - original_end
        return folded_end if up else folded_start


def fold(text: str, *, keep_case: bool = False) -> Folded:
    """Fold a text and keep the offsets; `keep_case` leaves capitals for models that read them."""
    if text.isascii():
        plain = text if keep_case else text.lower()
        return Folded(plain.replace("`", "'"), text)
    if not unicodedata.is_normalized("NFC", text):
        return _fold_decomposed(text, keep_case=keep_case)
    readable = _repair_lookalikes(text)
    folded = readable.translate(_TABLES[keep_case])
    if keep_case:
        folded = _CAPITAL_DIGRAPH.sub(lambda match: match.group().upper(), folded)
    return Folded(folded, text, readable=readable, keep_case=keep_case)


def fold_text(text: str, *, keep_case: bool = False) -> str:
    """Fold a text without offsets; equals `fold(text).text`."""
    if not text.isascii():
        text = _repair_lookalikes(unicodedata.normalize("NFC", text))
    folded = text.translate(_TABLES[keep_case])
    return _CAPITAL_DIGRAPH.sub(lambda match: match.group().upper(), folded) if keep_case and not text.isascii() else folded


def _changes(text: str, table: _Table, irregular: re.Pattern[str]) -> list[tuple[int, int, int, int]]:
    places = [match.start() for match in irregular.finditer(text)]
    widths = [len(table[ord(text[at])]) for at in places]
    shifts = accumulate((width - 1 for width in widths), initial=0)
    return [(at + shift, at + shift + width, at, at + 1) for at, width, shift in zip(places, widths, shifts, strict=False)]


def _fold_decomposed(text: str, *, keep_case: bool) -> Folded:
    """Fold text that is not NFC: compose it cluster by cluster, then join both maps."""
    composed: list[str] = []
    origin: list[int] = []  # original offset of each composed character, plus the end
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        piece = unicodedata.normalize("NFC", text[start:end])
        composed.append(piece)
        origin.extend([start] * len(piece))
        start = end
    origin.append(len(text))
    joined = "".join(composed)
    if not unicodedata.is_normalized("NFC", joined):  # clusters that compose with each other (Hangul): map them as a whole
        inner = fold(unicodedata.normalize("NFC", text), keep_case=keep_case)
        return Folded(inner.text, text, changes=[(0, len(inner.text), 0, len(text))])
    inner = fold(joined, keep_case=keep_case)
    return Folded(inner.text, text, changes=_compose_maps(inner, origin))


def _compose_maps(inner: Folded, origin: list[int]) -> list[tuple[int, int, int, int]]:
    changes: list[tuple[int, int, int, int]] = []
    size = len(inner.text)
    for at in range(size):
        start, end = inner.to_original(at, at + 1)
        first, last = origin[start], origin[end]
        if changes and changes[-1][2] == first:
            previous = changes[-1]
            changes[-1] = (previous[0], at + 1, first, max(previous[3], last))
            continue
        _note_dropped(changes, at, first)
        changes.append((at, at + 1, first, max(last, first + 1)))
    _note_dropped(changes, size, origin[-1])
    return changes


def _note_dropped(changes: list[tuple[int, int, int, int]], at: int, until: int) -> None:
    """Add what folding dropped (soft hyphens) between the last change and `until` of the original."""
    behind = changes[-1][3] if changes else 0
    if until > behind:
        changes.append((at, at, behind, until))


def _repair_lookalikes(text: str) -> str:
    """Put words typed with look-alike letters of the other script into one script, length unchanged."""
    if _CYRILLIC.search(text) is None or _BORDER.search(text) is None:
        return text
    return _MIXED_WORD.sub(lambda match: _repair_word(match.group()), text)


def _repair_word(word: str) -> str:
    cyrillic = [char for char in word if "Ѐ" <= char <= "ӿ"]
    latin = [char for char in word if not "Ѐ" <= char <= "ӿ"]
    foreign_in_latin = all(char in _LOOKALIKES for char in cyrillic)
    foreign_in_cyrillic = all(char in _LOOKALIKES_BACK for char in latin)
    if foreign_in_latin and foreign_in_cyrillic:
        foreign_in_latin = len(latin) > len(cyrillic)
        foreign_in_cyrillic = not foreign_in_latin
    if foreign_in_latin:
        return "".join(_LOOKALIKES.get(char, char) for char in word)
    if foreign_in_cyrillic:
        return "".join(_LOOKALIKES_BACK.get(char, char) for char in word)
    return word
