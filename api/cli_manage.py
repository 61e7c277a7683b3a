"""Commands about Eho itself: sources, codebook, models, settings, serve, doctor, demo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api import cli_codebook, cli_models, cli_sources
from api import cli_options as options
from api.output import chosen_format, print_json, print_line, print_rows, say
from api.service import Service
from eho.codebook import Codebook
from eho.errors import InputError
from eho.home import Home
from eho.settings import list_settings

_SETTING_COLUMNS = ("name", "value", "default", "origin", "help")
_LANGUAGES = ("en", "sq", "sr-Latn", "sr-Cyrl")

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on; the setting serve.host by default.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port; the setting serve.port by default.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    groups: tuple[tuple[str, str, dict[str, Callable[..., None]]], ...] = (
        ("sources", "Outlets, their files, and what became of their pages.", cli_sources.COMMANDS),
        (
            "codebook",
            "Narratives and every value of a tag.",
            {"show": codebook_show, "validate": codebook_validate, **cli_codebook.COMMANDS},
        ),
        ("models", "Models and their cards.", cli_models.COMMANDS),
    )
    for name, text, commands in groups:
        group = typer.Typer(no_args_is_help=True, help=text)
        for command, function in commands.items():
            group.command(command)(function)
        app.add_typer(group, name=name)
    app.command()(settings)
    app.command()(serve)
    app.command()(doctor)
    app.command()(demo)


def codebook_show(
    narrative: Annotated[str | None, typer.Argument(metavar="[ID]", help="One narrative; all by default.")] = None,
    lang: Annotated[str, typer.Option("--lang", help="sq, sr-Latn, sr-Cyrl or en.")] = "en",
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """Print the codebook, or one narrative of it."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    if lang not in _LANGUAGES:
        raise InputError(f"--lang is {lang!r}; use one of {', '.join(_LANGUAGES)}.", field="lang")
    codebook = _codebook()
    chosen = codebook.narratives if narrative is None else (codebook.narrative(narrative),)
    rows = [
        {
            "id": one.id,
            "family": one.family,
            "label": one.labels[lang],  # type: ignore[index]
            "definition": one.definition[lang],  # type: ignore[index]
            "mirror": one.mirror,
        }
        for one in chosen
    ]
    whole = chosen[0] if narrative is not None else codebook
    json_value = {**whole.model_dump(mode="json"), "codebook": codebook.tag}
    columns = ("id", "family", "label", "definition", "mirror")
    print_rows(rows, columns, form=form, json_value=json_value, query=narrative or "codebook", snapshot=codebook.tag)


def codebook_validate(
    file: Annotated[str | None, typer.Argument(metavar="[FILE]", help="The file; the data folder's codebook by default.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Name every problem of a codebook file."""
    path = Path(file) if file is not None else Home.find().codebook
    if file is None and not path.exists():
        problems = []
        print_line("The bundled codebook is in use; it is valid.") if not as_json else print_json({"problems": []})
        return
    problems = Codebook.validate_file(path)
    if as_json:
        print_json({"file": str(path), "problems": problems})
    elif not problems:
        print_line(f"{path} is valid: {Codebook.load(path).tag}.")
    for problem in problems if not as_json else ():
        say(problem)
    if problems:
        raise typer.Exit(2)


def settings(as_json: options.AsJson = False, as_csv: options.AsCsv = False, as_table: options.AsTable = False) -> None:
    """List every setting with value, default, origin and help."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    rows = [asdict(row) for row in list_settings(Home.find().config)]
    print_rows(rows, _SETTING_COLUMNS, form=form, query="settings", snapshot="")


def serve(host: Host = None, port: Port = None) -> None:
    """Serve REST and web pages until Ctrl-C."""
    from api.server import serve_until_interrupted

    with Service.open() as service:
        chosen = service.settings.serve
        serve_until_interrupted(service, host=host or chosen.host, port=chosen.port if port is None else port)


def doctor(as_json: options.AsJson = False) -> None:
    """Say what is installed, reachable and missing, and the command that mends it."""
    from api.doctor import examine

    findings = examine(Home.find())
    if as_json:
        for finding in findings:
            print_json(asdict(finding))
    else:
        for finding in findings:
            print_line(f"{'ok     ' if finding.is_ok else 'missing'}  {finding.name}: {finding.says}")
            if finding.remedy:
                print_line(f"         mend it with: {finding.remedy}")
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(1)


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after indexing, without the web page.")] = False,
    corpus: Annotated[
        list[Path] | None, typer.Option("--corpus", metavar="FILE", help="JSON lines to publish as invented outlets instead.")
    ] = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Do the whole job on invented outlets on this machine, then serve the web page."""
    from api.demo import run_demo

    run_demo(corpus=corpus or (), is_served=not no_serve, host=host, port=port)


def _codebook() -> Codebook:
    path = Home.find().codebook
    return Codebook.load(path if path.exists() else None)
