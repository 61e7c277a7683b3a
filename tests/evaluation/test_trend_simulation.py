"""A small run of the simulation: it fails where an interval no longer holds what it promises."""

from __future__ import annotations

import pytest

from evaluation.benchmarks.trend_simulation import SETTINGS, Score, Setting, simulate

WORLDS = 60


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    return {score.name: score for score in simulate(SETTINGS[0], WORLDS, 7)}


@pytest.mark.parametrize(
    "name",
    [
        "truth, originals",
        "truth, with copies, clustered by story",
        "machine, originals, corrected",
        "machine, with copies, clustered, corrected",
        "whole range: machine, corrected",
    ],
)
def test_intervals_hold_the_truth_in_about_95_of_100_cases(scores: dict[str, Score], name: str) -> None:
    score = scores[name]
    assert 0.93 - 3 * score.error <= score.coverage <= max(0.97 + 3 * score.error, 0.99)


@pytest.mark.parametrize("name", ["truth, with copies, not clustered", "machine, originals, uncorrected"])
def test_without_clusters_or_correction_they_do_not(scores: dict[str, Score], name: str) -> None:
    assert scores[name].coverage + 2 * scores[name].error < 0.93


def test_without_copies_clustering_changes_nothing() -> None:
    found = {score.name: score for score in simulate(Setting("no copies", copies=0.0), 5, 3)}
    single, clustered = found["truth, with copies, not clustered"], found["truth, with copies, clustered by story"]
    assert (single.coverage, single.width) == (clustered.coverage, clustered.width)
