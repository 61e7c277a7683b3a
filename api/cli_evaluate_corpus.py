"""`eho evaluate validate|statistics|probes|agreement`: the labelled data themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from api import cli_options as options
from api.output import Format, chosen_format, print_json, print_line, print_table, say
from eho.codebook import Codebook
from eho.errors import InputError
from eho.home import Home

BAD_INPUT = 2
Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH…]", help="Files of batches or folders of them; the checkout's evaluation/corpus by default."),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the figures as a Markdown page too.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `eho evaluate`."""
    for command in (validate, statistics, probes, agreement):
        app.command()(command)


def validate(
    paths: Paths = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Add missing spans where the evidence stands in the text; nothing else.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Name every problem of corpus files: file, line, row, value, remedy. Exits with 2 where there is one."""
    from evaluation.corpus_checks import validate as check
    from evaluation.corpus_schema import add_spans, corpus_files
    from evaluation.real_checks import validate_real
    from evaluation.runs import Places

    places, real = _corpus_and_real(paths)
    added = add_spans(corpus_files(places)) if fix and places else 0
    rows, problems = check(places, codebook_in_use()) if places else (0, [])
    for folder in real:
        passages, more = validate_real(folder, codebook_in_use(), Places.find().data)
        rows, problems = rows + passages, problems + more
    if as_json:
        print_json({"rows": rows, "spans_added_to": added, "problems": [str(problem) for problem in problems]})
    else:
        if fix:
            print_line(f"Spans were added to {added} annotations.")
        for problem in problems:
            say(str(problem))
        print_line(f"{rows} rows: {'valid' if not problems else f'{len(problems)} problems'}.")
    if problems:
        raise typer.Exit(BAD_INPUT)


def statistics(paths: Paths = None, out: Out = None, as_json: options.AsJson = False, as_table: options.AsTable = False) -> None:
    """Count labels, stances, targets, words, openings and lengths by language and split."""
    from evaluation.corpus_schema import load_rows
    from evaluation.statistics import count

    form = chosen_format(json=as_json, csv=False, table=as_table)
    counted = count(load_rows(_places(paths)), codebook_in_use())
    _write(out, counted.to_markdown)
    if form is Format.JSON:
        print_json(counted.to_mapping())
        return
    for table in counted.tables:
        print_line("")
        print_table(table.rows, table.columns, title=table.title)


def probes(paths: Paths = None, out: Out = None, as_json: options.AsJson = False, as_table: options.AsTable = False) -> None:
    """Look for copies inside and across splits, and for labels that length, punctuation, casing or voice give away."""
    from evaluation import probes as probing
    from evaluation.corpus_schema import load_rows

    form = chosen_format(json=as_json, csv=False, table=as_table)
    placed = load_rows(_places(paths))
    rows = [one.row for one in placed]
    found, measured, best = probing.copies(placed), probing.shortcuts(rows), probing.tells(rows)
    _write(out, lambda: probing.to_markdown(len(rows), found, measured, best))
    mapping = probing.to_mapping(found, measured, best)
    if form is Format.JSON:
        print_json(mapping)
        return
    copied = [{"copies": name, **mapping[name]} for name in ("near_duplicates", "shared_stretches")]
    print_table(copied, ("copies", *found.near), title="Pairs of passages")
    for example in found.examples:
        print_line(f"  {example['first']} and {example['second']}: {example['kind']}, {example['what']}")
    areas = [
        {"question": one.question, "sees": one.sees, "classifier": one.classifier, **one.auc.to_mapping()} for one in measured
    ]
    print_table(
        areas, ("question", "sees", "classifier", "value", "low", "high", "n"), title="Area under the curve; 0.5 is chance"
    )
    print_table(best, ("voice", "passages", "measure", "auc", "labelled", "without a label"), title="Most telling measure")


def agreement(
    root: Annotated[
        Path | None, typer.Option("--root", metavar="FOLDER", help="Folder of corpus and real; the checkout's by default.")
    ] = None,
    out: Out = None,
    as_json: options.AsJson = False,
    as_table: options.AsTable = False,
) -> None:
    """Measure how far two annotation passes agree: self-consistency of one kind of machine, not of people."""
    form = chosen_format(json=as_json, csv=False, table=as_table)
    try:
        from evaluation.agreement import compare_all, to_markdown
    except ModuleNotFoundError as error:
        raise InputError(f"eho evaluate agreement needs {error.name}: install it with pip install 'eho[train]'.") from error
    compared = compare_all(root or _evaluation_folder(), codebook_in_use())
    _write(out, lambda: to_markdown(compared))
    if form is Format.JSON:
        print_json([one.to_mapping() for one in compared])
        return
    for one in compared:
        print_line(f"{one.title}: {one.rows} passages. {one.note}")
        for table in one.tables:
            print_table(table.rows, table.columns, title=table.title)


def codebook_in_use() -> Codebook:
    """Return the data folder's codebook, else the bundled one. Raises CodebookError."""
    path = Home.find().codebook
    return Codebook.load(path if path.exists() else None)


def _evaluation_folder() -> Path:
    from evaluation.corpus_schema import FOLDER

    return FOLDER.parent


def _places(paths: list[Path] | None) -> list[Path]:
    from evaluation.corpus_schema import FOLDER

    if not paths and not FOLDER.is_dir():
        raise InputError(f"There is no corpus at {FOLDER}; give its folder (it comes with the source, not with the package).")
    return paths or [FOLDER]


def _corpus_and_real(paths: list[Path] | None) -> tuple[list[Path], list[Path]]:
    """Tell folders of real passages (they hold passages.jsonl) from places of corpus rows; by default the checkout's own."""
    found = paths or [*_places(None), _places(None)[0].parent / "real"]
    real = [path for path in found if (path / "passages.jsonl").is_file()]
    return [path for path in found if path not in real and (paths or path.is_dir())], real


def _write(out: Path | None, text: Callable[[], str]) -> None:
    if out is not None:
        out.write_text(text(), encoding="utf-8", newline="\n")
        say(f"Wrote {out}.")
