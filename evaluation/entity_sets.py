"""Names found in published entity sets: the recogniser beside the gazetteer alone, exact spans and types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eho.folding import fold_text
from evaluation.bootstrap import Resampling
from evaluation.entity_privacy import privacy_table
from evaluation.figures import Figure, SetResult, Table, TableRow
from evaluation.labelled import MissingSetError, digest_of
from evaluation.metrics import retrieval
from evaluation.predictions import Say
from evaluation.variants import to_cyrillic, without_diacritics
from models.entities.recogniser import TYPES, EntityRecogniser
from models.entities.sets import NamedText, is_held_out, read_iob2, read_silver, training_rows
from models.entities.store import shipped_recogniser
from nlp.entities import EntityStep
from nlp.gazetteer import NameLanguage

Spans = set[tuple[int, int, str]]
Finder = Callable[[Sequence[NamedText]], list[Spans]]


@dataclass(frozen=True, slots=True)
class _Case:
    """Texts in one spelling, read by one finder."""

    key: str
    label: str
    rows: Sequence[NamedText]
    find: Finder


def evaluate_entities(data: Path | None, say: Say | None = None, *, recogniser: EntityRecogniser | None = None) -> SetResult:
    """Measure the shipped recogniser (or the one given) on SET dev and on the held-out Albanian silver.

    Raises MissingSetError where the set or the recogniser is not here.
    """
    path = None if data is None else data / "ner" / "sr_set_dev.iob2.gz"
    if data is None or path is None or not path.is_file():
        raise MissingSetError("The entity sets are not here; set EHO_DATA to the folder of the public sets.")
    recogniser = recogniser or shipped_recogniser()
    if recogniser is None:
        raise MissingSetError("This installation has no entity model; eho models train ner makes one.")
    serbian = read_iob2(path, "sr")
    silver = [row for row in read_silver() if is_held_out(row.group)]
    step = EntityStep(recogniser)
    cases = _cases(serbian, silver, recogniser, step)
    found: dict[str, list[Spans]] = {}
    for number, case in enumerate(cases, 1):
        found[case.key] = case.find(case.rows)
        if say is not None:
            say("entities", number, len(cases))
    spellings = _table("entities", "Names found", [_measured(case, found[case.key]) for case in cases])
    types = _table("entity-types", "SET dev by type", _by_type(serbian, found["sr"]))
    known = _table("entity-novelty", "SET dev by what was known", _by_novelty(serbian, found["sr"], step, data))
    private = privacy_table(step, data)
    figure = spellings.rows[0].figures["f1"]
    notes = [
        "Albanian: silver, annotated by machine for this project; a figure there is agreement with it, not with people.",
        "XLM-R large reaches 0.947 on SET (published, test part, trained on the same training part).",
    ]
    alone = _f1(spellings, "sr-gazetteer")
    summary = [f"SET dev, exact spans and types, sentence by sentence: F1 {figure.value or 0:.3f}; the gazetteer alone, {alone}."]
    tables = [spellings, types, known, *([private] if private is not None else [])]
    n = sum(len(row.spans) for row in (*serbian, *silver))
    clusters = len({row.group for row in (*serbian, *silver)})
    return SetResult("entities", "Names", digest_of([path]), n, clusters, "document", tables, notes=notes, summary=summary)


def _cases(
    serbian: Sequence[NamedText], silver: Sequence[NamedText], recogniser: EntityRecogniser, step: EntityStep
) -> list[_Case]:
    def recognised(rows: Sequence[NamedText], *, whole: bool = False) -> list[Spans]:
        found = recogniser.find([row.text for row in rows], [row.group for row in rows] if whole else None)
        return [{(one.start, one.end, one.type) for one in row} for row in found]

    def whole(rows: Sequence[NamedText]) -> list[Spans]:
        return recognised(rows, whole=True)

    def known(rows: Sequence[NamedText]) -> list[Spans]:
        return [{(one.start, one.end, one.type) for one in step.known(row.text, _language(row))} for row in rows]

    def both(rows: Sequence[NamedText]) -> list[Spans]:
        return [_joined(first, second) for first, second in zip(known(rows), recognised(rows), strict=True)]

    cyrillic = [rewritten(row, lambda text: to_cyrillic(text, "sr")) for row in serbian]
    plain = [rewritten(row, without_diacritics) for row in serbian]
    lower = [rewritten(row, str.lower) for row in serbian]
    return [
        _Case("sr", "SET dev, Serbian Latin, each sentence alone", serbian, recognised),
        _Case("sr-whole", "SET dev, documents read as a whole", serbian, whole),
        _Case("sr-Cyrl", "SET dev in Cyrillic", cyrillic, recognised),
        _Case("sr-plain", "SET dev without diacritics", plain, recognised),
        _Case("sr-lower", "SET dev in lower case", lower, recognised),
        _Case("sr-gazetteer", "SET dev, gazetteer alone", serbian, known),
        _Case("sr-both", "SET dev, gazetteer before recogniser", serbian, both),
        _Case("sq-silver", "Albanian silver, held out", silver, recognised),
        _Case("sq-gazetteer", "Albanian silver, gazetteer alone", silver, known),
    ]


def rewritten(row: NamedText, rewrite: Callable[[str], str]) -> NamedText:
    """Rewrite a text piece by piece, so that its spans move along."""
    edges = sorted({0, len(row.text), *(edge for start, end, _ in row.spans for edge in (start, end))})
    pieces = [rewrite(row.text[start:end]) for start, end in pairwise(edges)]
    moved = dict(zip(edges, np.cumsum([0, *(len(piece) for piece in pieces)]).tolist(), strict=True))
    spans = tuple((moved[start], moved[end], kind) for start, end, kind in row.spans)
    return NamedText("".join(pieces), spans, row.lang, row.source, row.group)


def _joined(known: Spans, recognised: Spans) -> Spans:
    free = {one for one in recognised if all(one[1] <= start or end <= one[0] for start, end, _ in known)}
    return known | free


def _language(row: NamedText) -> NameLanguage:
    return "sq" if row.lang == "sq" else "sr"


def _measured(case: _Case, found: Sequence[Spans]) -> TableRow:
    return _row(case.key, case.label, case.rows, [set(row.spans) for row in case.rows], found)


def _by_type(rows: Sequence[NamedText], found: Sequence[Spans]) -> list[TableRow]:
    def of(kind: str, spans: Sequence[Spans]) -> list[Spans]:
        return [{one for one in row if one[2] == kind} for row in spans]

    gold = [set(row.spans) for row in rows]
    return [_row(kind, kind, rows, of(kind, gold), of(kind, found)) for kind in TYPES]


def _by_novelty(rows: Sequence[NamedText], found: Sequence[Spans], step: EntityStep, data: Path) -> list[TableRow]:
    """Split what is to be found by whether the gazetteer or the training sets hold it: only recall can be split so."""
    learnt = {fold_text(row.text[start:end]) for row in training_rows(data, []) for start, end, _ in row.spans}
    groups: dict[str, list[Spans]] = {"gazetteer": [], "training": [], "new": []}
    for row in rows:
        known = {(one.start, one.end, one.type) for one in step.known(row.text, "sr")}
        gold = set(row.spans)
        seen = {one for one in gold if fold_text(row.text[one[0] : one[1]]) in learnt}
        for key, spans in (("gazetteer", gold & known), ("training", seen - known), ("new", gold - seen - known)):
            groups[key].append(spans)
    labels = {"gazetteer": "in the gazetteer", "training": "not there, but in training", "new": "in neither"}
    whole = [_row(key, labels[key], rows, groups[key], found) for key in groups]
    return [replace(row, figures={"recall": row.figures["recall"]}) for row in whole]


def _row(key: str, label: str, rows: Sequence[NamedText], gold: Sequence[Spans], found: Sequence[Spans]) -> TableRow:
    counts = _counts(gold, found)
    sampling = Resampling([row.group for row in rows])
    totals = sampling.totals(counts)
    got = retrieval(totals[:, 1], totals[:, 0], totals[:, 2], totals[:, 0])
    n = counts[:, 2].sum()
    figures: Mapping[str, Figure] = {
        "f1": sampling.figure(got.f1, n),
        "precision": sampling.share(got.precision, counts[:, 1].sum()),
        "recall": sampling.share(got.recall, n),
    }
    return TableRow(key, label, figures, int(n))


def _counts(gold: Sequence[Spans], found: Sequence[Spans]) -> NDArray[np.float64]:
    """Count right, found and wanted names of each text."""
    return np.array([[len(one & other), len(other), len(one)] for one, other in zip(gold, found, strict=True)], dtype=np.float64)


def _table(name: str, title: str, rows: Sequence[TableRow]) -> Table:
    columns = {"f1": "F1", "precision": "Precision", "recall": "Recall"}
    shown = {key: label for key, label in columns.items() if any(key in row.figures for row in rows)}
    return Table(name, title, "A name counts where both ends and the type are right.", shown, rows)


def _f1(table: Table, key: str) -> str:
    value = next(row.figures["f1"].value for row in table.rows if row.key == key)
    return "none" if value is None else f"{value:.3f}"
