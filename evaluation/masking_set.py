"""Masking on written passages: what must go and is gone, what must stay and is lost, beside contact rules alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eho.errors import InputError
from eho.folding import fold
from evaluation.bootstrap import Resampling
from evaluation.figures import ErrorExample, Figure, SetResult, Table, TableRow
from evaluation.labelled import MissingSetError, digest_of, labelled_files
from evaluation.metrics import ratio
from evaluation.predictions import Say
from nlp.contacts import find_contacts
from nlp.masked_fields import MaskedSpan
from nlp.masking import Masker, shipped_masker

Fields = Mapping[str, str]
Find = Callable[[Fields], Mapping[str, Sequence[MaskedSpan]]]
_LANGUAGES = {"sq": "Albanian", "sr-Latn": "Serbian, Latin", "sr-Cyrl": "Serbian, Cyrillic"}
_ABOUT = {"returnees": "about returnees", "private": "other private persons and minors", "public": "nothing to mask"}


@dataclass(frozen=True, slots=True)
class Marked:
    """A span of a passage that must go (with the marker that fits) or must stay."""

    start: int
    end: int
    field: str
    must_go: bool
    kind: str


@dataclass(frozen=True, slots=True)
class MaskingPassage:
    """A written passage with what must go and what must stay."""

    id: str
    lang: str
    about: str
    fields: Fields
    spans: tuple[Marked, ...]


def read_passages(folder: Path) -> list[MaskingPassage]:
    """Read the passages of one split. Raises InputError for a row that is none."""
    return [
        _passage(json.loads(line), path)
        for path in labelled_files(folder)
        for line in path.read_text(encoding="utf-8").split("\n")
        if line
    ]


def evaluate_masking(root: Path, say: Say | None = None, masker: Masker | None = None) -> SetResult:
    """Measure the shipped masker (or the one given) on the test split, and on dev beside it. Raises MissingSetError."""
    folder = root / "masking"
    if not any((folder / "test").glob("*.jsonl")):
        raise MissingSetError(f"There are no passages in {folder}; --root names another folder.")
    passages, dev = read_passages(folder / "test"), read_passages(folder / "dev")
    finders: dict[str, Find] = {"": (masker or shipped_masker()).spans, "contacts": _contacts}
    rows: list[TableRow] = []
    examples: list[ErrorExample] = []
    for key, find in finders.items():
        counts = np.array([_counts(one, find(one.fields)) for one in passages], dtype=np.float64)
        if not key:
            rows += _rows(passages, counts)
            rows.append(_row("dev", "the other passages (dev), rules were made on them", dev, _all_counts(dev, find)))
            examples = [example for one in passages for example in _examples(one, find(one.fields))]
        else:
            rows.append(_row(key, "all, contact rules alone (the baseline)", passages, counts))
        if say is not None:
            say("masking", len(rows), len(finders))
    table = Table(
        "masking",
        "What goes and what is lost",
        "Gone: all letters of a span that must go are covered. Lost: a span that must stay is covered in part. "
        "Right marker: of the gone, those with the marker that fits.",
        {"gone": "Gone", "lost": "Lost", "right": "Right marker"},
        rows,
        lower_is_better=frozenset({"lost"}),
    )
    whole = rows[0].figures
    summary = [
        f"Of {whole['gone'].n} spans that must go {whole['gone'].value or 0:.3f} are gone, "
        f"of {whole['lost'].n} that must stay {whole['lost'].value or 0:.3f} are lost."
    ]
    notes = ["Passages written for this project by one hand; what real articles show stands in docs/privacy.md."]
    digest = digest_of(sorted(folder.glob("*/*.jsonl")))
    return SetResult(
        "masking",
        "Masking",
        digest,
        len(passages),
        len(passages),
        "passage",
        [table],
        notes=notes,
        examples=examples,
        summary=summary,
    )


def _passage(row: Any, path: Path) -> MaskingPassage:
    try:
        fields = {name: row[name] for name in ("title", "text") if row[name]}
        spans = tuple(Marked(one["start"], one["end"], one["field"], one["must"] == "go", one["kind"]) for one in row["spans"])
        passage = MaskingPassage(row["id"], row["lang"], row["about"], fields, spans)
        is_inside = all(0 <= one.start < one.end <= len(fields[one.field]) for one in spans)
    except (KeyError, TypeError) as error:
        raise InputError(f"{path.name}: a row is no passage ({type(error).__name__}: {error}); restore the file.") from error
    if not is_inside or row["about"] not in _ABOUT:
        raise InputError(f"{path.name}: {row['id']} has a span outside its text, or is about {row['about']!r}; restore the file.")
    return passage


def _contacts(fields: Fields) -> dict[str, list[MaskedSpan]]:
    found: dict[str, list[MaskedSpan]] = {}
    for name, text in fields.items():
        folded = fold(text, keep_case=True)
        found[name] = [MaskedSpan(*folded.to_original(one.start, one.end), one.kind) for one in find_contacts(folded.text)]
    return found


def _covering(passage: MaskingPassage, marked: Marked, found: Mapping[str, Sequence[MaskedSpan]]) -> tuple[bool, bool, str]:
    """Return whether all letters of a span are covered, whether any is, and by which marker."""
    text, covers = passage.fields[marked.field], found.get(marked.field, ())
    letters = [at for at in range(marked.start, marked.end) if text[at].isalnum()]
    by = [next((one.kind for one in covers if one.start <= at < one.end), None) for at in letters]
    return all(by), any(by), next((kind for kind in by if kind), "")


def _counts(passage: MaskingPassage, found: Mapping[str, Sequence[MaskedSpan]]) -> list[int]:
    """Count gone, to go, lost, to stay, gone with the right marker."""
    gone = wanted = lost = kept = right = 0
    for marked in passage.spans:
        whole, part, kind = _covering(passage, marked, found)
        if marked.must_go:
            wanted, gone, right = wanted + 1, gone + whole, right + (whole and kind == marked.kind)
        else:
            kept, lost = kept + 1, lost + part
    return [gone, wanted, lost, kept, right]


def _all_counts(passages: Sequence[MaskingPassage], find: Find) -> Any:
    return np.array([_counts(one, find(one.fields)) for one in passages], dtype=np.float64)


def _rows(passages: Sequence[MaskingPassage], counts: Any) -> list[TableRow]:
    def of(key: str, label: str, chosen: Sequence[bool]) -> TableRow:
        return _row(key, label, [one for one, is_in in zip(passages, chosen, strict=True) if is_in], counts[np.array(chosen)])

    rows = [of("all", "all", [True] * len(passages))]
    rows += [of(lang, label, [one.lang == lang for one in passages]) for lang, label in _LANGUAGES.items()]
    return rows + [of(about, label, [one.about == about for one in passages]) for about, label in _ABOUT.items()]


def _row(key: str, label: str, passages: Sequence[MaskingPassage], counts: Any) -> TableRow:
    sampling = Resampling([one.id for one in passages])
    totals = sampling.totals(counts)
    wanted, kept, gone = (int(counts[:, column].sum()) for column in (1, 3, 0))
    figures: dict[str, Figure] = {}
    if wanted:
        figures["gone"] = sampling.share(ratio(totals[:, 0], totals[:, 1]), wanted)
    if kept:
        figures["lost"] = sampling.share(ratio(totals[:, 2], totals[:, 3]), kept)
    if gone:
        figures["right"] = sampling.share(ratio(totals[:, 4], totals[:, 0]), gone)
    return TableRow(key, label, figures, len(passages))


def _examples(passage: MaskingPassage, found: Mapping[str, Sequence[MaskedSpan]]) -> list[ErrorExample]:
    wrong: list[ErrorExample] = []
    for marked in passage.spans:
        whole, part, kind = _covering(passage, marked, found)
        if marked.must_go and not whole:
            wrong.append(ErrorExample("not masked", passage.id, passage.lang, marked.kind, kind or "nothing", None))
        elif not marked.must_go and part:
            wrong.append(ErrorExample("masked wrongly", passage.id, passage.lang, "to stay", kind, None))
    return wrong
