"""`eho show ID --versions|--diff`: what an outlet changed in a document after it was first stored, sentence by sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

from eho.document import Document, to_utc_text
from nlp.segmentation import sentences

_FIELDS = ("title", "lead", "text")


def versions_of(versions: Sequence[Document]) -> dict[str, Any]:
    """Return all versions of one document, oldest first, each with its times and what differs from the one before.

    Where the rules that read the page changed in between (`extractor_changed`), a difference may be theirs, not the outlet's.
    """
    earlier: list[Document | None] = [None, *versions[:-1]]
    rows = [_row(number, one, before) for number, (before, one) in enumerate(zip(earlier, versions, strict=True), 1)]
    return {
        "id": versions[0].id,
        "title": versions[-1].title,
        "source": versions[-1].source,
        "url": versions[-1].url,
        "versions": rows,
    }


def changed_sentences(before: str, after: str) -> list[dict[str, Any]]:
    """Return the runs of sentences that differ: `removed` and `added`, with the place of the added ones in the later text."""
    old, new = list(_sentences(before)), list(_sentences(after))
    matcher = difflib.SequenceMatcher(None, [text for text, _ in old], [text for text, _ in new], autojunk=False)
    return [
        {
            "removed": [text for text, _ in old[start:end]],
            "added": [text for text, _ in new[first:last]],
            "at": new[first][1] if first < len(new) else len(after),
        }
        for kind, start, end, first, last in matcher.get_opcodes()
        if kind != "equal"
    ]


def _sentences(text: str) -> Iterator[tuple[str, int]]:
    for start, end in sentences(text):
        yield " ".join(text[start:end].split()), start


def _row(number: int, document: Document, before: Document | None) -> dict[str, Any]:
    return {
        "version": number,
        "title": document.title,
        "fetched_at": _time(document, "fetched_at"),
        "published_at": _time(document, "published_at"),
        "updated_at": _time(document, "updated_at"),
        "extractor": document.provenance.extractor,
        "extractor_changed": before is not None and before.provenance.extractor != document.provenance.extractor,
        "changes": [] if before is None else [
            {"field": name, **change}
            for name in _FIELDS
            for change in changed_sentences(getattr(before, name) or "", getattr(document, name) or "")
        ],
    }  # fmt: skip


def _time(document: Document, name: str) -> str | None:
    value = getattr(document, name)
    return None if value is None else to_utc_text(value)
