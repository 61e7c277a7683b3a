"""`eho import`: rows of a supplied file to documents; a bad row becomes an outcome with its line and reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, BinaryIO

from api.home_files import source_id
from api.rows import read_row
from api.social import open_references
from crawlers.dates import BELGRADE
from crawlers.social.exports.files import SuppliedFile, refuse_other_forms, table_rows
from crawlers.social.exports.meta import read_meta
from crawlers.social.exports.telegram import read_telegram
from crawlers.social.exports.tiktok import read_tiktok
from crawlers.social.exports.x import read_x
from crawlers.social.post import Item, Post
from crawlers.social.references import References
from eho.document import Document
from eho.errors import InputError
from eho.home import Home
from eho.outcome import Outcome, OutcomeRecord
from eho.settings import Settings

_REQUIRED = ("text", "source", "published_at")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LOCAL_TIME = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\.?(?:[ ,]+(\d{1,2})[:.](\d{2})(?::(\d{2}))?)?")
_LIST_FIELDS = frozenset({"authors"})
_BATCH = 200  # posts whose ids are drawn together: one write to the disk instead of so many

Numbered = Iterator[tuple[str, Mapping[str, Any] | InputError]]
ReadPosts = Callable[[SuppliedFile, str, dict[str, Any]], Iterator[tuple[str, Item | InputError]]]

_POSTS: dict[str, ReadPosts] = {
    "telegram": read_telegram,
    "facebook": read_meta,
    "instagram": read_meta,
    "tiktok": read_tiktok,
    "x": read_x,
}
PLATFORMS = (*_POSTS, "csv", "jsonl")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What a person says of a file beside its platform."""

    source: str | None = None  # for rows that name none; of a platform's file, instead of the platform's name
    columns: Mapping[str, str] = field(default_factory=dict)  # field -> column, of CSV

    @classmethod
    def from_arguments(cls, source: str | None, maps: list[str] | None) -> ImportOptions:
        """Read `--source` and `--map FIELD=COLUMN`. Raises InputError."""
        columns = {}
        for one in maps or ():
            name, sign, column = one.partition("=")
            if not sign or name.strip() not in Document.model_fields or not column.strip():
                known = ", ".join(one for one in ("text", "source", "published_at", "title", "id", "url", "lang"))
                raise InputError(f"--map is {one!r}; write FIELD=COLUMN, with a field such as {known}.", field="map")
            columns[name.strip()] = column.strip()
        if source is not None and not source.strip():
            raise InputError("--source is empty; give a name or an id.", field="source")
        return cls(source.strip() if source else None, columns)


def read_documents(
    stream: BinaryIO,
    platform: str,
    *,
    name: str,
    options: ImportOptions | None = None,
    home: Home | None = None,
    settings: Settings | None = None,
) -> Iterator[Document | OutcomeRecord]:
    """Yield a document, or an outcome that says what is wrong, for every row. Raises InputError for an unreadable file.

    Posts of platforms need `home`: what leads back to them goes to the sealed reference store there.
    """
    options = options or ImportOptions()
    with ExitStack() as stack:
        stack.enter_context(stream)
        if platform in _POSTS:
            if home is None:
                raise InputError("Posts need a data folder; run eho init, or set EHO_HOME.")
            references = stack.enter_context(open_references(home, settings or Settings()))
            yield from _read_posts(stream, platform, name, options, references)
        else:
            read = _csv_rows if platform == "csv" else _json_lines
            yield from _read_rows(read(stream, name, options), name, options)


# -- documents that someone supplied ------------------------------------------------------------------------------


def _read_rows(rows: Numbered, name: str, options: ImportOptions) -> Iterator[Document | OutcomeRecord]:
    for place, row in rows:
        try:
            if isinstance(row, InputError):
                raise row
            if options.source is not None and not row.get("source"):
                row = {**row, "source": options.source}
            yield to_document(row)
        except InputError as error:
            source = row.get("source") if isinstance(row, Mapping) else None
            known = source_id(source) if isinstance(source, str) and source.strip() else None
            yield OutcomeRecord(outcome=Outcome.BAD_INPUT, source=known, reason=_in_file(name, place, str(error)))


def _in_file(name: str, place: str, reason: str) -> str:
    return f"{name}, {reason}" if reason.startswith(f"{place} ") else f"{name}, {place}: {reason}"


def to_document(row: Mapping[str, Any]) -> Document:
    """Read one row as a document of a supplied corpus. Raises InputError naming field and value."""
    for name in _REQUIRED:
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise InputError(f"{name} is {row.get(name)!r}; text, source and published_at are required.", field=name)
    values = {**row, "source": source_id(row["source"].strip())}
    if values["source"] != row["source"]:
        extra = values.get("extra") or {}
        if not isinstance(extra, dict):
            raise InputError(f"extra is {extra!r}; give a JSON object, or leave it out.", field="extra")
        values["extra"] = {**extra, "source_name": row["source"].strip()}
    written = row["published_at"].strip()
    if (local := _LOCAL_TIME.fullmatch(written)) is not None:
        values |= _from_local(local, written)
    elif _DAY.fullmatch(written) and not row.get("published_at_precision"):
        values["published_at_precision"] = "day"
    return Document.from_mapping(values)


def _from_local(written: re.Match[str], text: str) -> dict[str, Any]:
    """Read `3. 9. 2026 14:30`, as spreadsheets of the region write it: the time is Belgrade's, a day alone is a day."""
    day, month, year, hour, minute, second = (int(part) if part else 0 for part in written.groups())
    try:
        if written[4] is None:
            return {"published_at": datetime(year, month, day, tzinfo=UTC), "published_at_precision": "day"}
        at = datetime(year, month, day, hour, minute, second, tzinfo=BELGRADE)
    except ValueError as error:
        raise InputError(f"published_at is {text!r}: {error}.", field="published_at") from error
    return {"published_at": at.astimezone(UTC), "published_at_precision": "second" if written[6] else "minute"}


def _json_lines(stream: BinaryIO, name: str, options: ImportOptions) -> Numbered:
    for number, line in enumerate(stream, 1):
        if line.strip():
            yield f"line {number}", read_row(line, number)


def _csv_rows(stream: BinaryIO, name: str, options: ImportOptions) -> Numbered:
    file = SuppliedFile(stream)
    if file.head:
        refuse_other_forms(file.head, name, "give a CSV file")
    columns, rows = table_rows(file, name)
    if strangers := [column for column in options.columns.values() if column not in columns]:
        raise InputError(f"{name} has no column {strangers[0]!r} (it has {', '.join(columns)[:80]}).", field="map")
    fields = {column: field for field, column in options.columns.items()}
    named = {fields.get(column, column) for column in columns} | ({"source"} if options.source else set())
    if missing := [one for one in _REQUIRED if one not in named]:
        raise InputError(
            f"{name} has no column {', '.join(missing)} (its first line: {' '.join(columns)[:80]!r}); name the columns there, "
            "or say which they are: --map text=COLUMN, --source NAME."
        )
    for place, row in rows:
        yield place, row if isinstance(row, InputError) else _csv_row(row, fields)


def _csv_row(cells: Mapping[str, Any], fields: Mapping[str, str]) -> Mapping[str, Any]:
    row: dict[str, Any] = {fields.get(column, column): cell for column, cell in cells.items()}
    for name in _LIST_FIELDS & row.keys():
        row[name] = [part.strip() for part in row[name].split(";") if part.strip()]
    return row


# -- posts of platforms -------------------------------------------------------------------------------------------


def _read_posts(
    stream: BinaryIO, platform: str, name: str, options: ImportOptions, references: References
) -> Iterator[Document | OutcomeRecord]:
    """Yield posts as documents without their authors: a file is one source, a Telegram channel its own."""
    facts: dict[str, Any] = {}
    rows = _POSTS[platform](SuppliedFile(stream), name, facts)
    while batch := list(islice(rows, _BATCH)):
        source_name = options.source or (f"Telegram {facts['name']}" if facts.get("name") else platform)
        source = source_id(source_name)
        posts = [item for _, item in batch if isinstance(item, Post)]
        claims = references.claim(source, platform, posts)
        for place, item in batch:
            if isinstance(item, InputError):
                yield OutcomeRecord(outcome=Outcome.BAD_INPUT, source=source, reason=_in_file(name, place, str(item)))
            elif isinstance(item, Post):
                document = item.to_document(
                    source=claims[item.native_id].source,
                    platform=platform,
                    document_id=claims[item.native_id].document_id,
                    parent_id=None if item.parent is None else references.find(platform, item.parent),
                    fetched_at=None,
                )
                named = {} if source == source_name else {"source_name": source_name}
                yield document.model_copy(update={"extra": {**document.extra, **named}})
            else:
                yield OutcomeRecord(outcome=item.outcome, source=source, reason=_in_file(name, place, item.reason))
