"""NarrativeCheck: what passes, what fails, pairs, and cases that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from eho.codebook import Codebook
from eho.errors import InputError
from evaluation.labelled import MissingSetError
from evaluation.narrative_check import evaluate_check, read_cases, score_cases
from evaluation.predictions import PredictedTag, Prediction, Tagger
from tests.evaluation.conftest import write_jsonl


def _case(number: int, expect: dict[str, Any], **more: Any) -> dict[str, Any]:
    text = "Tradhtarët e kombit janë ulur në tryezë me Serbinë."
    return {"id": f"c-{number}", "functionality": "explicit", "lang": "sq", "text": text, "expect": expect, **more}


def _prediction(*tags: tuple[str, str, bool], sense: str | None = None) -> Prediction:
    made = tuple(PredictedTag(name, stance, 0.8, shown, "text", ((0, 5),), 1, ()) for name, stance, shown in tags)
    return Prediction("c", "sq", False, sense, 0, made)


_PRESENT = {"narratives": {"ingroup_traitor": {"present": True, "stances": ["endorse", "amplify_uncritical"]}}}
_ABSENT = {"narratives": {"ingroup_traitor": {"present": False}}}


@pytest.mark.parametrize(
    ("expect", "tags", "sense", "passed", "passed_shown"),
    [
        (_PRESENT, [("ingroup_traitor", "endorse", True)], None, True, True),
        (_PRESENT, [("ingroup_traitor", "endorse", False)], None, True, False),
        (_PRESENT, [("ingroup_traitor", "counter", True)], None, False, False),
        (_PRESENT, [], None, False, False),
        (_ABSENT, [("ingroup_traitor", "endorse", True)], None, False, False),
        (_ABSENT, [("ingroup_traitor", "endorse", False)], None, True, True),
        ({"none": True}, [("war_crimes_denial", "report_neutral", True)], None, False, False),
        ({"none": True}, [("war_crimes_denial", "report_neutral", False)], None, True, True),
        ({"sense": "readmission"}, [], "readmission", True, True),
        ({"sense": "readmission"}, [], "conflict_zone", False, False),
    ],
    ids=[
        "shown", "waits for review", "wrong stance", "missed", "false alarm", "absent, only for review", "bare, shown",
        "bare, for review", "sense", "wrong sense",
    ],
)  # fmt: skip
def test_what_passes(
    tmp_path: Path,
    codebook: Codebook,
    expect: dict[str, Any],
    tags: list[tuple[str, str, bool]],
    sense: str | None,
    passed: bool,
    passed_shown: bool,
) -> None:
    (case,) = read_cases(write_jsonl(tmp_path / "a.jsonl", [_case(1, expect)]), codebook)
    prediction = _prediction(*tags, sense=sense)
    assert case.is_passed(prediction) is passed
    assert case.is_passed(prediction, shown_only=True) is passed_shown


def test_pass_rates_by_group_with_wilson_intervals(tmp_path: Path, codebook: Codebook) -> None:
    rows = [
        _case(1, _PRESENT, pair="c-2"),
        _case(2, _ABSENT, pair="c-1", functionality="negated", lang="sr-Cyrl"),
        _case(3, {"none": True}, functionality="negated", lang="sr-Cyrl", pair="c-4"),
        _case(4, {"none": True}, functionality="negated", lang="sr-Latn", pair="c-3"),
    ]
    cases = read_cases(write_jsonl(tmp_path / "a.jsonl", rows), codebook)
    shown = _prediction(("ingroup_traitor", "endorse", True))
    result = score_cases(cases, [shown, shown, _prediction(), _prediction()], "d")
    negated = result.figure("functionality/negated/passed")
    assert negated is not None
    assert (negated.value, negated.n) == (pytest.approx(2 / 3), 3)
    assert (negated.low, negated.high) == pytest.approx(proportion_confint(2, 3, method="wilson"))
    cell = result.figure("cell/negated-sr-Cyrl/passed")
    assert cell is not None
    assert cell.value == 0.5
    pair = result.figure("pair/negated/passed")
    assert pair is not None
    assert (pair.value, pair.n) == (0.5, 2)
    assert [example.id for example in result.examples] == ["c-2"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (_case(1, {"narratives": {"ingroup_traitr": {"present": True}}}), "ingroup_traitor"),
        (_case(1, {}), "expect says nothing"),
        (_case(1, {**_PRESENT, "none": True}), "none is true"),
        (_case(1, {"none": True}, text=""), "text is ''"),
        (_case(1, {"none": True}, kind="tweet"), "kind is 'tweet'"),
        ({"id": "c-1", "text": "x", "lang": "sq", "expect": {"none": True}}, "'functionality' is missing"),
    ],
    ids=["unknown label", "nothing expected", "contradiction", "no text", "wrong kind", "missing field"],
)
def test_a_broken_case_is_named(tmp_path: Path, codebook: Codebook, row: dict[str, Any], said: str) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [row])
    with pytest.raises(InputError, match=r"a\.jsonl:1") as error:
        read_cases(path, codebook)
    assert said in str(error.value)


def test_an_id_that_stands_twice_is_named_with_both_places(tmp_path: Path, codebook: Codebook) -> None:
    write_jsonl(tmp_path / "a.jsonl", [_case(1, {"none": True})])
    write_jsonl(tmp_path / "b.jsonl", [_case(1, {"none": True})])
    with pytest.raises(InputError, match=r"b\.jsonl:1: the id 'c-1' stands in .*a\.jsonl:1"):
        read_cases(tmp_path, codebook)


def test_the_shipped_model_runs_them(tmp_path: Path, tagger: Tagger) -> None:
    with pytest.raises(MissingSetError, match="no NarrativeCheck cases"):
        evaluate_check(tmp_path, tagger)
    write_jsonl(tmp_path / "check" / "a.jsonl", [_case(1, {"none": True}, text="Sot është diell në Prishtinë.")])
    result = evaluate_check(tmp_path, tagger)
    passed = result.figure("functionality/all/passed")
    assert passed is not None
    assert passed.value == 1.0
