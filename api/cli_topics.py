"""The command that finds emerging topics."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api import cli_options as options
from api.output import chosen_format, print_rows, say
from api.service import Service

_COLUMNS = ("id", "label", "size", "languages", "ratio", "low", "high", "flags")
_CSV_COLUMNS = (
    "id",
    "label_sq",
    "label_sr",
    "size",
    "share",
    "share_sq",
    "share_sr",
    "ratio",
    "low",
    "high",
    "flags",
    "documents",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(topics)


def topics(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Of which documents; all by default.")] = "",
    from_: options.From = None,
    to: options.To = None,
    source: options.InSources = None,
    lang: options.Langs = None,
    recent: Annotated[int, typer.Option("--recent", metavar="N", help="Weeks that count as new.")] = 2,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="Topics shown.")] = 20,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """Find topics across both languages, those that grow first (needs eho[train])."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with Service.open() as service:
        answer = service.topics(
            query,
            start=options.first_day(from_),
            end=options.last_day(to),
            source=source or (),
            lang=lang or (),
            limit=limit,
            recent=recent,
        )
        invented = service.has_invented_sources
    rows = [_row(topic) for topic in answer["topics"]]
    columns = _CSV_COLUMNS if form == "csv" else _COLUMNS
    print_rows(rows, columns, form=form, json_value=answer, query=answer["query"], snapshot=answer["snapshot"])
    if form == "table":
        outside = f"{answer['outliers']} of {answer['method']['documents']} documents belong to none."
        say(f"{len(rows)} of {answer['total']} topics; {outside}{' Invented outlets – demonstration.' if invented else ''}")


def _row(topic: dict[str, Any]) -> dict[str, Any]:
    label, languages = topic["label"], topic["languages"]
    return {
        **topic,
        **topic["emergence"],
        "label": " / ".join(", ".join(words) for words in label.values() if words),
        "label_sq": label["sq"],
        "label_sr": label["sr"],
        "languages": [f"{language} {share:.0%}" for language, share in languages.items()],
        "share_sq": languages.get("sq", 0.0),
        "share_sr": languages.get("sr", 0.0),
        "documents": [document["id"] for document in topic["documents"]],
    }
