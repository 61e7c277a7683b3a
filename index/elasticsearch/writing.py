"""Writes documents in bulk: in order, with retries that wait longer each time, and with an outcome for every item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from eho.annotation import AnnotatedDocument
from eho.errors import EngineAwayError
from eho.outcome import Outcome
from index.elasticsearch.connection import OVERLOADED, Connection
from index.elasticsearch.mapping import content_key, key_of, to_codes, to_entry
from index.embedding import Embedder, document_vectors

_BATCH = 250  # documents that are encoded, sent and, where the server goes away, kept together
_TRIES = 6
_WAIT_S, _LONGEST_WAIT_S = 0.5, 20.0


@dataclass(slots=True)
class Written:
    """What became of the documents so far; `failures` name those that the server refused, and why."""

    keys: set[str] = field(default_factory=set)
    failures: list[Mapping[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents that belong together, in order."""

    documents: Sequence[AnnotatedDocument]


class BulkWriter:
    """Writes into one version. The next batch is read only after the last is answered: a slow server slows the reading."""

    def __init__(self, connection: Connection, embedder: Embedder | None, *, bulk_mb: float) -> None:
        self._connection = connection
        self._embedder = embedder
        self._most_bytes = int(bulk_mb * 1_000_000)

    def write(self, index: str, batch: Batch, written: Written, *, known: str | None) -> None:
        """Write one batch; `known`: the version whose vectors are copied where a text has not changed.

        Raises EngineAwayError where the server does not take it in spite of all retries; writing it again does no harm.
        """
        from elasticsearch import helpers

        codes = self._codes(batch.documents, known)
        actions = [
            {"_op_type": "index", "_index": index, "_id": key_of(one.document.id), "_source": to_entry(one, code)}
            for one, code in zip(batch.documents, codes, strict=True)
        ]
        with self._connection.saying():
            results = helpers.streaming_bulk(
                self._connection.client,
                actions,
                chunk_size=_BATCH,
                max_chunk_bytes=self._most_bytes,
                max_retries=_TRIES,
                initial_backoff=_WAIT_S,
                max_backoff=_LONGEST_WAIT_S,
                retry_on_status=OVERLOADED,
                raise_on_error=False,
            )
            ids = {key_of(one.document.id): one.document.id for one in batch.documents}
            for is_done, answer in results:  # what had to be tried again comes later than what stood beside it
                self._note(ids[answer["index"]["_id"]], is_done=is_done, answer=answer["index"], written=written)

    def _note(self, document_id: str, *, is_done: bool, answer: Mapping[str, Any], written: Written) -> None:
        if is_done:
            written.keys.add(key_of(document_id))
            return
        error, status = answer.get("error"), int(answer.get("status") or 500)
        reason = str(error.get("reason") or error.get("type")) if isinstance(error, dict) else str(error)
        if status in OVERLOADED or status >= 500 or status == 404:
            raise EngineAwayError(
                f"The search server at {self._connection.where} does not take documents now ({status}): "
                f"{' '.join(reason.split())[:200]}. Look at its health; then try again."
            )
        cause = error.get("caused_by") if isinstance(error, dict) else None
        if isinstance(cause, dict) and cause.get("reason"):
            reason = str(cause["reason"])  # the outer one quotes the value, however long it is
        row = {"id": document_id, "outcome": Outcome.NOT_INDEXED.value, "reason": " ".join(reason.split())[:300]}
        written.failures.append(row)

    def _codes(self, documents: Sequence[AnnotatedDocument], known: str | None) -> list[str | None]:
        if self._embedder is None:
            return [None] * len(documents)
        found: list[str | None] = [None] * len(documents)
        if known is not None:
            found = self._copied(documents, known)
        new = [at for at, code in enumerate(found) if code is None]
        if new:
            made = document_vectors(self._embedder, [documents[at].document for at in new])
            for at, vector in zip(new, np.asarray(made), strict=True):
                found[at] = to_codes(vector)
        return found

    def _copied(self, documents: Sequence[AnnotatedDocument], known: str) -> list[str | None]:
        """Return the vectors of documents whose content the known version holds unchanged."""
        ids = [key_of(one.document.id) for one in documents]
        with self._connection.saying():
            rows = self._connection.client.mget(index=known, ids=ids, source_includes=["content", "codes"]).body["docs"]
        sources = [row.get("_source") or {} for row in rows]
        return [
            source.get("codes") if source.get("content") == content_key(one.document) else None
            for one, source in zip(documents, sources, strict=True)
        ]


def batches_of(documents: Iterable[AnnotatedDocument]) -> Iterator[Batch]:
    """Cut documents into batches; of a repeated id the last of a batch stays."""
    rest = iter(documents)
    while found := list(islice(rest, _BATCH)):
        yield Batch(list({one.document.id: one for one in found}.values()))
