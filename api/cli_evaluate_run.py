"""`eho evaluate run|gate|audit`: models measured on labelled sets, held to floors, and judged in the wild."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import cli_evaluate_audit
from api import cli_options as options
from api.output import print_json, print_line, print_table, progress, say
from eho.codebook import Codebook
from eho.document import Document
from eho.errors import InputError
from eho.home import Home
from eho.settings import load_settings

if TYPE_CHECKING:
    from evaluation.figures import Evaluation, Figure, SetResult, Table
    from evaluation.predictions import Tagger
    from evaluation.runs import Places

_SETS_HELP = (
    "corpus-test, corpus-dev, real, check, audit, public, retrieval, extraction, masking, metamorphic or all; repeat for more."
)

Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="NAME", help="Name of a model, or its folder; repeat to compare. The one in use by default."),
]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="NAME", help=_SETS_HELP)]
Root = Annotated[
    Path | None,
    typer.Option("--root", metavar="FOLDER", help="Folder of corpus, real, check and audit; that of the checkout by default."),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Tag anew instead of using what the same model and code said before.")]
Judgements = Annotated[
    Path | None, typer.Argument(metavar="[PATH]", help="File or folder of judgements; evaluation/audit by default.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to `eho evaluate`."""
    app.command("run")(run)
    app.command("gate")(gate)
    audit = typer.Typer(no_args_is_help=True, help="Draw the tags that readers are shown, and score what persons say of them.")
    audit.command("draw")(audit_draw)
    audit.command("score")(audit_score)
    cli_evaluate_audit.register(audit)
    app.add_typer(audit, name="audit")


def run(
    models: Models = None,
    sets: Sets = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", metavar="FILE", help="Write the report (.html) or all figures (.json); repeatable."),
    ] = None,
    root: Root = None,
    no_cache: NoCache = False,
    as_json: options.AsJson = False,
) -> None:
    """Measure models on labelled sets: figures with n and 95 % intervals."""
    from evaluation.runs import evaluate_sets

    for path in out or ():
        if path.suffix not in (".html", ".json"):
            raise InputError(f"--out is {str(path)!r}; give a file that ends in .html or .json.", field="out")
    names = sets or ["corpus-dev"]
    chosen: list[str | None] = [*models] if models else [None]
    found: list[Evaluation] = []
    with progress() as show:
        found += [
            evaluate_sets(names, _places(root), open_tagger(model, no_cache=no_cache), show, skip_missing="all" in names)
            for model in chosen
        ]
    mapping = {"evaluations": [evaluation.to_mapping() for evaluation in found]}
    for path in out or ():
        _write(path, found, mapping)
    if as_json:
        print_json(mapping)
    else:
        for evaluation in found:
            _print(evaluation)


def gate(
    model: options.Model = None,
    sets: Sets = None,
    root: Root = None,
    floors: Annotated[
        Path | None, typer.Option("--floors", metavar="FILE", help="The floors; baseline.json beside the corpus by default.")
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Raise the floors to just under what is measured now.")] = False,
    lower: Annotated[bool, typer.Option("--lower", help="With --record: lower floors too; needs --reason.")] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why floors are lowered; kept beside them.")
    ] = None,
    no_cache: NoCache = False,
    as_json: options.AsJson = False,
) -> None:
    """Hold a model to its floors: exit status 1 where one is broken, 2 where the data are not those that they hold for."""
    from evaluation import gate as quality
    from evaluation.runs import evaluate_sets

    if lower and not record:
        raise InputError("--lower goes with --record; give both, and --reason TEXT.", field="lower")
    places = _places(root)
    path = floors or places.root / "baseline.json"
    baseline = quality.Baseline.read(path)
    tagger = open_tagger(model, no_cache=no_cache)
    known = baseline.models.get(tagger.model.name, {})
    if not record and not known:
        raise InputError(f"There are no floors for model {tagger.model.name!r} in {path}; set them with --record.")
    with progress() as show:
        evaluation = evaluate_sets(sets or list(known) or ["all"], places, tagger, show, skip_missing=not sets)
    for result in evaluation.results:
        if result.skipped:
            say(f"{result.name}: skipped. {result.skipped}")
    if record:
        raised, lines = quality.record(evaluation, baseline, lower=lower, reason=reason)
        path.write_text(raised.to_json(), encoding="utf-8", newline="\n")
        say(f"{len(lines)} floors set in {path}.")
        for line in lines:
            print_line(line)
        return
    checked = quality.check(evaluation, baseline)
    broken = sum(not one.is_kept for one in checked)
    if as_json:
        rows = [
            {"set": one.set, "floor": one.key, "bound": one.floor.value, "measured": one.measured, "kept": one.is_kept}
            for one in checked
        ]
        print_json({"kept": not broken, "floors": rows})
    for one in () if as_json else sorted(checked, key=lambda one: one.is_kept):
        print_line(str(one))
    say(f"{len(checked) - broken} of {len(checked)} floors kept.")
    if broken:
        raise typer.Exit(1)


def audit_draw(
    model: options.Model = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Review file: JSON lines, or a form (.html) that saves them.")
    ] = Path("audit.jsonl"),
    most: Annotated[
        int, typer.Option("--most", min=1, help="Draw at most this many shown tags; all where there are fewer.")
    ] = 400,
    untagged: Annotated[int, typer.Option("--untagged", min=0, help="Passages without a shown tag.")] = 100,
    with_text: Annotated[
        bool, typer.Option("--with-text", help="Write the text into the review file too; such a file is not to be published.")
    ] = False,
    from_store: Annotated[
        bool, typer.Option("--store", help="From the documents of the data folder, not from EHO_DATA.")
    ] = False,
    root: Root = None,
    as_json: options.AsJson = False,
) -> None:
    """Draw shown tags, and passages without one, into a review file; earlier verdicts on the same tags are carried over."""
    from evaluation import audit

    places = _places(root)
    documents = _stored_documents() if from_store else audit.collection(_data(places))
    with progress() as show:
        drawn = audit.draw(documents, open_tagger(model), most=most, untagged=untagged, say=show)
    folder = places.root / "audit"
    known = audit.read_rows(folder) if any(folder.glob("*.jsonl")) else []
    rows = audit.with_known_verdicts(drawn.rows, known)
    if out.suffix == ".html":
        out.write_text(audit.to_form(rows, drawn.texts), encoding="utf-8", newline="\n")
    else:
        audit.write_rows(rows, out, drawn.texts if with_text else None)
    tags = sum(row.type == "tag" for row in rows)
    if as_json:
        print_json({"file": str(out), "documents": drawn.documents, "shown_tags": drawn.pool, "drawn": tags, "rows": len(rows)})
        return
    judged = sum(row.verdict is not None for row in rows)
    print_line(
        f"Drew {tags} of {drawn.pool} shown tags on {drawn.documents} documents, and {len(rows) - tags} passages without one, "
        f"into {out}; {judged} have a verdict from before."
    )


def audit_score(path: Judgements = None, root: Root = None, as_json: options.AsJson = False) -> None:
    """Say how many of the judged tags are right, as a user meets them, by language and kind."""
    from evaluation import audit
    from evaluation.labelled import digest_of, labelled_files

    path = path or _places(root).root / "audit"
    result = audit.score(audit.read_rows(path), digest_of(labelled_files(path)))
    if as_json:
        print_json(result.to_mapping())
    else:
        _print_result(result)


def open_tagger(model: str | None, *, no_cache: bool = False) -> Tagger:
    """Load a model by name or folder, the one in use by default. Raises ModelError."""
    from evaluation.predictions import Tagger

    home = Home.find()
    codebook = Codebook.load(home.codebook if home.codebook.exists() else None)
    return Tagger(model or load_settings(home.config).tag.model, codebook, home, use_cache=not no_cache)


def _places(root: Path | None) -> Places:
    from evaluation.runs import Places

    if root is not None and not root.is_dir():
        raise InputError(f"--root is {str(root)!r}, which is no folder; give the folder that holds corpus, real and check.")
    return Places.find(root)


def _data(places: Places) -> Path:
    if places.data is None:
        raise InputError("EHO_DATA is not set; set it to the folder of the public data sets, or give --store.")
    return places.data


def _stored_documents() -> list[Document]:
    from index.store import Store

    home = Home.find()
    if not home.exists():
        raise InputError(f"There is no data folder at {home.path}; run eho init, or set EHO_HOME.")
    with Store.open(load_settings(home.config).store.url or f"sqlite:///{home.store}") as store:
        return [item.document for item in store.documents()]


def _write(path: Path, found: Sequence[Evaluation], mapping: object) -> None:
    if path.suffix == ".html":
        from evaluation.report import render

        content = render(found)
    else:
        content = json.dumps(mapping, ensure_ascii=False, indent=1) + "\n"
    path.write_text(content, encoding="utf-8", newline="\n")
    say(f"Wrote {path}.")


def _print(evaluation: Evaluation) -> None:
    print_line(f"{evaluation.model} {evaluation.version}, codebook {evaluation.codebook}")
    for result in evaluation.results:
        print_line("")
        _print_result(result)


def _print_result(result: SetResult) -> None:
    if result.skipped:
        print_line(f"{result.title}: skipped. {result.skipped}")
        return
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
