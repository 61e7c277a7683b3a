from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from index.significance import ALPHA, TermCounts, least_g2, significant


def counts(found: int, found_of: int, elsewhere: int, elsewhere_of: int, term: str = "x") -> TermCounts:
    return TermCounts(term, "sq", found, found_of, elsewhere, elsewhere_of)


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 5000), st.integers(1, 5000))
def test_g2_is_the_log_likelihood_ratio_of_the_table(found: int, without: int, elsewhere: int, without_elsewhere: int) -> None:
    one = counts(found, found + without, elsewhere, elsewhere + without_elsewhere)
    expected = chi2_contingency([[found, without], [elsewhere, without_elsewhere]], correction=False, lambda_="log-likelihood")
    assert abs(one.g2) == pytest.approx(expected.statistic, abs=1e-6)
    more = found * (elsewhere + without_elsewhere) > elsewhere * (found + without)
    assert one.g2 >= 0 if more else one.g2 <= 0


@pytest.mark.parametrize(
    "table",
    [(0, 10, 0, 100), (10, 10, 100, 100), (0, 0, 5, 100), (5, 100, 0, 0)],
    ids=["nowhere", "everywhere", "nothing-found", "no-rest"],
)
def test_what_tells_nothing_has_no_weight(table: tuple[int, int, int, int]) -> None:
    assert counts(*table).g2 == 0
    assert significant([counts(*table)]) == []


def test_what_never_stands_elsewhere_has_a_finite_ratio() -> None:
    one = counts(10, 10, 0, 1000)
    assert one.g2 > least_g2(1000)
    assert one.ratio == pytest.approx((10.5 / 10.5) / (0.5 / 1000.5))


def test_chance_alone_rarely_brings_any_word() -> None:
    draw, lists = random.Random(1), 200
    wrong = 0
    for _ in range(lists):
        words = [
            counts(sum(draw.random() < 0.3 for _ in range(40)), 40, sum(draw.random() < 0.3 for _ in range(160)), 160)
            for _ in range(20)
        ]
        wrong += bool(significant(words))
    assert wrong <= 3 * ALPHA * lists


def test_the_surest_come_first_and_rarer_words_never() -> None:
    rows = [
        counts(30, 40, 200, 1000, "much"),
        counts(40, 40, 10, 1000, "most"),
        counts(0, 40, 900, 1000, "rarer"),
        counts(12, 40, 300, 1000, "as"),
    ]
    assert [one.term for one in significant(rows)] == ["most", "much"]
