"""What must hold in the narrative corpus beyond the form of a row: labels, evidence, severity, senses, splits, no copies."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eho.annotation import Sense, Stance
from eho.codebook import Codebook
from evaluation.corpus_schema import (
    SPLITS,
    VARIETIES,
    CorpusAnnotation,
    CorpusRow,
    PassAnnotation,
    PassRow,
    PlacedRow,
    Problem,
    corpus_files,
    read_passes,
    read_rows,
)
from evaluation.near_duplicates import near_duplicates, normalised

LEAST_WORDS, MOST_WORDS = 4, 120  # real comments are as short as four words
HUMANISING = "humanising_counter"
_QUIET = (Stance.COUNTER, Stance.REPORT_NEUTRAL)
_LETTER = re.compile(r"[^\W\d_]")
_NAME = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffd]")


@dataclass(frozen=True)
class Values:
    """The values that a codebook allows, and what it asks of some of them."""

    narratives: frozenset[str]
    speakers: frozenset[str]
    target_groups: frozenset[str]
    senses: Mapping[str, Sense]
    humanising: frozenset[str]

    @classmethod
    def of(cls, codebook: Codebook) -> Values:
        """Collect the values of a codebook."""
        return cls(
            narratives=frozenset(narrative.id for narrative in codebook.narratives),
            speakers=frozenset(speaker.id for speaker in codebook.dimensions.speakers),
            target_groups=frozenset(group.id for group in codebook.dimensions.target_groups),
            senses={one.id: one.requires_sense for one in codebook.narratives if one.requires_sense is not None},
            humanising=frozenset(one.id for one in codebook.narratives if one.family == HUMANISING),
        )


def validate(paths: Sequence[Path], codebook: Codebook) -> tuple[int, list[Problem]]:
    """Check files or folders of the corpus, the passes beside it too; return the number of rows and every problem.

    Raises InputError for a place without rows.
    """
    files = corpus_files(paths)
    rows, problems = read_rows(files)
    values = Values.of(codebook)
    for placed in rows:
        problems += row_problems(placed, values)
    problems += missing_spans(rows)
    problems += same_ids(rows)
    problems += batch_problems(rows)
    problems += copies(rows)
    by_id = {placed.row.id: placed.row for placed in rows}
    passes = [
        file for path in paths if path.is_dir() for name in ("first", "second") for file in sorted((path / name).glob("*.jsonl"))
    ]
    passed, broken = read_passes(passes)
    problems += broken
    for path, line, row in passed:
        problems += pass_problems(path, line, row, by_id.get(row.id), values)
    return len(rows), sorted(problems, key=lambda one: (str(one.path), one.line))


def row_problems(placed: PlacedRow, values: Values) -> Iterator[Problem]:
    """Check one row: its text, its labels, its evidence, its severity, its sense."""
    row = placed.row
    yield from _text_problems(placed)
    seen: set[tuple[object, ...]] = set()
    for annotation in row.annotations:
        for value, remedy in label_value_problems(annotation, row.returnee_sense, row.severity, values):
            yield placed.problem(value, remedy)
        for value, remedy in _evidence_problems(annotation, row.text):
            yield placed.problem(value, remedy)
        key = (annotation.narrative, annotation.stance, annotation.speaker, annotation.evidence)
        if key in seen:
            yield placed.problem(annotation.narrative, "the same annotation stands twice; keep one")
        seen.add(key)


def _text_problems(placed: PlacedRow) -> Iterator[Problem]:
    row = placed.row
    words = len(row.text.split())
    if not LEAST_WORDS <= words <= MOST_WORDS:
        yield placed.problem(f"{words} words", f"a passage has {LEAST_WORDS} to {MOST_WORDS}; lengthen or cut it")
    for name, text in (("text", row.text), ("title", row.title or "")):
        if text != unicodedata.normalize("NFC", text) or text != text.strip():
            yield placed.problem(f"{name} {text[:40]!r}", "normalise it to NFC without blanks at its ends")
        if found := _CONTROL.search(text):
            yield placed.problem(f"{name} holds {found.group()!r}", "remove the control or invisible character")
    letters = _LETTER.findall(row.text)
    share = sum(bool(_CYRILLIC.match(letter)) for letter in letters) / max(1, len(letters))
    if (share > 0.5) != (row.lang == "sr-Cyrl"):
        yield placed.problem(f"lang {row.lang}", f"{share:.0%} of the letters are Cyrillic; correct lang or text")
    if row.variety not in VARIETIES[row.language]:
        yield placed.problem(f"variety {row.variety}", f"{row.language} has {' or '.join(VARIETIES[row.language])}; correct it")
    if row.trap is not None and not _NAME.fullmatch(row.trap):
        yield placed.problem(f"trap {row.trap!r}", "write null, or a name in small letters with _ between its words")
    if row.batch != placed.path.stem:
        yield placed.problem(f"batch {row.batch}", f"the file is {placed.path.name}; a batch is a file of its name")


def label_value_problems(
    annotation: CorpusAnnotation | PassAnnotation, sense: Sense | None, severity: int, values: Values
) -> Iterator[tuple[str, str]]:
    """Check one annotation against the codebook and the passage it stands in: yield value and remedy of every problem."""
    name = annotation.narrative
    if name not in values.narratives:
        yield f"narrative {name!r}", "the codebook has no such narrative; eho codebook show lists them"
    if annotation.speaker not in values.speakers:
        yield f"speaker {annotation.speaker!r}", "the codebook has no such speaker; correct it"
    for group in annotation.target_groups:
        if group not in values.target_groups:
            yield f"target_groups {group!r}", "the codebook has no such target group; correct it"
    if len(set(annotation.target_groups)) < len(annotation.target_groups):
        yield f"target_groups {', '.join(annotation.target_groups)}", "one stands twice; keep one"
    if (needed := values.senses.get(name)) is not None and sense is not needed:
        yield f"returnee_sense {sense}", f"{name} needs the sense {needed}; correct the sense or the narrative"
    if annotation.severity > 0 and (annotation.stance in _QUIET or name in values.humanising):
        why = HUMANISING if name in values.humanising else annotation.stance
        yield f"{name} has severity {annotation.severity}", f"{why} is not the passage's own hostility; set 0"
    if annotation.severity > 1 and annotation.stance is Stance.UNCLEAR:
        yield f"{name} has severity {annotation.severity}", "unclear is at most 1; lower it or settle the stance"
    if annotation.severity > severity:
        yield f"severity {severity}", f"{name} alone has {annotation.severity}; the passage has at least that of its annotations"


def _evidence_problems(annotation: CorpusAnnotation | PassAnnotation, text: str) -> Iterator[tuple[str, str]]:
    for quote in annotation.evidence:
        if not quote.strip() or quote not in text:
            yield f"evidence {quote!r}", "it does not stand in the text letter by letter; copy it from there"
    if annotation.spans is None:
        return
    quotes: list[str | None] = [*annotation.evidence, *[None] * len(annotation.spans)]
    for span, expected in zip(annotation.spans, quotes, strict=False):
        found = text[span.start : span.end]
        if not span.start < span.end <= len(text) or expected not in (None, found):
            yield f"span {span.start}-{span.end} holds {found!r}", f"evidence is {expected!r}; delete spans, --fix adds them"
    if annotation.evidence and len(annotation.spans) != len(annotation.evidence):
        counts = f"{len(annotation.spans)} spans, {len(annotation.evidence)} evidence"
        yield counts, "every evidence has one span; delete spans, --fix adds them"


def missing_spans(rows: Iterable[PlacedRow]) -> Iterator[Problem]:
    """Name the files with annotations that have no spans yet, one problem a file."""
    without: dict[Path, list[PlacedRow]] = defaultdict(list)
    for placed in rows:
        without[placed.path] += [placed for annotation in placed.row.annotations if annotation.spans is None]
    for found in without.values():
        if found:
            yield found[0].problem(
                f"{len(found)} annotations from here on have no spans", "eho evaluate validate --fix adds them"
            )


def same_ids(rows: Iterable[PlacedRow]) -> Iterator[Problem]:
    """Name every row whose id an earlier row has."""
    first: dict[str, PlacedRow] = {}
    for placed in rows:
        earlier = first.setdefault(placed.row.id, placed)
        if earlier is not placed:
            where = f"{earlier.path.name}:{earlier.line}"
            yield placed.problem(
                f"id {placed.row.id}", f"{where} has it too ({earlier.split}); give each row its own, in one split"
            )


def batch_problems(rows: Iterable[PlacedRow]) -> Iterator[Problem]:
    """Name every batch that stands in more than one split."""
    places: dict[str, PlacedRow] = {}
    named: set[tuple[str, str]] = set()
    for placed in rows:
        earlier = places.setdefault(placed.row.batch, placed)
        key = (placed.row.batch, placed.split)
        if earlier.split != placed.split and key not in named:
            named.add(key)
            yield placed.problem(f"batch {placed.row.batch}", f"it is in {earlier.split} too; keep it in one split")


def copies(rows: Sequence[PlacedRow]) -> Iterator[Problem]:
    """Name every passage that is the same as, or nearly the same as, an earlier one."""
    for pair in near_duplicates([placed.row.text for placed in rows]):
        earlier, later = rows[pair.first], rows[pair.second]
        same = normalised(earlier.row.text) == normalised(later.row.text)
        like = "the same text as" if same else f"{pair.similarity:.2f} alike"
        splits = f"; it stands in {earlier.split}" if earlier.split != later.split and earlier.split in SPLITS else ""
        where = f"{earlier.row.id} ({earlier.path.name}:{earlier.line})"
        yield later.problem(f"{like} {where}", f"write another passage{splits}")


def pass_problems(path: Path, line: int, row: PassRow, source: CorpusRow | None, values: Values) -> Iterator[Problem]:
    """Check one row of a further annotation pass against the row it labels."""
    if source is None:
        yield Problem(path, line, row.id, f"id {row.id}", "the corpus has no such row; correct the id")
        return
    yield from (Problem(path, line, row.id, value, remedy) for value, remedy in label_problems(row, source.text, values))


def label_problems(row: PassRow, text: str, values: Values) -> Iterator[tuple[str, str]]:
    """Check what a pass says of a text: yield value and remedy of every problem."""
    for annotation in row.annotations:
        yield from label_value_problems(annotation, row.returnee_sense, row.severity, values)
        yield from _evidence_problems(annotation, text)
