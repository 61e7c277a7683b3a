from __future__ import annotations

import math

import pytest
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from index.intervals import detectable, difference, effective_number, estimate, p_value, wilson

PAIRS = [(10, 40, 3, 50), (0, 30, 4, 20), (50, 50, 1, 60), (120, 4000, 90, 5000)]


@pytest.mark.parametrize(("count", "total"), [(0, 10), (3, 10), (10, 10), (7, 4000)])
def test_wilson_is_the_library_s_with_exact_ends(count: int, total: int) -> None:
    low, high = wilson(count, total)
    assert (low, high) == pytest.approx(proportion_confint(count, total, method="wilson"))
    assert 0 <= low <= count / total <= high <= 1
    assert (low == 0) == (count == 0) and (high == 1) == (count == total)


@pytest.mark.parametrize(("first", "of_first", "second", "of_second"), PAIRS)
def test_the_difference_is_newcombe_s(first: int, of_first: int, second: int, of_second: int) -> None:
    found = difference(estimate(first / of_first, of_first), estimate(second / of_second, of_second))
    low, high = confint_proportions_2indep(first, of_first, second, of_second, compare="diff", method="newcomb")
    assert found.share == pytest.approx(first / of_first - second / of_second)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(("first", "of_first", "second", "of_second"), PAIRS)
def test_p_is_that_of_the_score_test(first: int, of_first: int, second: int, of_second: int) -> None:
    _, expected = proportions_ztest([first, second], [of_first, of_second])
    assert p_value((first, of_first), (second, of_second)) == pytest.approx(expected)


def test_nothing_on_both_sides_is_no_difference() -> None:
    assert p_value((0, 40), (0, 60)) == 1.0
    assert p_value((40, 40), (60, 60)) == 1.0


@pytest.mark.parametrize(("share", "first", "second"), [(0.02, 400, 400), (0.1, 200, 800), (0.0, 100, 100)])
def test_the_detectable_rise_has_a_power_of_80_in_100(share: float, first: int, second: int) -> None:
    rise = detectable(share, first, second)
    assert rise is not None
    effect = 2 * (math.asin(math.sqrt(share + rise)) - math.asin(math.sqrt(share)))
    assert NormalIndPower().power(effect, first, 0.05, ratio=second / first) == pytest.approx(0.8, abs=1e-3)


def test_no_rise_can_be_seen_where_there_is_no_room_or_nothing() -> None:
    assert detectable(0.9, 5, 5) is None
    assert detectable(0.1, 0, 50) is None


@pytest.mark.parametrize(("documents", "squares", "expected"), [(10, 10, 10), (10, 100, 1), (6, 4 + 4 + 4, 3), (7, 0, 7)])
def test_copies_of_a_story_count_as_one(documents: int, squares: int, expected: float) -> None:
    assert effective_number(documents, squares) == expected
