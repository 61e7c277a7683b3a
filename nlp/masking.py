"""Masking before storage: what leads straight to a person is replaced by a marker in every field a reader sees.

This first step covers contact details (telephone, e-mail, handle, street address). Names, schools and villages of private
persons need the entity model and come with it; until then no outlet outside this machine is crawled.
"""

from __future__ import annotations

import re

from eho.document import Document

_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_PHONE = re.compile(
    r"(?<![\w/.-])(?:\+|00)\d{1,3}[\s/-]?(?:\(0\))?\d(?:[\s/.-]?\d){6,11}(?![\w/])|(?<![\w/.-])0\d{1,2}[\s/-]\d{3}[\s/-]?\d{3,4}(?![\w/])"
)
_HANDLE = re.compile(r"(?<![\w@/])@[A-Za-z_][\w.]{2,29}\b")
_STREET = re.compile(
    r"\b(?:[Uu]l(?:ic[aiue]|\.)|[Bb]ulevar(?:u|a|i|it)?|[Rr]r(?:uga|ugën|ugës|ugë|\.)|[Уу]л(?:иц[аиуе]|\.)|[Бб]улевар(?:у|а)?)\s+"
    r"(?:[\"„“][^\"”“\n]{2,40}[\"”“]|[A-ZČĆŽŠĐËÇА-ЯЂЈЉЊЋЏ][\w’'-]+(?:\s+[A-ZČĆŽŠĐËÇА-ЯЂЈЉЊЋЏ]?[\w’'-]+){0,3}?)"
    r"(?:\s*,?\s*(?:br\.?|nr\.?|бр\.?))?\s*\d{1,4}[a-zA-Zа-я]?\b"
)
_MARKERS = ((_EMAIL, "⟦email⟧"), (_PHONE, "⟦phone⟧"), (_HANDLE, "⟦handle⟧"), (_STREET, "⟦address⟧"))


def mask_text(text: str) -> str:
    """Replace contact details by `⟦email⟧`, `⟦phone⟧`, `⟦handle⟧` and `⟦address⟧`; idempotent."""
    for pattern, marker in _MARKERS:
        text = pattern.sub(marker, text)
    return text


def mask(document: Document) -> Document:
    """Return the document with title, lead and text masked; the same object where nothing had to be masked."""
    changes = {
        name: masked
        for name in ("title", "lead", "text")
        if (value := getattr(document, name)) is not None and (masked := mask_text(value)) != value
    }
    return document.model_copy(update=changes) if changes else document


def has_address(text: str) -> bool:
    """True where a street with a number stands in the text."""
    return _STREET.search(text) is not None or "⟦address⟧" in text
