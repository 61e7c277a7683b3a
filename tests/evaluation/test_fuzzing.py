"""A few hundred of the mutated pages and feeds; `make fuzz` reads 50,000."""

from __future__ import annotations

import warnings

import pytest

from evaluation.fuzzing import case, fuzz, run_case


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_mutated_pages_and_feeds_end_in_an_outcome(first: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries warn of what a page holds; a crawl silences them as well
        for number in range(first, first + 50):
            assert run_case(number), number


@pytest.mark.parametrize("number", [823, 889, 1261, 19366])
def test_cases_on_which_a_reader_once_raised_or_hung(number: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert run_case(number) in ("bad_feed", "no_text", "document")


def test_a_case_is_the_same_every_time() -> None:
    assert [case(number) for number in range(20)] == [case(number) for number in range(20)]
    assert {case(number)[0] for number in range(100)} == {"page", "feed", "robots"}


def test_a_process_reports_every_case() -> None:
    report = fuzz(6, first=700)
    assert report.cases == 6 and report.outcomes.total() == 6 and not report.crashes and not report.hangs
