"""`eho sources`: the outlets, what became of their pages, a check of their files, and a new one from a home page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from api import cli_options as options
from api import sources as registry
from api.output import Format, chosen_format, print_json, print_line, print_rows, say
from api.service import Service
from eho.errors import InputError
from eho.home import Home
from eho.settings import load_settings
from eho.source import Source

_COLUMNS = ("id", "name", "languages", "country", "medium", "ownership", "status", "enabled", "invented")
_BLOCKS = ("fingerprint", "learned_at", "pages", "window", "excerpt")
_FINDINGS = ("level", "source", "field", "message")

Countries = Annotated[list[str] | None, typer.Option("--country", metavar="CODE", help="AL, XK, RS …; repeat for more.")]
Media = Annotated[
    list[str] | None, typer.Option("--medium", metavar="MEDIUM", help="agency, portal, newspaper …; repeat for more.")
]


def sources_list(
    country: Countries = None,
    lang: options.Langs = None,
    kind: options.Kinds = None,
    medium: Media = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """List the sources as their files say."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with Service.open() as service:
        snapshot = service.snapshot_id
        rows = registry.select(service.sources(), country=country or (), lang=lang or (), kind=kind or (), medium=medium or ())
    shown = rows if form is Format.JSON else [{**row, "status": row["status"]["value"]} for row in rows]
    print_rows(shown, _COLUMNS, form=form, query="sources", snapshot=snapshot)


def sources_coverage(
    source: options.InSources = None,
    from_: options.From = None,
    to: options.To = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """Count per source and Belgrade day what was expected, found, fetched, extracted and dropped, and say what is unusual."""
    from api.coverage import COLUMNS

    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with Service.open() as service:
        found = service.source_days(source or (), start=options.first_day(from_), end=options.last_day(to, "to"))
        snapshot = service.snapshot_id
    rows = found.rows()
    unusual = [one for row in rows for one in row["anomalies"]]
    if form is not Format.JSON:
        rows = [{**row, "anomalies": [one["kind"] for one in row["anomalies"]], "dropped": _dropped(row)} for row in rows]
    print_rows(rows, COLUMNS, form=form, query=f"coverage {found.start} to {found.end}", snapshot=snapshot)
    for one in unusual:
        say(f"{one['day']} {one['source']}: {one['message']}")
    if unusual:
        raise typer.Exit(1)


def _dropped(row: dict[str, Any]) -> list[str]:
    return [f"{outcome} {count}" for outcome, count in row["dropped"].items()]


def sources_check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]…", help="Files to check; the whole registry by default.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Also ask every feed and sitemap, where crawl.allow_live permits it.")
    ] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a source's file and stop.")] = False,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """Check the sources' files: schema, ids and domains given twice, ownership without a source, fields without effect."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    if schema:
        print_json(Source.model_json_schema())
        return
    home = Home.find()
    settings = load_settings(home.config)
    checked = registry.check(home, files or (), live=settings if live else None)
    rows = [{**finding.to_mapping(), "source": finding.source or finding.file} for finding in checked.findings]
    if rows or form is not Format.TABLE:
        print_rows(rows, _FINDINGS, form=form, json_value=checked.to_mapping(), query="sources check", snapshot="")
    errors = sum(finding.level == "error" for finding in checked.findings)
    say(f"Sources checked: {checked.sources}; errors: {errors}, warnings: {len(rows) - errors}.")
    if errors:
        raise typer.Exit(1 if live else 2)  # a dead address is a part that failed, a broken file is bad input


def sources_add(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Address of the home page, or the domain of an outlet that ships with Eho.")
    ],
    enable: Annotated[bool, typer.Option("--enable", help="Crawl it from the next run on.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Write a source's file from its home page: name, languages, feeds, sitemaps, sections; the rest stays null."""
    home = Home.find()
    if not home.exists():
        raise InputError(f"There is no data folder at {home.path}; run eho init, or set EHO_HOME.")
    settings = load_settings(home.config)
    with home.writing("sources add", settings.home.lock_wait_s):
        added = registry.add(home, url, settings, enable=enable, dry_run=dry_run)
    if as_json:
        print_json(added.to_mapping())
        return
    source = added.source
    print_line(f"{source.id}: {source.name} ({', '.join(source.languages) or 'language not found'})")
    for name in ("feeds", "sitemaps", "sections"):
        for address in getattr(source, name):
            origin = added.origins.get(address)
            print_line(f"  {name}: {address}{f' ({origin})' if origin else ''}")
    for address, reason in added.rejected.items():
        print_line(f"  not taken: {address}: {reason}")
    missing = [name for name in ("medium", "country", "ownership", "audience", "licence") if getattr(source, name) is None]
    if missing:
        print_line(f"  for you to fill in, where you know it: {', '.join(missing)}")
    print_line("Nothing was written." if added.file is None else f"Wrote {added.file}{'' if enable else ', not enabled yet'}.")


def sources_blocks(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source's id.")],
    forget: Annotated[
        str | None, typer.Option("--forget", metavar="FINGERPRINT", help="Never remove this block again; it is text.")
    ] = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """List the blocks that were learned to repeat on a source's pages and are removed from them."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    home = Home.find()
    if forget is not None:
        with home.writing("sources blocks", load_settings(home.config).home.lock_wait_s):
            registry.forget_block(home, source, forget)
    rows = registry.blocks(home, source)
    print_rows(
        rows, ("fingerprint", "learned_at", "pages", "window", "excerpt"), form=form, query=f"blocks of {source}", snapshot=""
    )


COMMANDS: dict[str, Callable[..., None]] = {
    "list": sources_list,
    "coverage": sources_coverage,
    "check": sources_check,
    "add": sources_add,
    "blocks": sources_blocks,
}
