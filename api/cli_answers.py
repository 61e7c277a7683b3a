"""Commands that answer: search, show, trends, compare, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from api import cli_options as options
from api.output import chosen_format, harmless_text, print_json, print_line, print_rows, print_table, progress, say
from api.service import Service
from api.trend_chart import check_form, draw
from api.trend_words import COMPARED, POINTS, comparison_row, point_rows, said_of
from eho.errors import InputError

_HIT_COLUMNS = ("title", "source", "published_at", "lang", "annotations", "id")
_HIT_CSV_COLUMNS = (
    "id",
    "score",
    "source",
    "kind",
    "lang",
    "title",
    "published_at",
    "url",
    "snippet",
    "annotations",
    "cluster_size",
)
_TERM_COLUMNS = ("value", "lang", "count", "of", "elsewhere", "elsewhere_of", "g2", "ratio")
_INVENTED = "Invented outlets – demonstration."


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (search, show, trends, compare, report):
        app.command()(command)


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="The query; docs/query-language.md explains the language.")] = "",
    from_: options.From = None,
    to: options.To = None,
    source: options.InSources = None,
    lang: options.Langs = None,
    narrative: options.Narratives = None,
    stance: options.Stances = None,
    kind: options.Kinds = None,
    sort: Annotated[str, typer.Option("--sort", help="relevance or date.")] = "relevance",
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="Hits on a page.")] = 20,
    cursor: Annotated[str | None, typer.Option("--cursor", help="The `next` of the page before.")] = None,
    collapse: Annotated[bool, typer.Option("--collapse/--copies", help="Show copies of one text once, or each.")] = False,
    include_needs_review: options.Unreviewed = False,
    stems: options.Stems = None,
    language: options.Language = "en",
    terms: Annotated[bool, typer.Option("--terms", help="Also the words that set the hits apart; --csv: only these.")] = False,
    snapshot: options.Snapshot = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """Find documents: words, "phrases", fields such as narrative: and stance:."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with Service.open() as service, progress() as show:
        answer = service.at(snapshot, on_progress=show).search(
            query,
            sort=sort,
            limit=limit,
            cursor=cursor,
            collapse=collapse,
            include_needs_review=include_needs_review,
            stems=stems,
            language=language,
            terms=terms,
            **options.limits(from_, to, source, lang, kind, narrative, stance),
        )
        invented = service.has_invented_sources
    rows = [_hit_row(hit) for hit in answer["hits"]]
    columns: Sequence[str] = _HIT_CSV_COLUMNS if form == "csv" else _HIT_COLUMNS
    if terms and form == "csv":
        rows, columns = answer["significant_terms"]["terms"], _TERM_COLUMNS
    print_rows(rows, columns, form=form, json_value=answer, query=answer["query"], snapshot=answer["snapshot"])
    if terms and form == "table":
        print_table(answer["significant_terms"]["terms"], _TERM_COLUMNS, title="Words that set the hits apart")
    if form == "table":
        say(f"{answer['total']} found: {answer['explained']}. {_INVENTED if invented else ''}".rstrip())
        if answer["next"]:
            say(f"Next page: --cursor {answer['next']}")
    _say_removed(answer)


def show(
    document_id: Annotated[str, typer.Argument(metavar="ID", help="A document's id, as search prints it.")],
    versions: Annotated[bool, typer.Option("--versions", help="All versions with their times, and how much changed.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="What changed from version to version, by sentence.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Print one document with tags, provenance and citation, or what its outlet changed in it."""
    with Service.open() as service:
        if versions or diff:
            _show_versions(service.versions(document_id), with_changes=diff, as_json=as_json)
            return
        row = service.document(document_id)
    if row is None:
        raise InputError(f"There is no document {document_id!r}; eho search prints the ids.", field="id")
    if as_json:
        print_json(row)
        return
    tags = row.get("tags") or {}
    print_line(harmless_text(str(row["title"] or row["id"])))
    print_line(harmless_text(f"{row['citation']}\n\n{row['text']}\n"))
    for annotation in tags.get("annotations", ()):
        print_line(harmless_text(_annotation_line(annotation, row)))
    print_line(f"outcome: {tags.get('outcome', 'not tagged yet')} {tags.get('reason', '')}".rstrip())


def _show_versions(answer: dict[str, Any], *, with_changes: bool, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    print_line(harmless_text(f"{answer['title'] or answer['id']} ({answer['source']})"))
    for row in answer["versions"]:
        changes = row["changes"]
        times = [f"{name.removesuffix('_at')} {row[name]}" for name in ("fetched_at", "published_at", "updated_at") if row[name]]
        note = f"; {len(changes)} changes" if row["version"] > 1 else ""
        rules = " (read with other rules: not all need be the outlet's)" if row["extractor_changed"] and changes else ""
        print_line(f"version {row['version']}: {', '.join(times)}{note}{rules}")
        for change in changes if with_changes else ():
            print_line(f"  {change['field']}")
            for sign, sentences in (("-", change["removed"]), ("+", change["added"])):
                for sentence in sentences:
                    print_line(harmless_text(f"  {sign} {sentence}"))


def trends(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to count; all documents by default.")] = "",
    of: Annotated[str | None, typer.Option("--of", metavar="QUERY", help="Of what, such as sense:conflict_zone.")] = None,
    narrative: options.Narratives = None,
    by: Annotated[
        str, typer.Option("--by", help="day, week, month or quarter; auto: the shortest in which a doubling would show.")
    ] = "auto",
    split: Annotated[str | None, typer.Option("--split", help="language, source, ownership, audience or kind.")] = None,
    as_: Annotated[str, typer.Option("--as", help="share or count: what the interval is for.")] = "share",
    panel: Annotated[str, typer.Option("--panel", help="constant: sources that were there all the time; or all.")] = "constant",
    copies: options.Copies = "exclude",
    changes: Annotated[bool, typer.Option("--changes", help="Look for changes of level and bursts.")] = False,
    out: Annotated[str | None, typer.Option("--out", metavar="FILE", help="Draw it: FILE.svg, .png or .json.")] = None,
    from_: options.From = None,
    to: options.To = None,
    source: options.InSources = None,
    lang: options.Langs = None,
    kind: options.Kinds = None,
    stance: options.Stances = None,
    include_needs_review: options.Unreviewed = False,
    stems: options.Stems = None,
    language: options.Language = "en",
    snapshot: options.Snapshot = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """Count documents per period, with denominators and intervals."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    if out is not None:
        check_form(Path(out))
    with Service.open() as service, progress() as show:
        answer = service.at(snapshot, on_progress=show).trends(
            query,
            of=of,
            by=by,
            split=split,
            as_=as_,
            panel=panel,
            copies=copies,
            changes=changes,
            include_needs_review=include_needs_review,
            stems=stems,
            language=language,
            **options.limits(from_, to, source, lang, kind, narrative, stance),
        )
        invented = service.has_invented_sources
        if out is not None:
            draw(service, answer, Path(out), language=language, split=split)
    print_rows(list(point_rows(answer)), POINTS, form=form, json_value=answer, query=answer["query"], snapshot=answer["snapshot"])
    if form == "table":
        for line in said_of(answer):
            say(line)
        if invented:
            say(_INVENTED)
        if out is not None:
            say(f"Wrote {out}.")
    _say_removed(answer)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A source, language, period (2026-03, 2026-03-01..2026-04-15) or query.")],
    b: Annotated[str, typer.Argument(metavar="B", help="What to compare it with; no document may be in both.")],
    query: Annotated[str, typer.Option("--query", metavar="QUERY", help="What to count on both sides.")] = "",
    of: Annotated[str | None, typer.Option("--of", metavar="QUERY", help="Of what, such as sense:conflict_zone.")] = None,
    narrative: options.Narratives = None,
    match: Annotated[
        str | None, typer.Option("--match", help="ownership (for two languages), audience or none: compare like outlets only.")
    ] = None,
    copies: options.Copies = "exclude",
    from_: options.From = None,
    to: options.To = None,
    source: options.InSources = None,
    lang: options.Langs = None,
    kind: options.Kinds = None,
    stance: options.Stances = None,
    include_needs_review: options.Unreviewed = False,
    stems: options.Stems = None,
    language: options.Language = "en",
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_table: options.AsTable = False,
) -> None:
    """Compare two sources, languages, periods or queries: the difference of each share, with its interval."""
    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    with Service.open() as service:
        answer = service.compare(
            a,
            b,
            query,
            of=of,
            match=match,
            copies=copies,
            include_needs_review=include_needs_review,
            stems=stems,
            language=language,
            **options.limits(from_, to, source, lang, kind, narrative, stance),
        )
        invented = service.has_invented_sources
    asked = f"{a} against {b}"
    rows = [comparison_row(row) for row in answer["rows"]]
    print_rows(rows, COMPARED, form=form, json_value=answer, query=asked, snapshot=answer["snapshot"], title=asked)
    if form == "table":
        say(f"{answer['method']['note'].capitalize()}. cannot_say: no difference that these documents could show.")
        if invented:
            say(_INVENTED)


def report(
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Where to write it: FILE.html.")],
    from_: options.From = None,
    to: options.To = None,
    lang: Annotated[str, typer.Option("--lang", help="sq, sr-Latn, sr-Cyrl or en.")] = "en",
    snapshot: options.Snapshot = None,
) -> None:
    """Write the trend report for partners as one HTML file."""
    path = Path(out)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out is {out!r}; give a file that ends in .html.", field="out")
    with Service.open() as service, progress() as show:
        service.at(snapshot, on_progress=show).report(
            start=options.first_day(from_), end=options.last_day(to), lang=lang, out=path
        )
    print_line(f"Wrote {path}.")


def _say_removed(answer: dict[str, Any]) -> None:
    if removed := answer.get("removed_since"):
        counts = ", ".join(f"{count} {reason}" for reason, count in removed.items())
        say(f"Not all documents of the snapshot are there any more: {counts}.")


def _hit_row(hit: dict[str, Any]) -> dict[str, Any]:
    annotations = [f"{one['narrative']} ({one['stance']})" for one in hit["annotations"]]
    return {**hit, "annotations": annotations, "snippet": " … ".join(snippet["text"] for snippet in hit["snippets"])}


def _annotation_line(annotation: dict[str, Any], row: dict[str, Any]) -> str:
    spans = (f"“{(row[span['field']] or '')[span['start'] : span['end']]}”" for span in annotation["spans"])
    review = ", for review" if annotation["needs_review"] else ""
    return f"{annotation['narrative']} ({annotation['stance']}, {annotation['score']:.2f}{review}): {' '.join(spans)}"
