"""NarrativeCheck: functional tests, each a short passage with one clear expected outcome; pass rates by what is tested.

After HateCheck (Röttger et al. 2021, doi:10.18653/v1/2021.acl-long.4) and Multilingual HateCheck (2022).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from eho.codebook import Codebook
from eho.document import Document, Kind
from eho.errors import CodebookError, InputError
from evaluation.bootstrap import wilson
from evaluation.figures import ErrorExample, SetResult, Table, TableRow
from evaluation.labelled import MissingSetError, digest_of, labelled_files
from evaluation.labelled_set import percent
from evaluation.predictions import Prediction, Say, Tagger
from models.corpus import json_lines, spread

_EXAMPLES = 24
_COLUMNS = {"passed": "Passed", "passed_shown": "Passed, shown tags only"}
_EXPLAINED = (
    "A narrative that should be there must be shown or wait for review, with an expected stance; one that should not be there "
    "must not be shown. “Shown tags only” asks that it be shown without review. Intervals are Wilson's."
)


@dataclass(frozen=True, slots=True)
class CheckCase:
    """One test; `present` maps a narrative to its allowed stances (any where empty), `absent` must not be shown."""

    id: str
    functionality: str
    lang: str
    kind: Kind
    title: str | None
    text: str
    present: Mapping[str, tuple[str, ...]]
    absent: frozenset[str]
    is_bare: bool
    sense: str | None
    pair: str | None

    def to_document(self) -> Document:
        """Return the case as a document."""
        return Document(id=self.id, source="evaluation", kind=self.kind, lang=self.lang, title=self.title, text=self.text)

    def is_passed(self, prediction: Prediction, *, shown_only: bool = False) -> bool:
        """Return whether what was expected was said."""
        shown = {tag.narrative for tag in prediction.tags if tag.shown}
        if (self.is_bare and shown) or shown & self.absent:
            return False
        if self.sense is not None and prediction.sense != self.sense:
            return False
        counted = [tag for tag in prediction.tags if tag.shown or not shown_only]
        return all(
            any(tag.narrative == narrative and (not stances or tag.stance in stances) for tag in counted)
            for narrative, stances in self.present.items()
        )


def read_cases(path: Path, codebook: Codebook) -> list[CheckCase]:
    """Read a file or every `*.jsonl` of a folder. Raises InputError naming file, line and value."""
    cases: list[CheckCase] = []
    seen: dict[str, str] = {}
    for file in labelled_files(path):
        for number, row in json_lines(file):
            try:
                case = _to_case(row, codebook)
            except (KeyError, TypeError, ValueError, AttributeError, CodebookError) as error:
                said = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
                raise InputError(f"{file}:{number}: {row.get('id')!r}: {said}; mend the case.") from error
            if case.id in seen:
                raise InputError(f"{file}:{number}: the id {case.id!r} stands in {seen[case.id]} already; give it another.")
            seen[case.id] = f"{file}:{number}"
            cases.append(case)
    return cases


def evaluate_check(root: Path, tagger: Tagger, say: Say | None = None) -> SetResult:
    """Run every case below `root/check`. Raises MissingSetError where there is none."""
    folder = root / "check"
    if not any(folder.glob("*.jsonl")):
        raise MissingSetError(f"There are no NarrativeCheck cases in {folder}; --root names another folder.")
    cases = read_cases(folder, tagger.codebook)
    predictions = tagger.predict([case.to_document() for case in cases], what="check", say=say)
    return score_cases(cases, predictions, digest_of(labelled_files(folder)))


def score_cases(cases: Sequence[CheckCase], predictions: Sequence[Prediction], digest: str) -> SetResult:
    """Count what passed, by functionality, language and script, narrative, and pair."""
    judged = list(zip(cases, predictions, strict=True))
    passed = {case.id: (case.is_passed(one), case.is_passed(one, shown_only=True)) for case, one in judged}
    language = {"sq": "Albanian", "sr-Latn": "Serbian, Latin", "sr-Cyrl": "Serbian, Cyrillic"}
    tables = [
        _table("functionality", "By functionality", cases, passed, lambda case: [case.functionality]),
        _table("lang", "By language and script", cases, passed, lambda case: [case.lang], names=language),
        _table("cell", "By functionality and language", cases, passed, lambda case: [f"{case.functionality}, {case.lang}"]),
        _table("expected", "By what is expected", cases, passed, _expected),
        _table("narrative", "By expected narrative", cases, passed, lambda case: sorted(case.present)),
    ]
    if pairs := _pair_table(cases, passed):
        tables.append(pairs)
    whole = wilson(sum(one for one, _ in passed.values()), len(cases))
    bare = [case for case in cases if case.is_bare]
    clean = wilson(sum(passed[case.id][0] for case in bare), len(bare))
    summary = [f"{percent(whole)} of {whole.n} functional tests were passed."]
    if bare:
        summary.append(f"Of the {clean.n} tests in which nothing may be shown, {percent(clean)} were passed.")
    return SetResult(
        name="check",
        title="NarrativeCheck (functional tests)",
        digest=digest,
        n=len(cases),
        clusters=len(cases),
        clustered_by="case",
        tables=tables,
        notes=["The tests are short and written on purpose; pass rates say what a model can do, not how often it is right."],
        examples=_examples(judged),
        summary=summary,
    )


def _to_case(row: Mapping[str, Any], codebook: Codebook) -> CheckCase:
    expect = row["expect"]
    narratives = expect.get("narratives") or {}
    for narrative in narratives:
        codebook.narrative(narrative)
    present = {name: tuple(wanted.get("stances") or ()) for name, wanted in narratives.items() if wanted.get("present", True)}
    kind: Kind = row.get("kind") or "article"
    if kind not in get_args(Kind):
        raise ValueError(f"kind is {kind!r}, not one of {', '.join(get_args(Kind))}")
    if not isinstance(row["text"], str) or not row["text"].strip():
        raise ValueError(f"text is {row['text']!r}")
    is_bare = bool(expect.get("none"))
    if is_bare and present:
        raise ValueError(f"none is true, but {', '.join(present)} is expected")
    if not is_bare and not narratives and expect.get("sense") is None:
        raise ValueError("expect says nothing")
    return CheckCase(
        id=row["id"],
        functionality=row["functionality"],
        lang=row["lang"],
        kind=kind,
        title=row.get("title"),
        text=row["text"],
        present=present,
        absent=frozenset(narratives) - frozenset(present),
        is_bare=is_bare,
        sense=expect.get("sense"),
        pair=row.get("pair"),
    )


def _expected(case: CheckCase) -> list[str]:
    if case.is_bare:
        return ["nothing"]
    return ["narrative"] if case.present else ["absence or sense"]


_Passed = Mapping[str, tuple[bool, bool]]


def _table(
    id: str,
    title: str,
    cases: Sequence[CheckCase],
    passed: _Passed,
    groups_of: Callable[[CheckCase], Sequence[str]],
    names: Mapping[str, str] | None = None,
) -> Table:
    groups: dict[str, list[str]] = {"all": [case.id for case in cases]} if id == "functionality" else {}
    for case in cases:
        for group in groups_of(case):
            groups.setdefault(group, []).append(case.id)
    ordered = sorted(groups, key=lambda group: (group != "all", group))
    names = {"all": "All tests", **(names or {})}
    rows = [_row(group.replace(", ", "-"), names.get(group, group.replace("_", " ")), groups[group], passed) for group in ordered]
    return Table(id, title, _EXPLAINED, _COLUMNS, rows)


def _row(key: str, label: str, ids: Sequence[str], passed: _Passed) -> TableRow:
    figures = {name: wilson(sum(passed[one][at] for one in ids), len(ids)) for at, name in enumerate(_COLUMNS)}
    return TableRow(key, label, figures, len(ids))


def _pair_table(cases: Sequence[CheckCase], passed: _Passed) -> Table | None:
    """Count pairs of which both cases were passed: what a minimal pair is for."""
    groups: dict[str, set[tuple[str, str]]] = {}
    for case in cases:
        if case.pair in passed and case.pair != case.id and case.pair is not None:
            groups.setdefault(case.functionality, set()).add((min(case.id, case.pair), max(case.id, case.pair)))
    if not groups:
        return None
    rows = []
    for functionality, pairs in sorted(groups.items()):
        counts = [sum(passed[one][at] and passed[other][at] for one, other in pairs) for at in range(len(_COLUMNS))]
        figures = {name: wilson(count, len(pairs)) for name, count in zip(_COLUMNS, counts, strict=True)}
        rows.append(TableRow(functionality, functionality.replace("_", " "), figures, len(pairs)))
    return Table("pair", "Pairs of which both were passed", "Swaps, spellings and minimal pairs. " + _EXPLAINED, _COLUMNS, rows)


def _examples(judged: Sequence[tuple[CheckCase, Prediction]]) -> list[ErrorExample]:
    failed = [
        ErrorExample(f"failed: {case.functionality}", case.id, case.lang, _wanted(case), _said(one), case.text)
        for case, one in judged
        if not case.is_passed(one)
    ]
    return spread(sorted(failed, key=lambda example: (example.kind, example.id)), _EXAMPLES)


def _wanted(case: CheckCase) -> str:
    parts = [f"{name} ({' or '.join(stances) or 'any stance'})" for name, stances in case.present.items()]
    parts += [f"not {name}" for name in sorted(case.absent)]
    parts += ["nothing shown"] if case.is_bare else []
    return "; ".join([*parts, *([f"sense {case.sense}"] if case.sense else [])])


def _said(prediction: Prediction) -> str:
    tags = [
        f"{tag.narrative} ({tag.stance}, {tag.score:.2f}, {'shown' if tag.shown else 'for review'})" for tag in prediction.tags
    ]
    return "; ".join([*tags, *([f"sense {prediction.sense}"] if prediction.sense else [])]) or "nothing"
