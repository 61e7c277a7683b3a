"""What must hold in the labels of real passages: known ids, spans inside the passage, values of the codebook, texts unchanged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eho.codebook import Codebook
from evaluation.corpus_checks import Values, label_value_problems
from evaluation.corpus_schema import PassRow, Problem, read_passes
from evaluation.real_text import read_documents
from models.corpus import json_lines

_FIELDS = ("id", "dataset", "document", "field", "start", "end", "sha256", "kind", "lang", "stratum", "weight")


@dataclass(frozen=True, slots=True)
class _Passage:
    """One line of passages.jsonl."""

    line: int
    row: Mapping[str, Any]

    @property
    def length(self) -> int:
        return int(self.row["end"]) - int(self.row["start"])


def validate_real(folder: Path, codebook: Codebook, data: Path | None) -> tuple[int, list[Problem]]:
    """Check the passages, both passes and the decisions in `folder`; return the number of passages and every problem.

    Texts are compared with their hashes where `data` (EHO_DATA) holds them; without it everything else is checked.
    Raises InputError for a file that is no JSON lines.
    """
    passages, problems = _read_passages(folder / "passages.jsonl")
    values = Values.of(codebook)
    passed: dict[str, set[str]] = {}
    for name in ("pass1", "pass2"):
        rows, broken = read_passes(sorted((folder / name).glob("*.jsonl")))
        problems += broken
        passed[name] = {row.id for _, _, row in rows}
        for path, line, row in rows:
            problems += _row_problems(path, line, row, passages, values)
    problems += _decision_problems(folder / "adjudicated.jsonl", passages, values)
    for name, ids in passed.items():
        problems += [
            Problem(folder / "passages.jsonl", one.line, id, f"{name} has no labels", "let the pass label it, or take it out")
            for id, one in passages.items()
            if id not in ids
        ]
    if data is not None:
        problems += _text_problems(folder / "passages.jsonl", passages, data)
    return len(passages), sorted(problems, key=lambda one: (str(one.path), one.line))


def _read_passages(path: Path) -> tuple[dict[str, _Passage], list[Problem]]:
    passages: dict[str, _Passage] = {}
    problems: list[Problem] = []
    for line, row in json_lines(path):
        id = str(row.get("id", ""))
        missing = [name for name in _FIELDS if name not in row]
        if missing:
            problems.append(Problem(path, line, id, f"no {missing[0]}", "every passage has all fields; add it"))
        elif not 0 <= row["start"] < row["end"]:
            problems.append(
                Problem(path, line, id, f"offsets {row['start']}-{row['end']}", "start comes before end; correct them")
            )
        elif id in passages:
            problems.append(Problem(path, line, id, f"id {id}", f"line {passages[id].line} has it too; keep one"))
        else:
            passages[id] = _Passage(line, row)
    return passages, problems


def _row_problems(path: Path, line: int, row: PassRow, passages: Mapping[str, _Passage], values: Values) -> Iterator[Problem]:
    passage = passages.get(row.id)
    if passage is None:
        yield Problem(path, line, row.id, f"id {row.id}", "passages.jsonl has no such passage; correct the id")
        return
    for annotation in row.annotations:
        for value, remedy in label_value_problems(annotation, row.returnee_sense, row.severity, values):
            yield Problem(path, line, row.id, value, remedy)
        for span in annotation.spans or ():
            if not span.start < span.end <= passage.length:
                found = f"span {span.start}-{span.end}"
                yield Problem(path, line, row.id, found, f"the passage has {passage.length} characters; correct the offsets")


def _decision_problems(path: Path, passages: Mapping[str, _Passage], values: Values) -> Iterator[Problem]:
    if not path.is_file():
        return
    for line, content in json_lines(path):
        id = str(content.get("id", ""))
        try:
            row = PassRow.model_validate({**(content.get("decision") or {}), "id": id})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            yield Problem(path, line, id, f"{where}: {first['msg']}", "a decision has the fields of a pass; correct it")
            continue
        yield from _row_problems(path, line, row, passages, values)


def _text_problems(path: Path, passages: Mapping[str, _Passage], data: Path) -> Iterator[Problem]:
    documents = read_documents(data, {(one.row["dataset"], one.row["document"]) for one in passages.values()})
    for id, one in passages.items():
        document = documents.get((one.row["dataset"], one.row["document"]))
        if document is None:
            yield Problem(path, one.line, id, f"document {one.row['document']}", f"{one.row['dataset']} has no such document")
            continue
        text = (getattr(document, one.row["field"]) or "")[one.row["start"] : one.row["end"]]
        if hashlib.sha256(text.encode()).hexdigest() != one.row["sha256"]:
            yield Problem(
                path, one.line, id, f"sha256 {one.row['sha256'][:12]}", "another text stands there; draw the passage again"
            )
