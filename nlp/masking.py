"""Masking before storage: private persons, minors and what leads to them are replaced by markers in every field a reader sees.

Markers: `⟦person⟧ ⟦minor⟧ ⟦school⟧ ⟦place⟧ ⟦address⟧ ⟦phone⟧ ⟦email⟧ ⟦handle⟧ ⟦profile⟧ ⟦plate⟧ ⟦id⟧ ⟦account⟧`. They bear no
number: a number would join again, over a whole document, what masking takes apart (whose age, whose village, whose mother).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from eho.document import Document, Provenance
from eho.folding import fold
from models.entities.recogniser import EntityRecogniser
from models.entities.store import shipped_recogniser
from nlp.contacts import find_contacts
from nlp.mask_reading import Reader
from nlp.mask_rules import Rules
from nlp.masked_fields import MaskedField, MaskedSpan
from nlp.masked_urls import mask_url
from nlp.public_names import PublicNames

FIELDS = ("title", "lead", "text")
_MOST_PASSES = 4  # a marker can uncover a name beside it; two passes settle nearly all
_URL = ("http://", "https://")
_KEPT_EXTRA = frozenset({"source_name", "tags_model"})


class Masker:
    """Masks documents. Without a recogniser names are found by first names, initials, roles and kinship alone."""

    def __init__(self, recogniser: EntityRecogniser | None = None) -> None:
        self._reader = Reader(recogniser)
        self._lock = threading.Lock()

    def spans(self, fields: Mapping[str, str]) -> dict[str, list[MaskedSpan]]:
        """Return what is to be covered in the fields of one document, in offsets of the fields as given."""
        return {name: field.spans for name, field in self._covered(fields)[0].items()}

    def mask(self, document: Document) -> Document:
        """Return the document with title, lead, text, extra and addresses masked; the same object where nothing had to be.

        The id stays that of the real address. Authors of articles stay: bylines are public; those of posts and comments go.
        """
        return self.mask_with_words(document)[0]

    def mask_with_words(self, document: Document) -> tuple[Document, dict[str, str]]:
        """Mask a document; also return the folded words that were masked, with their markers, for other addresses of it."""
        extra = {path: text for path, text in _strings(document.extra) if not text.startswith(_URL)}
        values = {name: value for name in FIELDS if (value := getattr(document, name))}
        covered, hidden = self._covered({**values, **extra})
        changes: dict[str, Any] = {name: covered[name].shown() for name in values if covered[name].spans}
        if any(covered[path].spans for path in extra) or (hidden and document.extra):
            changes["extra"] = _rebuilt(document.extra, covered, lambda url: mask_url(url, hidden))
        if document.kind != "article" and document.authors:
            changes["authors"] = None
        changes |= _masked_addresses(document, hidden)
        changes = {name: value for name, value in changes.items() if value != getattr(document, name)}
        return (document.model_copy(update=changes) if changes else document), hidden

    def _covered(self, values: Mapping[str, str]) -> tuple[dict[str, MaskedField], dict[str, str]]:
        fields = {name: MaskedField(value) for name, value in values.items()}
        hidden: dict[str, str] = {}
        public = PublicNames()
        with self._lock:
            for _ in range(_MOST_PASSES):
                readings = self._reader.read({name: field.shown() for name, field in fields.items()})
                found = Rules(readings, hidden, public).find()
                changed = [fields[name].cover(spans) for name, spans in found.items()]
                if not any(changed):
                    break
        return fields, hidden


@lru_cache(maxsize=1)
def shipped_masker() -> Masker:
    """Return the masker of this installation, loaded once."""
    return Masker(shipped_recogniser())


def mask(document: Document) -> Document:
    """Mask a document with the installation's masker: what every document goes through before it is stored."""
    return shipped_masker().mask(document)


def mask_text(text: str) -> str:
    """Mask one text by itself, as a document without title or address."""
    covered = shipped_masker().spans({"text": text})["text"]
    field = MaskedField(text)
    field.cover(covered)
    return field.shown()


def mask_contacts(text: str) -> str:
    """Replace contact details alone; idempotent. The baseline that masking is measured against."""
    folded = fold(text, keep_case=True)
    field = MaskedField(text)
    field.cover(MaskedSpan(*folded.to_original(one.start, one.end), one.kind) for one in find_contacts(folded.text))
    return field.shown()


def _masked_addresses(document: Document, hidden: Mapping[str, str]) -> dict[str, Any]:
    if not hidden:
        return {}
    changes: dict[str, Any] = {
        name: mask_url(url, hidden) for name in ("url", "canonical_url") if (url := getattr(document, name)) is not None
    }
    kept: Provenance = document.provenance
    shown = {name: mask_url(url, hidden) for name in ("requested_url", "final_url") if (url := getattr(kept, name)) is not None}
    return changes | {"provenance": kept.model_copy(update=shown)}


def _strings(value: object, path: str = "extra") -> list[tuple[str, str]]:
    """Return all strings inside a JSON value with their paths."""
    if isinstance(value, str):
        return [(path, value)] if value else []
    if isinstance(value, Mapping):
        return [one for key, part in value.items() if key not in _KEPT_EXTRA for one in _strings(part, f"{path}\x1f{key}")]
    if isinstance(value, list):
        return [one for at, part in enumerate(value) for one in _strings(part, f"{path}\x1f{at}")]
    return []


def _rebuilt(value: Any, covered: Mapping[str, MaskedField], address: Callable[[str], str], path: str = "extra") -> Any:
    if isinstance(value, str):
        if path in covered:
            return covered[path].shown()
        return address(value) if value.startswith(_URL) else value
    if isinstance(value, Mapping):
        return {key: _rebuilt(part, covered, address, f"{path}\x1f{key}") for key, part in value.items()}
    if isinstance(value, list):
        return [_rebuilt(part, covered, address, f"{path}\x1f{at}") for at, part in enumerate(value)]
    return value
