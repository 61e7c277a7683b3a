"""Word-list steps: house-style register markers, words that hint at somebody returning, and exposure of persons at risk."""

from __future__ import annotations

import re
from collections.abc import Iterable

from eho.annotation import FieldName, HarmExposure, Span
from eho.codebook import Codebook
from eho.document import Document
from eho.folding import fold, fold_text
from nlp.contacts import has_address
from nlp.lexicon import pattern

_AGE = re.compile(r"\b(\d{1,2})[- ]?(?:vjecar\w*|vjec\w*|godisnj\w+|godina|godine|vjet|vjec)\b|\((\d{1,2})\)")
_NAME = r"[A-ZČĆŽŠĐËÇ][a-zčćžšđëç]+|[А-ЯЂЈЉЊЋЏ][а-яђјљњћџ]+"
_NAMED = re.compile(
    rf"(?<![.!?„“\"]\s)(?<!^)\b(?:{_NAME})\s+(?:(?:{_NAME})|[A-ZČĆŽŠĐËÇА-ЯЂЈЉЊЋЏ]\.)(?=[\s,.)])|\b[A-ZČĆŽŠĐËÇА-ЯЂЈЉЊЋЏ]\.\s?[A-ZČĆŽŠĐËÇА-ЯЂЈЉЊЋЏ]\."
)
_SHORTENED = re.compile(rf"\b(?:{_NAME})\s+[A-ZČĆŽŠĐËÇА-ЯЂЈЉЊЋЏ]\.|\b[A-ZČĆŽŠĐËÇА-ЯЂЈЉЊЋЏ]\.\s?[A-ZČĆŽŠĐËÇА-ЯЂЈЉЊЋЏ]\.")
_SCHOOL = re.compile(r"\b(?:shkoll\w+|skol\w+|osnovn\w+ skol\w+|vrtic\w*|kopsht\w+)\s+(?:fillore\s+|osnovne\s+)?[\"']")


class RegisterMarkers:
    """Finds the codebook's house-style words; they are logged and never a narrative."""

    def __init__(self, codebook: Codebook) -> None:
        entries = [*codebook.register_markers.sq, *codebook.register_markers.sr]
        upper = [entry for entry in entries if entry != entry.lower() and " " not in entry]
        lower = [entry for entry in entries if entry not in upper]
        self._folded = _words(fold_text(entry) for entry in lower)
        self._cased = _words(fold_text(entry, keep_case=True) for entry in upper)  # KiM is a region, Kim a name

    def find(self, document: Document) -> tuple[Span, ...]:
        """Return the spans of all markers in title, lead and text, in order of field and place."""
        spans: list[Span] = []
        for field in ("title", "lead", "text"):
            value: str | None = getattr(document, field)
            if value:
                spans.extend(sorted(self._in_field(value, field), key=lambda span: span.start))
        return tuple(spans)

    def _in_field(self, text: str, field: FieldName) -> list[Span]:
        found = []
        for marker, folded in ((self._folded, fold(text)), (self._cased, fold(text, keep_case=True))):
            for match in marker.finditer(folded.text):
                start, end = folded.to_original(*match.span())
                found.append(Span(start=start, end=end, field=field))
        return found


class ReturnHints:
    """Tells where it is worth asking who returns; a hint retrieves, it never decides."""

    def __init__(self, codebook: Codebook) -> None:
        terms = sorted({*codebook.returnee_terms.sq, *codebook.returnee_terms.sr}, key=len, reverse=True)
        self._returns = re.compile(r"\b(?:" + "|".join(map(re.escape, terms)) + ")")

    def in_text(self, text: str) -> bool:
        """True where a return or a conflict zone is mentioned in any spelling."""
        folded = fold_text(text)
        return self._returns.search(folded) is not None or pattern("hints", "conflict_zone").search(folded) is not None

    def of_conflict_zone(self, text: str) -> bool:
        """True where a foreign war, its organisations or its camps are mentioned."""
        return pattern("hints", "conflict_zone").search(fold_text(text)) is not None


def harm_exposure(document: Document) -> HarmExposure:
    """Say what in a text about returnees could lead a stranger to a person; a marker counts like what it stands for.

    A rule: a child beside a name or initials, a school with its name or a street address, a full name. It errs towards
    saying that somebody is exposed.
    """
    text = "\n".join(part for part in (document.title, document.lead, document.text) if part)
    folded = fold_text(text)
    named = _NAMED.search(text) is not None or "⟦person⟧" in text
    ages = [int(match.group(1) or match.group(2)) for match in _AGE.finditer(folded)]
    shortened = _SHORTENED.search(text) is not None and pattern("hints", "minor").search(folded) is not None
    if shortened or "⟦minor⟧" in text or (named and any(age < 18 for age in ages)):
        return HarmExposure.IDENTIFIABLE_MINOR
    if has_address(text) or "⟦school⟧" in text or _SCHOOL.search(folded):
        return HarmExposure.ADDRESS_OR_SCHOOL
    return HarmExposure.IDENTIFIABLE_PRIVATE_ADULT if named and any(age >= 18 for age in ages) else HarmExposure.NONE


def _words(entries: Iterable[str]) -> re.Pattern[str]:
    parts = sorted({re.escape(entry) for entry in entries}, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(parts) + r")(?!\w)") if parts else re.compile(r"(?!)")
