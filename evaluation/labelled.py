"""Labelled passages as evaluation reads them: one row a passage, with everything that a figure may be split by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eho.document import Document, Kind
from eho.errors import InputError
from models.corpus import json_lines

_KINDS: Mapping[str, Kind] = {"comment": "comment", "post": "post"}
Span = tuple[int, int]


class MissingSetError(InputError):
    """A set that is not here, with the reason; a run over all sets skips it, a run over this one fails."""

    code = "missing_set"


@dataclass(frozen=True, slots=True)
class GoldAnnotation:
    """One narrative that a passage carries; spans are code points into its text."""

    narrative: str
    stance: str
    target_groups: tuple[str, ...] = ()
    severity: int = 0
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One labelled passage; `cluster` is what a bootstrap draws (batch or document), `weight` what the row stands for."""

    id: str
    cluster: str
    lang: str
    text: str
    title: str | None
    sense: str | None
    severity: int
    annotations: tuple[GoldAnnotation, ...]
    variety: str | None = None
    voice: str | None = None
    kind: Kind = "article"
    trap: str | None = None
    weight: float = 1.0

    @property
    def language(self) -> str:
        """`sq` or `sr`, whatever the script."""
        return self.lang.split("-")[0]

    @property
    def script(self) -> str:
        """`Cyrl` or `Latn`."""
        return "Cyrl" if self.lang.endswith("-Cyrl") else "Latn"

    @property
    def narratives(self) -> frozenset[str]:
        """Return the narratives that the passage carries, whatever the stance."""
        return frozenset(annotation.narrative for annotation in self.annotations)

    def to_document(self) -> Document:
        """Return the passage as a document of its own."""
        return Document(id=self.id, source="evaluation", kind=self.kind, lang=self.lang, title=self.title, text=self.text)


def read_labelled(path: Path) -> list[LabelledRow]:
    """Read a file, or every `*.jsonl` of a folder in order of name. Raises InputError naming file, line and value."""
    return [row for file in labelled_files(path) for row in _read_file(file)]


def labelled_files(path: Path) -> list[Path]:
    """Return the files of a set, by name. Raises InputError where there is none."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise InputError(f"There are no labelled passages at {path}; give a .jsonl file or a folder of them.")
    return files


def digest_of(paths: Sequence[Path]) -> str:
    """Return the sha256 (hex) of files, names included, so that a label changed by one letter shows."""
    whole = hashlib.sha256()
    for path in paths:
        content = path.read_bytes().replace(b"\r\n", b"\n")  # a checkout on Windows is the same data
        whole.update(f"{path.name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return whole.hexdigest()


def gold_annotations(items: Sequence[Mapping[str, Any]], text: str) -> tuple[GoldAnnotation, ...]:
    """Read annotations with `spans` (offsets) or `evidence` (exact substrings). Raises ValueError naming the value."""
    return tuple(
        GoldAnnotation(
            narrative=item["narrative"],
            stance=item["stance"],
            target_groups=tuple(item.get("target_groups") or ()),
            severity=int(item.get("severity") or 0),
            spans=_spans(item, text),
        )
        for item in items
    )


def _read_file(path: Path) -> Iterator[LabelledRow]:
    for number, row in json_lines(path):
        try:
            yield _to_row(row, path.stem)
        except (KeyError, TypeError, ValueError) as error:
            said = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
            raise InputError(f"{path}:{number}: {row.get('id')!r}: {said}; see eho evaluate validate.") from error


def _to_row(row: Mapping[str, Any], batch: str) -> LabelledRow:
    if not isinstance(row["text"], str) or not row["text"].strip():
        raise ValueError(f"text is {row['text']!r}")
    return LabelledRow(
        id=row["id"],
        cluster=row.get("batch") or batch,
        lang=row["lang"],
        text=row["text"],
        title=row.get("title"),
        sense=row.get("returnee_sense"),
        severity=int(row.get("severity") or 0),
        annotations=gold_annotations(row["annotations"], row["text"]),
        variety=row.get("variety"),
        voice=row.get("voice"),
        kind=_KINDS.get(row.get("voice") or "", "article"),
        trap=(row.get("trap") or "").strip() or None,
    )


def _spans(item: Mapping[str, Any], text: str) -> tuple[Span, ...]:
    """Read `spans`, else `evidence`: offsets ({start, end} or a pair) or exact substrings."""
    found = [_span(value, text) for value in item.get("spans") or item.get("evidence") or ()]
    if wrong := [span for span in found if not 0 <= span[0] < span[1] <= len(text)]:
        raise ValueError(f"span {wrong[0]} lies outside the text of {len(text)} characters")
    return tuple(found)


def _span(value: Any, text: str) -> Span:
    if isinstance(value, Mapping):
        return int(value["start"]), int(value["end"])
    if isinstance(value, str):
        start = text.find(value)
        if start < 0:
            raise ValueError(f"evidence {value!r} does not stand in the text")
        return start, start + len(value)
    return int(value[0]), int(value[1])
