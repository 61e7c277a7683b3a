from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from index.changes import Change, Line, find_changes

WEEKS = [date(2026, 1, 5) + timedelta(weeks=number) for number in range(40)]


def line(key: str, shares: list[float], seed: int, *, of: int = 200) -> Line:
    drawn = np.random.default_rng(seed).binomial(of, shares)
    return Line(key, WEEKS[: len(shares)], [int(n) for n in drawn], [float(of)] * len(shares))


def steps(changes: list[Change], kind: str) -> list[tuple[str, date]]:
    return [(one.key, one.start_on) for one in changes if one.kind == kind]


def test_a_new_level_is_found_where_it_begins() -> None:
    changes = find_changes([line("a", [0.05] * 15 + [0.15] * 15, 1)])
    (found,) = [one for one in changes if one.kind == "change_point"]
    assert abs((found.start_on - WEEKS[15]).days) <= 7
    assert found.before == pytest.approx(0.05, abs=0.02) and found.after == pytest.approx(0.15, abs=0.03)
    assert found.p <= found.q <= 0.05


def test_a_burst_is_found_in_its_week_and_is_no_new_level() -> None:
    changes = find_changes([line("a", [0.03] * 20 + [0.2] + [0.03] * 10, 2)])
    assert steps(changes, "burst") == [("a", WEEKS[20])]
    assert steps(changes, "change_point") == []


def test_a_hundred_quiet_lines_give_almost_no_alarm() -> None:
    changes = find_changes([line(f"q{number}", [0.06] * 26, 100 + number) for number in range(100)])
    assert len({one.key for one in changes}) <= 5


def test_lines_that_scatter_more_than_chance_are_not_called_changed() -> None:
    generator = np.random.default_rng(5)
    noisy = [line(f"n{number}", list(generator.beta(3, 40, 26)), 300 + number) for number in range(20)]
    changed = {one.key for one in find_changes(noisy) if one.kind == "change_point"}
    assert len(changed) <= 3


def test_a_real_change_is_found_among_many_quiet_lines() -> None:
    lines = [line(f"q{number}", [0.06] * 26, 500 + number) for number in range(60)]
    changes = find_changes([*lines, line("real", [0.04] * 13 + [0.14] * 13, 9)])
    assert ("real" in {key for key, _ in steps(changes, "change_point")}) and len(steps(changes, "change_point")) <= 4


@pytest.mark.parametrize("shares", [[0.05] * 3 + [0.5] * 4, [0.0] * 20, [1.0] * 20], ids=["short", "none", "all"])
def test_nothing_is_looked_for_where_nothing_can_be_found(shares: list[float]) -> None:
    assert find_changes([line("a", shares, 3)]) == []


def test_no_lines() -> None:
    assert find_changes([]) == []
