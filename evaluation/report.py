"""Writes an evaluation as one HTML page for people who do not program: no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evaluation.figures import Evaluation, Figure, SetResult, Table

# What the comparison of models and sets shows: the first of these keys that a set has, with its name.
_MAIN = (
    ("overall/micro/listed_f1", "F1 of narratives, listed tags"),
    ("overall/micro/shown_precision", "Right among the shown tags"),
    ("functionality/all/passed", "Tests passed"),
    ("precision/all/right", "Right among the shown tags, in the wild"),
    ("must_move/sense/unmoved", "Texts that did not move where they must"),
)
_LONG_TABLE = 14  # rows from which a table is folded away
_TABLES_FIRST = frozenset({"overall", "family", "base_rate", "functionality", "relation", "must_move", "public", "precision"})


def render(evaluations: Sequence[Evaluation]) -> str:
    """Return the page."""
    environment = Environment(
        loader=FileSystemLoader(Path(str(resources.files("evaluation"))) / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": _share, "interval": _interval, "mark": _mark}
    template = environment.get_template("evaluation.html")
    return template.render(
        evaluations=evaluations,
        comparison=_comparison(evaluations),
        is_open=lambda table: table.id in _TABLES_FIRST and len(table.rows) <= _LONG_TABLE,
        style=environment.get_template("evaluation.css").render(),
    )


def _comparison(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """Return one line a set and main figure, one cell a model."""
    names = list(dict.fromkeys(result.name for one in evaluations for result in one.results))
    lines = []
    for name in names:
        results = [next((result for result in one.results if result.name == name), None) for one in evaluations]
        title = next(result.title for result in results if result is not None)
        for key, label in (*_MAIN, *_public_keys(results)):
            figures = [None if result is None else result.figure(key) for result in results]
            if any(figures):
                lines.append({"set": title, "label": label, "figures": figures})
    return lines


def _public_keys(results: Sequence[SetResult | None]) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for result in results:
        for table in () if result is None else result.tables:
            if table.id == "public":
                found |= {f"public/{row.key}/macro_f1": f"Macro-F1, {row.label}" for row in table.rows}
    return list(found.items())


def _share(figure: Figure | None, table: Table | None = None, name: str = "") -> str:
    """Write a figure as a person reads it: shares in percent, other numbers with two decimals."""
    if figure is None or figure.value is None:
        return "–"
    return f"{figure.value:.2f}" if table is not None and name in table.plain else f"{figure.value:.0%}"


def _interval(figure: Figure | None, table: Table | None = None, name: str = "") -> str:
    if figure is None or figure.value is None:
        return ""
    if figure.low is None or figure.high is None:
        return f"n {figure.n}"
    plain = table is not None and name in table.plain
    low, high = (f"{value:.2f}" if plain else f"{value * 100:.0f}" for value in (figure.low, figure.high))
    return f"{low}–{high}, n {figure.n}"


def _mark(figure: Figure | None) -> str:
    """Return the style of a cell: grey where it rests on few cases."""
    return "few" if figure is None or figure.value is None or figure.n < 20 else ""
