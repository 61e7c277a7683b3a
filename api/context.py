"""`eho context`: other outlets' versions of one text: who published it first, who copied it when, under which headline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.headlines import headline_difference
from api.stories import cluster_members, cluster_of, document_row, shown_annotations, stored
from api.text_changes import text_changes
from eho.annotation import AnnotatedDocument
from nlp.clusters import no_later_than
from nlp.credits import credits_of

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
    agencies = {id: (source.name, *source.names.values()) for id, source in parts.sources.items() if source.medium == "agency"}
    versions = [_version(parts, one, original, agencies) for one in members]
    return {
        "id": document_id,
        "cluster": cluster,
        "original": original.document.id,
        "original_is_sure": _is_first(original, members),
        "sources": sorted({one.document.source for one in members}),
        "versions": versions,
        "headlines": len({tuple(_words(one)) for one in members}),
    }


def _version(
    parts: Parts, one: AnnotatedDocument, original: AnnotatedDocument, agencies: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    document, first = one.document, original.document
    minutes = None
    if document.published_at is not None and first.published_at is not None:
        minutes = round((document.published_at - first.published_at).total_seconds() / 60)
    source = parts.sources.get(document.source)
    return {
        **document_row(one),
        "role": _role(one),
        "similarity": 1.0 if document.cluster is None else document.cluster.similarity,
        "published_at_precision": document.published_at_precision,
        "published_at_from": document.published_at_from,
        "minutes_after": minutes,
        "headline": headline_difference(first.title or "", document.title or ""),
        "headline_annotations": shown_annotations(one, field="title"),
        "text": text_changes(first.text, document.text),
        "credits": [
            {"agency": credit.agency, "start": credit.start, "end": credit.end} for credit in credits_of(document.text, agencies)
        ],
        "belongs_to_user": None if source is None else source.belongs_to_user,
    }


def _is_first(original: AnnotatedDocument, members: Sequence[AnnotatedDocument]) -> bool:
    """Tell whether the original is known to be the earliest: its hour is known, and no other may have come before it."""
    at = no_later_than(original.document)
    others = [one.document for one in members if one.document.id != original.document.id]
    if original.document.published_at is None:
        return not others
    return all(
        one.published_at is not None
        and (one.published_at >= at if one.published_at_precision == "day" else one.published_at > at)
        for one in others
    )


def _role(one: AnnotatedDocument) -> str:
    return "original" if one.document.cluster is None else one.document.cluster.role


def _words(one: AnnotatedDocument) -> list[str]:
    from index.tokens import folded_words

    return folded_words(one.document.title or "")
