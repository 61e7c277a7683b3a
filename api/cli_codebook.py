"""`eho codebook diff|guide`, and `add|own|suggest|label|train|remove` for narratives of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import cli_options as options
from api.output import Format, chosen_format, print_json, print_line, print_rows, progress, say, to_json_line
from api.service import Service
from eho.codebook import Codebook
from eho.codebook_diff import compare_files
from eho.errors import InputError
from eho.home import Home

if TYPE_CHECKING:
    from api.wiring import Parts

BUNDLED = "bundled"
_COLUMNS = ("kind", "place", "before", "after")
_SHOWN = 90
_MEASURED = ("precision", "recall", "f1", "average_precision", "average_precision_with_ordinary", "false_alarms_per_1000")

OwnId = Annotated[str, typer.Argument(metavar="ID", help="The narrative's id: small letters, digits, _.")]


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


def add(
    id: OwnId,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Its name, as tables and queries show it.")],
    definition: Annotated[str, typer.Option("--definition", metavar="TEXT", help="What a passage says that carries it.")],
    title_sq: Annotated[str | None, typer.Option("--title-sq", metavar="TEXT", help="Its name in Albanian.")] = None,
    title_sr: Annotated[str | None, typer.Option("--title-sr", metavar="TEXT", help="Its name in Serbian.")] = None,
    examples: Annotated[
        str | None, typer.Option("--examples", metavar="FILE", help="Labelled passages: JSON lines or .csv with text and label.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Register a narrative of your own beside the codebook."""
    from api import own_narratives

    titles = {code: text for code, text in (("sq", title_sq), ("sr-Latn", title_sr), ("sr-Cyrl", title_sr)) if text is not None}
    with _parts() as parts:
        given = None if examples is None else _file(examples)
        known = own_narratives.add(parts, id, title=title, definition=definition, titles=titles, examples=given)
    _print_status(known, as_json=as_json, done=f"Added {id}")


def own(
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One narrative; all by default.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """List your own narratives: definition, labels, and the error of each trained one."""
    from api import own_narratives

    with _parts() as parts:
        rows = [own_narratives.status(parts, one) for one in ([id] if id is not None else parts.own.ids())]
    if as_json:
        for row in rows:
            print_json(row)
        return
    shown = [{**row, "title": row["titles"]["en"], "version": (row["model"] or {}).get("version")} for row in rows]
    print_rows(shown, ("id", "title", "definition", "present", "absent", "skipped", "version"), form=Format.TABLE)
    for row in rows if id is not None else ():
        _print_measured(row["model"]["measured"] if row["model"] else {})


def suggest(
    id: OwnId,
    query: Annotated[str | None, typer.Option("--from", metavar="QUERY", help="Choose among the hits of a query.")] = None,
    file: Annotated[str | None, typer.Option("--file", metavar="FILE|-", help="Choose among JSON lines with `text`.")] = None,
    n: Annotated[int, typer.Option("-n", help="How many.")] = 20,
) -> None:
    """Print the passages to label next as JSON lines: likely ones, uncertain ones, different ones. Nothing leaves the machine."""
    from api import own_narratives

    if query is not None and file is not None:
        raise InputError("--from and --file given together; choose one.")
    with _parts() as parts:
        given = None if file is None else _file(file)
        for row in own_narratives.suggest(parts, id, query=query, given=given, n=n):
            print_json(row)


def label(
    id: OwnId,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The suggested lines with `label`: present, absent or skip.")],
    as_json: options.AsJson = False,
) -> None:
    """Take labelled passages in."""
    from api import own_narratives

    with _parts() as parts:
        known = own_narratives.label(parts, id, *_file(file))
    _print_status(known, as_json=as_json, done=f"Took {known['taken']} passages, {known['undecided']} without a label")


def train(
    id: OwnId,
    background: Annotated[
        list[Path] | None, typer.Option("--background", metavar="PATH", help="More ordinary text, as negatives: JSON lines.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Then tag and index the stored documents anew.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Train a tagger from the labelled passages, say how wrong it is, and put it in use."""
    from api import own_narratives
    from models.corpus import read_background

    for path in background or ():
        if not path.is_file():
            raise InputError(f"{path} is no file; give JSON lines with `text`.")
    with _parts() as parts:
        more = read_background(background or [], most=2000)
        card = own_narratives.train(parts, id, background=more, say=say)
        warnings = own_narratives.status(parts, id)["warnings"]
    if apply:
        _apply()
    if as_json:
        print_json({**card.to_mapping(), "warnings": warnings})
        return
    for line in warnings:
        say(line)
    print_line(f"Trained {id} {card.version}.")
    _print_measured(card.measured)
    if not apply:
        print_line("New documents are tagged with it; eho codebook train --apply does so with the stored ones.")


def remove(
    id: OwnId, yes: Annotated[bool, typer.Option("--yes", help="Do it: definition, labels and model are deleted.")] = False
) -> None:
    """Delete a narrative of your own with its labels and its model."""
    from api import own_narratives

    with _parts() as parts:
        narrative = parts.own.get(id)
        if not yes:
            raise InputError(f"{narrative.id!r} has {len(parts.own.examples(id))} labelled passages; add --yes to delete it.")
        own_narratives.remove(parts, id)
    print_line(f"Deleted {id}; tags that name it go when the documents are tagged anew.")


@contextmanager
def _parts() -> Iterator[Parts]:
    from api.wiring import Parts

    parts = Parts(Home.find())
    parts.require_home()
    try:
        yield parts
    finally:
        parts.close()


def _file(name: str) -> tuple[str, bytes]:
    with options.open_input(name) as stream:
        return ("standard input" if name == options.STDIN else name), stream.read()


def _apply() -> None:
    with Service.open() as service, progress() as show:
        service.tag_new(on_progress=show)
        service.index_update(on_progress=show)


def _print_status(known: dict[str, Any], *, as_json: bool, done: str) -> None:
    if as_json:
        print_json(known)
        return
    print_line(
        f"{done}. {known['id']} has {known['present']} present, {known['absent']} absent, {known['skipped']} skipped passages."
    )
    for line in known["warnings"]:
        say(line)


def _print_measured(measured: Mapping[str, Any]) -> None:
    if not measured:
        return
    n = measured["n"]
    print_line(f"{measured['how']}; n = {n['present']} present, {n['absent']} absent, {n['ordinary']} ordinary passages.")
    rows = [{"figure": name.replace("_", " "), **measured[name]} for name in _MEASURED]
    print_rows(rows, ("figure", "value", "low", "high"), form=Format.TABLE)
    print_line(measured["show_threshold"]["says"])
    print_line(measured["learning_curve"]["says"])
    if (store := measured["store"])["passages"]:
        print_line(f"Of {store['passages']} stored passages it lists {store['listed']} and shows {store['shown']}.")


COMMANDS: dict[str, Callable[..., None]] = {
    "diff": diff,
    "guide": guide,
    "add": add,
    "own": own,
    "suggest": suggest,
    "label": label,
    "train": train,
    "remove": remove,
}
