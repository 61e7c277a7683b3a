"""`eho evaluate run`: a model measured on labelled sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import cli_options as options
from api.output import print_json, print_line, print_table, progress, say
from eho.codebook import Codebook
from eho.errors import InputError
from eho.home import Home
from eho.settings import load_settings

if TYPE_CHECKING:
    from evaluation.figures import Evaluation, Figure, Table
    from evaluation.predictions import Tagger

Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME", help="corpus-test, corpus-dev, real, check, metamorphic, audit, public or all; repeatable."
    ),
]
Root = Annotated[
    Path | None,
    typer.Option("--root", metavar="FOLDER", help="Folder of corpus, real, check and audit; the checkout's by default."),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Tag anew instead of using what the same model and code said before.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `eho evaluate`."""
    app.command("run")(run)


def run(
    model: options.Model = None,
    sets: Sets = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the report (.html) or the JSON (.json).")
    ] = None,
    root: Root = None,
    no_cache: NoCache = False,
    as_json: options.AsJson = False,
) -> None:
    """Measure a model on labelled sets: figures with n and 95 % intervals."""
    from evaluation.runs import Places, evaluate_sets

    if out is not None and out.suffix not in (".html", ".json"):
        raise InputError(f"--out is {str(out)!r}; give a file that ends in .html or .json.", field="out")
    with progress() as show:
        evaluation = evaluate_sets(sets or ["corpus-dev"], Places.find(root), open_tagger(model, no_cache=no_cache), show)
    if out is not None:
        _write(evaluation, out)
        say(f"Wrote {out}.")
    if as_json:
        print_json(evaluation.to_mapping())
    else:
        _print(evaluation)


def open_tagger(model: str | None, *, no_cache: bool = False) -> Tagger:
    """Load a model by name or folder, the one in use by default. Raises ModelError."""
    from evaluation.predictions import Tagger

    home = Home.find()
    codebook = Codebook.load(home.codebook if home.codebook.exists() else None)
    return Tagger(model or load_settings(home.config).tag.model, codebook, home, use_cache=not no_cache)


def _write(evaluation: Evaluation, out: Path) -> None:
    import json

    out.write_text(json.dumps(evaluation.to_mapping(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _print(evaluation: Evaluation) -> None:
    print_line(f"{evaluation.model} {evaluation.version}, codebook {evaluation.codebook}")
    for result in evaluation.results:
        print_line("")
        if result.skipped:
            print_line(f"{result.title}: skipped. {result.skipped}")
            continue
        print_line(f"{result.title}: {result.n} cases")
        for line in (*result.summary, *result.notes):
            print_line(f"  {line}")
        for table in result.tables:
            print_line("")
            _print_table(table)


def _print_table(table: Table) -> None:
    rows = [
        {"": row.label, "n": row.n, **{title: _cell(row.figures.get(name)) for name, title in table.columns.items()}}
        for row in table.rows
    ]
    counts = ["n"] if any(row.n is not None for row in table.rows) else []
    print_table(rows, ["", *counts, *table.columns.values()], title=table.title)


def _cell(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return ""
    interval = "" if figure.low is None or figure.high is None else f" {figure.low:.2f}–{figure.high:.2f}"
    return f"{figure.value:.2f}{interval} (n {figure.n})"
