"""The store as it was at an earlier sequence number: texts, tags and clusters of then, without what was removed since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, and_, delete, exists, func, insert, or_, select

from eho.annotation import AnnotatedDocument, Tags
from eho.document import Cluster, Document
from index.database import Database, reserve
from index.document_facts import remove_facts
from index.rows import CURRENT, to_annotated
from index.schema import (
    documents,
    removed_documents,
    store_info,
    superseded_clusters,
    superseded_documents,
    superseded_tags,
)

_PAGE = 500
_SINCE = (documents.c.text_seq, documents.c.tags_seq, documents.c.cluster_seq)
_HISTORIES = (superseded_documents, superseded_tags, superseded_clusters)


class History:
    """Reads the store as of a number. Raises StoreError as the store does."""

    def __init__(self, database: Database, sequence: int) -> None:
        self._database = database
        self._sequence = sequence

    def documents(self, *, since_seq: int = 0) -> Iterator[AnnotatedDocument]:
        """Yield the documents of then that had changed after `since_seq`, page by page: writers are never held up.

        A document that changes while this reads may come twice, in the same form; none is left out.
        """
        for page in self._pages(CURRENT.where(documents.c.seq > since_seq, documents.c.seq <= self._sequence)):
            yield from map(to_annotated, page)
        changed = select(documents.c.id, documents.c.seq).where(documents.c.seq > self._sequence)
        for page in self._pages(changed):
            yield from self._of([row.id for row in page], since_seq)

    def get_all(self, document_ids: Sequence[str]) -> dict[str, AnnotatedDocument]:
        """Return those of the ids that existed then."""
        pages = (document_ids[at : at + _PAGE] for at in range(0, len(document_ids), _PAGE))
        return {item.document.id: item for page in pages for item in self._of(page)}

    def versions(self, document_id: str) -> list[Document]:
        """Return the versions of a document up to then, oldest first."""
        old = superseded_documents
        with self._database.reading() as connection:
            before = select(old.c.body).where(old.c.document_id == document_id, old.c.from_seq <= self._sequence)
            now = select(documents.c.body).where(documents.c.id == document_id, documents.c.text_seq <= self._sequence)
            bodies = [*connection.scalars(before.order_by(old.c.version)), *connection.scalars(now)]
        return [Document.model_validate_json(body) for body in bodies]

    def count(self) -> int:
        """Return how many documents of then are still stored."""
        old, at = superseded_documents, self._sequence
        was = exists().where(old.c.document_id == documents.c.id, old.c.from_seq <= at, old.c.until_seq > at)
        query = select(func.count()).select_from(documents).where(or_(documents.c.text_seq <= at, was))
        with self._database.reading() as connection:
            return connection.scalar(query) or 0

    def changed_since(self) -> dict[str, int]:
        """Count what became of the documents since then: new ones, those with other text, those with other tags only."""
        old, at = superseded_documents, self._sequence
        was = exists().where(old.c.document_id == documents.c.id, old.c.from_seq <= at, old.c.until_seq > at)
        conditions = {
            "new": and_(documents.c.text_seq > at, ~was),
            "text": and_(documents.c.text_seq > at, was),
            "tags": and_(documents.c.text_seq <= at, documents.c.tags_seq > at),
        }
        with self._database.reading() as connection:
            return {
                name: connection.scalar(select(func.count()).select_from(documents).where(condition)) or 0
                for name, condition in conditions.items()
            }

    def removed_since(self, number: int | None = None) -> dict[str, int]:
        """Count the documents of then that were erased or have expired since, or since a later number, by reason."""
        gone, since = removed_documents, max(self._sequence, number or 0)
        query = select(gone.c.reason).where(gone.c.from_seq <= self._sequence, gone.c.removed_seq > since)
        with self._database.reading() as connection:
            return dict(sorted(Counter(connection.scalars(query)).items()))

    def _pages(self, query: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
        after = 0
        while True:
            with self._database.reading() as connection:
                page = connection.execute(query.where(documents.c.seq > after).order_by(documents.c.seq).limit(_PAGE)).all()
            yield page
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    def _of(self, ids: Sequence[str], since_seq: int = 0) -> Iterator[AnnotatedDocument]:
        with self._database.reading() as connection:
            current = connection.execute(CURRENT.add_columns(*_SINCE).where(documents.c.id.in_(ids))).all()
            texts, tags, clusters = (self._then(connection, table, ids) for table in _HISTORIES)
        for row in current:
            if row.text_seq <= self._sequence:
                body, text_since = row.body, row.text_seq
            elif (text := texts.get(row.id)) is not None:
                body, text_since = text.body, text.from_seq
            else:
                continue  # it came later
            tags_then, tags_since = self._tags(row, tags.get(row.id))
            cluster, cluster_since = self._cluster(row, clusters.get(row.id))
            if max(text_since, tags_since, cluster_since) > since_seq:
                document = Document.model_validate_json(body).model_copy(update={"cluster": cluster})
                yield AnnotatedDocument(document=document, tags=tags_then)

    def _tags(self, row: Row[Any], old: Row[Any] | None) -> tuple[Tags | None, int]:
        if row.tags is not None and row.tags_seq <= self._sequence:
            return Tags.model_validate_json(row.tags), row.tags_seq
        return (None, 0) if old is None else (Tags.model_validate_json(old.tags), old.from_seq)

    def _cluster(self, row: Row[Any], old: Row[Any] | None) -> tuple[Cluster | None, int]:
        if row.cluster_seq <= self._sequence:
            then, since = row, row.cluster_seq
        elif old is not None:
            then, since = old, old.from_seq
        else:
            return None, 0
        if then.cluster_id is None:
            return None, since
        return Cluster(id=then.cluster_id, role=then.cluster_role, similarity=then.cluster_similarity), since

    def _then(self, connection: Connection, table: Table, ids: Sequence[str]) -> dict[str, Row[Any]]:
        """Return the superseded rows that were in force then, by document."""
        query = select(table).where(
            table.c.document_id.in_(ids), table.c.from_seq <= self._sequence, table.c.until_seq > self._sequence
        )
        return {row.document_id: row for row in connection.execute(query)}


def history_begins(connection: Connection) -> int:
    """Return the first number as of which the store can be read."""
    return connection.scalar(select(store_info.c.value).where(store_info.c.name == "history")) or 0


def remove_page(connection: Connection, ids: Sequence[str], reason: str) -> int:
    """Delete documents with all their versions, tags and clusters; return how many there were."""
    first = select(documents.c.id, documents.c.text_seq).where(documents.c.id.in_(ids)).with_for_update()
    since = {row.id: row.text_seq for row in connection.execute(first)}
    if not since:
        return 0
    old = superseded_documents
    earliest = select(old.c.document_id, func.min(old.c.from_seq).label("seq")).where(old.c.document_id.in_(list(since)))
    since |= {row.document_id: row.seq for row in connection.execute(earliest.group_by(old.c.document_id))}
    rows = [
        {"document_id": id, "removed_seq": seq, "from_seq": since[id], "reason": reason}
        for seq, id in enumerate(since, start=reserve(connection, len(since)))
    ]
    connection.execute(insert(removed_documents), rows)
    for table in _HISTORIES:
        connection.execute(delete(table).where(table.c.document_id.in_(list(since))))
    connection.execute(delete(documents).where(documents.c.id.in_(list(since))))
    remove_facts(connection, list(since))
    return len(since)
