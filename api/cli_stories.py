"""Commands about stories: what is similar, other versions of one text, one event in both languages."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from api import cli_options as options
from api.output import chosen_format, print_rows, say
from api.service import Service
from index.same_event import SIDES

_INVENTED = " Invented outlets – demonstration."
_SIMILAR = ("title", "source", "published_at", "lang", "cosine", "shared", "id")
_SIMILAR_CSV = (
    "id",
    "score",
    "cosine",
    "text_rank",
    "vector_rank",
    "entity_rank",
    "source",
    "kind",
    "lang",
    "title",
    "published_at",
    "url",
    "entities",
    "words",
    "annotations",
    "cluster_size",
)
_CONTEXT = ("role", "minutes_after", "source", "title", "differs", "kept", "credits", "published_at", "id")
_CONTEXT_CSV = (
    "id",
    "role",
    "similarity",
    "minutes_after",
    "source",
    "lang",
    "title",
    "new_words",
    "left_out",
    "kept",
    "new",
    "credits",
    "belongs_to_user",
    "published_at",
    "url",
)
_MIRROR = ("event", "side", "title", "source", "published_at", "score", "annotations", "id")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (similar, context, mirror):
        app.command()(command)


def similar(
    document_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A document's id, as search prints it.")] = None,
    text: Annotated[str | None, typer.Option("--text", metavar="T", help="A text instead; - is standard input.")] = None,
    from_: options.From = None,
    to: options.To = None,
    source: options.InSources = None,
    lang: options.Langs = None,
    narrative: options.Narratives = None,
    stance: options.Stances = None,
    kind: options.Kinds = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="Documents shown.")] = 10,
    copies: Annotated[bool, typer.Option("--copies/--collapse", help="Show each copy of a text, or one of them.")] = False,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """Find documents like one document or text, in both languages, and say why."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    if text == options.STDIN:
        text = sys.stdin.buffer.read().decode("utf-8", errors="replace")
    with Service.open() as service:
        answer = service.similar(
            document_id,
            text=text,
            limit=limit,
            copies=copies,
            **options.limits(from_, to, source, lang, kind, narrative, stance),
        )
        invented = _INVENTED if service.has_invented_sources else ""
    rows = [_similar_row(row) for row in answer["documents"]]
    columns = _SIMILAR_CSV if form == "csv" else _SIMILAR
    asked = f"similar to {document_id}" if document_id else "similar to a text"
    print_rows(rows, columns, form=form, json_value=answer, query=asked, snapshot=answer["snapshot"])
    if form == "table":
        say(f"{len(rows)} documents, nearest first.{invented}" if rows else "No document is like it.")


def context(
    document_id: Annotated[str, typer.Argument(metavar="ID", help="A document's id, as search prints it.")],
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """Show other outlets' versions of one text: original, copies, times and headlines."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with Service.open() as service:
        answer = service.context(document_id)
        invented = _INVENTED if service.has_invented_sources else ""
    rows = [_version_row(row) for row in answer["versions"]]
    columns = _CONTEXT_CSV if form == "csv" else _CONTEXT
    asked = f"versions of {document_id}"
    print_rows(rows, columns, form=form, json_value=answer, query=asked, snapshot=answer["snapshot"])
    if form == "table":
        copies = len(rows) - 1
        said = f"{len(rows)} versions in {len(answer['sources'])} sources, {answer['headlines']} headlines."
        say((said if copies else "No other outlet has this text.") + invented)


def mirror(
    asked: Annotated[str, typer.Argument(metavar="ID|QUERY", help="A document's id, or a query.")],
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="Events shown.")] = 5,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """Set one event side by side in Albanian and Serbian, or say that no pair is sure enough."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with Service.open() as service:
        answer = service.mirror(asked, limit=limit)
        invented = _INVENTED if service.has_invented_sources else ""
    rows = [row for number, event in enumerate(answer["events"], 1) for row in _event_rows(number, event)]
    print_rows(rows, _MIRROR, form=form, json_value=answer, query=asked, snapshot=answer["snapshot"])
    if form != "table":
        return
    for number, event in enumerate(answer["events"], 1):
        for line in _event_lines(number, event):
            say(line)
    say((answer["message"] or f"{len(answer['events'])} events.") + (invented if rows else ""))


def _similar_row(row: dict[str, Any]) -> dict[str, Any]:
    entities = [_both(entity["names"]) for entity in row["shared"]["entities"]]
    return {
        **row,
        "text_rank": row["ranks"]["text"],
        "vector_rank": row["ranks"]["vectors"],
        "entity_rank": row["ranks"]["entities"],
        "entities": entities,
        "words": row["shared"]["words"],
        "shared": [*entities, *row["shared"]["words"]],
        "annotations": _annotations(row["annotations"]),
    }


def _version_row(row: dict[str, Any]) -> dict[str, Any]:
    headline, title = row["headline"], row["title"] or ""
    new = [title[start:end] for start, end in headline["new"]]
    return {
        **row,
        "differs": "" if headline["same"] else "yes",
        "new_words": new,
        "left_out": headline["left_out"],
        "kept": row["text"]["kept"],
        "new": row["text"]["new"],
        "credits": [credit["agency"] for credit in row["credits"]],
    }


def _event_rows(number: int, event: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {**row, "event": number, "side": side, "annotations": _annotations(row["annotations"])}
        for side in SIDES
        for row in event["sides"][side]["documents"]
    ]


def _event_lines(number: int, event: dict[str, Any]) -> list[str]:
    shared = ", ".join(_both(entity["names"]) for entity in event["shared"]["entities"])
    lines = [f"Event {number}: both name {shared}."]
    for side in SIDES:
        row = event["sides"][side]
        voices = ", ".join(f"{voice['speaker']} {voice['quotes']}" for voice in row["voices"]) or "nobody"
        lines.append(f"  {side}: quoted: {voices}.")
        lone = row["not_in_other"]
        names = [entity["names"][side] for entity in lone["entities"]]
        narratives = [f"{one['narrative']} ({one['stance']})" for one in lone["narratives"]]
        if found := [*names, *narratives, *lone["speakers"]]:
            other = "sr" if side == "sq" else "sq"
            lines.append(f"  {side}, not found in the {other} documents shown: {', '.join(found)}.")
    return lines


def _annotations(annotations: list[dict[str, Any]]) -> list[str]:
    return [f"{one['narrative']} ({one['stance']})" for one in annotations]


def _both(names: dict[str, str]) -> str:
    return names["sq"] if names["sq"] == names["sr"] else f"{names['sq']}/{names['sr']}"
