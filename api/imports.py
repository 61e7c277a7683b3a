"""`eho import`: rows of a JSON-lines or CSV file to documents; a bad row becomes an outcome with its line and reason."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from api.home_files import source_id
from api.rows import read_row
from eho.document import Document
from eho.errors import InputError
from eho.outcome import Outcome, OutcomeRecord

_REQUIRED = ("text", "source", "published_at")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LIST_FIELDS = frozenset({"authors"})
_MAX_CELL = 10_000_000  # the csv module refuses cells over 128 kB unless told otherwise

Numbered = Iterator[tuple[int, Mapping[str, Any] | InputError]]


def read_documents(stream: BinaryIO, platform: str, *, name: str) -> Iterator[Document | OutcomeRecord]:
    """Yield a document, or an outcome that says what is wrong, for every row. Raises InputError for an unreadable file."""
    with stream:
        for line, row in PLATFORMS[platform](stream, name):
            try:
                if isinstance(row, InputError):
                    raise row
                yield to_document(row)
            except InputError as error:
                source = row.get("source") if isinstance(row, Mapping) else None
                yield OutcomeRecord(
                    outcome=Outcome.BAD_INPUT,
                    source=source_id(source) if isinstance(source, str) and source.strip() else None,
                    reason=_in_file(name, line, str(error)),
                )


def _in_file(name: str, line: int, reason: str) -> str:
    return f"{name}, {reason}" if reason.startswith(f"line {line} ") else f"{name}, line {line}: {reason}"


def to_document(row: Mapping[str, Any]) -> Document:
    """Read one row as a document of a supplied corpus. Raises InputError naming field and value."""
    for field in _REQUIRED:
        if not isinstance(row.get(field), str) or not row[field].strip():
            raise InputError(f"{field} is {row.get(field)!r}; text, source and published_at are required.", field=field)
    values = {**row, "source": source_id(row["source"].strip())}
    if values["source"] != row["source"]:
        extra = values.get("extra") or {}
        if not isinstance(extra, dict):
            raise InputError(f"extra is {extra!r}; give a JSON object, or leave it out.", field="extra")
        values["extra"] = {**extra, "source_name": row["source"].strip()}
    if _DAY.fullmatch(row["published_at"].strip()) and not row.get("published_at_precision"):
        values["published_at_precision"] = "day"
    return Document.from_mapping(values)


def _json_lines(stream: BinaryIO, name: str) -> Numbered:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        yield number, read_row(line, number)


def _csv_rows(stream: BinaryIO, name: str) -> Numbered:
    csv.field_size_limit(_MAX_CELL)
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        head = text.readline()
        while head.startswith("#"):  # the comment lines of Eho's own CSV
            head = text.readline()
        delimiter = max(",;\t", key=head.count)
        columns = next(csv.reader([head], delimiter=delimiter), [])
        columns = [column.strip() for column in columns]
        if missing := [field for field in _REQUIRED if field not in columns]:
            raise InputError(
                f"{name} has no column {', '.join(missing)} (its first line: {head.strip()[:80]!r}); name the columns there."
            )
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        for cells in reader:
            if cells:
                yield reader.line_num + 1, _csv_row(columns, cells)
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 (byte {error.start + 1}); save it as CSV UTF-8.") from error
    except csv.Error as error:
        raise InputError(f"{name} cannot be read as CSV: {error}; check its quotation marks.") from error
    finally:
        text.detach()


def _csv_row(columns: list[str], cells: list[str]) -> Mapping[str, Any] | InputError:
    if len(cells) > len(columns):
        return InputError(f"the row has {len(cells)} cells for {len(columns)} columns; put cells with the delimiter in quotes.")
    row: dict[str, Any] = {column: cell for column, cell in zip(columns, cells, strict=False) if cell.strip()}
    for field in _LIST_FIELDS & row.keys():
        row[field] = [part.strip() for part in row[field].split(";") if part.strip()]
    return row


PLATFORMS: dict[str, Callable[[BinaryIO, str], Numbered]] = {"jsonl": _json_lines, "csv": _csv_rows}
