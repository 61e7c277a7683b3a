"""`eho raw show`, `eho privacy mask|seal|log`: what is masked, what is sealed, and who opened it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from api import cli_options as options
from api.output import chosen_format, print_json, print_line, print_rows, say, to_json_line
from api.wiring import Parts
from eho.document import Document, to_utc_text
from eho.errors import InputError
from eho.home import Home
from eho.settings import load_settings

_LOG_COLUMNS = ("at", "user", "action", "what", "reason")
_MASKED = ("title", "lead", "text", "url", "canonical_url", "authors")
PART_FAILED = 1

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why the original is needed; it is logged.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    raw = typer.Typer(no_args_is_help=True, help="Pages as fetched, sealed.")
    raw.command("show")(raw_show)
    raw.callback()(_nothing)
    privacy = typer.Typer(no_args_is_help=True, help="Masking, sealing, and the log of what was opened.")
    privacy.command("mask")(privacy_mask)
    privacy.command("seal")(privacy_seal)
    privacy.command("log")(privacy_log)
    app.add_typer(raw, name="raw")
    app.add_typer(privacy, name="privacy")


def _nothing() -> None:
    """Pages as fetched, sealed."""


def raw_show(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of a document.")],
    reason: Reason,
    as_json: options.AsJson = False,
) -> None:
    """Open the sealed original of a document: unmasked, for your eyes, and logged with user, time and reason."""
    from api.originals import original
    from crawlers.encoding import decode

    parts = Parts(_home())
    with parts.home.writing("raw show", parts.settings.home.lock_wait_s):
        page = original(parts.home, parts.settings, parts.store(), id, reason)
    html = decode(page.body, page.charset).text
    if as_json:
        print_json({"id": id, "url": page.url, "fetched_at": to_utc_text(page.fetched_at), "html": html})
    else:
        say(f"{page.url}, fetched {to_utc_text(page.fetched_at)}. This was logged.")
        sys.stdout.write(html if html.endswith("\n") else html + "\n")


def privacy_mask(file: options.InputFile = options.STDIN) -> None:
    """Mask JSON lines {"id","text","url"?,"title"?}: the same lines come back masked. Nothing is stored."""
    failed = False
    for row in _masked_rows(file):
        failed = failed or "outcome" in row
        print_line(to_json_line(row))
    if failed:
        raise typer.Exit(PART_FAILED)


def _masked_rows(file: str) -> Iterator[dict[str, Any]]:
    from api.rows import read_row
    from eho.outcome import Outcome

    with options.open_input(file) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            row = read_row(line, number)
            try:
                if isinstance(row, InputError):
                    raise row
                yield _masked(row)
            except InputError as error:
                id = row.get("id") if isinstance(row, Mapping) else None
                yield {
                    "id": id,
                    "outcome": Outcome.BAD_INPUT.value,
                    "reason": f"line {number}: {error}".replace(f"line {number}: line", "line"),
                }


def _masked(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its text, title, lead and addresses masked, all other fields in their place."""
    from nlp.masking import mask

    for name in ("text", "title", "lead", "url", "canonical_url"):
        if row.get(name) is not None and not isinstance(row[name], str):
            raise InputError(f"{name} is {row[name]!r}; give a string.", field=name)
    if not isinstance(row.get("text"), str):
        raise InputError(f"text is {row.get('text')!r}; give a string.", field="text")
    known = {name: row[name] for name in _MASKED if row.get(name) is not None and name != "authors"}
    others = {name: value for name, value in row.items() if name not in (*_MASKED, "id", "kind")}
    masked = mask(Document(id="line", source="line", **known, extra=others))
    return {name: getattr(masked, name) if name in known else masked.extra.get(name, value) for name, value in row.items()}


def privacy_seal(as_json: options.AsJson = False) -> None:
    """Seal captures that an earlier Eho left plain; what is sealed already stays."""
    from api.originals import key_path, seal_captures

    home = _home()
    settings = load_settings(home.config)
    with home.writing("privacy seal", settings.home.lock_wait_s):
        sealed, before = seal_captures(home, settings)
    path = key_path(home, settings)
    if as_json:
        print_json({"sealed": sealed, "already_sealed": before, "key_file": str(path)})
        return
    print_line(f"{len(sealed)} captures sealed, {before} were already.")
    print_line(f"The key is {path}: keep a copy elsewhere, nothing opens them without it.")


def privacy_log(as_json: options.AsJson = False, as_csv: options.AsCsv = False, as_table: options.AsTable = False) -> None:
    """Print who opened what was sealed, when and why; a changed log is refused."""
    from api.originals import audit_log

    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    rows = [{name: row.get(name) for name in _LOG_COLUMNS} for row in audit_log(_home()).rows()]
    print_rows(rows, _LOG_COLUMNS, form=form, json_value=rows, query="privacy log", snapshot="")


def _home() -> Home:
    home = Home.find()
    if not home.exists():
        raise InputError(f"There is no data folder at {home.path}; run eho init, or set EHO_HOME.")
    return home
