"""The grammar of the query language, and the checks that need no grammar: length, nesting, brackets and quotation marks."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, UnexpectedToken

from eho.errors import QueryError

MAX_CHARACTERS = 2000
MAX_NESTING = 10  # a search server reads thirty levels; one of parentheses may take two of them

_GRAMMAR = r"""
// The query language. Terms side by side mean AND; parentheses around an AND make a group of its own.
start: or_?
or_: and_ (_OR and_)*
and_: unary (_AND? unary)*
unary: (NEGATION | MINUS)* atom
?atom: group | field | term
group: _LPAR or_ _RPAR
field: FIELD (group | RANGE | PHRASE | TERM)
term: PHRASE | TERM

_AND.4: /AND(?=[\s()]|$)/
_OR.4: /OR(?=[\s()]|$)/
NEGATION.4: /NOT(?=[\s()]|$)/
MINUS.3: /-(?=[^\s-])/
FIELD.3: /[^\W\d_]\w*:(?!\/\/)/
PHRASE.3: /(?:~~)?(?:«[^«»]*»|»[^«»]*«|„[^„“”"‟]*[“”"‟]|[“”"‟][^„“”"‟]*[“”"‟])!?(?:~\d+)?!?/
RANGE.3: /\[[^\[\]]*\]/
TERM.1: /(?!(?:AND|OR|NOT)(?:[\s()]|$))[^\s()"„“”«»‟\[\]]+/
_LPAR: "("
_RPAR: ")"
%ignore /\s+/
"""

_QUOTED = re.compile(r"«[^«»]*»|»[^«»]*«|„[^„“”\"‟]*[“”\"‟]|[“”\"‟][^„“”\"‟]*[“”\"‟]")
_QUOTE = re.compile(r"[«»„“”\"‟]")


def check_text(text: str) -> None:
    """Raise QueryError where the query is too long, too deep, or has an open bracket or quotation mark."""
    if len(text) > MAX_CHARACTERS:
        hint = f"Shorten it to {MAX_CHARACTERS:,} characters."
        raise QueryError(f"The query has {len(text):,} characters", position=MAX_CHARACTERS, hint=hint)
    bare = _QUOTED.sub(lambda match: " " * len(match.group()), text)
    if (stray := _QUOTE.search(bare)) is not None:
        hint = "Close it with the same kind of mark, or leave it out."
        raise QueryError(f"Quotation mark {stray.group()} is not closed", position=stray.start(), hint=hint)
    opened: list[int] = []
    for match in re.finditer(r"[()]", bare):
        if match.group() == "(":
            opened.append(match.start())
        elif not opened:
            raise QueryError("Parenthesis ) was never opened", position=match.start(), hint="Leave it out, or add (.")
        else:
            opened.pop()
        if len(opened) > MAX_NESTING:
            raise QueryError("Parentheses are nested too deep", position=match.start(), hint=f"Use at most {MAX_NESTING} levels.")
    if opened:
        raise QueryError("Parenthesis ( is not closed", position=opened[-1], hint="Add ), or leave it out.")


@cache
def parser_for(transformer: type[Transformer[Token, Any]]) -> Lark:
    """Return the parser; the transformer works while parsing, so deep queries need no recursion."""
    return Lark(_GRAMMAR, parser="lalr", transformer=transformer())


def to_query_error(error: UnexpectedInput, text: str) -> QueryError:
    """Say where reading stopped and what may be meant."""
    position = error.pos_in_stream if error.pos_in_stream is not None and error.pos_in_stream >= 0 else len(text)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        last = re.search(r"(?:\b(?:AND|OR|NOT))?\s*$", text)
        position = last.start() if last else len(text)
    rest = text[position:].lstrip()
    position = len(text) - len(rest) if rest else len(text.rstrip())
    word = re.match(r"AND|OR|NOT|\[|\]|[^\s()]+|[()]?", rest)
    found = word.group() if word else ""
    if not found:
        return QueryError(
            "The query ends too early", position=position, hint="Add a term after the last word, or leave that word out."
        )
    if found in ("AND", "OR", "NOT"):
        hint = f'Write a term on both sides of {found}; to search for the word, write "{found.lower()}" in small letters.'
        return QueryError(f"{found} has no term beside it", position=position, hint=hint)
    if found in ("[", "]"):
        hint = "Brackets belong to a range such as date:[2026-01-01 TO 2026-03-31]."
        return QueryError(f"Bracket {found} stands alone", position=position, hint=hint)
    if found in ("(", ")"):
        return QueryError(
            f"Nothing stands before {found}", position=position, hint="Put a term there, or leave the parentheses out."
        )
    return QueryError(f"{found[:40]!r} cannot stand here", position=position, hint="Put the words in quotation marks.")
