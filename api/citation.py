"""How a document is cited: outlet, title, day, address, when it was retrieved, and the snapshot it was seen in."""

from __future__ import annotations

from eho.document import Document
from eho.source import Source
from index.calendar import day_of


def cite(document: Document, source: Source | None, snapshot: str) -> str:
    """Return one line that lets a reader find the document again; what is not known is left out, never guessed."""
    outlet = source.name if source is not None else document.source
    parts = [f"{outlet}{' (invented outlet)' if source is not None and source.invented else ''}"]
    if document.title:
        parts.append(f"“{document.title}”")
    parts.append("undated" if document.published_at is None else day_of(document.published_at).isoformat())
    if document.url:
        parts.append(document.url)
    if document.fetched_at is not None:
        parts.append(f"retrieved {day_of(document.fetched_at).isoformat()}")
    return f"{', '.join(parts)}. Eho snapshot {snapshot}, document {document.id}."
