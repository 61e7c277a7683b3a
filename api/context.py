"""`eho context`: other outlets' versions of one text: who published it first, who copied it when, under which headline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.headlines import headline_difference
from api.stories import cluster_members, cluster_of, document_row, shown_annotations, stored
from eho.annotation import AnnotatedDocument

if TYPE_CHECKING:
    from api.wiring import Parts


def context(parts: Parts, document_id: str) -> dict[str, Any]:
    """Answer as `eho context --json`, without the snapshot. Raises InputError for an unknown id, EngineError."""
    asked = stored(parts, document_id)
    cluster = cluster_of(asked)
    members = cluster_members(parts, cluster)
    if all(one.document.id != document_id for one in members):
        members = [asked, *members]
    original = next((one for one in members if _role(one) == "original"), members[0])
    versions = [_version(one, original) for one in members]
    return {
        "id": document_id,
        "cluster": cluster,
        "original": original.document.id,
        "sources": sorted({one.document.source for one in members}),
        "versions": versions,
        "headlines": len({tuple(_words(one)) for one in members}),
    }


def _version(one: AnnotatedDocument, original: AnnotatedDocument) -> dict[str, Any]:
    document, first = one.document, original.document
    minutes = None
    if document.published_at is not None and first.published_at is not None:
        minutes = round((document.published_at - first.published_at).total_seconds() / 60)
    return {
        **document_row(one),
        "role": _role(one),
        "similarity": 1.0 if document.cluster is None else document.cluster.similarity,
        "published_at_precision": document.published_at_precision,
        "minutes_after": minutes,
        "headline": headline_difference(first.title or "", document.title or ""),
        "headline_annotations": shown_annotations(one, field="title"),
    }


def _role(one: AnnotatedDocument) -> str:
    return "original" if one.document.cluster is None else one.document.cluster.role


def _words(one: AnnotatedDocument) -> list[str]:
    from index.tokens import folded_words

    return folded_words(one.document.title or "")
