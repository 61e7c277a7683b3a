"""From bytes to characters: what header, byte order mark and page say, checked against what the bytes can mean.

Portals of the region mis-declare often: windows-1250 or 1251 sent as utf-8, utf-8 sent as latin-1. A byte sequence
that is valid UTF-8 beyond ASCII is UTF-8 whatever was declared (a text in a one-byte encoding hardly ever is), and
one-byte encodings are told apart by whether the letters that come out are letters of Albanian or Serbian words.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEAD_BYTES = 4096
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_ONE_BYTE = ("windows-1250", "windows-1251", "iso8859-2", "iso8859-5", "windows-1252")
_LATIN_LETTERS = frozenset("čćžšđČĆŽŠĐëçËÇéöüäáíóúâÂêôÉÖÜÄ")
_CYRILLIC_LETTERS = frozenset("абвгдђежзијклљмнњопрстћуфхцчџшАБВГДЂЕЖЗИЈКЛЉМНЊОПРСТЋУФХЦЧЏШ")
_MARKS = frozenset("„“”’‘‚–—…«»•©®°§€\u00a0\u00ad·")
# Begins at a word's beginning only: without it a run of 90,000 letters was tried from each of them, for minutes.
_WORD_WITH_OTHERS = re.compile(r"(?<![A-Za-z])[A-Za-z]*[^\x00-\x7f][A-Za-z\x80-\U0010ffff]*")
_SAMPLE_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """The characters of a body, how they were read, and whether that differs from what was declared."""

    text: str
    encoding: str
    repaired: bool = False


def decode(body: bytes, charset: str | None = None) -> Decoded:
    """Decode a page. `charset` is the HTTP header's; bytes that fit no encoding become U+FFFD, never an error."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return Decoded(body[len(mark) :].decode(name, "replace"), name)
    declared = declared_encoding(body, charset)
    if declared is not None and declared.startswith("utf-16"):
        return Decoded(body.decode(_utf16(body, declared), "replace"), declared)
    if _has_utf16_pattern(body):  # before ASCII: Latin letters and zeros are both ASCII bytes
        name = _utf16(body, "utf-16")
        return Decoded(body.decode(name, "replace"), name, repaired=True)
    if body.isascii():
        return Decoded(body.decode("ascii"), declared or "ascii")
    try:
        return Decoded(body.decode("utf-8"), "utf-8", repaired=declared not in (None, "utf-8"))
    except UnicodeDecodeError:
        pass
    if (damaged := _damaged_utf8(body)) is not None:
        return Decoded(damaged, "utf-8", repaired=declared not in (None, "utf-8"))
    name = _best_one_byte(body, declared)
    return Decoded(body.decode(name, "replace"), name, repaired=name != declared)


def declared_encoding(body: bytes, charset: str | None) -> str | None:
    """Return Python's name of the declared encoding: the header's, else the page's; unknown names count as none."""
    head = body[:_HEAD_BYTES]
    found = _META.search(head) or _XML.search(head)
    for label in (charset, found[1].decode("ascii") if found else None):
        if label and (name := _python_name(label)) is not None:
            return name
    return None


def header_charset(content_type: str | None) -> str | None:
    """Return the charset parameter of a Content-Type header."""
    _, _, parameter = (content_type or "").lower().partition("charset=")
    return parameter.partition(";")[0].strip() or None


def _python_name(label: str) -> str | None:
    try:
        name = codecs.lookup(label.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    return {"cp1250": "windows-1250", "cp1251": "windows-1251", "cp1252": "windows-1252", "utf-8-sig": "utf-8"}.get(name, name)


def _utf16(body: bytes, declared: str) -> str:
    """Tell the byte order where no mark does: markup is mostly ASCII, so one byte of two is zero."""
    if declared in ("utf-16-le", "utf-16-be"):
        return declared
    sample = body[:1000]
    return "utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le"


def _has_utf16_pattern(body: bytes) -> bool:
    sample = body[:1000]
    return len(sample) > 20 and sample.count(0) > len(sample) // 4


def _damaged_utf8(body: bytes) -> str | None:
    """Read as UTF-8 a body that is UTF-8 but for a few bytes (a cut multi-byte character), else return None."""
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    others = sum(1 for char in text if char > "\x7f") - broken
    return text if others >= 20 * broken else None


def _best_one_byte(body: bytes, declared: str | None) -> str:
    sample = body[:_SAMPLE_BYTES] if len(body) > _SAMPLE_BYTES else body
    candidates = dict.fromkeys((declared, *_ONE_BYTE) if declared and declared != "utf-8" else _ONE_BYTE)
    scores = {name: _plausibility(sample.decode(name, "replace")) for name in candidates}
    best = max(scores, key=lambda name: scores[name])  # the first of equals: the declared one
    if scores[best] > 0:
        return best
    guess = from_bytes(sample[:20_000]).best()
    return guess.encoding if guess is not None else best


def _plausibility(text: str) -> int:
    """Count letters of Albanian and Serbian words minus characters that cannot stand there."""
    score = 0
    for match in _WORD_WITH_OTHERS.finditer(text):
        word = match.group()
        cyrillic = sum(1 for char in word if char in _CYRILLIC_LETTERS)
        latin = sum(1 for char in word if char in _LATIN_LETTERS)
        ascii_letters = sum(1 for char in word if char.isascii())
        strange = len(word) - cyrillic - latin - ascii_letters - sum(1 for char in word if char in _MARKS)
        mixed = cyrillic and (latin or ascii_letters)
        score += -cyrillic - latin if mixed else cyrillic + latin
        score -= 3 * strange
    return score
