"""How far two annotation passes over the same passages agree.

Both passes are machine passes, so the figures are SELF-CONSISTENCY: they bound what such a machine can be trusted with and
are no agreement between annotators. Alpha of rare labels swings with single passages; counts stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eho.codebook import Codebook
from eho.errors import InputError
from evaluation.alpha import Level, alpha
from evaluation.bootstrap import Resampling
from evaluation.corpus_schema import CorpusRow, EvidenceSpan, PassRow, load_rows, read_passes, spans_of
from evaluation.figures import Figure
from evaluation.statistics import CountTable, markdown_table
from models.corpus import json_lines

NOTE = "Self-consistency of two machine passes, not agreement between annotators; native review is pending."
REPLICATES = 500
_NOBODY = "nobody returns"
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """One narrative as one pass found it in one passage."""

    stance: str
    target_groups: frozenset[str]
    spans: Spans


@dataclass(frozen=True, slots=True)
class Labels:
    """One passage as one pass labelled it."""

    sense: str
    severity: int
    carried: Mapping[str, Carried]

    @property
    def narratives(self) -> frozenset[str]:
        """Return the set of narratives."""
        return frozenset(self.carried)


@dataclass(frozen=True, slots=True)
class Unit:
    """A passage that both passes labelled; `cluster` is its batch or document."""

    id: str
    language: str
    cluster: str
    first: Labels
    second: Labels


@dataclass(frozen=True)
class Comparison:
    """Two passes compared."""

    title: str
    rows: int
    note: str
    tables: tuple[CountTable, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Return the comparison as JSON."""
        tables = {table.id: {"title": table.title, "rows": list(table.rows)} for table in self.tables}
        return {"title": self.title, "rows": self.rows, "note": self.note, "tables": tables}


def compare_all(root: Path, codebook: Codebook) -> list[Comparison]:
    """Compare the passes over the corpus and over the real passages below `root`, those that are there.

    Raises InputError where there are none, naming what was looked for.
    """
    readers = {"The corpus and its second pass": corpus_units, "Two passes over real news and comments": real_units}
    units = {title: read(root) for title, read in readers.items()}
    if not any(units.values()):
        raise InputError(f"There are no two passes below {root}: neither corpus/second/*.jsonl nor real/pass1 and real/pass2.")
    return [compare(title, found, codebook) for title, found in units.items() if found]


def corpus_units(root: Path) -> list[Unit]:
    """Read the corpus rows that have a second pass; the first pass is the row, or what `corpus/first` keeps of it from before
    adjudication. Raises InputError for a pass over an unknown row.
    """
    second = _passes(root / "corpus" / "second")
    if not second:
        return []
    rows = {placed.row.id: placed.row for placed in load_rows([root / "corpus"])}
    if unknown := sorted(set(second) - set(rows)):
        raise InputError(
            f"The second pass labels {unknown[0]!r}, which is no row of the corpus; eho evaluate validate names all."
        )
    first = _passes(root / "corpus" / "first")
    return [
        Unit(id, rows[id].language, rows[id].batch, _labels(first.get(id, rows[id]), rows[id].text), _labels(row, rows[id].text))
        for id, row in second.items()
    ]


def real_units(root: Path) -> list[Unit]:
    """Read the real passages that both passes labelled; their texts are not needed."""
    passages = root / "real" / "passages.jsonl"
    first, second = _passes(root / "real" / "pass1"), _passes(root / "real" / "pass2")
    if not passages.is_file() or not first or not second:
        return []
    rows = {row["id"]: row for _, row in json_lines(passages)}
    return [
        Unit(id, rows[id]["lang"].partition("-")[0], rows[id]["document"], _labels(first[id], None), _labels(second[id], None))
        for id in rows
        if id in first and id in second
    ]


def compare(title: str, units: Sequence[Unit], codebook: Codebook) -> Comparison:
    """Compute every table for passages that both passes labelled."""
    families = {narrative.id: narrative.family for narrative in codebook.narratives}
    groups = {"all": list(units)} | {
        language: [unit for unit in units if unit.language == language] for language in sorted({unit.language for unit in units})
    }
    overall = [row for name, mine in groups.items() for row in _overall(name, mine)]
    members = {family: frozenset(one for one, of in families.items() if of == family) for family in families.values()}
    by_family = [_presence(name, family, mine, members[family]) for family in members for name, mine in groups.items()]
    by_label = [_presence(name, one, mine, frozenset({one})) for one in families for name, mine in groups.items()]
    presence = ("label", "language", "alpha", "low", "high", "first", "second", "both")
    tables = (
        CountTable("overall", "Overall", ("what", "language", "alpha", "low", "high", "n"), tuple(overall)),
        CountTable(
            "families", "A narrative of the family", presence, tuple(row for row in by_family if row["first"] or row["second"])
        ),
        CountTable("labels", "Single narratives", presence, tuple(row for row in by_label if row["first"] or row["second"])),
        CountTable("spans", "Evidence where both found the narrative", _SPAN_COLUMNS, tuple(_spans(groups))),
    )
    return Comparison(title, len(units), NOTE, tables)


def to_markdown(compared: Iterable[Comparison]) -> str:
    """Return the comparisons as the page docs/corpus-agreement.md."""
    lines = [
        "# Self-consistency of the annotation passes",
        "",
        NOTE,
        "Krippendorff's alpha, 95 % interval over batches or documents;",
    ]
    lines += ["sets of narratives and of targets by the MASI distance (Passonneau 2006), severity as ordinal, all else nominal."]
    for one in compared:
        lines += ["", f"## {one.title}", "", f"{one.rows:,} passages."]
        for table in one.tables:
            lines += ["", f"### {table.title}", "", *markdown_table(table.rows, table.columns)]
    return "\n".join(lines) + "\n"


_Value = Callable[[Labels], Hashable]


def _overall(language: str, units: Sequence[Unit]) -> Iterable[dict[str, Any]]:
    passages: tuple[tuple[str, Level, _Value], ...] = (
        ("set of narratives (MASI)", "masi", lambda labels: labels.narratives),
        ("any narrative", "nominal", lambda labels: bool(labels.carried)),
        ("sense of the return", "nominal", lambda labels: labels.sense),
        ("severity (ordinal)", "ordinal", lambda labels: labels.severity),
    )
    sampling = _sampling(units)
    for what, level, value in passages:
        yield _row(what, language, alpha(*_sides(units, value), level, sampling))
    shared = _shared(units)
    sampling = _sampling([unit for unit, _ in shared])
    pairs: tuple[tuple[str, Level, Callable[[Carried], Hashable]], ...] = (
        ("stance, where both found the narrative", "nominal", lambda carried: carried.stance),
        ("targets (MASI), where both found the narrative", "masi", lambda carried: carried.target_groups),
    )
    for what, level, of in pairs:
        first = [of(unit.first.carried[narrative]) for unit, narrative in shared]
        second = [of(unit.second.carried[narrative]) for unit, narrative in shared]
        yield _row(what, language, alpha(first, second, level, sampling))


def _presence(language: str, label: str, units: Sequence[Unit], members: frozenset[str]) -> dict[str, Any]:
    """Compare whether a passage carries any of the narratives."""
    first, second = _sides(units, lambda labels: bool(members & labels.narratives))
    figure = _row(label, language, alpha(first, second, "nominal", _sampling(units)))
    both = sum(one and other for one, other in zip(first, second, strict=True))
    counts = {"first": sum(map(bool, first)), "second": sum(map(bool, second)), "both": both}
    return {"label": label, **{name: figure[name] for name in ("language", "alpha", "low", "high")}, **counts}


def _row(what: str, language: str, figure: Figure) -> dict[str, Any]:
    rounded = {name: None if value is None else round(value, 3) for name, value in _values(figure).items()}
    return {"what": what, "language": language, **rounded, "n": figure.n}


def _values(figure: Figure) -> dict[str, float | None]:
    return {"alpha": figure.value, "low": figure.low, "high": figure.high}


def _sampling(units: Sequence[Unit]) -> Resampling | None:
    return Resampling([unit.cluster for unit in units], replicates=REPLICATES) if units else None


def _sides(units: Sequence[Unit], value: Callable[[Labels], Any]) -> tuple[list[Any], list[Any]]:
    return [value(unit.first) for unit in units], [value(unit.second) for unit in units]


def _shared(units: Iterable[Unit]) -> list[tuple[Unit, str]]:
    return [(unit, narrative) for unit in units for narrative in sorted(unit.first.narratives & unit.second.narratives)]


_SPAN_COLUMNS = ("language", "pairs", "characters F1", "same", "overlapping", "apart")


def _spans(groups: Mapping[str, Sequence[Unit]]) -> Iterable[dict[str, Any]]:
    """Compare the evidence of narratives that both passes found and gave evidence for."""
    for language, units in groups.items():
        pairs = [(u.first.carried[n].spans, u.second.carried[n].spans) for u, n in _shared(units)]
        pairs = [(first, second) for first, second in pairs if first and second]
        if not pairs:
            continue
        covered = [(_characters(first), _characters(second)) for first, second in pairs]
        shared = sum(len(first & second) for first, second in covered)
        total = sum(len(first) + len(second) for first, second in covered)
        same = sum(first == second for first, second in covered)
        touching = sum(bool(first & second) for first, second in covered)
        counts = {"same": same, "overlapping": touching - same, "apart": len(pairs) - touching}
        yield {"language": language, "pairs": len(pairs), "characters F1": round(2 * shared / total, 3), **counts}


def _characters(spans: Spans) -> set[int]:
    return {at for start, end in spans for at in range(start, end)}


def _passes(folder: Path) -> dict[str, PassRow]:
    rows, problems = read_passes(sorted(folder.glob("*.jsonl")))
    if problems:
        raise InputError(f"{problems[0]} (1 of {len(problems)} problems; eho evaluate validate names all).")
    return {row.id: row for _, _, row in rows}


def _labels(row: CorpusRow | PassRow, text: str | None) -> Labels:
    found: dict[str, Carried] = {}
    for annotation in row.annotations:
        earlier = found.get(annotation.narrative)
        spans = _places(annotation.spans, annotation.evidence, text)
        stance, groups = str(annotation.stance), frozenset(annotation.target_groups)
        if earlier is not None:  # one narrative with two stances is one value: both stances, all targets, all evidence
            stance = " and ".join(sorted({*earlier.stance.split(" and "), stance}))
            groups, spans = groups | earlier.target_groups, spans + earlier.spans
        found[annotation.narrative] = Carried(stance, groups, spans)
    return Labels(str(row.returnee_sense or _NOBODY), row.severity, found)


def _places(spans: Sequence[EvidenceSpan] | None, evidence: Sequence[str], text: str | None) -> Spans:
    if spans is not None:
        return tuple((span.start, span.end) for span in spans)
    found = spans_of(text, evidence) if text is not None else None
    return tuple((span["start"], span["end"]) for span in found or ())
