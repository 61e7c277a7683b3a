"""The made set of copies: halves share nothing, the same seed gives the same pairs, and the shipped threshold keeps its promise."""

from __future__ import annotations

from evaluation.benchmarks.sameness import by_eho, by_hash, by_lsh, measured, summary
from evaluation.sameness_pairs import CHANGES, pairs
from nlp.shingles import compared_words


def test_the_halves_share_no_text_and_a_seed_gives_the_same_pairs() -> None:
    dev, test = pairs("dev"), pairs("test")
    assert test == pairs("test")
    assert len(dev) + len(test) >= 600
    assert not {pair.base for pair in dev if pair.is_copy} & {pair.base for pair in test if pair.is_copy}
    for half in (dev, test):
        assert {pair.kind for pair in half if pair.is_copy} == set(CHANGES)
        assert {pair.lang for pair in half if not pair.is_copy} == {"sq", "sr"}


def test_parts_are_found_and_other_stories_are_not() -> None:
    wanted = {"cut in half", "other script", "same event", "shared statement"}
    chosen = [pair for pair in pairs("dev") if pair.kind in wanted]
    decisions = measured(chosen, {"eho": by_eho(0.55), "exact": by_hash(str), "lsh": by_lsh(compared_words)})
    precision, recall = summary(chosen, decisions["eho"])
    assert (precision.value, recall.value) == (1.0, 1.0)
    assert sum(decisions["lsh"]["cut in half"]) < len(decisions["lsh"]["cut in half"]) / 2
    assert not any(decisions["exact"]["other script"])
