"""Labelled passages of a user's own narrative: read from JSON lines or CSV, kept once each, near-duplicates grouped."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from eho.annotation import Stance
from eho.errors import InputError
from eho.files import replace_text
from eho.folding import fold_text
from models.corpus import json_objects

PRESENT, ABSENT, SKIP = "present", "absent", "skip"
LABELS = (PRESENT, ABSENT, SKIP)
LEAST, RECOMMENDED = 8, 20  # of each label
_MOST_CHARACTERS = 20_000  # a passage has 4 to 120 words; a whole book in one cell is a mistake
_LINES = 'every line is one JSON object such as {"text": "…", "label": "…"}; a CSV file must end in .csv'
_STANCES = tuple(stance.value for stance in Stance)


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled passage; `evidence` is the part of the text that carries the narrative, `lang` as it was recognised."""

    text: str
    label: str
    stance: str | None = None
    evidence: str | None = None
    lang: str | None = None

    @property
    def is_present(self) -> bool:
        return self.label == PRESENT

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON line, without what is not known."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def key_of(text: str) -> str:
    """Return what makes two passages the same: their folded words."""
    return hashlib.sha256(" ".join(fold_text(text).split()).encode()).hexdigest()[:24]


def read_examples(name: str, content: bytes) -> tuple[list[Example], int]:
    """Read JSON lines, or CSV where the name ends in .csv; return the examples, and how many rows have no label yet.

    The same passage twice with one label is kept once; with two labels it is refused. Raises InputError with file, line,
    value and remedy.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 (byte {error.start + 1}); save the file as UTF-8.") from error
    rows: Iterable[tuple[int, Mapping[str, Any]]] = (
        _csv_rows(name, text)
        if name.lower().endswith(".csv")
        else json_objects(io.StringIO(text, newline=None), f"{name} line ", _LINES)
    )
    found: dict[str, Example] = {}
    undecided = 0
    for number, row in rows:
        if row.get("label") is None and row.get("text"):
            undecided += 1
            continue
        example = _to_example(row, f"{name} line {number}")
        known = found.setdefault(key_of(example.text), example)
        if known.label != example.label:
            raise InputError(
                f"{name} line {number}: {example.text[:60]!r} is labelled {example.label} here and {known.label} before; "
                "decide for one."
            )
    if not found:
        waiting = f"; {undecided} rows have no label" if undecided else ""
        raise InputError(f'{name} holds no labelled passage{waiting}; write lines such as {{"text": "…", "label": "present"}}.')
    return list(found.values()), undecided


def merge(known: Sequence[Example], new: Sequence[Example]) -> list[Example]:
    """Return both lists, a passage once; the newer label stands."""
    return list({key_of(example.text): example for example in (*known, *new)}.values())


def read_stored(path: Path) -> list[Example]:
    """Read what `write_examples` wrote; nothing where there is no file. Raises InputError for a broken one."""
    return read_examples(str(path), content)[0] if path.exists() and (content := path.read_bytes()).strip() else []


def write_examples(path: Path, examples: Sequence[Example]) -> None:
    """Write JSON lines, the whole file at once."""
    replace_text(path, "".join(json.dumps(example.to_mapping(), ensure_ascii=False) + "\n" for example in examples))


def masked(example: Example, text: str, evidence: str | None) -> Example:
    """Return the example with masked text; evidence that no longer stands in it is left out."""
    return replace(example, text=text, evidence=evidence if evidence and evidence in text else None)


def _csv_rows(name: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
    try:
        dialect = csv.Sniffer().sniff(lines[0] if lines else "", delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    reader = csv.DictReader(io.StringIO("".join(lines), newline=""), dialect=dialect)
    columns = reader.fieldnames or []
    if missing := [column for column in ("text", "label") if column not in columns]:
        raise InputError(f"{name} has the columns {', '.join(columns) or 'none'}; {' and '.join(missing)} must be among them.")
    try:
        yield from ((reader.line_num, {key: value or None for key, value in row.items() if key}) for row in reader)
    except csv.Error as error:
        raise InputError(f"{name} line {reader.line_num} is no CSV: {error}; export the sheet anew.") from error


def _to_example(row: Mapping[str, Any], place: str) -> Example:
    text, label, stance, evidence = (row.get(key) for key in ("text", "label", "stance", "evidence"))
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"{place}: text is {text!r}; give the passage.")
    if len(text) > _MOST_CHARACTERS:
        raise InputError(f"{place}: the text has {len(text)} characters; give a passage of at most {_MOST_CHARACTERS}.")
    if label not in LABELS:
        raise InputError(f"{place}: label is {label!r}; use one of {', '.join(LABELS)}.")
    if stance is not None and stance not in _STANCES:
        raise InputError(f"{place}: stance is {stance!r}; use one of {', '.join(_STANCES)}.")
    if evidence is not None and (not isinstance(evidence, str) or evidence not in text):
        raise InputError(f"{place}: evidence {evidence!r} does not stand in the text; copy it from there.")
    if label != PRESENT:
        stance = evidence = None
    lang = row.get("lang")
    return Example(text.strip(), label, stance, evidence, lang if isinstance(lang, str) else None)
