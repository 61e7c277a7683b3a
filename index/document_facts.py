"""Facts of documents that coverage counts by day, kept beside them so that no text has to be read for a count."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, update

from eho.document import Document, to_utc_text
from index.calendar import day_of
from index.schema import document_facts


def insert_facts(connection: Connection, new: Sequence[Document]) -> None:
    """Note the facts of documents that are new to the store."""
    if new:
        now = datetime.now(UTC)
        rows = [{**_facts(one), "source": one.source, "stored_on": day_of(one.fetched_at or now).isoformat()} for one in new]
        connection.execute(insert(document_facts), rows)


def update_facts(connection: Connection, changed: Sequence[Document]) -> None:
    """Note the facts of documents whose text or time changed; they keep the day on which they were first stored."""
    if changed:
        names = ("published_on", "published_at", "characters", "lang")
        _update(connection, [{name: _facts(one)[name] for name in names} | {"row_id": one.id} for one in changed])


def update_languages(connection: Connection, languages: Mapping[str, str]) -> None:
    """Note the languages that tagging found, by document id."""
    if languages:
        _update(connection, [{"row_id": id, "lang": lang} for id, lang in languages.items()])


def remove_facts(connection: Connection, document_ids: Collection[str]) -> None:
    """Forget the facts of removed documents."""
    connection.execute(delete(document_facts).where(document_facts.c.document_id.in_(document_ids)))


def _update(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    names = [name for name in rows[0] if name != "row_id"]
    statement = update(document_facts).where(document_facts.c.document_id == bindparam("row_id"))
    statement = statement.values({name: bindparam(f"new_{name}") for name in names})
    connection.execute(statement, [{"row_id": row["row_id"], **{f"new_{name}": row[name] for name in names}} for row in rows])


def _facts(document: Document) -> dict[str, Any]:
    published_at = document.published_at
    return {
        "document_id": document.id,
        "published_on": None if published_at is None else day_of(published_at).isoformat(),
        "published_at": None if published_at is None else to_utc_text(published_at),
        "characters": len(document.text),
        "lang": document.lang,
    }
