"""Commands about queries: explain one, and the paired terms that `~~term` searches."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api import cli_options as options
from api.output import chosen_format, print_json, print_line, print_rows
from api.service import Service
from eho.errors import InputError

_COLUMNS = ("topic", "sq", "sr")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(explain)
    group = typer.Typer(no_args_is_help=True, help="Paired terms of both languages, for ~~term in queries.")
    for name, command in (("list", list_terms), ("add", add_terms), ("remove", remove_terms)):
        group.command(name)(command)
    app.add_typer(group, name="terms")


def explain(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="The query.")],
    stems: options.Stems = None,
    language: Annotated[str | None, typer.Option("--language", metavar="CODE", help="Only en, sq, sr-Latn or sr-Cyrl.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Say in words what a query asks for, without searching."""
    with Service.open() as service:
        answer = service.queries.explain(query, stems=stems)
    if as_json:
        print_json(answer)
        return
    said: dict[str, str] = answer["explained"]
    if language is not None and language not in said:
        raise InputError(f"--language is {language!r}; use one of {', '.join(said)}.", field="language")
    for code, text in said.items():
        if language in (None, code):
            print_line(text if language else f"{code}: {text}")


def list_terms(
    term: Annotated[str | None, typer.Argument(metavar="[TERM]", help="Only the pairs of this term; all by default.")] = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """List the pairs."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with Service.open() as service:
        answer = service.queries.term_list(term)
    rows: list[dict[str, Any]] = answer["pairs"]
    print_rows(rows, _COLUMNS, form=form, json_value=answer, query=term or "terms", snapshot=answer["term_list"])


def add_terms(
    sq: Annotated[list[str], typer.Option("--sq", metavar="TERM", help="Albanian; repeat for more.")],
    sr: Annotated[list[str], typer.Option("--sr", metavar="TERM", help="Serbian, in either script; repeat for more.")],
    topic: Annotated[str, typer.Option("--topic", metavar="ID", help="A heading of the list.")] = "own",
) -> None:
    """Add a pair to the data folder's list."""
    with Service.open() as service:
        changed = service.queries.add_terms(sq, sr, topic=topic)
    print_line(f"Added; the term list is now {changed}.")


def remove_terms(
    sq: Annotated[str, typer.Option("--sq", metavar="TERM", help="An Albanian term of the pair.")],
    sr: Annotated[str, typer.Option("--sr", metavar="TERM", help="A Serbian term of the pair.")],
) -> None:
    """Remove a pair from the data folder's list."""
    with Service.open() as service:
        changed = service.queries.remove_terms(sq, sr)
    print_line(f"Removed; the term list is now {changed}.")
