"""`eho codebook diff|guide`: what changed between two codebooks, and the annotator's guide."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

import typer

from api import cli_options as options
from api.output import Format, chosen_format, print_line, print_rows, to_json_line
from eho.codebook import Codebook
from eho.codebook_diff import compare_files
from eho.home import Home

BUNDLED = "bundled"
_COLUMNS = ("kind", "place", "before", "after")
_SHOWN = 90


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A codebook file, or `bundled`.")],
    second: Annotated[str, typer.Argument(metavar="B", help="A codebook file, or `bundled` (the default).")] = BUNDLED,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """List what B adds, removes and changes against A."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with as_file(files("eho") / "data" / "codebook.yaml") as bundled:
        before, after = (bundled if name == BUNDLED else Path(name) for name in (first, second))
        changes = compare_files(before, after)
    rows = [{"kind": one.kind, "place": one.place, "before": _short(one.before), "after": _short(one.after)} for one in changes]
    whole = [{"kind": one.kind, "place": one.place, "before": one.before, "after": one.after} for one in changes]
    if form is Format.TABLE:
        print_line(f"{first} to {second}: {len(changes)} changes.")
    if changes or form is not Format.TABLE:
        print_rows(rows, _COLUMNS, form=form, json_value=whole, query=f"diff {first} {second}", snapshot="codebook")


def guide(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder for guide.en.md, guide.sq.md, guide.sr-Latn.md.")],
) -> None:
    """Write the annotator's guide in Albanian, Serbian and English, rendered from the codebook."""
    from api.codebook_guide import write_guides

    path = Home.find().codebook
    for written in write_guides(Codebook.load(path if path.exists() else None), out):
        print_line(f"Wrote {written}.")


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else to_json_line(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
