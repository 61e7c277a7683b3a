"""`eho evaluate validate` on the labels of real passages: every problem named with file, line, value and remedy."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from eho.codebook import Codebook
from evaluation.real_checks import validate_real
from evaluation.runs import Places
from tests.evaluation.conftest import write_jsonl

_TEXT = "Neka ostanu tamo u Siriji, ovde im nije mesto."


def _labels(**changes: Any) -> dict[str, Any]:
    annotation = {
        "narrative": "returnee_rejection",
        "stance": "endorse",
        "speaker": "platform_user",
        "target_groups": ["returnee_families"],
        "severity": 2,
        "evidence": [[0, 25]],
    }
    return {"id": "real-1", "returnee_sense": "conflict_zone", "severity": 2, "annotations": [annotation | changes]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    row = {
        "id": "real-1", "dataset": "comments_sr", "document": "c1", "field": "text", "start": 0, "end": len(_TEXT),
        "sha256": hashlib.sha256(_TEXT.encode()).hexdigest(), "kind": "comment", "lang": "sr", "stratum": "cue", "weight": 2.0,
    }  # fmt: skip
    real = tmp_path / "real"
    write_jsonl(real / "passages.jsonl", [row])
    for name in ("pass1", "pass2"):
        write_jsonl(real / name / "a.jsonl", [_labels()])
    return real


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data" / "text").mkdir(parents=True)
    with gzip.open(tmp_path / "data" / "text" / "comments_sr.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.write(json.dumps({"id": "c1", "lang": "sr", "text": _TEXT}) + "\n")
    return tmp_path / "data"


def test_clean_labels_have_no_problem(folder: Path, data: Path) -> None:
    assert validate_real(folder, Codebook.load(), data) == (1, [])


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("pass2/a.jsonl", _labels(narrative="returnee_hate"), "no such narrative"),
        ("pass2/a.jsonl", _labels(evidence=[[0, 99]]), "the passage has 46 characters"),
        ("pass2/a.jsonl", _labels() | {"id": "real-9"}, "passages.jsonl has no such passage"),
        ("pass2/a.jsonl", _labels() | {"returnee_sense": None}, "needs the sense conflict_zone"),
        ("adjudicated.jsonl", {"id": "real-1", "decision": _labels(severity=5)}, "the passage has at least that"),
        ("adjudicated.jsonl", {"id": "real-1", "decision": {"annotations": []}}, "a decision has the fields of a pass"),
    ],
)
def test_a_problem_is_named_with_its_place(folder: Path, file: str, content: dict[str, Any], told: str) -> None:
    write_jsonl(folder / file, [content])
    _, problems = validate_real(folder, Codebook.load(), None)
    assert any(told in str(one) and f"{file}:1: " in str(one) for one in problems), [str(one) for one in problems]


def test_a_passage_without_labels_of_a_pass_is_named(folder: Path) -> None:
    (folder / "pass2" / "a.jsonl").unlink()
    _, problems = validate_real(folder, Codebook.load(), None)
    assert [str(one).split(": ", 1)[1] for one in problems] == [
        "real-1: pass2 has no labels: let the pass label it, or take it out"
    ]


def test_a_changed_text_is_found_where_the_texts_are(folder: Path, data: Path) -> None:
    with gzip.open(data / "text" / "comments_sr.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.write(json.dumps({"id": "c1", "lang": "sr", "text": _TEXT.upper()}) + "\n")
    _, problems = validate_real(folder, Codebook.load(), data)
    assert [one.remedy for one in problems] == ["another text stands there; draw the passage again"]


def test_the_command_takes_a_folder_of_real_passages(folder: Path) -> None:
    write_jsonl(folder / "pass1" / "a.jsonl", [_labels(speaker="nobody")])
    done = CliRunner().invoke(app, ["evaluate", "validate", str(folder)])
    assert done.exit_code == 2
    assert "pass1/a.jsonl:1: real-1: speaker 'nobody'" in done.output


def test_the_shipped_labels_hold() -> None:
    passages, problems = validate_real(Places.find().root / "real", Codebook.load(), None)
    assert passages >= 1000
    assert [str(one) for one in problems] == []
