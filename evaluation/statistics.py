"""What the narrative corpus holds, counted: labels, stances, targets, words, openings and lengths, by language and split."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eho.annotation import Sense, Stance
from eho.codebook import Codebook
from eho.folding import fold_text
from evaluation.corpus_checks import HUMANISING
from evaluation.corpus_schema import SPLITS, UNPLACED, CorpusAnnotation, CorpusRow, PlacedRow

LANGUAGES = ("sq", "sr")
LEAST_PER_NARRATIVE, LEAST_IN_LARGE_FAMILIES = 35, 60
LARGE_FAMILIES = ("outgroup_hostility", "returnee_stigma", HUMANISING)
VOICES = ("headline", "news", "op_ed", "comment", "post")
VARIETIES = ("standard", "gheg", "ekavian", "ijekavian")
_WORD = re.compile(r"\w+")
_WINDOW = (
    500  # words of the moving window in which types are counted, so that samples of any size compare (Covington & McFall 2010)
)
_OPENING = 3
_NOBODY = "nobody returns"
_QUANTILES = (0, 5, 25, 50, 75, 95, 100)
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CountTable:
    """Counts side by side; `columns` are the keys of every row in order."""

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Statistics:
    """Everything counted; `cells` are the annotations by all of their dimensions at once, zeros left out."""

    rows: int
    codebook: str
    tables: tuple[CountTable, ...]
    cells: tuple[Row, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Return the counts as JSON."""
        tables = {table.id: {"title": table.title, "rows": list(table.rows)} for table in self.tables}
        return {"rows": self.rows, "codebook": self.codebook, "tables": tables, "cells": list(self.cells)}

    def to_markdown(self) -> str:
        """Return the counts as the page docs/corpus-statistics.md."""
        lines = [
            "# The narrative corpus in numbers",
            "",
            f"{self.rows:,} passages, codebook `{self.codebook}`. Texts and labels are machine-written",
            "(`evaluation/corpus/DATASHEET.md`). Written by `eho evaluate statistics --out docs/corpus-statistics.md`.",
        ]
        for table in self.tables:
            lines += ["", f"## {table.title}", "", *markdown_table(table.rows, table.columns)]
        return "\n".join(lines) + "\n"


def count(rows: Sequence[PlacedRow], codebook: Codebook) -> Statistics:
    """Count a corpus."""
    families = {narrative.id: narrative.family for narrative in codebook.narratives}
    tables = (
        _passages(rows),
        _labels(rows, families),
        _short(rows, codebook),
        _cross(rows, "voices", "Passages by voice", lambda row: row.voice, VOICES),
        _cross(rows, "varieties", "Passages by variety", lambda row: row.variety, VARIETIES),
        _cross(rows, "severities", "Passages by severity", lambda row: str(row.severity), [str(level) for level in range(7)]),
        _cross(rows, "senses", "Passages by sense of the return", _sense, [*map(str, Sense), _NOBODY]),
        _directions(rows, families, codebook),
        _mirrors(rows, codebook),
        _words(rows),
        _openings(rows),
        _lengths(rows),
        _traps(rows),
    )
    return Statistics(len(rows), codebook.tag, tables, tuple(_cells(rows)))


def markdown_table(rows: Iterable[Row], columns: Sequence[str]) -> list[str]:
    """Write rows as a Markdown table; numbers stand to the right."""
    rows = list(rows)
    numeric = [all(isinstance(row.get(name), int | float) or row.get(name) is None for row in rows) for name in columns]
    head = [f"| {' | '.join(columns)} |", f"|{'|'.join('---:' if right else '---' for right in numeric)}|"]
    return [*head, *(f"| {' | '.join(_cell(row.get(name)) for name in columns)} |" for row in rows)]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value).replace("|", "\\|")


def _of(rows: Iterable[PlacedRow], language: str | None) -> list[PlacedRow]:
    return [placed for placed in rows if language in (None, placed.row.language)]


def _splits(rows: Iterable[PlacedRow]) -> list[str]:
    have = {placed.split for placed in rows}
    return [name for name in (*SPLITS, UNPLACED) if name in have] + sorted(have - {*SPLITS, UNPLACED})


def _annotations(rows: Iterable[PlacedRow]) -> list[tuple[PlacedRow, CorpusAnnotation]]:
    return [(placed, annotation) for placed in rows for annotation in placed.row.annotations]


def _passages(rows: Sequence[PlacedRow]) -> CountTable:
    found: list[Row] = []
    for split in [*_splits(rows), "all"]:
        for lang in ("sq", "sr-Latn", "sr-Cyrl", "all"):
            mine = [p for p in rows if split in (p.split, "all") and lang in (p.row.lang, "all")]
            if not mine:
                continue
            without = sum(not placed.row.annotations for placed in mine)
            found.append(
                {
                    "split": split,
                    "lang": lang,
                    "batches": len({placed.row.batch for placed in mine}),
                    "passages": len(mine),
                    "annotations": sum(len(placed.row.annotations) for placed in mine),
                    "two or more": sum(len(placed.row.annotations) > 1 for placed in mine),
                    "without a label": without,
                    "share without": round(without / len(mine), 3),
                }
            )
    return CountTable("passages", "Passages", tuple(found[0]) if found else (), tuple(found))


def _labels(rows: Sequence[PlacedRow], families: Mapping[str, str]) -> CountTable:
    splits = _splits(rows)
    found: list[Row] = []
    pairs = _annotations(rows)
    for narrative in families:
        for language in LANGUAGES:
            mine = [(p, a) for p, a in pairs if a.narrative == narrative and p.row.language == language]
            stances = {str(stance): sum(a.stance is stance for _, a in mine) for stance in Stance}
            by_split = {split: sum(p.split == split for p, _ in mine) for split in splits}
            passages = len({placed.row.id for placed, _ in mine})
            found.append({"narrative": narrative, "language": language, "passages": passages, **stances, **by_split})
    columns = ("narrative", "language", "passages", *(str(stance) for stance in Stance), *splits)
    return CountTable("labels", "Narratives by language, stance and split", columns, tuple(found))


def _short(rows: Sequence[PlacedRow], codebook: Codebook) -> CountTable:
    """List the narratives with fewer passages than the corpus was planned to have; what no narrative covers has no plan."""
    found: list[Row] = []
    for one in codebook.narratives:
        if not one.counts_in_prevalence:
            continue
        narrative, least = one.id, LEAST_IN_LARGE_FAMILIES if one.family in LARGE_FAMILIES else LEAST_PER_NARRATIVE
        for language in LANGUAGES:
            have = sum(any(a.narrative == narrative for a in placed.row.annotations) for placed in _of(rows, language))
            if have < least:
                found.append({"narrative": narrative, "language": language, "passages": have, "planned": least})
    columns = ("narrative", "language", "passages", "planned")
    return CountTable("short", "Narratives with fewer passages than planned", columns, tuple(found))


def _sense(row: CorpusRow) -> str:
    return str(row.returnee_sense or _NOBODY)


def _cross(
    rows: Sequence[PlacedRow], id: str, title: str, value_of: Callable[[CorpusRow], str], values: Sequence[str]
) -> CountTable:
    splits = _splits(rows)
    found = []
    for value in values:
        mine = [placed for placed in rows if value_of(placed.row) == value]
        by_language = {language: len(_of(mine, language)) for language in LANGUAGES}
        by_split = {split: sum(placed.split == split for placed in mine) for split in splits}
        found.append({"value": value, **by_language, **by_split, "labelled": sum(bool(p.row.annotations) for p in mine)})
    return CountTable(id, title, ("value", *LANGUAGES, *splits, "labelled"), tuple(found))


def _directions(rows: Sequence[PlacedRow], families: Mapping[str, str], codebook: Codebook) -> CountTable:
    """Count whom the passages of each language are about: in harm shared, in harm shown or countered, in humanising ones."""
    found: list[Row] = []
    for group in (term.id for term in codebook.dimensions.target_groups):
        row: dict[str, Any] = {"target": group}
        for language in LANGUAGES:
            mine = [a for _, a in _annotations(_of(rows, language)) if group in a.target_groups]
            harm = [a for a in mine if families[a.narrative] != HUMANISING]
            shared = sum(a.stance.counts_in_prevalence for a in harm)
            row |= {
                f"{language} harm shared": shared,
                f"{language} shown or countered": len(harm) - shared,
                f"{language} humanising": len(mine) - len(harm),
            }
        found.append(row)
    return CountTable("directions", "Targets by the language of the passage", tuple(found[0]), tuple(found))


def _mirrors(rows: Sequence[PlacedRow], codebook: Codebook) -> CountTable:
    """Count both directions of every narrative that has a mirror: Albanian passages on Serbs, Serbian ones on Albanians."""
    found: list[Row] = []
    pairs = _annotations(rows)
    for narrative in codebook.narratives:
        if narrative.mirror is None or narrative.requires_sense is not None:
            continue
        counts = {
            "sq on serbs": _direction(pairs, "sq", "serbs", narrative.id),
            "sr on albanians": _direction(pairs, "sr", "albanians", narrative.mirror),
            "sq on albanians": _direction(pairs, "sq", "albanians", narrative.id),
            "sr on serbs": _direction(pairs, "sr", "serbs", narrative.mirror),
        }
        if any(counts.values()):
            found.append({"narrative": narrative.id, "mirror": narrative.mirror, **counts})
    columns = ("narrative", "mirror", "sq on serbs", "sr on albanians", "sq on albanians", "sr on serbs")
    return CountTable("mirrors", "Both directions of the narratives that have a mirror", columns, tuple(found))


def _direction(pairs: Iterable[tuple[PlacedRow, CorpusAnnotation]], language: str, group: str, narrative: str) -> int:
    return sum(p.row.language == language and a.narrative == narrative and group in a.target_groups for p, a in pairs)


def _words(rows: Sequence[PlacedRow]) -> CountTable:
    found: list[Row] = []
    for language in LANGUAGES:
        tokens = [word for placed in _of(rows, language) for word in _WORD.findall(fold_text(placed.row.text))]
        if tokens:
            types = len(set(tokens))
            found.append(
                {
                    "language": language,
                    "tokens": len(tokens),
                    "types": types,
                    "types/tokens": round(types / len(tokens), 3),
                    f"types/tokens in {_WINDOW} words": round(_moving_ratio(tokens), 3),
                }
            )
    columns = ("language", "tokens", "types", "types/tokens", f"types/tokens in {_WINDOW} words")
    return CountTable("words", "Words (folded: one spelling, one script)", columns, tuple(found))


def _moving_ratio(tokens: Sequence[str]) -> float:
    window = min(_WINDOW, len(tokens))
    inside = Counter(tokens[:window])
    total = len(inside)
    for at in range(window, len(tokens)):
        inside[tokens[at]] += 1
        left = tokens[at - window]
        inside[left] -= 1
        if not inside[left]:
            del inside[left]
        total += len(inside)
    return total / (len(tokens) - window + 1) / window


def _openings(rows: Sequence[PlacedRow]) -> CountTable:
    found: list[Row] = []
    for language in LANGUAGES:
        for voice in VOICES:
            mine = [placed.row for placed in _of(rows, language) if placed.row.voice == voice]
            if not mine:
                continue
            openings = Counter(" ".join(_WORD.findall(fold_text(row.text))[:_OPENING]) for row in mine)
            most, times = openings.most_common(1)[0]
            share = round(len(openings) / len(mine), 3)
            found.append(
                {"language": language, "voice": voice, "passages": len(mine), "distinct": share, "most": most, "times": times}
            )
    columns = ("language", "voice", "passages", "distinct", "most", "times")
    return CountTable("openings", f"Distinct first {_OPENING} words, share of the passages", columns, tuple(found))


def _lengths(rows: Sequence[PlacedRow]) -> CountTable:
    names = tuple({0: "shortest", 50: "median", 100: "longest"}.get(q, f"{q} %") for q in _QUANTILES)
    found: list[Row] = []
    for language in LANGUAGES:
        for voice in VOICES:
            lengths = [_length(p.row) for p in _of(rows, language) if p.row.voice == voice]
            if lengths:
                values = (int(value) for value in np.percentile(lengths, _QUANTILES, method="nearest"))
                found.append({"language": language, "voice": voice, **dict(zip(names, values, strict=True))})
    return CountTable("lengths", "Words in a passage", ("language", "voice", *names), tuple(found))


def _length(row: CorpusRow) -> int:
    return len(row.text.split())


def _traps(rows: Sequence[PlacedRow]) -> CountTable:
    """Count the traps that passages without a label set, and those of labelled ones."""
    found: dict[str, dict[str, int]] = {}
    for placed in rows:
        trap = (placed.row.trap or "none named").strip()
        counts = found.setdefault(trap, {"without a label": 0, "labelled": 0})
        counts["labelled" if placed.row.annotations else "without a label"] += 1
    ordered = sorted(found.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))
    rows_found = tuple({"trap": trap, **counts} for trap, counts in ordered)
    return CountTable("traps", "Traps", ("trap", "without a label", "labelled"), rows_found)


def _cells(rows: Sequence[PlacedRow]) -> list[Row]:
    names = ("narrative", "lang", "stance", "split", "voice", "variety")
    counts = Counter((a.narrative, p.row.lang, str(a.stance), p.split, p.row.voice, p.row.variety) for p, a in _annotations(rows))
    return [{**dict(zip(names, key, strict=True)), "count": number} for key, number in sorted(counts.items())]
