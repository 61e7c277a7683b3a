"""The score of two accounts: shared rare names pull up, lone common ones do not, and no shared name means no pair."""

from __future__ import annotations

import pytest

from eho.annotation import Entity
from index.answers import Frequencies
from index.same_event import THRESHOLD, combined, entity_cosine, entity_counts, side_of
from tests.index.conftest import annotated

COUNTS = {"place:kosovo": 400, "place:syria": 120, "place:klina": 3, "place:raska": 4, "org:kfor": 30}
rarity = Frequencies(1000, COUNTS).rarity


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ({"place:klina": 3}, {"place:klina": 2, "place:kosovo": 1}, 0.5, 1.0),
        ({"place:syria": 1}, {"place:syria": 1}, 0.0, 0.3),
        ({"place:kosovo": 5, "place:klina": 1}, {"place:kosovo": 5, "place:raska": 1}, 0.0, 0.25),
        ({"place:klina": 1}, {"place:raska": 1}, 0.0, 0.0),
        ({}, {"place:raska": 1}, 0.0, 0.0),
    ],
    ids=["rare-shared", "common-alone", "common-beside-others", "none-shared", "none-named"],
)  # fmt: skip
def test_rare_names_say_more(one: dict[str, int], other: dict[str, int], low: float, high: float) -> None:
    found = entity_cosine(one, other, rarity)
    assert low <= found <= high
    assert found == pytest.approx(entity_cosine(other, one, rarity))


def test_without_a_shared_name_the_nearest_vectors_are_no_pair() -> None:
    assert combined(0.99, 0.0).total == 0.0
    assert combined(0.3, 0.3).total == pytest.approx(0.6) and combined(0.3, 0.3).total >= THRESHOLD


def test_headlines_count_twice_and_ids_regardless_of_case() -> None:
    document = annotated("a", "Klina, Klina, selo.", entities=())
    assert document.tags is not None
    entities = (
        Entity(start=0, end=5, field="text", type="LOC", canonical_id="place:Klina"),
        Entity(start=0, end=5, field="title", type="LOC", canonical_id="place:klina"),
        Entity(start=7, end=12, field="text", type="LOC", canonical_id=None),
    )
    tagged = document.model_copy(update={"tags": document.tags.model_copy(update={"entities": entities})})
    assert entity_counts(tagged) == {"place:klina": 3}


@pytest.mark.parametrize(
    ("lang", "side"),
    [("sq", "sq"), ("sr-Cyrl", "sr"), ("sr-Latn", "sr"), ("bs", "sr"), ("hr", "sr"), ("cnr", "sr"), ("en", None), ("mk", None)],
)
def test_each_language_has_its_side(lang: str, side: str | None) -> None:
    assert side_of(annotated("a", lang=lang)) == side
