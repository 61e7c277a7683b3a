"""Commands about the search index: build, status, check, migrate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api import cli_options as options
from api.output import chosen_format, print_json, print_line, print_rows, progress, say
from api.service import Service
from eho.document import to_utc_text

if TYPE_CHECKING:
    from index.answers import IndexStats

PART_FAILED = 1

_SHOWN_FAILURES = 10

Engine = Annotated[
    str | None, typer.Option("--engine", metavar="ENGINE", help="embedded or elasticsearch; the setting index.engine by default.")
]
Url = Annotated[
    str | None, typer.Option("--url", metavar="URL", help="Address of the search server; the setting index.url by default.")
]


def build(engine: Engine = None, url: Url = None, as_json: options.AsJson = False) -> None:
    """Build the index anew from the store; the old one answers until then."""
    with Service.open() as service, progress() as show:
        stats = service.index_build(engine=engine, url=url, on_progress=show)
    _finish(stats, as_json=as_json)


def migrate(engine: Engine = None, url: Url = None, as_json: options.AsJson = False) -> None:
    """Move to a new version or another engine without a gap: build it, compare it with the store, then switch to it."""
    with Service.open() as service, progress() as show:
        stats = service.index_migrate(engine=engine, url=url, on_progress=show)
    _finish(stats, as_json=as_json)


def status(as_json: options.AsJson = False, as_csv: options.AsCsv = False, as_table: options.AsTable = False) -> None:
    """Say which engine and version answers, how many documents it holds, and how far it is behind the store."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with Service.open() as service:
        found = service.index_status()
        row = {**asdict(found), "created_at": to_utc_text(found.created_at), "store_sequence": service.store_sequence()}
        row |= row.pop("extra")
        snapshot = service.snapshot_id
    rows = [{"name": name, "value": value} for name, value in row.items()]
    print_rows(rows, ("name", "value"), form=form, json_value=row, snapshot=snapshot)


def check(as_json: options.AsJson = False) -> None:
    """Read all of the index, its files against their checksums where they are here, and compare every entry with the store."""
    with Service.open() as service:
        findings = service.index_check()
    if as_json:
        print_json(findings.to_mapping())
    elif findings.is_sound:
        print_line(f"The index is sound: {findings.documents} documents, each there once and as stored.")
    if not findings.is_sound:
        kinds = ("missing", "extra", "doubled", "different")
        counts = ", ".join(f"{len(ids)} {kind}" for kind in kinds if (ids := getattr(findings, kind)))
        say(f"The index does not match the store: {counts} of {findings.documents} documents. Run eho index build.")
        raise typer.Exit(PART_FAILED)


COMMANDS: dict[str, Callable[..., None]] = {"build": build, "status": status, "check": check, "migrate": migrate}


def say_index_failures(failures: Sequence[Mapping[str, str]], spooled: int) -> None:
    """Name documents that are not in the index, and say what becomes of them."""
    for failure in failures[:_SHOWN_FAILURES]:
        say(f"not indexed: {failure['id']}: {failure['reason']}")
    if len(failures) > _SHOWN_FAILURES:
        say(f"… and {len(failures) - _SHOWN_FAILURES} more; --json lists all.")
    if spooled:
        say(f"The search server is away: {spooled} documents wait in the data folder and are written by the next eho run.")


def _finish(stats: IndexStats, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(stats))
    else:
        print_line(f"Index {stats.version}: {stats.documents} documents in {stats.elapsed_s:.1f} s.")
        say_index_failures(stats.failures, stats.spooled)
    if stats.failures:
        raise typer.Exit(PART_FAILED)
