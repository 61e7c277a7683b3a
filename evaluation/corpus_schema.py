"""The narrative corpus as rows: one labelled passage a line, a batch a file, a split a folder.

Reads what is well-formed and names every line that is not; `evaluation.corpus_checks` asks what one field cannot know alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from eho.annotation import Sense, Stance
from eho.errors import InputError

SPLITS = ("train", "dev", "test")
UNPLACED = "batches"  # where a batch lies until it is given to a split
FOLDER = Path(__file__).resolve().parent / "corpus"

Lang = Literal["sq", "sr-Latn", "sr-Cyrl"]
Variety = Literal["standard", "gheg", "ekavian", "ijekavian"]
Voice = Literal["headline", "news", "op_ed", "comment", "post"]
VARIETIES: Mapping[str, tuple[str, ...]] = {"sq": ("standard", "gheg"), "sr": ("ekavian", "ijekavian")}
_VALUE_LIMIT = 80


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # passes carry remarks of their own


class EvidenceSpan(_Lenient):
    """A stretch `[start, end)` in code points of the row's text."""

    start: int = Field(ge=0)
    end: int = Field(ge=1)


class CorpusAnnotation(_Model):
    """One narrative of a passage; `spans` stand in the order of `evidence`."""

    narrative: str
    stance: Stance
    speaker: str
    attribution: Literal["explicit", "implicit", "none"]
    target_groups: tuple[str, ...]
    severity: int = Field(ge=0, le=6)
    in_quote: bool
    evidence: tuple[str, ...] = Field(min_length=1)
    spans: tuple[EvidenceSpan, ...] | None = None


class CorpusRow(_Model):
    """One written passage with its labels."""

    id: str = Field(min_length=1)
    batch: str = Field(min_length=1)
    lang: Lang
    variety: Variety
    voice: Voice
    title: str | None
    text: str = Field(min_length=1, pattern=r"\S")
    returnee_sense: Sense | None
    annotations: tuple[CorpusAnnotation, ...]
    severity: int = Field(ge=0, le=6)
    trap: str | None
    synthetic: Literal[True]

    @property
    def language(self) -> str:
        """`sq` or `sr`, whatever the script."""
        return self.lang.partition("-")[0]


class PassAnnotation(_Lenient):
    """One narrative as an annotation pass gives it: evidence as quotations, or as spans where the text may not be stored."""

    narrative: str
    stance: Stance
    speaker: str = "unknown"
    attribution: Literal["explicit", "implicit", "none"] = "none"
    target_groups: tuple[str, ...] = ()
    severity: int = Field(default=0, ge=0, le=6)
    in_quote: bool = False
    evidence: tuple[str, ...] = ()
    spans: tuple[EvidenceSpan, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _offsets_as_spans(cls, content: Any) -> Any:
        """Read evidence written as pairs of offsets, as it is where the text may not be stored."""
        evidence = content.get("evidence") if isinstance(content, dict) else None
        if not isinstance(evidence, list) or not evidence or not all(isinstance(one, list) and len(one) == 2 for one in evidence):
            return content
        return {**content, "evidence": [], "spans": [{"start": start, "end": end} for start, end in evidence]}


class PassRow(_Lenient):
    """One passage as one annotation pass labelled it."""

    id: str = Field(min_length=1)
    returnee_sense: Sense | None
    annotations: tuple[PassAnnotation, ...]
    severity: int = Field(ge=0, le=6)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend, in one line: place, row, offending value, remedy."""

    path: Path
    line: int
    id: str
    value: str
    remedy: str

    def __str__(self) -> str:
        shown = " ".join(self.value.split())
        shown = shown if len(shown) <= _VALUE_LIMIT else shown[: _VALUE_LIMIT - 1] + "…"
        return f"{self.path}:{self.line}: {self.id}: {shown}: {self.remedy}"


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row with the place it was read from."""

    path: Path
    line: int
    row: CorpusRow

    @property
    def split(self) -> str:
        """Return the folder's name: train, dev, test, or `batches` for a batch that waits for its split."""
        return self.path.parent.name

    def problem(self, value: object, remedy: str) -> Problem:
        """Name something to mend in this row."""
        return Problem(self.path, self.line, self.row.id, str(value), remedy)


def corpus_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files of batches at the given places: files as they are, folders with their splits.

    Raises InputError for a place without any.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            places = [path, *(path / name for name in (*SPLITS, UNPLACED))]
            found = sorted(file for place in places for file in place.glob("*.jsonl") if file.name != "adjudicated.jsonl")
        else:
            found = [path] if path.is_file() else []
        if not found:
            raise InputError(f"There are no corpus rows at {path}; give a .jsonl file or a folder of them.")
        files += found
    return list(dict.fromkeys(files))


def read_rows(files: Iterable[Path]) -> tuple[list[PlacedRow], list[Problem]]:
    """Read every row that is well-formed, and a problem for every field that is not."""
    rows: list[PlacedRow] = []
    problems: list[Problem] = []
    for path in files:
        for line, content in _lines(path, problems):
            try:
                rows.append(PlacedRow(path, line, CorpusRow.model_validate(content)))
            except ValidationError as error:
                problems += _field_problems(path, line, content, error)
    return rows, problems


def read_passes(files: Iterable[Path]) -> tuple[list[tuple[Path, int, PassRow]], list[Problem]]:
    """Read the rows of annotation passes, and a problem for every field that is not well-formed."""
    rows: list[tuple[Path, int, PassRow]] = []
    problems: list[Problem] = []
    for path in files:
        for line, content in _lines(path, problems):
            try:
                rows.append((path, line, PassRow.model_validate(content)))
            except ValidationError as error:
                problems += _field_problems(path, line, content, error)
    return rows, problems


def load_rows(paths: Sequence[Path]) -> list[PlacedRow]:
    """Read a corpus that is expected to be well-formed. Raises InputError with the first problem and their number."""
    rows, problems = read_rows(corpus_files(paths))
    if problems:
        more = "" if len(problems) == 1 else f" (1 of {len(problems)} problems)"
        raise InputError(f"{problems[0]}{more}; eho evaluate validate names all.")
    return rows


def spans_of(text: str, evidence: Sequence[str]) -> list[dict[str, int]] | None:
    """Return the first place of every quotation in the text; None where one does not stand there."""
    found = [(text.find(quote), len(quote)) for quote in evidence]
    if any(start < 0 or not length for start, length in found):
        return None
    return [{"start": start, "end": start + length} for start, length in found]


def add_spans(files: Iterable[Path]) -> int:
    """Write the missing spans of every annotation whose evidence stands in its text; return how many were added.

    Nothing else of a file changes, and a file without missing spans is not written.
    """
    added = 0
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        mended = [_with_spans(line) for line in lines]
        if count := sum(number for _, number in mended):
            path.write_text("".join(line for line, _ in mended), encoding="utf-8", newline="")
        added += count
    return added


def _with_spans(line: str) -> tuple[str, int]:
    try:
        content = json.loads(line)
        annotations = [item for item in content["annotations"] if item.get("spans") is None]
        text = content["text"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return line, 0  # named by validation
    added = 0
    for item in annotations:
        evidence = item.get("evidence")
        if not isinstance(text, str) or not isinstance(evidence, list) or not all(isinstance(one, str) for one in evidence):
            continue
        if spans := spans_of(text, evidence):
            item["spans"] = spans
            added += 1
    ending = line[len(line.rstrip("\r\n")) :]
    return (json.dumps(content, ensure_ascii=False) + ending if added else line), added


def _lines(path: Path, problems: list[Problem]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        whole = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}. Check the path.") from error
    except UnicodeDecodeError as error:
        problems.append(Problem(path, 1, "?", f"byte {error.object[error.start]:#x} at {error.start}", "save the file as UTF-8"))
        return
    for number, line in enumerate(whole.split("\n"), 1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except ValueError as error:
            problems.append(Problem(path, number, "?", str(error), "write one JSON object on the line"))
            continue
        if isinstance(content, dict):
            yield number, content
        else:
            problems.append(Problem(path, number, "?", line, "write one JSON object on the line"))


def _field_problems(path: Path, line: int, content: Mapping[str, Any], error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False, include_context=False):
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in detail["loc"]).lstrip(".")
        match detail["type"]:
            case "missing":
                value, remedy = place, "the field is missing; add it"
            case "extra_forbidden":
                value, remedy = place, "the field is unknown; correct its name or remove it"
            case _:
                value, remedy = f"{place} is {detail['input']!r}", f"{detail['msg'][:1].lower()}{detail['msg'][1:]}; correct it"
        yield Problem(path, line, str(content.get("id", "?")), value, remedy)
