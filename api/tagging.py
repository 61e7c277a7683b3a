"""`eho tag`: rows in, the same rows with tags out, in order; nothing is stored and no text is altered."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from pydantic import ValidationError

from api.rows import Row, read_row
from eho.document import Document, document_id
from eho.errors import InputError
from eho.outcome import Outcome
from nlp.pipeline import Pipeline

_BATCH = 64
_KNOWN = frozenset(Document.model_fields)


def tag_lines(lines: Iterable[bytes], pipeline: Pipeline) -> Iterator[dict[str, Any]]:
    """Answer every JSON line with one row; a line that cannot be read becomes an `outcome: bad_input` row in its place.

    Lines are taken as they come: whoever writes one line and waits gets its answer, a whole file goes in batches.
    """
    for batch in _batches_as_they_come(lines):
        yield from tag_rows([read_row(line, number) for number, line in batch], pipeline)


def tag_rows(rows: Sequence[Row | InputError], pipeline: Pipeline) -> Iterator[dict[str, Any]]:
    """Answer every row in order; what is already known to be bad may stand among them as an InputError."""
    slots = [row if isinstance(row, InputError) else _to_document(row) for row in rows]
    tagged = pipeline.tag(slot for slot in slots if isinstance(slot, Document))
    for row, slot in zip(rows, slots, strict=True):
        if isinstance(slot, InputError):
            yield _bad(row, slot)
            continue
        tags = next(tagged).tags
        answer = {**_carrying(row), "tags": None if tags is None else tags.to_mapping()}  # type: ignore[arg-type]
        yield answer


def _to_document(row: Row) -> Document | InputError:
    text = row.get("text")
    if not isinstance(text, str) or not text.strip():
        return InputError(f"text is {text!r}; give a non-empty string.", field="text")
    try:
        return Document(
            id=str(row.get("id") or document_id(canonical_url=None, text=text)),
            source=str(row.get("source") or "input"),
            text=text,
            title=row.get("title"),
            lead=row.get("lead"),
            lang=row.get("lang"),
        )
    except ValidationError as error:
        first = error.errors()[0]
        return InputError(f"{first['loc'][0]} is {first.get('input')!r}: {first['msg']}.", field=str(first["loc"][0]))


def _carrying(row: Row) -> dict[str, Any]:
    """Return the row as it came, with what Eho does not know also under `extra`, as everywhere."""
    given = row.get("extra")
    unknown = {key: value for key, value in row.items() if key not in _KNOWN}
    if not unknown or (given is not None and not isinstance(given, dict)):
        return dict(row)
    return {**row, "extra": {**(given or {}), **unknown}}


def _bad(row: Row | InputError, error: InputError) -> dict[str, Any]:
    answer: dict[str, Any] = {"outcome": Outcome.BAD_INPUT.value, "reason": str(error)}
    return answer if isinstance(row, InputError) or "id" not in row else {"id": row["id"], **answer}


def _batches_as_they_come(lines: Iterable[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    """Read ahead in a thread; a batch is what has arrived, one line at least."""
    arrived: queue.Queue[tuple[int, bytes] | BaseException | None] = queue.Queue(maxsize=4 * _BATCH)

    def read() -> None:
        try:
            for item in enumerate(lines, 1):
                arrived.put(item)
            arrived.put(None)
        except Exception as error:  # noqa: BLE001 - raised again by the reader, who would wait for ever otherwise
            arrived.put(error)

    threading.Thread(target=read, name="read-lines", daemon=True).start()
    while True:
        batch: list[tuple[int, bytes]] = []
        for item in chain([arrived.get()], _waiting(arrived)):
            if not isinstance(item, tuple):
                if batch:
                    yield batch
                if item is None:
                    return
                raise item
            batch.append(item)
            if len(batch) == _BATCH:
                break
        yield batch


def _waiting(arrived: queue.Queue[Any]) -> Iterator[Any]:
    while True:
        try:
            yield arrived.get_nowait()
        except queue.Empty:
            return
