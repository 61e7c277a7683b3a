"""The commands `eho snapshot create|list|show`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api import cli_options as options
from api.output import chosen_format, print_json, print_line, print_rows
from api.service import Service

_COLUMNS = ("id", "documents", "first_at", "created_at", "note", "is_current", "at_hand")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(no_args_is_help=True, help="Earlier answers: the same question over the same documents and tags.")
    group.command("create")(create)
    group.command("list")(list_)
    group.command("show")(show)
    app.add_typer(group, name="snapshot")


def create(
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What it is for.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Keep what answers are given over now, and print its id."""
    with Service.open() as service:
        row = service.snapshots.create(note)
    if as_json:
        print_json(row)
    else:
        print_line(row["id"])


def list_(
    all_given: Annotated[bool, typer.Option("--all", help="Also those that nobody asked to keep.")] = False,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """List the snapshots that were created, or all that stand in an answer."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with Service.open() as service:
        rows, snapshot = service.snapshots.list(all_given=all_given), service.snapshot_id
    print_rows(rows, _COLUMNS, form=form, query="snapshots", snapshot=snapshot)


def show(
    snapshot: Annotated[str, typer.Argument(metavar="ID", help="A snapshot's id, as it stands in every answer.")],
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """Say what a snapshot holds, and what became of it since."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with Service.open() as service:
        row = service.snapshots.show(snapshot)
    rows: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in row.items()]
    print_rows(rows, ("name", "value"), form=form, json_value=row, query="snapshot", snapshot=row["id"])
