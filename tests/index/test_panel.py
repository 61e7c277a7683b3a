from __future__ import annotations

from datetime import date, timedelta

import pytest

from index.breaks import Break, extractor_breaks, source_breaks, tagger_breaks, tagger_name
from index.coverage import Coverage, silent_sources
from index.panel import constant_panel

WEEKS = [date(2026, 3, 2) + timedelta(weeks=number) for number in range(6)]


def counts(**sources: list[int]) -> dict[tuple[date, str], int]:
    return {(start, name): n for name, row in sources.items() for start, n in zip(WEEKS, row, strict=True)}


@pytest.mark.parametrize(
    ("sources", "partial", "rule", "panel"),
    [
        pytest.param({"a": [5] * 6, "b": [1, 0, 1, 0, 1, 1]}, set(), "every", ("a",), id="every-period"),
        pytest.param({"a": [1] * 6, "b": [9, 9, 0, 9, 9, 9]}, set(), "spanning", ("a", "b"), id="most-would-be-lost"),
        pytest.param({"a": [5, 5, 5, 0, 0, 0], "b": [0, 0, 0, 5, 5, 5]}, set(), "none", None, id="no-source-spans"),
        pytest.param({"a": [0, 5, 5, 5, 5, 0]}, {WEEKS[0], WEEKS[5]}, "every", ("a",), id="cut-ends-ask-nothing"),
        pytest.param({"a": [5, 5, 5, 5, 5, 0]}, set(), "none", None, id="gone-in-the-last"),
    ],
)
def test_the_panel_and_its_fall_backs(sources, partial, rule, panel) -> None:  # type: ignore[no-untyped-def]
    found = constant_panel(counts(**sources), WEEKS, partial)
    assert (found.rule, found.sources) == (rule, panel)
    said = found.to_mapping()
    assert said["panel"] == ("all" if panel is None else "constant") and said["panel_note"]
    if panel is not None:
        inside = sum(sum(sources[name]) for name in panel)
        assert said["panel_share_of_documents"] == pytest.approx(inside / sum(map(sum, sources.values())))
        assert set(said["panel_left_out"]) == set(sources) - set(panel)


def test_a_model_and_a_codebook_break_where_most_documents_change() -> None:
    old, new, newest = tagger_name("m", "1", "c1"), tagger_name("m", "2", "c1"), tagger_name("m", "2", "c2")
    rows = {old: [9, 9, 4, 0, 0, 0], new: [0, 1, 6, 0, 9, 0], newest: [0, 0, 0, 0, 0, 9]}
    rows["unknown"] = [0, 0, 50, 0, 0, 0]
    found = list(tagger_breaks({(start, name): n for name, row in rows.items() for start, n in zip(WEEKS, row, strict=True)}))
    assert found == [Break(WEEKS[2], "model", "m 1", "m 2"), Break(WEEKS[5], "codebook", "c1", "c2")]
    assert list(extractor_breaks(counts(x1=[3, 3, 3, 0, 0, 0], x2=[0, 0, 0, 3, 3, 3]))) == [
        Break(WEEKS[3], "extractor", "x1", "x2")
    ]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"a": [20] * 6, "b": [0, 0, 20, 20, 20, 20]}, [(2, "", "b")]),
        ({"a": [20] * 6, "b": [20, 20, 20, 0, 0, 0]}, [(3, "b", "")]),
        ({"a": [20] * 6, "b": [0, 1, 0, 1, 1, 0]}, []),  # comes and goes by chance
        ({"a": [200] * 6, "b": [0, 0, 9, 9, 9, 9]}, []),  # too light to move the line
        ({"a": [0, 0, 20, 20, 20, 20]}, []),  # nothing before: a gap, no change of sources
    ],
)
def test_sources_break_a_line_when_they_weigh(sources, expected) -> None:  # type: ignore[no-untyped-def]
    found = source_breaks(counts(**sources), WEEKS)
    assert [(one.start_on, one.before, one.after) for one in found] == [
        (WEEKS[at], before, after) for at, before, after in expected
    ]


def test_a_source_is_silent_below_what_is_expected_or_when_all_fetches_fail() -> None:
    numbers = counts(big=[30, 0, 30, 30, 30, 30], small=[1, 0, 1, 0, 1, 1], failing=[8, 8, 8, 8, 3, 8], poor=[9, 9, 9, 9, 9, 2])
    failed = frozenset(WEEKS[4] + timedelta(days=number) for number in range(4))
    coverage = Coverage(expected={"poor": 1.0}, failed={"failing": failed})
    found = silent_sources(numbers, WEEKS, set(), "week", coverage)
    assert found == {WEEKS[1]: ["big"], WEEKS[4]: ["failing"], WEEKS[5]: ["poor"]}


def test_a_period_that_is_not_over_is_not_silent() -> None:
    numbers = counts(a=[30, 30, 30, 30, 30, 0])
    assert silent_sources(numbers, WEEKS, {WEEKS[5]}, "week", Coverage(expected={"a": 4.0})) == {}
