"""What similar documents, versions of a story and both languages' accounts of an event have in common: rows, names, checks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from eho.annotation import AnnotatedDocument
from eho.document import to_utc_text
from eho.errors import InputError
from nlp.entity_names import names_of

if TYPE_CHECKING:
    from api.wiring import Parts

READ_KINDS = ("article", "post")  # comments are private persons' words: never set beside an outlet's unless asked for
_SHOWN = {"narrative", "stance", "speaker", "reviewed", "score"}


def stored(parts: Parts, document_id: str) -> AnnotatedDocument:
    """Return a document. Raises InputError for an unknown id."""
    found = parts.store().get(document_id)
    if found is None:
        raise InputError(f"There is no document {document_id!r}; eho search prints the ids.", field="id")
    return found


def document_row(annotated: AnnotatedDocument) -> dict[str, Any]:
    """Return what a list shows of a document; never its authors."""
    document = annotated.document
    return {
        "id": document.id,
        "url": document.url,
        "source": document.source,
        "kind": document.kind,
        "lang": language_code(annotated),
        "title": document.title,
        "published_at": None if document.published_at is None else to_utc_text(document.published_at),
        "annotations": shown_annotations(annotated),
    }


def language_code(annotated: AnnotatedDocument) -> str | None:
    """Return the identified language, else the one the document came with."""
    return annotated.document.lang if annotated.tags is None else annotated.tags.language.code


def shown_annotations(annotated: AnnotatedDocument, *, field: str | None = None) -> list[dict[str, Any]]:
    """Return the annotations that readers are shown, in the shape of a hit's; of one field where it is named."""
    annotations = () if annotated.tags is None else annotated.tags.annotations
    return [
        one.model_dump(mode="json", include=_SHOWN)
        for one in annotations
        if not one.needs_review and (field is None or any(span.field == field for span in one.spans))
    ]


def entity_rows(ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return entities with their names in both languages; ids that the gazetteer no longer has are left out."""
    found = ((id, names_of(id)) for id in ids)
    return [{"id": id, "names": names._asdict()} for id, names in found if names is not None]


def cluster_of(annotated: AnnotatedDocument) -> str:
    """Return the cluster's id; a document alone is a cluster of its own."""
    cluster = annotated.document.cluster
    return annotated.document.id if cluster is None else cluster.id


def cluster_members(parts: Parts, cluster: str) -> list[AnnotatedDocument]:
    """Return the documents of a cluster that are in the index, oldest first, undated ones last."""
    from index.answers import SearchOptions
    from index.nodes import Keyword, Query

    query = Query("", Keyword("cluster", cluster))
    hits = parts.index().search(query, SearchOptions(sort="date", limit=1000, facets=False, include_needs_review=True)).hits
    members = parts.store().get_all([hit.id for hit in hits]).values()
    return sorted(members, key=lambda one: (time_text(one) or "9999", one.document.id))


def cluster_size(parts: Parts, cluster: str) -> int:
    """Return how many documents of a cluster the index holds, one at least."""
    from index.answers import SearchOptions
    from index.nodes import Keyword, Query

    answer = parts.index().search(Query("", Keyword("cluster", cluster)), SearchOptions(limit=1, facets=False))
    return max(1, answer.total)


def time_text(annotated: AnnotatedDocument) -> str | None:
    """Return the time of publication as the interface writes it."""
    published_at = annotated.document.published_at
    return None if published_at is None else to_utc_text(published_at)
