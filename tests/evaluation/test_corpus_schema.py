"""Corpus files: what is whole passes, and every kind of broken row is named with file, line, value and remedy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from eho.codebook import Codebook
from eho.errors import InputError
from evaluation.corpus_checks import validate
from evaluation.corpus_schema import CorpusRow, add_spans, corpus_files, load_rows, read_rows
from evaluation.near_duplicates import near_duplicates, shared_ngrams
from tests.evaluation.corpus_rows import EVIDENCE, TEXTS, annotation, plain, row, write

CODEBOOK = Codebook.load()


def _problems(*paths: Path) -> list[str]:
    return [str(problem) for problem in validate(paths, CODEBOOK)[1]]


def test_a_whole_corpus_has_no_problems(tmp_path: Path) -> None:
    write(tmp_path / "train" / "b01.jsonl", [row("sq"), row("sr-Latn", 2)])
    write(tmp_path / "dev" / "b02.jsonl", [plain("Dimri i parë solli borë deri në prag të shkollës së vjetër.", 1, "b02")])
    rows, problems = validate([tmp_path], CODEBOOK)
    assert (rows, problems) == (3, [])
    assert [placed.split for placed in load_rows([tmp_path])] == ["dev", "train", "train"]


def test_rows_cannot_be_changed() -> None:
    read = CorpusRow.model_validate(row())
    with pytest.raises(ValidationError):
        read.severity = 0  # type: ignore[misc]
    assert read.language == "sq"


FIRST = EVIDENCE["sq"]
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "unknown narrative": (
        {"annotations": [annotation(FIRST, narrative="returnee_threat")]},
        "narrative 'returnee_threat': the codebook",
    ),
    "unknown stance": (
        {"annotations": [annotation(FIRST, stance="agree")]},
        r"annotations\[0\].stance is 'agree': input should be",
    ),
    "unknown target": ({"annotations": [annotation(FIRST, target_groups=["serb"])]}, "target_groups 'serb': the codebook"),
    "unknown speaker": ({"annotations": [annotation(FIRST, speaker="outlet")]}, "speaker 'outlet': the codebook"),
    "target twice": ({"annotations": [annotation(FIRST, target_groups=["serbs", "serbs"])]}, "one stands twice"),
    "unknown voice": ({"voice": "editorial"}, "voice is 'editorial': input should be 'headline'"),
    "unknown variety": ({"variety": "tosk"}, "variety is 'tosk'"),
    "variety of the other language": ({"variety": "ekavian"}, "variety ekavian: sq has standard or gheg"),
    "language of another script": ({"lang": "sr-Cyrl", "variety": "ekavian"}, "lang sr-Cyrl: 0% of the letters are Cyrillic"),
    "unknown sense": ({"returnee_sense": "war"}, "returnee_sense is 'war'"),
    "sense missing for a returnee narrative": (
        {"returnee_sense": None},
        "returnee_sense None: returnee_security_threat needs the sense conflict_zone",
    ),
    "other sense for a returnee narrative": ({"returnee_sense": "displaced_return"}, "needs the sense conflict_zone"),
    "not synthetic": ({"synthetic": False}, "synthetic is False: input should be True"),
    "severity of a counter": (
        {"annotations": [annotation(FIRST, stance="counter")]},
        "returnee_security_threat has severity 2: counter is not .* set 0",
    ),
    "severity of a report": (
        {"annotations": [annotation(FIRST, stance="report_neutral", severity=1)]},
        "severity 1: report_neutral",
    ),
    "severity of a humanising narrative": (
        {"annotations": [annotation(FIRST, narrative="reintegration_success", severity=1)]},
        "severity 1: humanising_counter is not",
    ),
    "severity of an unclear one": ({"annotations": [annotation(FIRST, stance="unclear")]}, "severity 2: unclear is at most 1"),
    "severity under that of an annotation": ({"severity": 1}, "severity 1: returnee_security_threat alone has 2"),
    "severity off the scale": ({"severity": 7}, "severity is 7"),
    "evidence not in the text": (
        {"annotations": [annotation("të kthyer nga Siria")]},
        "evidence 'të kthyer nga Siria': it does not stand",
    ),
    "evidence missing": ({"annotations": [annotation(FIRST, evidence=[])]}, r"annotations\[0\].evidence is \[\]"),
    "offset wrong by one": (
        {"annotations": [annotation(FIRST, spans=[{"start": 21, "end": 54}])]},
        r"span 21-54 holds 'ë kthyerit.*evidence is 'të kthyerit",
    ),
    "offset past the end": ({"annotations": [annotation(FIRST, spans=[{"start": 5, "end": 900}])]}, "span 5-900 holds"),
    "fewer spans than evidence": (
        {"annotations": [annotation(FIRST, evidence=[FIRST, "askush"], spans=[{"start": 15, "end": 48}])]},
        "1 spans, 2 evidence: every evidence has one span",
    ),
    "same annotation twice": (
        {"annotations": [annotation(FIRST)] * 2},
        "returnee_security_threat: the same annotation stands twice",
    ),
    "spans missing": (
        {"annotations": [annotation(FIRST)]},
        "1 annotations from here on have no spans: eho evaluate validate --fix",
    ),
    "batch of another file": ({"batch": "b09"}, "batch b09: the file is b01.jsonl"),
    "too short": ({"text": "Tri fjalë vetëm.", "annotations": [], "severity": 0}, "3 words: a passage has 4 to 120"),
    "decomposed letters": ({"title": "Rrezik për të".replace("ë", "e\u0308")}, "title .*: normalise it to NFC"),
    "blank at the end": ({"text": TEXTS["sq"] + " "}, "text .*: normalise it to NFC without blanks"),
    "invisible character": ({"title": "Rrezik\u200b për të"}, "title holds .*: remove the control or invisible"),
    "trap with a blank": ({"trap": "irony "}, "trap 'irony ': write null, or a name"),
    "empty text": ({"text": "  "}, "text is ' ': string should match"),
    "unknown field": ({"label": "x"}, "label: the field is unknown"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_row_is_named_with_file_line_value_and_remedy(kind: str, tmp_path: Path) -> None:
    change, expected = BROKEN[kind]
    path = write(tmp_path / "train" / "b01.jsonl", [row("sr-Latn", 2), row() | change])
    problems = _problems(tmp_path)
    assert any(re.search(rf"{re.escape(str(path))}:2: b01-001: .*{expected}", problem) for problem in problems), problems
    assert all("\n" not in problem for problem in problems)


@pytest.mark.parametrize("field", sorted(row()))
def test_missing_field_is_named(field: str, tmp_path: Path) -> None:
    broken = row()
    del broken[field]
    path = write(tmp_path / "train" / "b01.jsonl", [broken])
    id = "?" if field == "id" else "b01-001"
    assert f"{path}:1: {id}: {field}: the field is missing; add it" in _problems(tmp_path)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param('{"id": "b01-002"', r":2: \?: .*: write one JSON object", id="cut off"),
        pytest.param("[1, 2]", r":2: \?: \[1, 2\]: write one JSON object", id="list"),
        pytest.param("null", r":2: \?: null: write one JSON object", id="null"),
    ],
)
def test_unreadable_line_is_named(line: str, expected: str, tmp_path: Path) -> None:
    write(tmp_path / "b01.jsonl", [row(), line])
    assert any(re.search(expected, problem) for problem in _problems(tmp_path))


def test_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "b01.jsonl").write_bytes(json.dumps(row(), ensure_ascii=False).encode("cp1250", "replace") + b"\xeb\n")
    assert any("save the file as UTF-8" in problem for problem in _problems(tmp_path))


def test_place_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no corpus rows at .*nowhere; give"):
        corpus_files([tmp_path / "nowhere"])


def test_one_id_in_two_splits_and_one_batch_in_two_splits_are_named(tmp_path: Path) -> None:
    write(tmp_path / "dev" / "b01.jsonl", [plain("Ura e re u hap sot pa asnjë fjalim dhe pa shirit.", 1)])
    path = write(tmp_path / "train" / "b01.jsonl", [plain("Tregu i gjelbër lëviz nesër te stacioni i vjetër.", 1)])
    problems = _problems(tmp_path)
    assert any(problem.startswith(f"{path}:1: b01-001: id b01-001: b01.jsonl:1 has it too (dev)") for problem in problems)
    assert any("batch b01: it is in dev too; keep it in one split" in problem for problem in problems)


OTHER = {
    "sq": "Në Prizren thonë se të kthyerit nga Siria janë rrezik për të gjithë, ndonëse askush s'i ka pa.",
    "sr-Latn": "У Новом Пазару причају да су повратници из Сирије опасни по све, иако их нико није видео.",
    "sr-Cyrl": "U Bujanovcu pricaju da su povratnici iz Sirije opasni po sve, iako ih niko nije vidio.",
    "ascii": "Në Gjakovë flitet se të kthyerit nga Siria janë rrezik për të gjithë, edhe pse askush s'i ka parë.",
}


@pytest.mark.parametrize("kind", OTHER)
def test_near_copy_in_another_split_is_named_across_scripts_and_spellings(kind: str, tmp_path: Path) -> None:
    copy = OTHER[kind]
    cyrillic = bool(re.search("[Ѐ-ӿ]", copy))
    lang = "sq" if kind in ("sq", "ascii") else "sr-Cyrl" if cyrillic else "sr-Latn"
    changed = {"lang": lang, "variety": "standard" if lang == "sq" else "ekavian", "text": copy}
    write(tmp_path / "test" / "b01.jsonl", [row(kind)])
    path = write(tmp_path / "train" / "b02.jsonl", [plain("", 1, "b02") | changed])
    found = [problem for problem in _problems(tmp_path) if "alike" in problem or "same text" in problem]
    assert len(found) == 1
    assert re.match(rf"{re.escape(str(path))}:1: b02-001: (the same text as|0\.\d\d alike) b01-001 .*it stands in test", found[0])


def test_different_passages_are_no_copies() -> None:
    texts = [*TEXTS.values(), "Ura e re u hap sot pa asnjë fjalim.", "Tržnica se sutra seli kod stare stanice."]
    assert near_duplicates(texts) == []


def test_shared_stretch_is_found_whatever_the_script() -> None:
    first = "Ministar je juče rekao da se povratnici iz Sirije ne puštaju bez nadzora u grad."
    second = "Наш саговорник каже да се повратници из Сирије не пуштају без надзора ни на час."
    assert shared_ngrams([first, second, "nešto treće"]) == [(0, 1, "da se povratnici iz sire ne pustaju bez")]
    assert shared_ngrams([first, second], words=12) == []


@pytest.mark.parametrize("kind", TEXTS)
def test_fix_adds_spans_and_nothing_else(kind: str, tmp_path: Path) -> None:
    whole = row(kind)
    without = json.loads(json.dumps(whole))
    del without["annotations"][0]["spans"]
    path = write(tmp_path / "b01.jsonl", [without, plain("Bora e parë i zuri autobusët në qafë të malit.", 2)])
    before = path.read_text(encoding="utf-8").splitlines()
    assert add_spans([path]) == 1
    after = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(after[0]) == whole
    assert after[1] == before[1]
    span = whole["annotations"][0]["spans"][0]
    assert whole["text"][span["start"] : span["end"]] == EVIDENCE[kind]
    assert add_spans([path]) == 0


def test_fix_leaves_evidence_that_stands_nowhere_to_validation(tmp_path: Path) -> None:
    path = write(tmp_path / "b01.jsonl", [row() | {"annotations": [annotation("nuk është aty")]}, '{"broken'])
    before = path.read_bytes()
    assert add_spans([path]) == 0
    assert path.read_bytes() == before


def test_second_pass_is_checked_against_the_rows(tmp_path: Path) -> None:
    write(tmp_path / "train" / "b01.jsonl", [row()])
    good = {"id": "b01-001", "returnee_sense": "conflict_zone", "severity": 2, "annotations": [annotation(FIRST)]}
    bad = good | {"annotations": [annotation("jo aty"), annotation(FIRST, narrative="threat")]}
    path = write(tmp_path / "second" / "a.jsonl", [good, good | {"id": "b07-001"}, bad, {"id": "b01-001"}])
    problems = _problems(tmp_path)
    assert any(problem.startswith(f"{path}:2: b07-001: id b07-001: the corpus has no such row") for problem in problems)
    assert any(problem.startswith(f"{path}:3: b01-001: evidence 'jo aty'") for problem in problems)
    assert any(problem.startswith(f"{path}:3: b01-001: narrative 'threat'") for problem in problems)
    assert any(problem.startswith(f"{path}:4: b01-001: annotations: the field is missing") for problem in problems)
    assert not any(f"{path}:1:" in problem for problem in problems)


def test_reading_goes_on_after_a_broken_row(tmp_path: Path) -> None:
    write(tmp_path / "b01.jsonl", ["{", row()])
    rows, problems = read_rows(corpus_files([tmp_path]))
    assert [placed.line for placed in rows] == [2] and len(problems) == 1
    with pytest.raises(InputError, match=r"b01\.jsonl:1: .*eho evaluate validate names all"):
        load_rows([tmp_path])
