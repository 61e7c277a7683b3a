"""Passages that wait for a person's labels, and every label that every annotator gave; a SQLite file in the data folder.

Nothing is overwritten: an annotator who labels a passage again adds a label, and the newest counts. What a machine said about
a passage is kept beside it and not shown while labelling, so that the labels are blind.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import ValidationError

from eho.annotation import AnnotatedDocument
from eho.codebook import Codebook
from eho.document import to_utc_text
from eho.errors import InputError, StoreError
from evaluation.corpus_checks import Values, label_problems
from evaluation.corpus_schema import PassRow, PlacedRow
from nlp.segmentation import passages

FORMAT = "eho-labels-1"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, origin TEXT NOT NULL, lang TEXT, title TEXT, text TEXT NOT NULL,
    sha256 TEXT NOT NULL, said TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS label (
    number INTEGER PRIMARY KEY, item TEXT NOT NULL REFERENCES item (id), annotator TEXT NOT NULL, labelled_at TEXT NOT NULL,
    codebook TEXT NOT NULL, content TEXT NOT NULL, note TEXT);
CREATE INDEX IF NOT EXISTS label_item ON label (item, annotator);
"""
_COLUMNS = "id, origin, lang, title, text, sha256, said"


@dataclass(frozen=True, slots=True)
class Item:
    """A passage to label; `said` is what a machine or an earlier pass found in it."""

    id: str
    origin: str
    lang: str | None
    title: str | None
    text: str
    said: tuple[Mapping[str, Any], ...] = ()

    @property
    def sha256(self) -> str:
        """Return the hash (hex) that a label is checked against."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def to_blind(self) -> dict[str, Any]:
        """Return the passage without what was said about it."""
        return {"id": self.id, "lang": self.lang, "title": self.title, "text": self.text, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Label:
    """What one annotator said of one passage."""

    annotator: str
    labelled_at: str
    codebook: str
    row: PassRow
    note: str | None

    def to_mapping(self) -> dict[str, Any]:
        """Return the label as a line of an annotation pass."""
        who = {"annotator": self.annotator, "labelled_at": self.labelled_at, "codebook": self.codebook, "note": self.note}
        return {**self.row.model_dump(mode="json"), **who}


class ReviewQueue:
    """The queue of one data folder; close it, or use it in a `with`."""

    def __init__(self, path: Path, codebook: Codebook) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._codebook = codebook
        self._values = Values.of(codebook)
        try:
            self._connection = sqlite3.connect(path)
            self._connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"The review queue {path} cannot be opened ({error}); restore it from a copy, or move it away."
            ) from error

    def __enter__(self) -> ReviewQueue:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; everything given is already in it."""
        self._connection.close()

    def add(self, items: Iterable[Item]) -> int:
        """Queue passages in the order given; one that is queued already stays as it is. Return how many are new."""
        with self._connection:
            before = self._connection.total_changes
            self._connection.executemany(
                "INSERT OR IGNORE INTO item (id, origin, lang, title, text, sha256, said) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(i.id, i.origin, i.lang, i.title, i.text, i.sha256, json.dumps(i.said, ensure_ascii=False)) for i in items],
            )
            return self._connection.total_changes - before

    def waiting(self, annotator: str, lang: str | None = None, most: int = 1) -> list[Item]:
        """Return the first passages that the annotator has not labelled; `lang` takes sq, sr or a script of it."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM item WHERE (? IS NULL OR lang = ? OR lang LIKE ? || '-%') AND NOT EXISTS "  # noqa: S608
            "(SELECT 1 FROM label WHERE label.item = item.id AND annotator = ?) ORDER BY number LIMIT ?",
            (lang, lang, lang, annotator, most),
        )
        return [_to_item(row) for row in rows]

    def item(self, id: str) -> Item:
        """Return a queued passage. Raises InputError."""
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM item WHERE id = ?", (id,)).fetchone()  # noqa: S608
        if row is None:
            raise InputError(f"No passage {id!r} is queued; eho annotate next names one that waits.", field="id")
        return _to_item(row)

    def label(self, annotator: str, content: Mapping[str, Any], *, codebook: str | None = None) -> Label:
        """Keep one annotator's label of a queued passage. Raises InputError naming every problem of it in one line."""
        if not annotator.strip():
            raise InputError(f"The annotator is {annotator!r}; give a name or a sign of theirs.", field="annotator")
        try:
            row = PassRow.model_validate(content)
        except ValidationError as error:
            raise InputError(f"The label of {content.get('id')!r} {_first_problem(error)}.") from error
        item = self.item(row.id)
        if content.get("sha256") not in (None, item.sha256):
            raise InputError(f"The text of {row.id!r} is not the one that was labelled; make a new form and label it again.")
        problems = [f"{value}: {remedy}" for value, remedy in label_problems(row, item.text, self._values)]
        problems += [f"{one.narrative}: mark its evidence" for one in row.annotations if not one.evidence and not one.spans]
        if problems:
            raise InputError(f"The label of {row.id!r} cannot be kept: {'; '.join(problems)}.")
        labelled_at = content.get("labelled_at") or to_utc_text(datetime.now(UTC).replace(microsecond=0))
        label = Label(annotator.strip(), str(labelled_at), codebook or self._codebook.tag, row, content.get("note") or None)
        if label not in self.labels(row.id):
            with self._connection:
                self._connection.execute(
                    "INSERT INTO label (item, annotator, labelled_at, codebook, content, note) VALUES (?, ?, ?, ?, ?, ?)",
                    (row.id, label.annotator, label.labelled_at, label.codebook, row.model_dump_json(), label.note),
                )
        return label

    def labels(self, item: str | None = None, annotator: str | None = None, *, newest: bool = False) -> list[Label]:
        """Return labels in the order given; `newest` keeps the last of each annotator and passage."""
        rows = self._connection.execute(
            "SELECT annotator, labelled_at, codebook, content, note FROM label "
            "WHERE (? IS NULL OR item = ?) AND (? IS NULL OR annotator = ?) ORDER BY number",
            (item, item, annotator, annotator),
        )
        found = [Label(who, at, tag, PassRow.model_validate_json(content), note) for who, at, tag, content, note in rows]
        return list({(one.row.id, one.annotator): one for one in found}.values()) if newest else found

    def counts(self) -> dict[str, int]:
        """Return how many passages are queued, and how many of them each annotator has labelled."""
        (queued,) = self._connection.execute("SELECT count(*) FROM item").fetchone()
        done = self._connection.execute("SELECT annotator, count(DISTINCT item) FROM label GROUP BY annotator ORDER BY annotator")
        return {"queued": queued, **dict(done.fetchall())}


def items_of_corpus(rows: Iterable[PlacedRow]) -> Iterator[Item]:
    """Yield the rows of a corpus as passages to label; their labels are kept aside."""
    for placed in rows:
        said = tuple(annotation.model_dump(mode="json") for annotation in placed.row.annotations)
        yield Item(placed.row.id, f"corpus {placed.split}", placed.row.lang, placed.row.title, placed.row.text, said)


def items_of_tags(documents: Iterable[AnnotatedDocument]) -> Iterator[Item]:
    """Yield every passage of a document on which a tag waits for review; the tags are kept aside."""
    for annotated in documents:
        if annotated.tags is None:
            continue
        document = annotated.document
        doubtful = [one for one in annotated.tags.annotations if one.needs_review]
        for passage in passages(document) if doubtful else ():
            said = tuple(
                one.model_dump(mode="json")
                for one in doubtful
                if any(s.field == passage.field and passage.start <= s.start < passage.end for s in one.spans)
            )
            if said:
                id = f"{document.id[:16]}-{passage.field}-{passage.start}"
                title = document.title if passage.field != "title" else None
                yield Item(id, "tags", annotated.tags.language.code, title, passage.text, said)


def read_saved(content: object) -> tuple[str, str, Sequence[Mapping[str, Any]]]:
    """Read what a form saved: annotator, codebook, labels. Raises InputError for anything else."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise InputError(f"The file holds {found!r}, not {FORMAT!r}; give the file that the form saved.")
    annotator, codebook, labels = (content.get(name) for name in ("annotator", "codebook", "labels"))
    if not isinstance(annotator, str) or not isinstance(codebook, str) or not isinstance(labels, list):
        raise InputError(f"The file lacks annotator, codebook or labels (annotator is {annotator!r}); save the form again.")
    if wrong := [label for label in labels if not isinstance(label, dict)]:
        raise InputError(f"The label {wrong[0]!r} is no object; save the form again.")
    return annotator, codebook, labels


def _to_item(row: tuple[str, str, str | None, str | None, str, str, str]) -> Item:
    id, origin, lang, title, text, _, said = row
    return Item(id, origin, lang, title, text, tuple(json.loads(said)))


def _first_problem(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(map(str, detail["loc"])) or "row"
    return f"has {place} {'missing' if detail['type'] == 'missing' else repr(detail['input'])}: {detail['msg']}"
