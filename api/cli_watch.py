"""`eho watch`: crawl, tag and index every source in its own rhythm."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from api import cli_options as options
from api.output import Format, print_json, print_line, print_rows, say
from api.service import Service

_COLUMNS = ("source", "due_at", "ended_at", "interval_s", "per_day", "documents", "failures")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)


def watch(
    once_due: Annotated[bool, typer.Option("--once-due", help="Run what is due now and stop; for cron.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Say what a running or the last watch knows, and stop.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Crawl, tag and index each source as often as its documents appear, until interrupted."""
    with Service.open() as service:
        if status:
            _print_status(service.watch_status(), as_json=as_json)
            return
        with _interruptible():
            failed = service.watch(_print_event if as_json else _say_event, once=once_due)
    if failed:
        raise typer.Exit(1)


def _print_status(row: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(row)
        return
    print_line(f"A watch runs, process {row['process']}, since {row['since']}." if row["alive"] else "No watch runs.")
    if row["running"]:
        print_line(f"Being asked: {', '.join(row['running'])}.")
    if row["cut_short"]:
        print_line(f"Cut short: {', '.join(row['cut_short'])}; the next watch asks them first.")
    print_rows(row["sources"], _COLUMNS, form=Format.TABLE)


def _print_event(event: dict[str, Any]) -> None:
    print_json(event)
    sys.stdout.flush()  # whoever reads the events hears of each when it happens


def _say_event(event: dict[str, Any]) -> None:
    name = event["event"]
    if name == "source":
        line = f"{event['source']}: {event['documents']} new, again at {event['due_at']}"
        say(line + (f" (failed {event['failures']} times in a row)" if event["failures"] else ""))
    elif name == "error":
        say(f"{event['at']} {event['message']}")
    elif name in ("resumed", "done"):
        counts = ", ".join(f"{n} {outcome}" for outcome, n in event.get("counts", {}).items())
        say(f"{event['at']} {name}: {len(event['sources'])} sources{f'; {counts}' if counts else ''}")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM, which service managers send, stop as quietly as Ctrl-C, and Ctrl-C also where a shell had it ignored."""

    def interrupt(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
