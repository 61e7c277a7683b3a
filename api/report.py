"""The trend report for partners: one self-contained HTML file with charts inside, for the screen and for A4 paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.charts import Row, dots_spec, to_svg, trend_spec
from api.pages_codebook import PREVALENT, Names
from api.pages_frame import environment
from api.pages_search import distinct
from api.pages_share import Share
from api.pages_sources import source_views
from api.pages_trend import method_lines, point_table
from api.pages_wording import Wording
from api.report_numbers import TOP, Numbers, count
from eho.codebook import LANGUAGES, Language
from eho.errors import InputError
from index.calendar import day_of

if TYPE_CHECKING:
    from api.service import Service

_SMALL = 100  # below this many documents the summary warns


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of a table: a name, and its share for each column."""

    name: str
    shares: tuple[tuple[str, str, str], ...]  # count of total, share, interval


def build(service: Service, *, start: date | None, end: date | None, lang: str, out: Path) -> Path:
    """Write the report of the days from start to end (inclusive) and return its path. Raises InputError, EngineError."""
    language = _language(lang)
    if start is None or end is None:
        first, last = _dated_days(service)
        start, end = start or first, end or last
    if start > end:
        raise InputError(f"The report begins on {start}, after its end on {end}; swap both days.", field="from")
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"A report cannot be written as {out.name!r}; name a file that ends in .html and print it.", field="out")
    words = Wording(language)
    html = environment().get_template("report.html").render(_context(service, start, end, words))
    try:
        out.write_text(html, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}. Choose another place.", field="out") from error
    return out


def _dated_days(service: Service) -> tuple[date, date]:
    """Return the first day of the first month with documents, and the day of the newest document."""
    answer = service.search(sort="date", limit=1, include_needs_review=True)
    months = [row["value"] for row in answer["facets"]["month"]]
    if not months:
        raise InputError("No document has a date, so there is nothing to report on; run eho run first, or give --from and --to.")
    newest = datetime.fromisoformat(answer["hits"][0]["published_at"])
    return date.fromisoformat(f"{min(months)}-01"), day_of(newest)


def _context(service: Service, start: date, end: date, words: Wording) -> dict[str, Any]:
    numbers, names = count(service, start, end, words.language), Names(service.codebook, words)
    invented, sources = service.has_invented_sources, service.sources()
    static = resources.files("api") / "static"
    return {
        "t": words,
        "names": names,
        "style": "\n".join((static / name).read_text(encoding="utf-8") for name in ("eho.css", "report.css")),
        "invented": invented,
        "snapshot": service.snapshot_id,
        "made": words.day(datetime.now(UTC).date()),
        "start": words.day(start),
        "end": words.day(end),
        "numbers": numbers,
        "summary": _summary(numbers, names, words, start, end),
        "families": _family_charts(numbers, names, words, invented=invented),
        "top_chart": _top_chart(numbers, names, words, invented=invented),
        "top": [_Line(names("narrative", one.id), (_cells(one.overall, words),)) for one in numbers.narratives],
        "languages_chart": _languages_chart(numbers, names, words, invented=invented),
        "languages": [
            _Line(names("narrative", one.id), tuple(_cells(share, words) for share in one.by_group.values()))
            for one in numbers.narratives[:TOP]
        ],
        "speakers": [_Line(names("speaker", id), (_cells(share, words),)) for id, share in numbers.speakers.items()],
        "examples": [
            {"chip": distinct([names.chip(one.annotation)])[0], "veiled": names.is_harmful(one.annotation), "quote": one}
            for one in numbers.examples
        ],
        "coverage": [view for view in source_views(sources, service.coverage()) if view.found],
        "belonging": [source for source in sources if source["belongs_to_user"] and _counts(service, source["id"], start, end)],
        "methods": _methods(numbers, names, words),
    }


def _counts(service: Service, source: str, start: date, end: date) -> bool:
    """Tell whether the report counts a document of this source; the registry knows many more than that."""
    return bool(service.search("", source=[source], start=start, end=end, limit=1)["total"])


def _summary(numbers: Numbers, names: Names, words: Wording, start: date, end: date) -> list[str]:
    said = {"start": words.day(start), "end": words.day(end)}
    if not numbers.documents:
        return [words("report_no_data", **said)]
    sources = words("n_sources", n=numbers.sources)
    lines = [words("report_sum_documents", **said, n=numbers.documents, sources=sources, **numbers.by_group)]
    if numbers.narratives:
        first = numbers.narratives[0]
        top = {**first.overall.values(words), "label": words("quoted", text=names("narrative", first.id))}
        lines += [words("report_sum_harm", **numbers.harm.values(words)), words("report_sum_top", **top)]
        lines.append(words("report_reviewed", k=numbers.unreviewed.count, n=numbers.harm.count))
    else:
        lines.append(words("report_sum_none"))
    lines.append(words("report_sum_counter", **numbers.humane.values(words)))
    return [*lines, words("report_sum_small")] if numbers.documents < _SMALL else lines


def _family_charts(numbers: Numbers, names: Names, words: Wording, *, invented: bool) -> list[dict[str, Any]]:
    if not numbers.documents:
        return []
    charts = []
    for id, answer in numbers.families.items():
        title = names("family", id)

        def name(_: str, title: str = title) -> str:
            return title

        spec = trend_spec({**answer, "by": numbers.by}, words, title=title, name=name, invented=invented, size="small")
        rows = point_table(answer, words, name).rows
        table = [_Line(row.period, ((f"{row.count} / {row.denominator}", row.share, row.interval),)) for row in rows]
        charts.append({"title": title, "svg": to_svg(spec, words), "table": table})
    return charts


def _top_chart(numbers: Numbers, names: Names, words: Wording, *, invented: bool) -> str | None:
    rows = [_row(names("narrative", one.id), words("axis_share"), one.overall) for one in numbers.narratives[:TOP]]
    return to_svg(dots_spec(rows, words, title=words("report_top"), invented=invented), words) if rows else None


def _languages_chart(numbers: Numbers, names: Names, words: Wording, *, invented: bool) -> str | None:
    rows = [
        _row(names("narrative", one.id), words(f"report_lang_{group}"), share)
        for one in numbers.narratives[:TOP]
        for group, share in one.by_group.items()
        if share.total
    ]
    return to_svg(dots_spec(rows, words, title=words("report_languages"), invented=invented), words) if rows else None


def _row(label: str, group: str, share: Share) -> Row:
    return Row(label, group, share.value, share.low, share.high)


def _cells(share: Share, words: Wording) -> tuple[str, str, str]:
    return f"{words.number(share.count)} / {words.number(share.total)}", share.percent(words), share.interval(words)


def _methods(numbers: Numbers, names: Names, words: Wording) -> list[str]:
    stances = ", ".join(names("stance", stance).lower() for stance in PREVALENT)
    own = [words("report_share_note"), words("method_stances", stances=stances), words("report_humanising_also")]
    if any(answer["method"]["uncorrected_because"] for answer in numbers.families.values()):
        own.append(words("method_uncorrected"))  # the base has no tags, so its own method is silent about them
    return [*own, *method_lines(numbers.base, names, words)]


def _language(lang: str) -> Language:
    for language in LANGUAGES:
        if language == lang:
            return language
    raise InputError(f"lang is {lang!r}; use one of {', '.join(LANGUAGES)}.", field="lang")
