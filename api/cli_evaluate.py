"""`eho evaluate`: the quality of data and models; the commands register themselves on this sub-app."""

from __future__ import annotations

import typer

from api import cli_evaluate_corpus, cli_evaluate_run

app = typer.Typer(no_args_is_help=True, help="The quality of labelled data and of models.")
cli_evaluate_corpus.register(app)
cli_evaluate_run.register(app)


def register(parent: typer.Typer) -> None:
    """Add `eho evaluate` to the command line."""
    parent.add_typer(app, name="evaluate")
