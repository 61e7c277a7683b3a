"""Commands that fetch, read, tag and store: init, crawl, extract, import, tag, run, index."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import cli_index
from api import cli_options as options
from api.cli_index import PART_FAILED, say_index_failures
from api.home_files import make_home
from api.jobs import JobSummary
from api.output import print_json, print_line, progress, say, to_json_line
from api.service import Service
from eho.errors import InputError
from eho.home import Home
from eho.outcome import Outcome
from eho.settings import load_settings

if TYPE_CHECKING:
    from crawlers.run import CrawlSummary

_SHOWN_FAILURES = 10

Sources = Annotated[list[str] | None, typer.Option("--source", metavar="ID", help="Crawl this source only; repeat for more.")]
Since = Annotated[str | None, typer.Option("--since", metavar="DATE", help="Only pages published on this day or later.")]
MaxPages = Annotated[int | None, typer.Option("--max-pages", min=1, metavar="N", help="Fetch at most so many pages.")]

Backfill = Annotated[
    bool, typer.Option("--backfill", help="Follow feeds and section pages to their older parts, down to --since.")
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (init, crawl, run, extract, tag):
        app.command()(command)
    app.command(name="import")(import_)
    index = typer.Typer(no_args_is_help=True, help="The search index.")
    for name, command in cli_index.COMMANDS.items():
        index.command(name)(command)
    app.add_typer(index, name="index")


def init() -> None:
    """Make the data folder: settings, sources, codebook."""
    home = Home.find()
    with home.writing("init", load_settings(home.config).home.lock_wait_s):
        made = make_home(home)
    for line in made:
        say(line)
    print_line(f"Data folder {home.path} is ready.")


def crawl(
    sources: Sources = None,
    since: Since = None,
    backfill: Backfill = False,
    max_pages: MaxPages = None,
    as_json: options.AsJson = False,
) -> None:
    """Fetch pages of all sources: each page as it came into WARC files, its document into the store."""
    with Service.open(create=True) as service, progress() as show:
        first_day = options.first_day(since, "since")
        summary = service.crawl(sources or (), since=first_day, max_pages=max_pages, backfill=backfill, on_progress=show)
    _finish(summary, as_json=as_json, what="crawled")


def run(sources: Sources = None, since: Since = None, max_pages: MaxPages = None, as_json: options.AsJson = False) -> None:
    """Crawl, tag and index once."""
    with Service.open(create=True) as service, progress() as show:
        summary = service.run(sources or (), since=options.first_day(since, "since"), max_pages=max_pages, on_progress=show)
    if as_json:
        print_json(summary)
    else:
        for stage in ("crawl", "tag"):
            print_line(f"{stage}: {_counts(summary[stage]['counts'])} ({summary[stage]['elapsed_s']:.1f} s)")
        indexed = summary["index"]
        print_line(f"index: {indexed['written']} documents written, {indexed['documents']} in all ({indexed['elapsed_s']:.1f} s)")
        _say_failures(summary["crawl"]["failures"])
        say_index_failures(indexed["failures"], indexed["spooled"])
    if summary["has_failures"]:
        raise typer.Exit(PART_FAILED)


def extract(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="HTML files, WARC files or JSON lines; - is standard input.")
    ],
    url: Annotated[str | None, typer.Option("--url", help="Address of the one HTML file given.")] = None,
    fetched_at: Annotated[
        str | None, typer.Option("--fetched-at", metavar="TIME", help="When it was fetched, such as 2026-09-03T07:40:00Z.")
    ] = None,
    no_mask: options.NoMask = False,
) -> None:
    """Turn stored pages into documents, one JSON line each."""
    from api.extraction import extract_paths

    failed = False
    for row in extract_paths(paths, url=url, fetched_at=fetched_at, is_masked=not no_mask):
        failed = failed or ("outcome" in row and Outcome(row["outcome"]).is_failure)
        print_line(to_json_line(row))
    if failed:
        raise typer.Exit(PART_FAILED)


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The file; - is standard input.")],
    platform: Annotated[
        str, typer.Option("--platform", help="What the file holds: telegram, facebook, instagram, tiktok, x, csv or jsonl.")
    ],
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Source of rows that name none; of a platform's file, of all.")
    ] = None,
    maps: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Column of a CSV file, such as text=Poruka; repeat.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Store documents that a person or a research programme supplied, then tag and index them like fetched ones."""
    from api.imports import PLATFORMS, ImportOptions, read_documents

    if platform not in PLATFORMS:
        raise InputError(f"--platform is {platform!r}; use one of {', '.join(PLATFORMS)}.", field="platform")
    chosen = ImportOptions.from_arguments(source, maps)
    stream = options.open_input(file)
    with Service.open(create=True) as service, progress() as show:
        documents = read_documents(stream, platform, name=file, options=chosen, home=service.home, settings=service.settings)
        summary = service.import_documents(documents, on_progress=show)
    _finish(summary, as_json=as_json, what="imported")


def tag(file: options.InputFile = options.STDIN, model: options.Model = None) -> None:
    """Tag JSON lines {"id","text","title"?,"lang"?}: the same lines come back with `tags`. Nothing is stored."""
    from api.tagging import tag_lines
    from api.wiring import Parts

    failed = False
    with options.open_input(file) as stream:
        parts = Parts(Home.find())
        pipeline = parts.load_pipeline(model or parts.settings.tag.model)
        for row in tag_lines(options.lines_of(stream), pipeline):
            failed = failed or row.get("outcome") == Outcome.BAD_INPUT
            print_line(to_json_line(row))
            sys.stdout.flush()
    if failed:
        say("Some lines could not be read; they stand in the output as outcome bad_input with the reason.")
        raise typer.Exit(PART_FAILED)


def _finish(summary: JobSummary | CrawlSummary, *, as_json: bool, what: str) -> None:
    row = summary.to_mapping()
    if as_json:
        print_json(row)
    else:
        print_line(f"{what}: {_counts(row['counts'])} ({row['elapsed_s']:.1f} s)")
        _say_failures(row["failures"])
        if indexed := row.get("index"):
            say_index_failures(indexed["failures"], indexed["spooled"])
    if summary.has_failures:
        raise typer.Exit(PART_FAILED)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=lambda pair: -pair[1])) or "nothing new"


def _say_failures(failures: list[dict[str, Any]]) -> None:
    for failure in failures[:_SHOWN_FAILURES]:
        place = failure.get("url") or failure.get("source") or ""
        say(" ".join(f"{failure['outcome']} {place}: {failure.get('reason') or ''}".split()).rstrip(": "))
    if len(failures) > _SHOWN_FAILURES:
        say(f"… and {len(failures) - _SHOWN_FAILURES} more; --json lists each, eho sources coverage counts them.")
