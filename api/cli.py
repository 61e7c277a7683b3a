"""The command `eho`: puts the commands together and turns every error into one line and an exit status."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any

import typer

from api import (
    cli_annotate,
    cli_answers,
    cli_data,
    cli_evaluate,
    cli_manage,
    cli_privacy,
    cli_query,
    cli_snapshots,
    cli_stories,
    cli_topics,
    cli_watch,
)
from api.output import print_line, say, use_utf8
from eho import __version__
from eho.errors import EhoError
from eho.home import Home

DONE, PART_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

# Typer brings its own copy of click since 0.26, so the class is taken from what Typer exports rather than imported.
_UsageProblem: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

app = typer.Typer(
    name="eho",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cli_data.register(app)
cli_watch.register(app)
cli_answers.register(app)
cli_query.register(app)
cli_stories.register(app)
cli_topics.register(app)
cli_snapshots.register(app)
cli_manage.register(app)
cli_evaluate.register(app)
cli_annotate.register(app)
cli_privacy.register(app)


def _print_version(asked: bool) -> None:
    if asked:
        print_line(f"eho {__version__}")
        raise typer.Exit


@app.callback()
def eho(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Find, tag, search and count narratives in Albanian- and Serbian-language media."""


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit status."""
    use_utf8()
    try:
        status = app(args=list(arguments), prog_name="eho", standalone_mode=False)
        sys.stdout.flush()
    except EhoError as error:
        say(_one_line(error))
        return BAD_INPUT
    except _UsageProblem as error:
        say(f"{_usage_problem(error.format_message(), arguments)} See eho --help.")
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        say(f"{error.strerror or error}{place}. Check path, rights and room on the disk.")
        return BAD_INPUT
    except Exception as error:  # noqa: BLE001 - a defect of ours must not throw a traceback at a reporter
        say(f"Eho failed unexpectedly ({type(error).__name__}: {_one_line(error)}). {_keep(error)}")
        return PART_FAILED
    if status == INTERRUPTED:
        say("Interrupted; what was stored is kept, and the same command goes on from there.")
    return status if isinstance(status, int) else DONE


def _usage_problem(message: str, arguments: Sequence[str]) -> str:
    """Return Typer's message with the offending value, which it leaves out of some."""
    message = _one_line(message).rstrip(".") + "."
    named = re.search(r"'(--[\w-]+)'", message)
    if named is None or not message.startswith("Invalid value"):
        return message
    given = [argument for argument in arguments if argument.startswith(f"{named[1]}=")]
    after = [value for name, value in pairwise(arguments) if name == named[1]]
    values = [*after, *(argument.partition("=")[2] for argument in given)]
    return message.replace("Invalid value", f"Invalid value {' '.join(values)!r}", 1) if values else message


def _one_line(error: object) -> str:
    return " ".join(str(error).split())


def _keep(error: BaseException) -> str:
    """Write the traceback beside the data, for a report to the developers."""
    home = Home.find()
    if not home.path.is_dir():
        return "Please report it with the command you gave."
    path = home.path / "last-error.txt"
    path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return f"Please report it; details are in {path}."


if __name__ == "__main__":
    main()
