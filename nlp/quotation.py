"""Whose words they are: quotation marks, and who is named as the speaker around them."""

from __future__ import annotations

from collections.abc import Sequence

from eho.annotation import Speaker
from eho.folding import fold_text
from nlp.lexicon import pattern

_PAIRS = {"„": '“”"', "“": "”", "«": "»", "»": "«", '"': '"', "”": "”"}
_LONGEST_QUOTE = 1500
_APPROACH = 160  # characters before and after a quotation in which its speaker is named


def quotations(text: str) -> list[tuple[int, int]]:
    """Return the insides of quotation marks as `[start, end)`; unclosed ones end with their paragraph."""
    spans: list[tuple[int, int]] = []
    at = 0
    while at < len(text):
        closers = _PAIRS.get(text[at])
        if closers is None:
            at += 1
            continue
        limit = text.find("\n", at + 1)
        limit = min(len(text) if limit < 0 else limit, at + 1 + _LONGEST_QUOTE)
        ends = [end for closer in closers if (end := text.find(closer, at + 1, limit)) > 0]
        if not ends:  # a stray mark (inches, an apostrophe) quotes nothing
            at += 1
            continue
        spans.append((at + 1, min(ends)))
        at = min(ends) + 1
    return spans


def is_quoted(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """True where more than half of `[start, end)` lies inside quotation marks."""
    inside = sum(max(0, min(end, last) - max(start, first)) for first, last in spans)
    return inside * 2 > end - start


_ROLES = ("cleric", "expert", "civil_society", "affected_person", "official", "politician", "citizen_quote")


def speaker_of(text: str, start: int, end: int, *, kind: str, in_headline: bool, in_quote: bool) -> Speaker:
    """Name the type of speaker of a span and how it is attributed, by markers of both languages around it.

    A role counts only beside a verb of saying or a word of attribution; nobody is ever named.
    """
    around = fold_text(text[max(0, start - _APPROACH) : start] + " ∎ " + text[end : end + _APPROACH])
    inside = fold_text(text[start:end])
    said = pattern("attribution", "saying").search(around) or pattern("attribution", "saying").search(inside)
    attributed = in_quote or said is not None
    role = next((name for name in _ROLES if attributed and pattern("attribution", name).search(f"{around} {inside}")), None)
    if role is not None:
        return Speaker(type=role, attribution="explicit" if said else "implicit")
    if kind in ("comment", "post"):
        return Speaker(type="platform_user", attribution="none")
    if in_headline:
        return Speaker(type="outlet_headline", attribution="implicit" if in_quote else "none")
    if in_quote:
        return Speaker(type="unknown", attribution="implicit")
    return Speaker(type="outlet_body", attribution="none")
