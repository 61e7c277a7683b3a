"""`eho annotate`: a queue of passages for people to label, and a form that works without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import cli_options as options
from api.output import harmless_text, print_json, print_line, say, to_json_line
from eho.codebook import Codebook
from eho.errors import InputError
from eho.home import Home

if TYPE_CHECKING:
    from evaluation.review_queue import Item, Label, ReviewQueue

_FILE = "annotation.sqlite"
_LANGUAGES = ("en", "sq", "sr-Latn")
Annotator = Annotated[str, typer.Option("--annotator", metavar="SIGN", help="The annotator's sign; no full name.")]
Lang = Annotated[str | None, typer.Option("--lang", metavar="CODE", help="Only passages in sq, sr, sr-Latn or sr-Cyrl.")]
Most = Annotated[int, typer.Option("--most", min=1, metavar="N", help="At most so many passages.")]


def register(parent: typer.Typer) -> None:
    """Add `eho annotate` to the command line."""
    app = typer.Typer(no_args_is_help=True, help="Passages for people to label; labels of every annotator are kept.")
    for command in (add, show, label, export, form):
        app.command()(command)
    app.command("next")(next_)
    app.command("import")(import_)
    parent.add_typer(app, name="annotate")


def add(
    corpus: Annotated[
        list[Path] | None,
        typer.Option("--corpus", metavar="PATH", help="Rows of these files or folders of the corpus; repeatable."),
    ] = None,
    tags: Annotated[bool, typer.Option("--tags", help="Passages of the store on which a tag waits for review.")] = False,
) -> None:
    """Queue passages; one that is queued already stays as it is."""
    if not corpus and not tags:
        raise InputError("Nothing to queue; give --corpus PATH, --tags, or both.")
    with _queue() as queue:
        added = queue.add(_items(corpus or [], tags))
        print_line(f"{added} passages were queued; {queue.counts()['queued']} in all.")


def next_(annotator: Annotator, lang: Lang = None, most: Most = 1, as_json: options.AsJson = False) -> None:
    """Show the next passages that this annotator has not labelled, without what others or a machine said."""
    with _queue() as queue:
        items = queue.waiting(annotator, lang, most)
    if as_json:
        for item in items:
            print_json(item.to_blind())
    elif not items:
        print_line(f"Nothing waits for {annotator}.")
    for item in items if not as_json else ():
        _print_item(item)


def show(
    id: Annotated[str, typer.Argument(metavar="ID")],
    with_said: Annotated[
        bool, typer.Option("--with-said", help="Also what a machine or the corpus says; ends blindness.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show a queued passage with the labels it has."""
    with _queue() as queue:
        item, labels = queue.item(id), queue.labels(id)
    said = {"said": list(item.said)} if with_said else {}
    if as_json:
        print_json({**item.to_blind(), "origin": item.origin, **said, "labels": [one.to_mapping() for one in labels]})
        return
    _print_item(item)
    for one in said.get("said", ()):
        print_line(f"  said: {one['narrative']} ({one['stance']})")
    for given in labels:
        print_line(f"  {given.annotator}, {given.labelled_at}: {_in_words(given)}")


def label(
    id: Annotated[str, typer.Argument(metavar="ID")],
    annotator: Annotator,
    file: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="FILE|-", help='JSON: {"returnee_sense","annotations":[…],"severity","note"?}; - is standard input.'
        ),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="The passage carries nothing.")] = False,
    severity: Annotated[int, typer.Option("--severity", min=0, max=6, help="With --none: the passage's own severity.")] = 0,
    sense: Annotated[str | None, typer.Option("--sense", help="With --none: who returns.")] = None,
    note: Annotated[str | None, typer.Option("--note", help="A remark.")] = None,
) -> None:
    """Label a queued passage."""
    if none == (file is not None):
        raise InputError("Give the label with --from FILE, or --none where the passage carries nothing.")
    content: dict[str, Any] = {"returnee_sense": sense, "annotations": [], "severity": severity}
    if file is not None:
        content = _json(file)
    with _queue() as queue:
        kept = queue.label(annotator, {**content, "id": id, **({"note": note} if note else {})})
    print_line(f"{id}: {_in_words(kept)}")


def export(
    annotator: Annotated[str | None, typer.Option("--annotator", metavar="SIGN", help="Only this annotator's labels.")] = None,
    history: Annotated[bool, typer.Option("--all", help="Also labels that the same annotator replaced later.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="Write a file per annotator instead.")] = None,
) -> None:
    """Write the labels as JSON lines, as an annotation pass; who gave each stands in it."""
    with _queue() as queue:
        labels = queue.labels(annotator=annotator, newest=not history)
    if out is None:
        for one in labels:
            print_json(one.to_mapping())
        return
    out.mkdir(parents=True, exist_ok=True)
    for who in sorted({one.annotator for one in labels}):
        path = out / f"{''.join(c if c.isalnum() else '_' for c in who)}.jsonl"
        lines = [to_json_line(one.to_mapping()) + "\n" for one in labels if one.annotator == who]
        path.write_text("".join(lines), encoding="utf-8", newline="\n")
        print_line(f"Wrote {len(lines)} labels to {path}.")


def form(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The form, .html.")],
    annotator: Annotated[
        str, typer.Option("--annotator", metavar="SIGN", help="Leave out what this annotator has labelled.")
    ] = "",
    words: Annotated[str, typer.Option("--words", help="Language of the form itself: en, sq or sr-Latn.")] = "en",
    lang: Lang = None,
    most: Most = 100,
) -> None:
    """Write a form that works offline in any browser and saves a file for `eho annotate import`."""
    from api.annotation_form import render_form

    if words not in _LANGUAGES:
        raise InputError(f"--words is {words!r}; use one of {', '.join(_LANGUAGES)}.", field="words")
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out is {str(out)!r}; give a file that ends in .html.", field="out")
    with _queue() as queue:
        items = queue.waiting(annotator, lang, most)
    if not items:
        raise InputError("No passage waits; queue some with eho annotate add.")
    out.write_text(render_form(items, _codebook(), words), encoding="utf-8", newline="\n")  # type: ignore[arg-type]
    print_line(f"Wrote {len(items)} passages to {out}.")


def import_(files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Files that the form saved.")]) -> None:
    """Keep the labels of saved forms; a label that cannot be kept is named, and the others are kept."""
    from evaluation.review_queue import read_saved

    refused = 0
    with _queue() as queue:
        for file in files:
            annotator, codebook, labels = read_saved(_json(file))
            for content in labels:
                try:
                    queue.label(annotator, content, codebook=codebook)
                except InputError as error:
                    refused += 1
                    say(f"{file}: {error}")
            print_line(f"{file}: {len(labels)} labels of {annotator}.")
    if refused:
        say(f"{refused} labels were refused.")
        raise typer.Exit(1)


def _queue() -> ReviewQueue:
    from evaluation.review_queue import ReviewQueue

    return ReviewQueue(Home.find().path / _FILE, _codebook())


def _codebook() -> Codebook:
    path = Home.find().codebook
    return Codebook.load(path if path.exists() else None)


def _items(corpus: list[Path], tags: bool) -> list[Item]:
    from evaluation.corpus_schema import load_rows
    from evaluation.review_queue import items_of_corpus, items_of_tags

    items = list(items_of_corpus(load_rows(corpus))) if corpus else []
    if tags:
        from api.wiring import Parts

        parts = Parts(Home.find())
        try:
            items += items_of_tags(parts.store().documents())
        finally:
            parts.close()
    return items


def _json(file: str) -> Any:
    with options.open_input(file) as stream:
        try:
            content = json.loads(stream.read())
        except ValueError as error:
            raise InputError(f"{file}: {' '.join(str(error).split())}; give one JSON object.") from error
    if not isinstance(content, dict):
        raise InputError(f"{file} holds {type(content).__name__}; give one JSON object.")
    return content


def _print_item(item: Item) -> None:
    title = f" under the title: {item.title}" if item.title else ""
    print_line(harmless_text(f"{item.id} ({item.lang or 'language unknown'}){title}"))
    print_line(harmless_text(f"  {item.text}"))


def _in_words(label: Label) -> str:
    found = [f"{one.narrative} ({one.stance})" for one in label.row.annotations] or ["no narrative"]
    return f"{'; '.join(found)}; severity {label.row.severity}; {label.row.returnee_sense or 'nobody returns'}"
