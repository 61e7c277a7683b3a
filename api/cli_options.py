"""Options and input that several commands share, so that one thing has one name and one way to fail everywhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from eho.errors import InputError, QueryError

STDIN = "-"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV that spreadsheets open.")]
AsTable = Annotated[bool, typer.Option("--table", help="Print a table (the default).")]

From = Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day, in Belgrade: 2026-09-03, 2026-09 or 2026.")]
To = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day, included.")]
InSources = Annotated[list[str] | None, typer.Option("--source", metavar="ID", help="Only this source; repeat for more.")]
Langs = Annotated[list[str] | None, typer.Option("--lang", metavar="CODE", help="sq, sr, sr-Latn, sr-Cyrl …; repeat for more.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", metavar="KIND", help="article, post or comment.")]
Narratives = Annotated[list[str] | None, typer.Option("--narrative", metavar="ID", help="Only this narrative; repeat for more.")]
Stances = Annotated[
    list[str] | None, typer.Option("--stance", metavar="STANCE", help="endorse, counter …, of the same annotation.")
]
Unreviewed = Annotated[
    bool, typer.Option("--include-needs-review", help="Also annotations below the threshold that readers are shown.")
]
Copies = Annotated[str, typer.Option("--copies", help="exclude: one document a story; include: copies too.")]
Stems = Annotated[
    bool | None,
    typer.Option(
        "--stems/--no-stems", help="Also other forms of words typed without quotation marks; the setting search.stems by default."
    ),
]
Language = Annotated[str, typer.Option("--language", metavar="CODE", help="What is explained in: en, sq, sr-Latn or sr-Cyrl.")]
Snapshot = Annotated[
    str | None, typer.Option("--snapshot", metavar="ID", help="Ask of the documents and tags of an earlier answer.")
]
Model = Annotated[str | None, typer.Option("--model", metavar="NAME", help="Name of a model, or its folder.")]
NoMask = Annotated[bool, typer.Option("--no-mask", help="Leave personal details in place.")]
InputFile = Annotated[str, typer.Argument(metavar="[FILE|-]", help="JSON lines; - is standard input.")]


def first_day(text: str | None, name: str = "from") -> date | None:
    """Read a day, or the first day of a month or year. Raises InputError."""
    return None if text is None else _days(text, name)[0]


def last_day(text: str | None, name: str = "to") -> date | None:
    """Read a day, or the last day of a month or year. Raises InputError."""
    return None if text is None else _days(text, name)[1]


def limits(
    from_: str | None,
    to: str | None,
    source: Sequence[str] | None,
    lang: Sequence[str] | None,
    kind: Sequence[str] | None,
    narrative: Sequence[str] | None,
    stance: Sequence[str] | None,
) -> dict[str, Any]:
    """Return the options that limit what is asked of, as the service's questions name them. Raises InputError for a wrong day."""
    lists = {"source": source, "lang": lang, "kind": kind, "narrative": narrative, "stance": stance}
    return {"start": first_day(from_), "end": last_day(to), **{name: given or () for name, given in lists.items()}}


def _days(text: str, name: str) -> tuple[date, date]:
    from index.query import read_days

    try:
        return read_days(text.strip())
    except QueryError:
        raise InputError(f"--{name} is {text!r}; write a day such as 2026-09-03, a month or a year.", field=name) from None


def open_input(name: str) -> BinaryIO:
    """Open a file, or standard input for `-`. Raises InputError naming the file."""
    if name == STDIN:
        return sys.stdin.buffer
    path = Path(name)
    if path.is_dir():
        raise InputError(f"{name} is a folder; give a file, or - for standard input.")
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(
            f"{name} cannot be read: {error.strerror or error}. Check the path, or give - for standard input."
        ) from error


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of an open file without their ends, then close it."""
    with stream:
        for line in stream:
            yield line.rstrip(b"\r\n")
