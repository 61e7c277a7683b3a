"""Reads the query language into a typed tree that every engine understands; a wrong query is refused, never guessed at."""

from __future__ import annotations

import calendar
import difflib
import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast, get_args

from lark import Token, Transformer
from lark.exceptions import UnexpectedInput

from eho.errors import QueryError
from eho.folding import fold_text
from index.binding import bind
from index.grammar import check_text, parser_for, to_query_error
from index.nodes import (
    MAX_SEVERITY,
    And,
    Condition,
    ConditionField,
    DateRange,
    Everything,
    Fuzzy,
    Keyword,
    KeywordField,
    Leaf,
    Node,
    Not,
    Or,
    Paired,
    Phrase,
    Query,
    SeverityRange,
    Term,
    TextField,
    Wildcard,
    format_query,
    leaves,
)
from index.pairing import paired
from index.proximity import MOST_PATTERNS
from index.tokens import WORD, exact_words, folded_words
from index.vocabulary import Vocabulary

__all__ = ["Query", "format_query", "parse"]

MAX_CLAUSES = 64
MAX_DISTANCE = 2
MAX_SLOP = 50
MAX_STARS = 4
MAX_LEADING = 4  # each walks the whole dictionary and takes as long as ten plain words (docs/query-language.md)
MAX_PATTERN = 64  # far longer than any word, and within the size that Tantivy allows an automaton

_FIELDS = ("title", "text", *get_args(KeywordField), *get_args(ConditionField), "date", "severity")
_PATTERN_WORD = re.compile(rf"(?:\*|{WORD.pattern})+")
_PAIR = "~~"
_PHRASE = re.compile(r"[«»„“”\"‟](?P<content>.*)[«»„“”\"‟](?P<before>!?)(?:~(?P<slop>\d+))?(?P<after>!?)", re.DOTALL)
_RANGE = re.compile(r"\[\s*(\S+)\s+TO\s+(\S+)\s*\]")
_COMPARISON = re.compile(r"(>=|<=|>|<|=)?(.+)", re.DOTALL)
_QUOTES = re.compile(r"[«»„“”\"‟]")


@dataclass(frozen=True, slots=True)
class _Raw:
    """A leaf as typed, until its field is known."""

    kind: str  # TERM, PHRASE or RANGE
    text: str
    position: int
    field: str | None = None


@dataclass(frozen=True, slots=True)
class _Fielded:
    """A parenthesis behind a field, until the field is handed to its leaves."""

    field: str
    position: int
    part: Any


class _Builder(Transformer[Token, Any]):
    """Builds And, Or, Not and raw leaves while the text is parsed."""

    def start(self, items: list[Any]) -> Any:
        return items[0] if items else Everything()

    def or_(self, items: list[Any]) -> Any:
        return items[0] if len(items) == 1 else Or(tuple(items))

    def and_(self, items: list[Any]) -> Any:
        return items[0] if len(items) == 1 else And(tuple(items))

    def unary(self, items: list[Any]) -> Any:
        return Not(items[-1]) if len(items) % 2 == 0 else items[-1]

    def group(self, items: list[Any]) -> Any:
        return items[0]

    def term(self, items: list[Token]) -> _Raw:
        return _raw(items[0])

    def field(self, items: list[Any]) -> _Raw | _Fielded:
        name, value = str(items[0])[:-1], items[1]
        if isinstance(value, Token):
            return _Raw(value.type, str(value), _position(value), name)
        return _Fielded(name, _position(items[0]), value)


def parse(text: str, vocabulary: Vocabulary | None = None, *, stems: bool = True) -> Query:
    """Read a query; an empty one means all documents. Raises QueryError with position and hint.

    With `stems`, a word typed without quotation marks also stands for its other forms.
    """
    check_text(text)
    try:
        raw: Any = parser_for(_Builder).parse(text)
    except UnexpectedInput as error:
        raise to_query_error(error, text) from None
    plain = _Reader(vocabulary or Vocabulary(), stems=stems).read(raw)
    _check_cost(leaves(plain))
    return Query(text, bind(plain))


def _check_cost(clauses: list[Leaf]) -> None:
    """Raise QueryError for a query that would keep the index busy for others."""
    leading = [leaf for leaf in clauses if re.search(r"(?:^| )\*", _pattern_of(leaf))]
    for group, most, what, hint in (
        (clauses, MAX_CLAUSES, "terms", "pairs of ~~ count"),
        (leading, MAX_LEADING, "terms that begin with *", "write how the words begin"),
    ):
        if len(group) > most:
            message = f"The query has {len(group)} {what}"
            raise QueryError(message, position=group[most].position, hint=f"Use at most {most}; {hint}.")


def _pattern_of(leaf: Leaf) -> str:
    if isinstance(leaf, Wildcard):
        return leaf.pattern
    return " ".join(leaf.words) if isinstance(leaf, Phrase) and not leaf.exact else ""


def _raw(token: Token) -> _Raw:
    return _Raw(token.type, str(token), _position(token))


def _position(token: Token) -> int:
    return token.start_pos or 0


class _Reader:
    """Gives raw leaves their meaning."""

    def __init__(self, vocabulary: Vocabulary, *, stems: bool) -> None:
        self._vocabulary = vocabulary
        self._stems = stems

    def read(self, node: Any, field: str | None = None) -> Node:
        """Return the node with raw leaves read, below `field:( … )` as values of that field."""
        if isinstance(node, And):
            return And(tuple(self.read(part, field) for part in node.parts))
        if isinstance(node, Or):
            return Or(tuple(self.read(part, field) for part in node.parts))
        if isinstance(node, Not):
            return Not(self.read(node.part, field))
        if isinstance(node, _Raw):
            return self._leaf(node, field)
        if isinstance(node, _Fielded):
            _check_field(node.field, field, node.position)
            return self.read(node.part, node.field)
        return cast(Node, node)

    def _leaf(self, raw: _Raw, outer: str | None) -> Leaf | Paired:
        if raw.field is not None:
            _check_field(raw.field, outer, raw.position - len(raw.field) - 1)
        name = raw.field or outer
        if name == "date":
            return _read_dates(raw)
        if name == "severity":
            return _read_severity(raw)
        if raw.kind == "RANGE":
            raise QueryError(
                f"Range {raw.text!r} stands alone", position=raw.position, hint="Ranges belong to date: and severity:."
            )
        if name in (None, "title", "text"):
            return self._text(raw, cast(TextField, name or "any"))
        return self._value(raw, name or "")

    def _text(self, raw: _Raw, field: TextField) -> Leaf | Paired:
        if not raw.text.startswith(_PAIR):
            leaf = _read_text(raw, field)
            return leaf if self._stems or not isinstance(leaf, Term) else replace(leaf, forms_in=())
        term = replace(raw, text=raw.text.removeprefix(_PAIR))
        if not term.text or term.text.startswith("~"):
            hint = 'Write ~~word or ~~"two words".'
            raise QueryError("~~ has no term behind it", position=raw.position, hint=hint)
        return paired(_read_text(term, field), self._vocabulary.term_list(), stems=self._stems)

    def _value(self, raw: _Raw, name: str) -> Leaf:
        value = " ".join(_QUOTES.sub(" ", _content(raw, name)).split())
        if name != "cluster":
            value = fold_text(value)
        if not value or (value.startswith("-") and raw.kind == "TERM"):
            hint = f"Write the value behind it, such as {name}:x; to exclude it, write -{name}:x."
            raise QueryError(f"{name}: has no value", position=raw.position, hint=hint)
        self._vocabulary.check(name, value, raw.position)
        if name in get_args(KeywordField):
            return Keyword(cast(KeywordField, name), value, raw.position)
        return Condition(cast(ConditionField, name), value, raw.position)


def _check_field(name: str, outer: str | None, position: int) -> None:
    if outer is not None:
        raise QueryError(f"{name}: stands inside {outer}:( … )", position=position, hint="Close the parenthesis before it.")
    if name not in _FIELDS:
        close = difflib.get_close_matches(name.lower(), _FIELDS, n=1)
        hint = f"Did you mean {close[0]}:?" if close else f"Fields are {', '.join(_FIELDS)}."
        raise QueryError(
            f"There is no field {name!r}", position=position, hint=f"{hint} A colon inside a text needs quotation marks."
        )


def _content(raw: _Raw, name: str) -> str:
    if raw.kind == "TERM":
        return raw.text
    match = _PHRASE.fullmatch(raw.text)
    if match is None or match["before"] or match["after"] or match["slop"]:
        raise QueryError(f"{name}: takes a plain value", position=raw.position, hint="Leave ! and ~ out.")
    return str(match["content"])


def _read_text(raw: _Raw, field: TextField) -> Leaf:
    if raw.kind == "PHRASE":
        return _read_phrase(raw, field)
    text, position = raw.text, raw.position
    if text.startswith("-"):
        raise QueryError("- has no term behind it", position=position, hint="Write -word to exclude a word, or leave it out.")
    if "~" in text:
        return _read_fuzzy(raw, field)
    if "*" in text:
        return _read_patterns(text, position, field, 0)
    words = folded_words(text)
    if not words:
        hint = "Leave it out; use AND, OR, NOT and - between terms."
        raise QueryError(f"{text[:40]!r} has no letters or digits", position=position, hint=hint)
    return Term(words[0], field, position) if len(words) == 1 else Phrase(tuple(words), field=field, position=position)


def _read_phrase(raw: _Raw, field: TextField) -> Leaf:
    match = _PHRASE.fullmatch(raw.text)
    content = match["content"] if match else ""
    slop = _read_slop(match["slop"] if match else None, raw)
    exact = bool(match and (match["before"] or match["after"]))
    if "*" in content and not exact:
        return _read_patterns(content, raw.position, field, slop)
    if "*" in content:
        raise QueryError("An exact phrase takes no *", position=raw.position, hint="Leave out the * or the !.")
    words = exact_words(content) if exact else folded_words(content)
    if not words:
        raise QueryError(f"{raw.text[:40]!r} has no letters or digits", position=raw.position, hint="Leave it out.")
    if len(words) == 1 and not exact:
        return Term(words[0], field, raw.position, forms_in=())
    return Phrase(tuple(words), slop if len(words) > 1 else 0, exact, field, raw.position)


def _read_slop(text: str | None, raw: _Raw) -> int:
    if text is None:
        return 0
    if len(text) > 3 or int(text) > MAX_SLOP:
        raise QueryError(f"Distance {text[:9]} is too large", position=raw.position, hint=f"Use at most {MAX_SLOP} words.")
    return int(text)


def _read_fuzzy(raw: _Raw, field: TextField) -> Leaf:
    text, _, number = raw.text.partition("~")
    words = folded_words(text)
    if number not in ("1", "2"):
        hint = f'Write {text or "word"}~1 or ~2; for words near each other write "a b"~5.'
        raise QueryError(f"~{number[:9]} is no spelling distance", position=raw.position + len(text), hint=hint)
    if len(words) != 1 or "*" in text or len(words[0]) < 3:
        hint = "Use it behind one word of three letters or more, without *."
        raise QueryError(f"{raw.text[:40]!r} cannot be searched with typing errors", position=raw.position, hint=hint)
    return Fuzzy(words[0], int(number), field, raw.position)


def _read_patterns(text: str, position: int, field: TextField, slop: int) -> Leaf:
    words = [re.sub(r"\*+", "*", word) for word in _PATTERN_WORD.findall(fold_text(text))]
    for word in words:
        literal = len(word) - word.count("*")
        needed = 3 if "*" in word[:-1] else 2
        if "*" in word and literal < needed:
            hint = "Write at least 3 letters beside a * at the start or inside, 2 before one at the end."
            raise QueryError(f"{word!r} has too few letters", position=position, hint=hint)
        if "*" in word and (word.count("*") > MAX_STARS or len(word) > MAX_PATTERN):
            hint = f"Use at most {MAX_STARS} * in one word of at most {MAX_PATTERN} characters."
            raise QueryError(f"{word[:40]!r} is too long a pattern", position=position, hint=hint)
    if len(words) == 1:
        return Wildcard(words[0], field, position)
    if slop and len(words) > MOST_PATTERNS:
        hint = f"Use at most {MOST_PATTERNS} words, or leave out the *."
        raise QueryError(
            f"{len(words)} words near each other, with * among them, cannot be searched", position=position, hint=hint
        )
    return Phrase(tuple(words), slop, field=field, position=position)


def _read_severity(raw: _Raw) -> SeverityRange:
    span = _RANGE.fullmatch(raw.text)
    comparison = _COMPARISON.fullmatch(raw.text)
    texts = span.groups() if span else (comparison.group(2),) if comparison and raw.kind == "TERM" else ()
    if not texts or not all(re.fullmatch(r"[0-6]", text) for text in texts):
        hint = f"Write a number from 0 to {MAX_SEVERITY}: severity:>=3, severity:2, severity:[1 TO 3]."
        raise QueryError(f"{raw.text[:40]!r} is no severity", position=raw.position, hint=hint)
    numbers = [int(text) for text in texts]
    sign = comparison.group(1) if comparison and not span else None
    if span:
        low, high = numbers
    else:
        low = {"<": 0, "<=": 0, ">": numbers[0] + 1}.get(sign or "", numbers[0])
        high = {">": MAX_SEVERITY, ">=": MAX_SEVERITY, "<": numbers[0] - 1}.get(sign or "", numbers[0])
    if low > high:
        raise QueryError(
            f"No severity is within {raw.text[:40]!r}", position=raw.position, hint="Write the smaller number first."
        )
    return SeverityRange(low, high, raw.position)


def _read_dates(raw: _Raw) -> DateRange:
    if raw.kind == "PHRASE":
        raise QueryError("date: takes no quotation marks", position=raw.position, hint="Write date:[2026-01-01 TO 2026-03-31].")
    if raw.kind == "RANGE":
        span = _RANGE.fullmatch(raw.text)
        if span is None:
            hint = "Write date:[2026-01-01 TO 2026-03-31]; * leaves a side open."
            raise QueryError(f"{raw.text[:40]!r} is no range", position=raw.position, hint=hint)
        first = None if span[1] == "*" else read_days(span[1], raw.position)[0]
        last = None if span[2] == "*" else read_days(span[2], raw.position)[1]
    else:
        match = _COMPARISON.fullmatch(raw.text)
        sign, text = (match[1] or "", match[2]) if match else ("", raw.text)
        start, end = read_days(text, raw.position)
        first = _shift(end, 1) if sign == ">" else start if sign in ("", "=", ">=") else None
        last = _shift(start, -1) if sign == "<" else end if sign in ("", "=", "<=") else None
    if first is not None and last is not None and first > last:
        raise QueryError(f"The range {raw.text[:40]} ends before it begins", position=raw.position, hint="Swap both days.")
    return DateRange(first, last, raw.position)


def _shift(day: date, days: int) -> date:
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))


def read_days(text: str, position: int | None = None) -> tuple[date, date]:
    """Read `2026`, `2026-03` or `2026-03-29` as its first and last day. Raises QueryError."""
    match = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", text)
    try:
        if match is None:
            raise ValueError
        year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
        first = date(year, month, day)
        last_month = int(match[2] or 12)
        last_day = int(match[3]) if match[3] else calendar.monthrange(year, last_month)[1]
        return first, date(year, last_month, last_day)
    except ValueError:
        raise QueryError(f"{text[:40]!r} is no day", position=position, hint="Write 2026-03-29, 2026-03 or 2026.") from None
