"""What an evaluation says: figures with n and interval, in tables, with examples of what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its 95 % interval and `n`, the cases it rests on; None where there is nothing to measure."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Return the figure as JSON, four decimals."""
        rounded = {name: getattr(self, name) for name in ("value", "low", "high")}
        return {name: None if value is None else round(value, 4) for name, value in rounded.items()} | {"n": self.n}


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of a table: `key` names it in floors, `label` for people."""

    key: str
    label: str
    figures: Mapping[str, Figure]
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Figures side by side; `columns` names each for people, `lower_is_better` those that are errors.

    `plain` figures are counts and numbers as they are, the others shares between 0 and 1.
    """

    id: str
    title: str
    explained: str
    columns: Mapping[str, str]
    rows: Sequence[TableRow]
    lower_is_better: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()

    def to_mapping(self) -> dict[str, Any]:
        """Return the table as JSON: figures by row and name."""
        rows = {row.key: {"n": row.n, **{name: figure.to_mapping() for name, figure in row.figures.items()}} for row in self.rows}
        return {"title": self.title, "explained": self.explained, "rows": rows}


@dataclass(frozen=True, slots=True)
class ErrorExample:
    """A case that went wrong; `text` may be harmful and is veiled where it is shown."""

    kind: str
    id: str
    lang: str
    expected: str
    got: str
    text: str | None


@dataclass(frozen=True, slots=True)
class SetResult:
    """All that one model did on one set."""

    name: str
    title: str
    digest: str
    n: int
    clusters: int
    clustered_by: str
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    examples: Sequence[ErrorExample] = ()
    summary: Sequence[str] = ()
    skipped: str | None = None

    def figure(self, key: str) -> Figure | None:
        """Return the figure named `table/row/column`; None where there is none."""
        table_id, row_key, name = key.split("/")
        for table in self.tables:
            if table.id == table_id:
                return next((row.figures.get(name) for row in table.rows if row.key == row_key), None)
        return None

    def to_mapping(self) -> dict[str, Any]:
        """Return the result as JSON; texts of examples are left out."""
        return {
            "title": self.title,
            "skipped": self.skipped,
            "digest": self.digest,
            "n": self.n,
            "clusters": self.clusters,
            "clustered_by": self.clustered_by,
            "notes": list(self.notes),
            "summary": list(self.summary),
            "tables": {table.id: table.to_mapping() for table in self.tables},
            "examples": [
                {"kind": one.kind, "id": one.id, "lang": one.lang, "expected": one.expected, "got": one.got}
                for one in self.examples
            ],
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One run: a model on one or more sets."""

    model: str
    version: str
    digest: str
    codebook: str
    made_at: str
    results: Sequence[SetResult] = field(default=())

    def to_mapping(self) -> dict[str, Any]:
        """Return the run as JSON."""
        return {
            "model": {"name": self.model, "version": self.version, "digest": self.digest, "codebook": self.codebook},
            "made_at": self.made_at,
            "sets": {result.name: result.to_mapping() for result in self.results},
        }
