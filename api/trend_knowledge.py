"""What a trend needs to know beside the index: groups of sources, days on which they failed, documents that people read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from eho.errors import StoreError
from index.calendar import day_of

if TYPE_CHECKING:
    from api.wiring import Parts
    from index.audited import AuditedDocument
    from index.coverage import Coverage

GROUPS = ("ownership", "audience")
AUDITS = "audits"  # folder of the data folder


def knowledge(parts: Parts, split: str | None) -> dict[str, Any]:
    """Return the options of a trend that nobody asks for."""
    return {
        "source_groups": source_groups(parts, split) if split in GROUPS else {},
        "coverage": coverage(parts),
        "audited": audited(parts),
        "today": day_of(datetime.now(UTC)),
    }


def source_groups(parts: Parts, field: str) -> dict[str, str | None]:
    """Return the ownership or audience of every source."""
    return {source.id: getattr(source, field) for source in parts.sources.values()}


def coverage(parts: Parts) -> Coverage:
    """Return what is expected of the sources, and when all their fetches failed; a store that is away hides no answer."""
    from index.coverage import Coverage

    expected = {source.id: source.expect.min for source in parts.sources.values() if source.expect.min}
    try:
        failed = parts.store().failed_days(list(parts.sources))
    except StoreError:
        failed = {}
    return Coverage(expected, failed)


def audited(parts: Parts) -> tuple[AuditedDocument, ...]:
    """Return the documents that people read at random, of all files in the data folder. Raises InputError for a broken row."""
    folder = parts.home.path / AUDITS
    if not any(folder.glob("*.jsonl")):
        return ()
    from evaluation.document_audit import read_rows
    from index.audited import AuditedDocument

    return tuple(
        AuditedDocument(row.id, row.weight, frozenset(row.narratives), tuple(row.annotations))
        for row in read_rows(folder)
        if row.annotations is not None
    )
