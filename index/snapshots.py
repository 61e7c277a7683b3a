"""Which snapshot ids were given out, over which documents, and under which model and codebook each was."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from eho.annotation import ModelVersion
from eho.codebook import Codebook
from eho.document import to_utc_text
from eho.errors import InputError
from index.database import Database
from index.schema import snapshot_contexts, snapshots

_SHAPE = re.compile(r"s(\d{1,18})(-.+@.+-[0-9a-f]+)?")


@dataclass(frozen=True, slots=True)
class Context:
    """What an answer depends on beside the documents and their tags.

    `narratives`: the user's own, each with its definition and, where it is trained, the card of its model.
    """

    model: ModelVersion | None
    codebook: Codebook
    narratives: Sequence[Mapping[str, Any]] = ()

    def to_json(self) -> str:
        """Return canonical JSON."""
        row = {
            "model": None if self.model is None else self.model.model_dump(mode="json"),
            "codebook": self.codebook.model_dump(mode="json"),
            "narratives": [dict(narrative) for narrative in self.narratives],
        }
        return json.dumps(row, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Context:
        """Read what `to_json` wrote."""
        row = json.loads(text)
        model = None if row["model"] is None else ModelVersion.model_validate(row["model"])
        return cls(model, Codebook.model_validate(row["codebook"]), tuple(row["narratives"]))


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """A snapshot as the book has it; `created_at` where a person asked to keep it."""

    id: str
    sequence: int
    documents: int  # then
    first_at: str
    created_at: str | None
    note: str | None


class SnapshotBook:
    """The ids given out, in the store's database; safe to share between threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, id: str, sequence: int, documents: int, context: Context) -> None:
        """Write down an id with its context, once: what it meant when it was first given stays."""
        body = context.to_json()
        digest = hashlib.sha256(body.encode()).hexdigest()
        with self._database.writing() as connection:
            if connection.scalar(select(snapshots.c.id).where(snapshots.c.id == id)) is not None:
                return
            known = select(snapshot_contexts.c.digest).where(snapshot_contexts.c.digest == digest)
            if connection.scalar(known) is None:
                connection.execute(insert(snapshot_contexts).values(digest=digest, body=body))
            values: dict[str, Any] = {
                "id": id,
                "sequence": sequence,
                "documents": documents,
                "context": digest,
                "first_at": _now(),
            }
            connection.execute(insert(snapshots).values(**values))

    def keep(self, id: str, note: str | None) -> None:
        """Note that a person wants to keep a known snapshot; another note replaces the first, the time stays."""
        with self._database.writing() as connection:
            here = snapshots.c.id == id
            connection.execute(update(snapshots).where(here, snapshots.c.created_at.is_(None)).values(created_at=_now()))
            if note is not None:
                connection.execute(update(snapshots).where(here).values(note=note))

    def record(self, id: str) -> SnapshotRecord:
        """Return a snapshot. Raises InputError, with the nearest known id, for one that was never given out."""
        with self._database.reading() as connection:
            row = connection.execute(select(snapshots).where(snapshots.c.id == id)).first()
        if row is None:
            raise InputError(
                f"There is no snapshot {id[:80]!r}: {self._advice(id)} See eho snapshot list --all.", field="snapshot"
            )
        return _to_record(row)

    def context(self, id: str) -> Context:
        """Return the context of a known snapshot."""
        joined = snapshot_contexts.c.digest == snapshots.c.context
        query = select(snapshot_contexts.c.body).join(snapshots, joined).where(snapshots.c.id == id)
        with self._database.reading() as connection:
            return Context.from_json(connection.execute(query).scalar_one())

    def records(self, *, all_given: bool = False) -> list[SnapshotRecord]:
        """Return the snapshots that persons keep, or all that were given out, newest first."""
        query = select(snapshots).order_by(snapshots.c.sequence.desc(), snapshots.c.id)
        if not all_given:
            query = query.where(snapshots.c.created_at.is_not(None))
        with self._database.reading() as connection:
            return [_to_record(row) for row in connection.execute(query)]

    def kept_sequences(self) -> set[int]:
        """Return the sequence numbers of the snapshots that persons keep."""
        return {record.sequence for record in self.records()}

    def _advice(self, id: str) -> str:
        if _SHAPE.fullmatch(id) is None:
            return "an id looks like s1234-baseline@1-0123456789ab and stands in every answer."
        with self._database.reading() as connection:
            known = connection.scalars(select(snapshots.c.id).order_by(snapshots.c.sequence.desc()).limit(1000)).all()
        near = difflib.get_close_matches(id, known, n=1, cutoff=0.6)
        return f"no answer was given over it; did you mean {near[0]}?" if near else "no answer was given over it."


def _to_record(row: Row[Any]) -> SnapshotRecord:
    return SnapshotRecord(row.id, row.sequence, row.documents, row.first_at, row.created_at, row.note)


def _now() -> str:
    return to_utc_text(datetime.now(UTC))
