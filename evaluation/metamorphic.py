"""Metamorphic relations: changes of a text that must not move its scores, and one that must; they need no labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eho.annotation import Sense
from eho.codebook import Codebook
from eho.document import Document
from evaluation.bootstrap import Resampling
from evaluation.figures import ErrorExample, Figure, SetResult, Table, TableRow
from evaluation.labelled import LabelledRow, MissingSetError, digest_of, labelled_files, read_labelled
from evaluation.labelled_set import percent
from evaluation.metrics import ratio
from evaluation.predictions import Prediction, Say, Tagger
from evaluation.variants import (
    Rewrite,
    dj_for_d,
    other_script,
    straight_quotes,
    to_gheg,
    to_ijekavian,
    to_lower,
    to_upper,
    typed_plainly,
    with_other_return,
    with_peoples_exchanged,
)
from nlp.markers import ReturnHints

TOLERANCE = 0.05  # a score that moves by more has moved
_MOST = 400  # texts a relation and language
_EXAMPLES = 3  # a relation


@dataclass(frozen=True, slots=True)
class Relation:
    """One change; with `is_mirrored` each narrative is compared with its mirror."""

    id: str
    title: str
    rewrite: Rewrite
    is_mirrored: bool = False


INVARIANT = (
    Relation("script", "Other script (Serbian)", other_script),
    Relation("diacritics", "Diacritics dropped, Latin letters", typed_plainly),
    Relation("dj", "dj for đ, Latin letters", dj_for_d),
    Relation("ijekavian", "Ekavian to ijekavian", to_ijekavian),
    Relation("gheg", "Standard Albanian to Gheg", to_gheg),
    Relation("upper", "All capitals", to_upper),
    Relation("lower", "No capitals", to_lower),
    Relation("quotes", "Straight quotation marks", straight_quotes),
    Relation("peoples", "Serbs and Albanians exchanged (labels mirrored)", with_peoples_exchanged, is_mirrored=True),
)
_OTHER_RETURN = Relation("sense", "Return from a war becomes return from work or asylum", with_other_return)


@dataclass(frozen=True, slots=True)
class Move:
    """How far one text's scores moved: the narrative that moved most, before and after."""

    row: LabelledRow
    narrative: str
    before: float
    after: float
    tags_changed: bool
    changed_text: str

    @property
    def distance(self) -> float:
        """Return the size of the move."""
        return abs(self.after - self.before)


def evaluate_metamorphic(root: Path, tagger: Tagger, say: Say | None = None) -> SetResult:
    """Apply every relation to the development split. Raises MissingSetError where it is not here."""
    folder = root / "corpus" / "dev"
    if not any(folder.glob("*.jsonl")):
        raise MissingSetError(f"The relations are tried on {folder}, which has no rows; --root names another folder.")
    result = measure_relations(read_labelled(folder), tagger, say)
    return replace(result, digest=digest_of(labelled_files(folder)))


def measure_relations(rows: Sequence[LabelledRow], tagger: Tagger, say: Say | None = None) -> SetResult:
    """Apply every relation to texts; labels are not used, languages are (`lang` of each row)."""
    originals = dict(zip([row.id for row in rows], tagger.predict([row.to_document() for row in rows], say=say), strict=True))
    lines: list[TableRow] = []
    examples: list[ErrorExample] = []
    for relation in INVARIANT:
        moves = _moves(relation, rows, originals, tagger, say)
        lines += _lines(relation, moves)
        worst = sorted(moves, key=lambda move: -move.distance)[:_EXAMPLES]
        examples += [_example(relation, move) for move in worst if move.distance > TOLERANCE]
    must_move = _sense_lines(rows, originals, tagger, say)
    worst_line = max(
        (line for line in lines if "-" not in line.key), key=lambda line: line.figures["moved"].value or 0.0, default=None
    )
    summary = []
    if worst_line is not None:
        summary.append(
            f"The change that moved scores most often is “{worst_line.label}”: {percent(worst_line.figures['moved'])}."
        )
    if must_move:
        summary.append(
            f"Another return left the old sense or its tags standing in {percent(must_move[0].figures['unmoved'])} of texts."
        )
    columns = {"moved": f"A score moved by more than {TOLERANCE}", "changed": "Shown tags changed", "mean": "Mean move"}
    tables = [
        Table(
            "relation",
            "Changes that must not matter",
            "Share of texts whose scores moved although only the spelling, script, variety or the people named changed.",
            columns,
            lines,
            lower_is_better=frozenset(columns),
            plain=frozenset({"mean"}),
        ),
        Table(
            "must_move",
            "A change that must matter",
            "Share of texts that still count as return from a war, or keep a tag that presupposes it.",
            {"unmoved": "Did not move"},
            must_move,
            lower_is_better=frozenset({"unmoved"}),
        ),
    ]
    clusters = len({row.cluster for row in rows})
    title = "Metamorphic relations (corpus-dev)"
    return SetResult("metamorphic", title, "", len(rows), clusters, "batch", tables, examples=examples, summary=summary)


def _moves(
    relation: Relation, rows: Sequence[LabelledRow], originals: Mapping[str, Prediction], tagger: Tagger, say: Say | None
) -> list[Move]:
    changed = _changed(relation, rows)
    predictions = tagger.predict([document for _, document in changed], what=relation.id, say=say)
    pairs = _pairs(tagger.codebook, is_mirrored=relation.is_mirrored)
    return [
        _move(row, document, originals[row.id], prediction, pairs)
        for (row, document), prediction in zip(changed, predictions, strict=True)
    ]


def _changed(relation: Relation, rows: Sequence[LabelledRow]) -> list[tuple[LabelledRow, Document]]:
    """Rewrite texts; those that the change leaves as they are drop out, and many are thinned evenly in each language."""
    by_language: dict[str, list[tuple[LabelledRow, Document]]] = {}
    for row in rows:
        text = relation.rewrite(row.text, row.lang)
        if text != row.text:
            title = None if row.title is None else relation.rewrite(row.title, row.lang)
            lang = row.language  # a hint of the other script would be a lie
            document = row.to_document().model_copy(update={"text": text, "title": title, "lang": lang})
            by_language.setdefault(row.language, []).append((row, document))
    return [item for items in by_language.values() for item in items[:: max(1, -(-len(items) // _MOST))]]


def _pairs(codebook: Codebook, *, is_mirrored: bool) -> list[tuple[str, str]]:
    """Return which narrative of the changed text each is compared with; those without a mirror stay out of an exchange."""
    if not is_mirrored:
        return [(narrative.id, narrative.id) for narrative in codebook.narratives]
    return [(narrative.id, narrative.mirror) for narrative in codebook.narratives if narrative.mirror is not None]


def _move(row: LabelledRow, document: Document, before: Prediction, after: Prediction, pairs: Sequence[tuple[str, str]]) -> Move:
    moves = [(abs(after.score(other) - before.score(one)), one, before.score(one), after.score(other)) for one, other in pairs]
    _, narrative, old, new = max(moves)
    mirror = dict(pairs)
    expected = {mirror[tag.narrative] for tag in before.tags if tag.shown and tag.narrative in mirror and tag.field == "text"}
    known = set(mirror.values())
    shown = {tag.narrative for tag in after.tags if tag.shown and tag.narrative in known and tag.field == "text"}
    return Move(row, narrative, old, new, expected != shown, document.text)


def _lines(relation: Relation, moves: Sequence[Move]) -> list[TableRow]:
    groups = {"": list(moves)}
    for move in moves:
        groups.setdefault(move.row.language, []).append(move)
    if len(groups) == 2:
        groups = {"": list(moves)}
    lines = []
    for language, members in groups.items():
        key = f"{relation.id}-{language}" if language else relation.id
        label = f"{relation.title}, {language}" if language else relation.title
        lines.append(TableRow(key, label, _figures(members), len(members)))
    return lines


def _figures(moves: Sequence[Move]) -> dict[str, Figure]:
    if not moves:
        return {name: Figure(None, 0) for name in ("moved", "changed", "mean")}
    sampling = Resampling([move.row.cluster for move in moves])
    values = [[move.distance > TOLERANCE, move.tags_changed, move.distance, 1.0] for move in moves]
    totals = sampling.totals(np.array(values, dtype=np.float64))
    n = len(moves)
    return {
        "moved": sampling.share(ratio(totals[:, 0], totals[:, 3]), n),
        "changed": sampling.share(ratio(totals[:, 1], totals[:, 3]), n),
        "mean": sampling.figure(ratio(totals[:, 2], totals[:, 3]), n),
    }


def _sense_lines(
    rows: Sequence[LabelledRow], originals: Mapping[str, Prediction], tagger: Tagger, say: Say | None
) -> list[TableRow]:
    """Change who returns in texts that were taken for return from a war; only where no word of the war is left."""
    hints = ReturnHints(tagger.codebook)
    about = [row for row in rows if originals[row.id].sense == Sense.CONFLICT_ZONE.value]
    changed = [
        (row, document)
        for row, document in _changed(_OTHER_RETURN, about)
        if hints.in_text(document.text) and not hints.of_conflict_zone(f"{document.title or ''} {document.text}")
    ]
    bound = {one.id for one in tagger.codebook.narratives if one.requires_sense is Sense.CONFLICT_ZONE}
    predictions = tagger.predict([document for _, document in changed], what=_OTHER_RETURN.id, say=say)
    groups: dict[str, list[tuple[LabelledRow, bool]]] = {"": []}
    for (row, _), prediction in zip(changed, predictions, strict=True):
        unmoved = prediction.sense == Sense.CONFLICT_ZONE.value or any(tag.narrative in bound for tag in prediction.tags)
        groups[""].append((row, unmoved))
        groups.setdefault(row.language, []).append((row, unmoved))
    return [
        TableRow(
            f"sense-{language}" if language else "sense",
            f"{_OTHER_RETURN.title}, {language}" if language else _OTHER_RETURN.title,
            {"unmoved": _share(members)},
            len(members),
        )
        for language, members in groups.items()
        if members
    ]


def _share(members: Sequence[tuple[LabelledRow, bool]]) -> Figure:
    sampling = Resampling([row.cluster for row, _ in members])
    totals = sampling.totals(np.array([[unmoved, True] for _, unmoved in members]))
    return sampling.share(ratio(totals[:, 0], totals[:, 1]), len(members))


def _example(relation: Relation, move: Move) -> ErrorExample:
    return ErrorExample(
        kind=f"moved: {relation.title}",
        id=move.row.id,
        lang=move.row.lang,
        expected=f"{move.narrative} {move.before:.2f}",
        got=f"{move.after:.2f}",
        text=f"{move.row.text}\n→ {move.changed_text}",
    )
