"""What the command line prints: JSON, CSV that spreadsheets open without harm, or a table; and progress for a terminal."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from eho.errors import InputError

Say = Callable[[str, int, int | None], None]  # stage, done, total where known

_PLAIN_WIDTH = 160  # of tables that go into a file or a pipe, where no terminal says how wide it is
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FORMULA_IN_COMMENT = re.compile(r"([,;\t]\s*\"*)([=+\-@])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Format(StrEnum):
    """How a command answers."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def chosen_format(*, json: bool, csv: bool, table: bool) -> Format:
    """Return the one format asked for; a table where none is. Raises InputError for more than one."""
    asked = [value for value, given in ((Format.JSON, json), (Format.CSV, csv), (Format.TABLE, table)) if given]
    if len(asked) > 1:
        raise InputError(f"{' and '.join('--' + value for value in asked)} given together; choose one.")
    return asked[0] if asked else Format.TABLE


def use_utf8() -> None:
    """Make the standard streams UTF-8 on every platform; Windows would write its code page and fail on ë and Ћ."""
    for stream, errors in ((sys.stdout, "strict"), (sys.stderr, "replace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors, newline="\n")


def to_json_line(value: Any) -> str:
    """Write one JSON value on one line, readable letters kept; a lone surrogate, which UTF-8 cannot hold, is escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True, allow_nan=False)
    return text


def print_line(text: str) -> None:
    """Write one line on standard output."""
    sys.stdout.write(text + "\n")


def print_json(value: Any) -> None:
    """Write one JSON document on one line of standard output."""
    print_line(to_json_line(value))


def say(line: str) -> None:
    """Write one line on standard error, where everything goes that is no answer."""
    sys.stderr.write(harmless_text(line) + "\n")
    sys.stderr.flush()


def harmless_text(text: str) -> str:
    """Replace control and direction characters, with which a hostile headline could rewrite the terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def to_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, query: str, snapshot: str) -> str:
    """Write rows as CSV: BOM, two comment lines, a header, and no cell that a spreadsheet would run as a formula."""
    buffer = io.StringIO(newline="")
    for name, value in (("query", query), ("snapshot", snapshot)):
        line = " ".join(f"# {name}: {value}".split())
        buffer.write(_FORMULA_IN_COMMENT.sub(r"\1'\2", line) + "\r\n")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    return "\ufeff" + buffer.getvalue()


def print_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    form: Format,
    json_value: Any = None,
    query: str = "",
    snapshot: str = "",
    title: str | None = None,
) -> None:
    """Answer in the form asked for; `json_value` (default: the rows, one a line) is what --json prints."""
    if form is Format.JSON:
        for value in rows if json_value is None else [json_value]:
            print_json(value)
    elif form is Format.CSV:
        sys.stdout.write(to_csv(rows, columns, query=query, snapshot=snapshot))
    else:
        print_table(rows, columns, title=title)


def print_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, title: str | None = None) -> None:
    """Draw a table; cells are folded, never cut."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(harmless_text(_short(row.get(column)))) for column in columns))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
    console.print(table)


@contextmanager
def progress() -> Iterator[Say]:
    """Give a callback that draws a bar per stage on standard error, or does nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:

        def show(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield show


def _cell(value: Any) -> Any:
    text = _plain(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) else text


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(_plain(item) for item in value)
    return to_json_line(value) if isinstance(value, dict) else str(value)
