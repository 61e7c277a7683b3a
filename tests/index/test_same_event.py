"""The score of two accounts: shared rare names pull up, lone common ones do not, and no shared name means no pair."""

from __future__ import annotations

import pytest

from eho.annotation import Entity
from index.answers import Frequencies
from index.same_event import THRESHOLD, combined, entity_cosine, entity_ids, rarity_of, side_of
from tests.index.conftest import annotated

COUNTS = {"place:kosovo": 400, "place:syria": 120, "place:klina": 3, "place:raska": 4, "org:kfor": 30}
rarity = rarity_of(Frequencies(1000, COUNTS))


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ({"klina"}, {"klina", "kosovo"}, 0.5, 0.8),
        ({"klina", "raska"}, {"klina", "raska"}, 0.75, 1.0),
        ({"syria"}, {"syria"}, 0.1, 0.3),
        ({"kosovo", "klina"}, {"kosovo", "raska"}, 0.0, 0.1),
        ({"klina"}, {"raska"}, 0.0, 0.0),
        (set(), {"raska"}, 0.0, 0.0),
    ],
    ids=["rare-shared", "two-shared", "common-alone", "common-beside-others", "none-shared", "none-named"],
)  # fmt: skip
def test_rare_names_say_more(one: set[str], other: set[str], low: float, high: float) -> None:
    first, second = ({f"place:{name}" for name in names} for names in (one, other))
    found = entity_cosine(first, second, rarity)
    assert low <= found <= high
    assert found == pytest.approx(entity_cosine(second, first, rarity))


def test_a_small_index_cannot_say_what_is_rare() -> None:
    small = rarity_of(Frequencies(5, {"place:klina": 2}))
    assert small("place:klina") == rarity_of(Frequencies(1000, {"place:klina": 2}))("place:klina")
    assert small("place:klina") < rarity_of(Frequencies(100_000, {"place:klina": 2}))("place:klina")


def test_without_a_shared_name_the_nearest_vectors_are_no_pair() -> None:
    assert combined(0.99, 0.0).total == 0.0
    assert combined(0.3, 0.6).total == pytest.approx(0.6) and combined(0.3, 0.6).total >= THRESHOLD


def test_ids_are_compared_regardless_of_case_and_names_without_one_not_at_all() -> None:
    document = annotated("a", "Klina, Klina, selo.", entities=())
    assert document.tags is not None
    entities = (
        Entity(start=0, end=5, field="text", type="LOC", canonical_id="place:Klina"),
        Entity(start=0, end=5, field="title", type="LOC", canonical_id="place:klina"),
        Entity(start=7, end=12, field="text", type="LOC", canonical_id=None),
    )
    tagged = document.model_copy(update={"tags": document.tags.model_copy(update={"entities": entities})})
    assert entity_ids(tagged) == {"place:klina"}


@pytest.mark.parametrize(
    ("lang", "side"),
    [("sq", "sq"), ("sr-Cyrl", "sr"), ("sr-Latn", "sr"), ("bs", "sr"), ("hr", "sr"), ("cnr", "sr"), ("en", None), ("mk", None)],
)
def test_each_language_has_its_side(lang: str, side: str | None) -> None:
    assert side_of(annotated("a", lang=lang)) == side
