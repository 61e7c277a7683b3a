"""Rows of the store: documents, tags and clusters to table rows and back, one transaction's page at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, bindparam, insert, select, update

from eho.annotation import AnnotatedDocument, Tags
from eho.document import Cluster, Document, to_utc_text
from eho.errors import InputError
from eho.outcome import Outcome
from index.database import reserve
from index.document_facts import insert_facts, update_facts, update_languages
from index.schema import addresses, documents, superseded_clusters, superseded_documents, superseded_tags

_CURRENT_COLUMNS: list[Column[Any]] = [
    documents.c[name] for name in ("id", "seq", "body", "tags", "cluster_id", "cluster_role", "cluster_similarity")
]
CURRENT = select(*_CURRENT_COLUMNS)

_NO_TAGS: dict[str, Any] = {"tags": None, "model": None, "model_version": None, "codebook": None}


def to_document(row: Row[Any]) -> Document:
    """Read a row of CURRENT; the cluster as known now is merged in."""
    document = Document.model_validate_json(row.body)
    if row.cluster_id is None:
        return document
    cluster = Cluster(id=row.cluster_id, role=row.cluster_role, similarity=row.cluster_similarity)
    return document.model_copy(update={"cluster": cluster})


def to_annotated(row: Row[Any]) -> AnnotatedDocument:
    """Read a row of CURRENT with its tags."""
    tags = None if row.tags is None else Tags.model_validate_json(row.tags)
    return AnnotatedDocument(document=to_document(row), tags=tags)


def text_digest(document: Document) -> str:
    """Return the sha256 (hex) of what makes a version: title, lead, text and time of publication."""
    published_at = "" if document.published_at is None else to_utc_text(document.published_at)
    parts = (document.title or "", document.lead or "", document.text, published_at)
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def put_page(connection: Connection, page: Sequence[Document]) -> list[Outcome]:
    """Store documents of distinct ids; a document whose digest differs supersedes the stored one, which loses its tags."""
    known = _rows_of(connection, [document.id for document in page])
    result: list[Outcome] = []
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for document in page:
        digest, before = text_digest(document), known.get(document.id)
        if before is None:
            result.append(Outcome.STORED)
            new.append({**_to_row(document), **_cluster_values(document.cluster), **_NO_TAGS, "digest": digest, "version": 1})
        elif before.digest == digest:
            result.append(Outcome.UNCHANGED)
        else:
            result.append(Outcome.NEW_VERSION)
            changed.append({**_to_row(document), **_NO_TAGS, "digest": digest, "version": before.version + 1})
    _number(connection, new, "text_seq", "tags_seq", "cluster_seq")
    _number(connection, changed, "text_seq")
    if changed:
        _supersede_documents(connection, known, changed)
        _update(connection, changed)
    if new:
        connection.execute(insert(documents), new)
    new_ids, changed_ids = {row["id"] for row in new}, {row["id"] for row in changed}
    insert_facts(connection, [document for document in page if document.id in new_ids])
    update_facts(connection, [document for document in page if document.id in changed_ids])
    put_addresses(connection, {url: document.id for document in page for url in _addresses_of(document)})
    return result


def put_tags_page(connection: Connection, page: Mapping[str, Tags]) -> None:
    """Set tags of stored documents; tags equal to those stored change nothing, others are kept as superseded."""
    known = _known_rows(connection, page)
    changed = [
        {
            "id": document_id,
            "tags": body,
            "model": tags.model.name,
            "model_version": tags.model.version,
            "codebook": tags.model.codebook,
        }
        for document_id, tags in page.items()
        if (body := tags.model_dump_json()) != known[document_id].tags
    ]
    _number(connection, changed, "tags_seq")
    if changed:
        _supersede_tags(connection, known, changed)
        _update(connection, changed)
        update_languages(connection, {row["id"]: page[row["id"]].language.code for row in changed})


def put_clusters_page(connection: Connection, page: Mapping[str, Cluster]) -> int:
    """Set clusters of stored documents and return how many differ from what was stored."""
    known = _known_rows(connection, page)
    changed = [{"id": key, **_cluster_values(cluster)} for key, cluster in page.items() if _differs(known[key], cluster)]
    _number(connection, changed, "cluster_seq")
    if changed:
        _supersede_clusters(connection, known, changed)
        _update(connection, changed)
    return len(changed)


def put_addresses(connection: Connection, reached: Mapping[str, str]) -> None:
    """Note under which addresses documents were asked for or reached; an address keeps the document it led to last."""
    if not reached:
        return
    urls = list(reached)
    query = select(addresses.c.url, addresses.c.document_id)
    known: dict[str, str] = {}
    for at in range(0, len(urls), 500):
        rows = connection.execute(query.where(addresses.c.url.in_(urls[at : at + 500])))
        known |= {row.url: row.document_id for row in rows}
    new = [{"url": url, "document_id": key} for url, key in reached.items() if url not in known]
    moved = [{"at": url, "to": key} for url, key in reached.items() if known.get(url, key) != key]
    if new:
        connection.execute(insert(addresses), new)
    if moved:
        statement = update(addresses).where(addresses.c.url == bindparam("at")).values(document_id=bindparam("to"))
        connection.execute(statement, moved)


def _rows_of(connection: Connection, ids: Collection[str]) -> dict[str, Row[Any]]:
    rows = connection.execute(select(documents).where(documents.c.id.in_(ids)).with_for_update())
    return {row.id: row for row in rows}


def _known_rows(connection: Connection, ids: Collection[str]) -> dict[str, Row[Any]]:
    known = _rows_of(connection, ids)
    for document_id in ids:
        if document_id not in known:
            raise InputError(f"Document {document_id!r} is not in the store; store it before tagging it.", field="id")
    return known


def _to_row(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "source": document.source,
        "body": document.model_dump_json(exclude={"cluster"}),
    }


def _cluster_values(cluster: Cluster | None) -> dict[str, Any]:
    if cluster is None:
        return {"cluster_id": None, "cluster_role": None, "cluster_similarity": None}
    return {"cluster_id": cluster.id, "cluster_role": cluster.role, "cluster_similarity": cluster.similarity}


def _differs(row: Row[Any], cluster: Cluster) -> bool:
    stored = (row.cluster_id, row.cluster_role, row.cluster_similarity)
    return stored != (cluster.id, cluster.role, cluster.similarity)


def _number(connection: Connection, changed: Sequence[dict[str, Any]], *since: str) -> None:
    """Give every row its number, also as the one since which the named parts are as they are."""
    if changed:
        for seq, values in enumerate(changed, start=reserve(connection, len(changed))):
            values |= {"seq": seq, **dict.fromkeys(since, seq)}


def _supersede_documents(connection: Connection, known: Mapping[str, Row[Any]], changed: Sequence[dict[str, Any]]) -> None:
    old = [
        {
            "document_id": row.id,
            "version": row.version,
            "from_seq": row.text_seq,
            "until_seq": values["seq"],
            "digest": row.digest,
            "body": row.body,
        }
        for values in changed
        for row in [known[values["id"]]]
    ]
    connection.execute(insert(superseded_documents), old)
    _supersede_tags(connection, known, changed)


def _supersede_tags(connection: Connection, known: Mapping[str, Row[Any]], changed: Sequence[dict[str, Any]]) -> None:
    old = [
        {
            "document_id": row.id,
            "from_seq": row.tags_seq,
            "until_seq": values["seq"],
            "version": row.version,
            "tags": row.tags,
        }
        for values in changed
        for row in [known[values["id"]]]
        if row.tags is not None
    ]
    if old:
        connection.execute(insert(superseded_tags), old)


def _supersede_clusters(connection: Connection, known: Mapping[str, Row[Any]], changed: Sequence[dict[str, Any]]) -> None:
    old = [
        {
            "document_id": row.id,
            "from_seq": row.cluster_seq,
            "until_seq": values["seq"],
            "cluster_id": row.cluster_id,
            "cluster_role": row.cluster_role,
            "cluster_similarity": row.cluster_similarity,
        }
        for values in changed
        for row in [known[values["id"]]]
        if row.cluster_id is not None
    ]
    if old:
        connection.execute(insert(superseded_clusters), old)


def _update(connection: Connection, changed: Sequence[Mapping[str, Any]]) -> None:
    table: Table = documents
    names = [name for name in changed[0] if name != "id"]
    statement = update(table).where(table.c.id == bindparam("row_id"))
    statement = statement.values({name: bindparam(f"new_{name}") for name in names})
    rows = [{"row_id": values["id"], **{f"new_{name}": values[name] for name in names}} for values in changed]
    connection.execute(statement, rows)


def _addresses_of(document: Document) -> set[str]:
    found = (document.url, document.canonical_url, document.provenance.requested_url, document.provenance.final_url)
    return {url for url in found if url}
