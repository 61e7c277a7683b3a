"""Opening a supplied file: what it holds is told from its beginning, and the rest is read as a stream."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import ijson
from ijson.common import ObjectBuilder

from crawlers.encoding import decode
from eho.errors import InputError

_HEAD_BYTES = 1_000_000
_MAX_CELL = 10_000_000  # the csv module refuses cells over 128 kB unless told otherwise
_MAX_DEPTH = 100
_ENCODINGS = frozenset(
    {"utf-8", "ascii", "utf-16-le", "utf-16-be", "windows-1250", "windows-1251", "windows-1252", "iso8859-2", "iso8859-5"}
)
_DELIMITERS = ",;\t|"
_SCALARS = frozenset({"string", "number", "boolean"})

Row = Mapping[str, Any]
Numbered = Iterator[tuple[str, Row | InputError]]  # where it stands ("line 3", "item 7"), and what stands there


class SuppliedFile(io.RawIOBase):
    """A stream whose beginning has been looked at; reading gives all of it. Standard input need not be seekable."""

    def __init__(self, stream: BinaryIO) -> None:
        self.head = stream.read(_HEAD_BYTES)
        self.is_whole = len(self.head) < _HEAD_BYTES
        self._stream, self._at = stream, 0

    def skip_mark(self) -> None:
        """Pass over a byte order mark, which JSON does not know, before anything is read."""
        if self._at == 0 and self.head.startswith(codecs.BOM_UTF8):
            self._at = len(codecs.BOM_UTF8)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._at < len(self.head):
            data = self.head[self._at : self._at + len(buffer)]
            self._at += len(data)
        else:
            data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def refuse_other_forms(head: bytes, name: str, wanted: str) -> None:
    """Raise InputError where a file's beginning shows that it is no text of the kind that is wanted."""
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    known = {
        b"PK\x03\x04": "a ZIP archive or a spreadsheet; unpack it, or save it as CSV UTF-8",
        b"\x1f\x8b": "packed with gzip; unpack it first",
        b"%PDF": "a PDF",
        b"\xd0\xcf\x11\xe0": "an old Excel file; save it as CSV UTF-8",
        b"window.YTD": "a page of X's archive of one's own account; files of the API are imported",
    }
    for mark, what in known.items():
        if start.startswith(mark):
            raise InputError(f"{name} looks like {what}; {wanted}.")
    if start[:1] == b"<":
        what = "Telegram's HTML export" if b"tgme" in head or b"Exported Data" in head else "a web page"
        raise InputError(f"{name} looks like {what}; {wanted}.")
    if not start:
        raise InputError(f"{name} is empty; {wanted}.")


def json_rows(file: SuppliedFile, name: str, lists: Sequence[str], facts: dict[str, Any] | None = None) -> Numbered:
    """Yield the objects of a JSON file: of its outermost list, of the lists named (`data`, `data.videos`), or of JSON lines.

    A file of any size is read in bounded memory. `facts` is filled with the outermost strings and numbers that stand before
    the rows. Raises InputError for what is no JSON.
    """
    if _holds_lines(file):
        yield from _json_lines(file, lists)
        return
    rows = _Rows({"item", *(f"{one}.item" for one in lists)}, {} if facts is None else facts)
    try:
        file.skip_mark()
        for event, value in ijson.basic_parse(io.BufferedReader(file, 1 << 16), use_float=True):
            found = rows.feed(event, value)
            if found is not None:
                yield f"item {rows.number}", found
    except (ijson.JSONError, UnicodeDecodeError) as error:
        place = f"after item {rows.number}" if rows.number else "at its beginning"
        said = " ".join(str(error).split())[:120]
        raise InputError(f"{name} is no whole JSON file ({place}: {said}); export it anew.") from error
    except RecursionError as error:
        raise InputError(f"{name} is no whole JSON file (nested more than {_MAX_DEPTH} deep); export it anew.") from error


class _Rows:
    """Puts the events of a JSON file together to rows. Paths are kept here: ijson's own grow with the square of the depth."""

    def __init__(self, wanted: set[str], facts: dict[str, Any]) -> None:
        self.number = 0
        self._wanted, self._facts = wanted, facts
        self._path: list[str] = []
        self._builder: ObjectBuilder | None = None
        self._depth = self._row_depth = 0

    def feed(self, event: str, value: Any) -> Row | InputError | None:
        """Take one event; return a row where it ends one. Raises RecursionError for what is nested too deeply."""
        self._depth += event.startswith("start_") - event.startswith("end_")
        if self._depth > _MAX_DEPTH:
            raise RecursionError
        if self._builder is not None:
            return self._build(self._builder, event, value)
        if event in _SCALARS or event == "start_map":
            path = ".".join(self._path)
            if path in self._wanted:
                self.number += 1
                if event != "start_map":
                    return InputError(f"is {value!r:.60}, not a JSON object.")
                self._builder, self._row_depth = ObjectBuilder(), self._depth
                self._builder.event(event, value)
            elif event != "start_map" and len(self._path) == 1:
                self._facts[path] = value
        if self._builder is None:
            self._follow(event, value)
        return None

    def _build(self, builder: ObjectBuilder, event: str, value: Any) -> Row | None:
        builder.event(event, value)
        if event != "end_map" or self._depth >= self._row_depth:
            return None
        self._builder = None
        row: Row = builder.value
        return row

    def _follow(self, event: str, value: Any) -> None:
        if event == "map_key":
            self._path[-1] = value
        elif event == "start_map":
            self._path.append("")
        elif event == "start_array":
            self._path.append("item")
        elif event in ("end_map", "end_array"):
            self._path.pop()


def _holds_lines(file: SuppliedFile) -> bool:
    """Tell JSON lines from one JSON value: the first line is an object by itself."""
    line, end, rest = file.head.lstrip(b"\xef\xbb\xbf \r\n\t").partition(b"\n")
    if not line.startswith(b"{") or not (end or file.is_whole):
        return False
    try:
        whole = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(whole, dict) and (bool(rest.strip()) or not any(isinstance(value, list | dict) for value in whole.values()))


def _json_lines(file: SuppliedFile, lists: Sequence[str]) -> Numbered:
    for number, line in enumerate(io.BufferedReader(file, 1 << 16), 1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            yield place, InputError(f"is no JSON: {' '.join(str(error).split())[:120]}.")
            continue
        if not isinstance(row, dict):
            yield place, InputError(f"is {type(row).__name__}, not a JSON object.")
            continue
        rows = next((found for one in lists if isinstance(found := _at(row, one), list | dict)), row)
        for one in rows if isinstance(rows, list) else [rows]:
            yield place, one if isinstance(one, dict) else InputError(f"holds {one!r:.60}, not a JSON object.")


def _at(row: Row, path: str) -> Any:
    found: Any = row
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def table_rows(file: SuppliedFile, name: str) -> tuple[list[str], Numbered]:
    """Return the columns of a CSV file and its rows; encoding and delimiter are told from its beginning. Raises InputError.

    Comment lines (`# …`) before the columns, as Eho's own CSV has them, are passed over.
    """
    csv.field_size_limit(_MAX_CELL)
    encoding = decode(file.head).encoding
    if encoding not in _ENCODINGS:
        raise InputError(f"{name} is in an encoding that cannot be told ({encoding}?); save it as CSV UTF-8.")
    encoding = {"utf-8": "utf-8-sig", "ascii": "utf-8-sig", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(encoding, encoding)
    text = io.TextIOWrapper(io.BufferedReader(file, 1 << 16), encoding=encoding, newline="")
    with _saying(name):
        line, skipped = text.readline(), 0
        while line.startswith("#"):
            line, skipped = text.readline(), skipped + 1
        delimiter = _delimiter(line)
        columns = [column.strip() for column in next(csv.reader([line], delimiter=delimiter), [])]
    return columns, _table(text, name, columns, delimiter, skipped + 1)


def _table(text: io.TextIOWrapper, name: str, columns: list[str], delimiter: str, before: int) -> Numbered:
    with _saying(name):
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        for cells in reader:
            if cells:
                yield f"line {reader.line_num + before}", _table_row(columns, cells)


def _table_row(columns: list[str], cells: list[str]) -> Row | InputError:
    if len(cells) > len(columns):
        return InputError(f"the row has {len(cells)} cells for {len(columns)} columns; put cells with the delimiter in quotes.")
    return {column: cell for column, cell in zip(columns, cells, strict=False) if cell.strip()}


def _delimiter(line: str) -> str:
    """Return the sign that stands most often in the line of columns, quoted parts left out."""
    bare = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=bare.count)


@contextmanager
def _saying(name: str) -> Iterator[None]:
    """Turn what the csv module and decoding raise into one line about the file."""
    try:
        yield
    except UnicodeError as error:
        raise InputError(f"{name} is in more than one encoding ({error}); save it as CSV UTF-8.") from error
    except csv.Error as error:
        raise InputError(f"{name} cannot be read as CSV: {error}; check its quotation marks.") from error
