"""`eho evaluate audit documents`: whole documents for people to read, which correct the shares of trends."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from api import cli_options as options
from api.output import print_json, print_line
from api.trend_knowledge import AUDITS
from eho.errors import InputError
from eho.home import Home

MOST_NARRATIVES = 5  # more cannot be kept in mind while reading


def register(app: typer.Typer) -> None:
    """Add the command to `eho evaluate audit`."""
    app.command("documents")(documents)


def documents(
    narrative: Annotated[
        list[str] | None, typer.Option("--narrative", metavar="ID", help="What to read for; repeat for more, up to five.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="JSON lines, or a form (.html) that saves them.")] = Path(
        "documents.html"
    ),
    most: Annotated[int, typer.Option("--most", min=1, help="Draw so many documents; trends need 300 judged ones.")] = 400,
    as_json: options.AsJson = False,
) -> None:
    """Draw stored documents at random for people to read; judged files in EHO_HOME/audits correct the trends."""
    from api.wiring import Parts
    from evaluation import document_audit as audit

    asked = list(dict.fromkeys(narrative or ()))
    if not 1 <= len(asked) <= MOST_NARRATIVES:
        raise InputError(f"--narrative is given {len(asked)} times; give it one to {MOST_NARRATIVES} times.", field="narrative")
    with closing(Parts(Home.find())) as parts:
        parts.require_home()
        labels = {name: parts.codebook.narrative(name).labels["en"] for name in asked}
        folder = parts.home.path / AUDITS
        known = audit.read_rows(folder) if any(folder.glob("*.jsonl")) else []
        rows = audit.with_known(audit.draw(parts.store().documents(), asked, most=most), known)
        if not rows:
            raise InputError("No dated document is tagged yet, so there is nothing to draw; run eho run first.")
        drawn = {id: one.document for id, one in parts.store().get_all([row.id for row in rows]).items()}
    if out.suffix == ".html":
        texts = {id: (document.title or "", document.text) for id, document in drawn.items()}
        out.write_text(audit.to_form(rows, texts, labels), encoding="utf-8", newline="\n")
    else:
        audit.write_rows(rows, out)
    judged = sum(row.annotations is not None for row in rows)
    if as_json:
        print_json({"file": str(out), "drawn": len(rows), "judged_before": judged, "narratives": asked, "goes_to": str(folder)})
        return
    print_line(f"Drew {len(rows)} documents into {out}; {judged} were judged before. Put the judged file into {folder}.")
