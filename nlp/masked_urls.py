"""Addresses whose path names somebody: the words of the slug are replaced by the marker that stands in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit, urlunsplit

from eho.folding import fold_text
from nlp.mask_words import is_same_word

_WORD = re.compile(r"[^\W\d_]+")
_LEAST = 4


def mask_url(url: str, hidden: Mapping[str, str]) -> str:
    """Return an address with the words of `hidden` (folded word to marker name) replaced in path and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    path, query = (_mask_words(unquote(part), hidden) for part in (parts.path, parts.query))
    if path is None and query is None:
        return url
    shown = (parts.path if path is None else path, parts.query if query is None else query, "")
    return urlunsplit((parts.scheme, parts.netloc, *shown))


def _mask_words(text: str, hidden: Mapping[str, str]) -> str | None:
    pieces: list[str] = []
    at, last = 0, ""
    for match in _WORD.finditer(text):
        kind = _kind_of(fold_text(match.group()), hidden)
        between = text[at : match.start()]
        if kind is None:
            pieces += [between, match.group()]
        elif kind != last or between not in ("-", "_", "+", " "):
            pieces += [between, f"⟦{kind}⟧"]
        last, at = kind or "", match.end()
    return "".join([*pieces, text[at:]]) if any("⟦" in piece for piece in pieces) else None


def _kind_of(word: str, hidden: Mapping[str, str]) -> str | None:
    for own, kind in hidden.items():
        if word == own or (len(own) >= _LEAST and len(word) >= _LEAST and is_same_word(word, own)):
            return kind
    return None
