"""Extraction measured on layouts: Eho beside trafilatura's three modes in the same run.

`python -m evaluation.extraction_layouts [--split dev] [--errors] [--speed N]`; also `eho evaluate run --set extraction`.
trafilatura is given every favour: a fragment counts as found in its text or description, its date counts by the day alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import trafilatura
from trafilatura.core import bare_extraction

from crawlers.blocks import OutletBlocks, fingerprint
from crawlers.dates import BELGRADE
from crawlers.extraction import extract
from crawlers.outlets import Outlet
from crawlers.urls import host_of
from eho.document import Document, to_utc_text
from evaluation.bootstrap import Resampling
from evaluation.figures import ErrorExample, Figure, SetResult, Table, TableRow
from evaluation.layouts import Layout, digest_of_layouts, load_layouts
from evaluation.metrics import ratio
from evaluation.predictions import Say

_MODES: dict[str, dict[str, Any]] = {
    "trafilatura": {},
    "trafilatura_precision": {"favor_precision": True},
    "trafilatura_recall": {"favor_recall": True},
}
SYSTEMS = {
    "eho": "Eho",
    "eho_unlearned": "Eho, nothing learned",
    "trafilatura": "trafilatura",
    "trafilatura_precision": "trafilatura, precision",
    "trafilatura_recall": "trafilatura, recall",
}
COLUMNS = {
    "found": "fragments found",
    "notice": "notices leaked",
    "teaser": "teasers leaked",
    "other": "captions, comments, furniture leaked",
    "title": "title",
    "day": "date (day)",
    "authors": "authors",
}
_LEAKS = frozenset({"notice", "teaser", "other"})
_OWN = {
    "lead": "lead",
    "published_at": "date and hour",
    "published_at_precision": "precision",
    "published_at_from": "origin",
    "updated_at": "updated",
    "section": "section",
    "keywords": "keywords",
    "quotes": "quotes",
    "form": "live blog",
    "outcome": "outcome",
}


@dataclass(slots=True)
class Reading:
    """What one system read from a page."""

    text: str = ""
    title: str | None = None
    day: str | None = None
    authors: list[str] = field(default_factory=list)
    document: Document | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One thing expected of one page: whether it is so (for leaks: whether the unwanted text is there)."""

    layout: str
    language: str
    system: str
    measure: str
    value: bool
    expected: str
    got: str


def read_with_eho(layout: Layout, *, is_learned: bool) -> Reading:
    """Read a page with Eho; `is_learned`: after the outlet's earlier pages."""
    known = {"source": host_of(layout.expected["url"]), "charset": layout.expected.get("charset")}
    outlet = Outlet(blocks=learned_blocks(layout)) if is_learned else Outlet()
    result = extract(layout.body, url=layout.expected["url"], fetched_at=layout.fetched_at, outlet=outlet, **known)
    if not isinstance(result, Document):
        return Reading(outcome=result.outcome.value)
    day = result.published_at.astimezone(BELGRADE).date().isoformat() if result.published_at else None
    text = f"{result.lead or ''}\n{result.text}"
    return Reading(text, result.title, day, result.authors or [], result)


def learned_blocks(layout: Layout) -> OutletBlocks:
    """Return what the outlet's earlier pages teach."""
    outlet = Outlet()
    for url, body in layout.earlier:
        extract(body, url=url, source=host_of(url), fetched_at=layout.fetched_at - timedelta(hours=2), outlet=outlet)
    outlet.blocks.learn(layout.fetched_at - timedelta(hours=1))
    return outlet.blocks


def read_with_trafilatura(layout: Layout, **mode: Any) -> Reading:
    """Read a page with trafilatura in one mode, metadata included, comments left out."""
    result: Any = bare_extraction(layout.body, url=layout.expected["url"], with_metadata=True, include_comments=False, **mode)
    if result is None:
        return Reading()
    authors = [name.strip() for name in (result.author or "").split(";") if name.strip()]
    return Reading(f"{result.description or ''}\n{result.text or ''}", result.title, result.date, authors)


def checks_of(layouts: Sequence[Layout], say: Say | None = None) -> Iterator[Check]:
    """Yield every check of every system on every page."""
    for number, layout in enumerate(layouts, 1):
        readings = {name: read_with_trafilatura(layout, **mode) for name, mode in _MODES.items()}
        readings["eho"] = read_with_eho(layout, is_learned=True)
        readings["eho_unlearned"] = read_with_eho(layout, is_learned=False)
        for system, reading in readings.items():
            for measure, value, expected, got in _compare(layout, reading, is_own=system == "eho"):
                yield Check(layout.name, layout.expected["language"], system, measure, value, expected, got)
        if say is not None:
            say("layouts", number, len(layouts))


def _compare(layout: Layout, reading: Reading, *, is_own: bool) -> Iterator[tuple[str, bool, str, str]]:
    expected = layout.expected
    if "outcome" in expected:
        if is_own:
            yield "outcome", reading.outcome == expected["outcome"], expected["outcome"], str(reading.outcome)
        return
    text = _key(reading.text)
    for fragment in expected["fragments"]:
        yield "found", _key(fragment) in text, fragment, ""
    for kind, parts in expected["unwanted"].items():
        for part in parts:
            yield kind if kind in _LEAKS else "other", _key(part) in text, "", part
    yield "title", _key(reading.title or "") == _key(expected["title"]), expected["title"], str(reading.title)
    day = expected.get("published_at")
    local = _day(day) if day else None
    yield "day", reading.day == local, str(local), str(reading.day)
    authors = expected.get("authors", [])
    yield "authors", sorted(map(_key, reading.authors)) == sorted(map(_key, authors)), str(authors), str(reading.authors)
    if is_own:
        yield from _own_fields(layout, reading)


def _own_fields(layout: Layout, reading: Reading) -> Iterator[tuple[str, bool, str, str]]:
    if reading.document is None:
        yield "outcome", False, "document", str(reading.outcome)
        return
    got = own_fields(reading.document)
    for name in _OWN:
        if name == "outcome" or (name in ("published_at_precision", "published_at_from") and name not in layout.expected):
            continue
        expected, found = layout.expected.get(name), got.get(name)
        if name in ("lead", "section"):
            is_same = _key(expected or "") == _key(found or "")
        elif name in ("keywords", "quotes"):
            is_same = [_key(one) for one in expected or ()] == [_key(one) for one in found or ()]
        else:
            is_same = expected == found
        yield name, is_same, str(expected), str(found)


def own_fields(document: Document) -> dict[str, Any]:
    """Return the fields that only Eho reads, as an expected page names them."""
    lines = document.text.split("\n")
    return {
        "lead": document.lead,
        "published_at": to_utc_text(document.published_at) if document.published_at else None,
        "published_at_precision": document.published_at_precision,
        "published_at_from": document.published_at_from,
        "updated_at": to_utc_text(document.updated_at) if document.updated_at else None,
        "section": document.extra.get("section"),
        "keywords": document.extra.get("keywords"),
        "quotes": [lines[number] for number in document.extra.get("quote_lines", ())],
        "form": document.extra.get("form"),
    }


def evaluate_layouts(root: Path, say: Say | None = None, split: str | None = None) -> SetResult:
    """Measure all systems on the layouts below `root`; intervals draw whole outlets. Raises MissingSetError."""
    layouts = load_layouts(root / "layouts", split)
    checks = list(checks_of(layouts, say))
    tables = [_system_table("systems", f"All systems, {len(layouts)} layouts", checks)]
    if split is None:
        held = {layout.name for layout in layouts if layout.expected["split"] == "test"}
        title = f"All systems, the {len(held)} layouts held back while the rules were written"
        tables.append(_system_table("held_back", title, [check for check in checks if check.layout in held]))
    tables += [_learned_table(layouts), _field_table(checks), _language_table(checks)]
    return SetResult(
        "extraction",
        "Extraction from layouts of the region's outlets (invented content)",
        digest_of_layouts(layouts),
        len(layouts),
        len(layouts),
        "outlet",
        tables,
        notes=(f"trafilatura {trafilatura.__version__}; a fragment is a paragraph or item and counts only as a whole.",),
        examples=list(_examples(checks, {layout.name for layout in layouts if layout.expected["split"] == "dev"})),
    )


def _figures(checks: Sequence[Check], measures: Sequence[str]) -> dict[str, Figure]:
    figures = {}
    for measure in measures:
        rows = [check for check in checks if check.measure == measure]
        if not rows:
            figures[measure] = Figure(None, 0)
            continue
        drawn = Resampling([check.layout for check in rows])
        hits = drawn.totals(np.array([check.value for check in rows], dtype=np.float64))
        figures[measure] = drawn.share(ratio(hits, drawn.totals(np.ones(len(rows)))), len(rows))
    return figures


def _system_table(key: str, title: str, checks: Sequence[Check]) -> Table:
    rows = [
        TableRow(system, label, _figures([check for check in checks if check.system == system], list(COLUMNS)))
        for system, label in SYSTEMS.items()
    ]
    return Table(key, title, "Shares with 95 % intervals by outlet; less is better for what leaked.", COLUMNS, rows, _LEAKS)


def _learned_table(layouts: Sequence[Layout]) -> Table:
    """Say what the blocks alone would know, rules aside; how many of the texts wanted they would take away as well."""
    rows = []
    for key, label in (("notice", "notices"), ("fragments", "fragments wanted")):
        known: list[tuple[str, bool]] = []
        for layout in (one for one in layouts if one.earlier):
            blocks = learned_blocks(layout).blocks
            texts = layout.expected["fragments"] if key == "fragments" else layout.expected["unwanted"].get(key, [])
            known += [(layout.name, fingerprint(text) in blocks) for text in texts]
        figure = Figure(None, 0)
        if known:
            drawn = Resampling([name for name, _ in known])
            hits = drawn.totals(np.array([value for _, value in known], dtype=np.float64))
            figure = drawn.share(ratio(hits, drawn.totals(np.ones(len(known)))), len(known))
        rows.append(TableRow(key, label, {"known": figure}))
    explained = "Share of the texts that three earlier pages of the outlet taught as repeating blocks."
    return Table("learned", "What repetition alone finds", explained, {"known": "learned"}, rows)


def _field_table(checks: Sequence[Check]) -> Table:
    own = [check for check in checks if check.system == "eho"]
    rows = [
        TableRow(name, label, {"right": _figures([check for check in own if check.measure == name], [name])[name]})
        for name, label in _OWN.items()
    ]
    return Table(
        "fields", "Fields that Eho reads besides", "Right where the page has none and none is given.", {"right": "right"}, rows
    )


def _language_table(checks: Sequence[Check]) -> Table:
    rows = []
    for language in ("sq", "sr-Latn", "sr-Cyrl"):
        own = [check for check in checks if check.system == "eho" and check.language == language]
        rows.append(TableRow(language, language, _figures(own, list(COLUMNS))))
    return Table("languages", "Eho by language and script", "As above.", COLUMNS, rows, _LEAKS)


def _examples(checks: Sequence[Check], shown: set[str]) -> Iterator[ErrorExample]:
    for check in checks:
        is_wrong = check.value if check.measure in _LEAKS else not check.value
        if check.system == "eho" and is_wrong and check.layout in shown:
            yield ErrorExample(check.measure, check.layout, check.language, check.expected, check.got, None)


def _key(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _day(stamp: str) -> str:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).astimezone(BELGRADE).date().isoformat()


def measure_speed(layouts: Sequence[Layout], rounds: int) -> dict[str, float]:
    """Return processor time a page, in ms, of `extract` and of bare calls of trafilatura, by turns; ratios are of rates."""
    readers: dict[str, Callable[[Layout], object]] = {
        "eho": lambda layout: read_with_eho(layout, is_learned=False),
        "trafilatura": lambda layout: trafilatura.extract(layout.body, include_comments=False),
        "trafilatura_fast": lambda layout: trafilatura.extract(layout.body, include_comments=False, fast=True),
        "trafilatura_metadata": read_with_trafilatura,
    }
    spent = dict.fromkeys(readers, 0.0)
    for _ in range(rounds):
        for layout in layouts:
            for name, read in readers.items():
                started = time.process_time()
                read(layout)
                spent[name] += time.process_time() - started
    pages = rounds * len(layouts)
    per_page = {f"{name}_ms": round(1000 * seconds / pages, 3) for name, seconds in spent.items()}
    ratios = {f"rate_to_{name}": round(spent[name] / spent["eho"], 3) for name in readers if name != "eho"}
    return {**per_page, **ratios, "pages": pages}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the result as JSON, or the errors or the speed alone."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--split", choices=("dev", "test"))
    parser.add_argument("--errors", action="store_true", help="only what went wrong, a line each")
    parser.add_argument("--speed", type=int, metavar="ROUNDS", help="only processor time per page")
    chosen = parser.parse_args(arguments)
    if chosen.speed:
        sys.stdout.write(json.dumps(measure_speed(load_layouts(chosen.root / "layouts", chosen.split), chosen.speed)) + "\n")
        return 0
    result = evaluate_layouts(chosen.root, split=chosen.split)
    if chosen.errors:
        for one in result.examples:
            sys.stdout.write(f"{one.kind}\t{one.id}\t{one.expected}\t{one.got}\n")
        return 0
    for table in result.tables:
        sys.stdout.write(f"\n{table.title}\n")
        for row in table.rows:
            cells = [f"{table.columns[name]} {_cell(figure)}" for name, figure in row.figures.items()]
            sys.stdout.write(f"  {row.label}: {'; '.join(cells)}\n")
    return 0


def _cell(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    count = round(figure.value * figure.n)
    interval = "" if figure.low is None or figure.high is None else f" [{figure.low:.2f}, {figure.high:.2f}]"
    return f"{count}/{figure.n}{interval}"


if __name__ == "__main__":
    sys.exit(main())
