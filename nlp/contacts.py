"""Contact details by their form: telephone, e-mail, handle, profile, street address, plate, personal and account numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from eho.folding import fold

_WORD = r"[A-Za-z][\w'.-]*"
_STREET = (
    r"[Uu]l(?:ic(?:a|e|i|u|om)|\.)|ULIC[AIEU]|[Bb]ulevar\w*|[Bb]ul\.|"
    r"[Rr]r(?:uga|ugen|uges|uge|ugica\w*|\.)|RRUG\w+|[Ss]okak\w*|[Tt]rgu?"
)
# What is counted after a number is no house: "rruga Prishtinë–Prizren 60 km".
_NO_HOUSE = r"(?!\s*(?:km|kilomet|metr|m\b|%|vjec|god|euro|evr|mil|min|[.,:]\d))"
_CITIES = (
    "AL|AR|BB|BC|BG|BO|BP|BT|BU|BV|BC|CA|CB|CO|CU|DE|DJ|GL|GM|IC|IN|JA|KA|KC|KG|KI|KL|KM|KO|KS|KU|KV|KZ|LB|LE|LO|LU|NG|NI|NP|"
    "NS|NV|PA|PB|PE|PI|PK|PN|PO|PP|PR|PT|PZ|RA|RU|SA|SC|SD|SI|SJ|SM|SO|SP|ST|SU|SV|SZ|TO|TS|TT|UB|UE|UR|VA|VB|VG|VL|VM|VP|VR|"
    "VS|ZA|ZR|ZV|SK|TE|KU|OH|VE|GV|PG|CT|HN|KT|BD|UL|PV|RO|BA|NK|PL|TV|ZB|AN|SN|MK"
)


class Found(NamedTuple):
    """A detail `[start, end)` of a folded text and the marker's name."""

    start: int
    end: int
    kind: str


_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "profile",
        re.compile(
            r"(?:https?://)?(?:www\.|m\.|[a-z]{2}-[a-z]{2}\.)?(?:facebook\.com|fb\.com|instagram\.com|tiktok\.com|twitter\.com|"
            r"(?<![\w.])x\.com/|(?<![\w.])t\.me/|linkedin\.com/in|youtube\.com/(?:@|c/|user/|channel/)|vk\.com|threads\.net|"
            r"bsky\.app/profile)/?[\w@%./?=&-]*[\w@%/=-]",
            re.IGNORECASE,
        ),
    ),
    ("email", re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")),
    ("account", re.compile(r"\b[A-Z]{2}\d{2}(?: ?\d{4}){3,7}(?: ?\d{1,4})?\b|(?<![\d-])\d{3}-\d{8,13}-\d{2}(?![\d-])")),
    (
        "id",
        re.compile(
            r"(?<!\d)(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:9\d\d|0[0-3]\d)\d{6}(?!\d)|\b[A-Z]\d{8}[A-Z]\b|"
            r"(?i:(?:num[eir]+\w*|nr\.?|broj\w*) (?:personal\w*|identifikues\w*|licne karte)|licni broj|"
            r"\bNID|leternjoftim\w*|jmbg)"
            r"[^\d\n]{0,20}(?P<id>\d{8,13})(?!\d)"
        ),
    ),
    (
        "plate",
        re.compile(
            rf"(?<![\w-])(?:0[1-7][ -]\d{{3}}[ -][A-Z]{{2}}|(?:{_CITIES})[ -]?\d{{3,5}}[ -]?(?!EU\b|KM\b)[A-Z]{{2}}|"
            r"A[A-Z] \d{3} [A-Z]{2}|[A-Z]{2} [A-Z]{2}\d{3})(?![\w-])"
        ),
    ),
    (
        "phone",
        re.compile(
            r"(?<![\w/.-])(?:\+|00)\d{1,3}[\s/-]?(?:\(0\))?\d(?:[\s/.-]?\d){6,11}(?![\w/])"
            r"|(?<![\w/.,:+-])0\d{1,2}(?:\s?[/-]\s?|\s)\d{2,4}(?:[\s.-]?\d{2,4}){1,2}(?![\w/])"
            r"|(?<![\w/.,:+-])0(?:4[3-9]|6\d|7\d|3[4-9])\d{6,7}(?![\w/])"
        ),
    ),
    ("handle", re.compile(r"(?<![\w@/])@[A-Za-z_][\w.]{1,28}\w")),
    (
        "address",
        re.compile(
            rf"\b(?:{_STREET})\s+(?:['\"][^'\"\n]{{2,40}}['\"]|(?=[^\n]{{0,20}}?[A-Z]){_WORD}(?:\s+{_WORD}){{0,4}}?)"
            rf"(?:\s*,?\s*(?:br\.?|nr\.?|broj|numer|numri|n\.))?\s*\d{{1,4}}[a-zA-Z]?\b{_NO_HOUSE}"
        ),
    ),
)
_DATE = re.compile(r"0?\d{1,2}[-/. ]\d{2}[-/. ]\d{4}")
_STREET_ALONE = re.compile(rf"\b(?:{_STREET})\s+(?:['\"][^'\"\n]{{2,40}}['\"]|[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+){{0,2}})", re.ASCII)


def find_contacts(folded: str) -> Iterator[Found]:
    """Yield contact details of a folded text with its capitals, none inside another."""
    taken: list[Found] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(folded):
            start, end = match.span("id") if kind == "id" and match["id"] is not None else match.span()
            if kind == "phone" and _DATE.fullmatch(match.group()):
                continue
            if all(end <= one.start or one.end <= start for one in taken):
                taken.append(Found(start, end, kind))
    yield from taken


def find_streets(folded: str) -> Iterator[Found]:
    """Yield streets by name alone: where somebody at risk lives, the number is not needed to find the house."""
    for match in _STREET_ALONE.finditer(folded):
        yield Found(*match.span(), "address")


def has_address(text: str) -> bool:
    """True where a street with a number stands in a text, or its marker."""
    return "⟦address⟧" in text or any(one.kind == "address" for one in find_contacts(fold(text, keep_case=True).text))
