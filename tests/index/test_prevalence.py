from __future__ import annotations

import numpy as np
import pytest

from eho.annotation import Stance
from index.audited import LEAST_READ, NONE_READ, AuditedDocument, Question, Read, question_of, read_documents, why_not
from index.nodes import Everything
from index.prevalence import Correction
from index.query import parse


def read(right: int, wrong: int, missed: int, clear: int, *, weights: tuple[float, float] = (1.0, 1.0)) -> list[Read]:
    found = [Read(True, True, weights[0])] * right + [Read(True, False, weights[0])] * wrong
    return found + [Read(False, True, weights[1])] * missed + [Read(False, False, weights[1])] * clear


def test_too_few_documents_are_said_in_numbers() -> None:
    assert why_not([]) == NONE_READ
    assert why_not(read(50, 20, 5, 100)) == f"175 documents of the series were read at random, {LEAST_READ} are needed"
    assert "10 of the 400 documents read are with the machine's label, 30" in (why_not(read(8, 2, 0, 390)) or "")
    assert "5 of the 400 documents read are without" in (why_not(read(300, 95, 0, 5)) or "")
    assert why_not(read(120, 30, 10, 190)) is None
    with pytest.raises(ValueError, match="300 are needed"):
        Correction(read(1, 1, 1, 1), 1, 10)


def test_the_whole_range_is_the_stratified_estimate() -> None:
    found = Correction(read(160, 40, 6, 194), 1000, 20_000)
    expected = 0.05 * 0.8 + 0.95 * 0.03
    assert found.overall.share == pytest.approx(expected, abs=0.002)
    assert found.overall.low < expected < found.overall.high
    error = np.sqrt(0.05**2 * 0.8 * 0.2 / 200 + 0.95**2 * 0.03 * 0.97 / 200 + (0.8 - 0.03) ** 2 * 0.05 * 0.95 / 20_000)
    assert found.overall.high - found.overall.low == pytest.approx(2 * 1.96 * error, rel=0.12)


def test_a_week_is_read_with_the_error_rates_of_the_range() -> None:
    found = Correction(read(160, 40, 6, 194), 1000, 20_000)
    rates = found.to_mapping()
    sensitivity, false_alarms = rates["sensitivity"]["share"], 1 - rates["specificity"]["share"]
    week = found.at(120, 2000)
    assert week.share == pytest.approx((0.06 - false_alarms) / (sensitivity - false_alarms), rel=0.05)
    assert week.low < week.share < week.high
    assert rates["precision"]["share"] == pytest.approx(0.8, abs=0.01)
    assert found.at(0, 2000).low == 0.0


def test_weights_undo_that_documents_were_drawn_unevenly() -> None:
    rows = read(160, 40, 3, 97) + read(0, 0, 30, 70, weights=(1.0, 0.1))
    found = Correction(rows, 1000, 20_000)
    share = 0.05 * 0.8 + 0.95 * (3 + 0.1 * 30) / (100 + 10)
    assert found.overall.share == pytest.approx(share, abs=0.004)


def test_a_label_that_says_nothing_is_noticed() -> None:
    assert not Correction(read(10, 190, 10, 190), 1000, 20_000).is_informative
    assert Correction(read(160, 40, 6, 194), 1000, 20_000).is_informative


@pytest.mark.parametrize(
    ("query", "base", "reason"),
    [
        ("povratnik*", "", "no tag is asked for"),
        ("povratnik* sense:conflict_zone", "sense:conflict_zone", "no tag is asked for"),
        ("narrative:x sense:conflict_zone", "", "more than one annotation, or the sense"),
        ("narrative:x OR povratnik", "", "more than one annotation, or the sense"),
        ("narrative:x speaker:politician", "", "note narrative and stance only"),
        ("narrative:x severity:>=3", "", "note narrative and stance only"),
        ("narrative:x*", "", "no narrative is named"),
        ("stance:endorse", "", "no narrative is named"),
    ],
)
def test_what_cannot_be_corrected_is_said(query: str, base: str, reason: str) -> None:
    found = question_of(parse(query).root, parse(base).root)
    assert isinstance(found, str) and reason in found


def test_a_denominator_that_the_machine_found_is_taken_as_given() -> None:
    question = question_of(parse("narrative:x sense:conflict_zone source:a").root, parse("source:a sense:conflict_zone").root)
    assert isinstance(question, Question) and question.narratives == {"x"} and question.rest == Everything()


def test_read_documents_join_machine_and_person() -> None:
    question = question_of(
        parse("narrative:x (stance:endorse OR stance:amplify_uncritical) povratnik source:a").root, parse("source:a").root
    )
    assert isinstance(question, Question) and question.narratives == {"x"}
    asked = frozenset({"x", "y"})
    rows = [
        AuditedDocument("hit", 2.0, asked, (("x", Stance.ENDORSE.value),)),
        AuditedDocument("rejects", 3.0, asked, (("x", "counter"), ("y", "endorse"))),
        AuditedDocument("missed", 4.0, asked, (("x", "amplify_uncritical"),)),
        AuditedDocument("other words", 5.0, asked, (("x", "endorse"),)),
        AuditedDocument("other source", 6.0, asked, (("x", "endorse"),)),
        AuditedDocument("not asked", 7.0, frozenset({"y"}), ()),
    ]
    inside = {"hit", "rejects", "missed", "other words", "not asked"}
    found = read_documents(question, rows, inside, {"hit", "rejects", "missed"}, {"hit", "rejects"})
    assert found == [Read(True, True, 2.0), Read(True, False, 3.0), Read(False, True, 4.0), Read(False, False, 5.0)]
