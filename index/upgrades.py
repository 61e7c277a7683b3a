"""Brings the tables of a store that an earlier Eho made up to the present layout."""

from __future__ import annotations

from sqlalchemy import Column, Connection, insert, select, update

from index.schema import (
    SCHEMA_VERSION,
    documents,
    metadata,
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


def upgrade_from_1(connection: Connection) -> None:
    """Add what tells the state as of a number. Earlier states cannot be told, so the history begins with the present number."""
    for column in _NEW_COLUMNS:
        connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ADD COLUMN {column.name} INTEGER NOT NULL DEFAULT 0")
    metadata.create_all(connection)
    seq = documents.c.seq
    connection.execute(update(documents).values(text_seq=seq, tags_seq=seq, cluster_seq=seq))
    sequence = connection.scalar(select(store_info.c.value).where(store_info.c.name == "sequence")) or 0
    connection.execute(insert(store_info).values(name="history", value=sequence))
    connection.execute(update(store_info).where(store_info.c.name == "schema").values(value=SCHEMA_VERSION))
