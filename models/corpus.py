"""Reads labelled passages (JSON lines, one row a passage) for training; knows nothing of where they come from."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any, TextIO, TypeVar

from eho.errors import InputError

T = TypeVar("T")
_BEFORE_MARK = re.compile(r" ([,.;:!?)\]»”])")
_SHORTEST, _LONGEST = 20, 900
_TREEBANKS = (".iob2", ".iob2.gz", ".conllu", ".conllu.gz")


@dataclass(frozen=True, slots=True)
class LabelledAnnotation:
    """One narrative of a labelled passage; evidence as spans of the passage's text."""

    narrative: str
    stance: str
    target_groups: tuple[str, ...] = ()
    evidence: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledPassage:
    """One row; `batch` is the group that never straddles a split or a fold."""

    id: str
    batch: str
    lang: str
    text: str
    title: str | None
    sense: str | None
    severity: int
    annotations: tuple[LabelledAnnotation, ...]


def bundled(file: str) -> Path:
    """Return a data file that comes with Eho."""
    return Path(str(files("models") / "data" / file))


def read_corpus(path: Path) -> list[LabelledPassage]:
    """Read a JSON-lines file or every `*.jsonl` of a folder, sorted by name. Raises InputError with file, line and value."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise InputError(f"No corpus at {path}; give a .jsonl file or a folder of them.")
    return [_to_row(row, file, number) for file in files for number, row in json_lines(file)]


def read_background(paths: Sequence[Path], *, most: int) -> list[str]:
    """Read texts without labels (field `text`), `most` of each file, spread evenly: ordinary language, used as negatives.

    Every second one comes again cut to the length of a headline: a model that met short text only in labelled passages
    takes a place name in a headline for a narrative.
    """
    texts: list[str] = []
    for path in paths:
        read = sentence_pairs if path.name.endswith(_TREEBANKS) else json_lines
        texts.extend(spread([row["text"] for _, row in read(path) if is_usable(row)], most))
    return texts + as_headlines(texts[::2])


def spread(items: Sequence[T], most: int) -> list[T]:
    """Return at most `most` items, evenly over the sequence."""
    return list(items[:: max(1, len(items) // most)][:most])


def as_headlines(texts: Sequence[str]) -> list[str]:
    """Return texts cut to the length of a headline."""
    return [" ".join(text.split()[: 5 + at % 6]) for at, text in enumerate(texts)]


def read_translations_of(rows: Sequence[LabelledPassage], folder: Path | None) -> list[LabelledPassage]:
    """Return labelled passages in the other language, from the JSON lines of a folder: `id`, `written_in`, `sq`, `sr`.

    `evidence`: for each annotation the pieces of the translation that carry it; without it the evidence is not known there.
    """
    if folder is None:
        return []
    known = {row.id: row for row in rows}
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in json_lines(path):
            if (row := known.get(line["id"])) is not None:
                lang = "sr" if line["written_in"] == "sq" else "sq"
                pieces = line.get("evidence") or [[] for _ in row.annotations]
                try:
                    annotations = tuple(
                        replace(one, evidence=_spans(evidence, line[lang]))
                        for one, evidence in zip(row.annotations, pieces, strict=True)
                    )
                except ValueError as error:
                    raise InputError(f"{path} line {number} ({line['id']!r}): {error}; see docs/researcher.md.") from error
                found.append(replace(row, text=line[lang], title=None, lang=lang, annotations=annotations))
    return found


def is_usable(row: Mapping[str, Any]) -> bool:
    """True for a text of fitting length; of a set with published splits only the training split is taken."""
    return isinstance(row.get("text"), str) and _SHORTEST <= len(row["text"]) <= _LONGEST and row.get("split", "train") == "train"


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and row of a JSON-lines file, gzipped or not. Raises InputError with file and line."""
    with _open(path) as lines:
        yield from json_objects(lines, f"{path}:")


def json_objects(
    lines: Iterable[str], place: str, remedy: str = "every line is one JSON object"
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and object of JSON lines; empty ones are passed over. Raises InputError.

    It says `place` with the number behind it, what is wrong, and the remedy.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InputError(f"{place}{number} is no JSON: {error}; {remedy}.") from error
            if not isinstance(row, dict):
                raise InputError(f"{place}{number}: {line.strip()[:60]!r} is no JSON object; {remedy}.")
            yield number, row


def _open(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a treebank: `document` where one begins here, `text` where it is told, numbered rows of columns."""

    number: int
    document: str | None
    text: str | None
    rows: list[tuple[int, list[str]]]


def sentences(path: Path) -> Iterator[Sentence]:
    """Yield the sentences of a treebank or entity set (CoNLL-U, IOB2), gzipped or not, with the line at which each ends."""
    document, text, rows = None, None, list[tuple[int, list[str]]]()
    with _open(path) as lines:
        for number, line in enumerate(chain(lines, ["\n"]), 1):
            if line.startswith("# newdoc"):
                document = line.partition("=")[2].strip()
            elif line.startswith("# text = "):
                text = line.removeprefix("# text = ").strip()
            elif line.strip() and not line.startswith("#"):
                rows.append((number, line.rstrip("\n").split("\t")))
            elif not line.strip() and (text or rows):
                yield Sentence(number, document, text, rows)
                document, text, rows = None, None, []


def sentence_pairs(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line numbers and the texts of a treebank or entity set, two sentences of a document together, as news is read."""
    held: list[str] = []
    number = 0
    for one in sentences(path):
        if held and (one.document is not None or len(held) == 2):
            yield number, {"text": " ".join(held)}
            held = []
        held.append(one.text or _BEFORE_MARK.sub(r"\1", " ".join(columns[1] for _, columns in one.rows)))
        number = one.number
    if held:
        yield number, {"text": " ".join(held)}


def _to_row(row: dict[str, Any], path: Path, number: int) -> LabelledPassage:
    try:
        if not isinstance(row["text"], str):
            raise ValueError(f"text is {row['text']!r}")
        annotations = tuple(_to_annotation(item, row["text"]) for item in row["annotations"])
        return LabelledPassage(
            id=row["id"],
            batch=row.get("batch") or path.stem,
            lang=row["lang"],
            text=row["text"],
            title=row.get("title"),
            sense=row.get("returnee_sense"),
            severity=int(row.get("severity", 0)),
            annotations=annotations,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} line {number} ({row.get('id')!r}): {type(error).__name__} {error}; see docs/researcher.md."
        ) from error


def _to_annotation(item: dict[str, Any], text: str) -> LabelledAnnotation:
    spans = _spans(item.get("evidence", ()), text)
    return LabelledAnnotation(item["narrative"], item["stance"], tuple(item.get("target_groups", ())), spans)


def _spans(pieces: Sequence[str], text: str) -> tuple[tuple[int, int], ...]:
    """Return where pieces of evidence stand in a text."""
    spans = []
    for piece in pieces:
        start = text.find(piece)
        if start < 0:
            raise ValueError(f"evidence {piece!r} does not stand in the text")
        spans.append((start, start + len(piece)))
    return tuple(spans)
