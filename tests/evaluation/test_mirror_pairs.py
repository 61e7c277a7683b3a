"""The gold of the mirror and its figures: every article is known once, thresholds keep what they promise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from eho.errors import InputError
from evaluation.miniweb.content import load_articles
from evaluation.mirror_pairs import Pair, at_threshold, held_out, lowest_threshold, pairs_of, read_events, recall_by_event
from index.same_event import WINDOW

PAIRS = [
    Pair(0, 0, "a", True, True, "a"),
    Pair(0, 1, "a", True, False, "a"),
    Pair(1, 2, None, False, False, "a"),
    Pair(2, 3, "b", True, True, "b"),
    Pair(3, 4, None, False, False, "c"),
]
SCORES = np.array([0.9, 0.7, 0.6, 0.5, 0.1])


def test_the_gold_names_articles_of_both_languages() -> None:
    articles = load_articles()
    lang = {article.id: article.lang for article in articles}
    events = read_events()
    assert len(events) == 8
    for event in events:
        assert {lang[id] for id in event.same} == {"sq", "sr"} and not event.same & event.follow_up
    pairs = pairs_of(articles, events)
    assert all(abs(articles[pair.sq].published_at - articles[pair.sr].published_at) <= WINDOW for pair in pairs)
    assert not any(articles[at].copy_of for pair in pairs for at in (pair.sq, pair.sr))
    assert all(pair.is_right or not pair.is_wanted for pair in pairs)
    assert sum(pair.is_wanted for pair in pairs) > 40


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"event": "a", "same": ["nowhere-1"]}], "is of no outlet"),
        ([{"event": "a", "same": ["vala-002"]}, {"event": "b", "same": ["vala-002"]}], "stands twice"),
        ([{"event": "a", "same": ["vala-002"], "follow_up": ["vala-002"]}], "stands twice"),
    ],
    ids=["unknown", "twice", "both-kinds"],
)  # fmt: skip
def test_a_broken_gold_is_refused(tmp_path: Path, rows: list[dict[str, object]], said: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_events(path)


def test_figures_at_a_threshold() -> None:
    row = at_threshold(PAIRS, SCORES, 0.55)
    assert (row.shown, row.precision.value, row.recall.value) == (3, pytest.approx(2 / 3), 0.5)
    assert (row.precision.n, row.recall.n) == (3, 2)
    assert recall_by_event(PAIRS, SCORES, 0.55) == {"a": (1, 1), "b": (0, 1)}


def test_the_lowest_threshold_keeps_the_precision() -> None:
    assert lowest_threshold(PAIRS, SCORES, 0.95) == 0.7
    assert lowest_threshold(PAIRS, SCORES, 0.75) == 0.5
    assert lowest_threshold(PAIRS[2:3], SCORES[2:3], 0.5) == float("inf")
    ties = np.array([0.9, 0.7, 0.7, 0.5, 0.1])
    assert lowest_threshold(PAIRS, ties, 0.95) == 0.9


def test_an_event_does_not_choose_its_own_threshold() -> None:
    moved = held_out(PAIRS, SCORES, 0.95)
    assert moved[3] == pytest.approx(0.5 - 0.7)  # the rest shows nothing wrong down to 0.7
    assert moved[0] == pytest.approx(0.9 - 0.5)
