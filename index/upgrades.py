"""Brings the tables of a store that an earlier Eho made up to the present layout."""

from __future__ import annotations

from itertools import islice

from sqlalchemy import Column, Connection, insert, select, update

from eho.document import Document
from index.document_facts import insert_facts
from index.schema import (
    SCHEMA_VERSION,
    documents,
    metadata,
    outcomes,
    store_info,
    superseded_documents,
    superseded_tags,
)

_NEW_COLUMNS: tuple[Column[int], ...] = (
    documents.c.text_seq,
    documents.c.tags_seq,
    documents.c.cluster_seq,
    superseded_documents.c.from_seq,
    superseded_tags.c.from_seq,
)
_PAGE = 500


def upgrade(connection: Connection, found: int) -> None:
    """Bring a store of layout `found` up to the present one, in the transaction of the connection."""
    if found == 1:
        _from_1(connection)
    _from_2(connection)
    connection.execute(update(store_info).where(store_info.c.name == "schema").values(value=SCHEMA_VERSION))


def _from_1(connection: Connection) -> None:
    """Add what tells the state as of a number. Earlier states cannot be told, so the history begins with the present number."""
    for column in _NEW_COLUMNS:
        connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ADD COLUMN {column.name} INTEGER NOT NULL DEFAULT 0")
    metadata.create_all(connection)
    seq = documents.c.seq
    connection.execute(update(documents).values(text_seq=seq, tags_seq=seq, cluster_seq=seq))
    sequence = connection.scalar(select(store_info.c.value).where(store_info.c.name == "sequence")) or 0
    connection.execute(insert(store_info).values(name="history", value=sequence))


def _from_2(connection: Connection) -> None:
    """Add what coverage counts by day. An address was first dealt with, as far as is known, when it was dealt with last."""
    connection.exec_driver_sql("ALTER TABLE outcomes ADD COLUMN first_day VARCHAR(10) NOT NULL DEFAULT ''")
    metadata.create_all(connection)  # makes tables, and with them their indexes; the new index of an old table by itself
    for index in outcomes.indexes:
        index.create(connection, checkfirst=True)
    connection.execute(update(outcomes).values(first_day=outcomes.c.day))
    rows = connection.execution_options(yield_per=_PAGE).execute(select(documents.c.body))
    bodies = iter(rows.scalars())
    while page := list(islice(bodies, _PAGE)):
        insert_facts(connection, [Document.model_validate_json(body) for body in page])
