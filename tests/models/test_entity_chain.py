"""The linear chain: the best path against all paths, tags that BIO allows, features that see what they should, saved and read back."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from models.entities.chain import Chain, best_path, chain_from_arrays, chain_to_arrays
from models.entities.features import named_features, token_features
from models.entities.lexicon import Facts, Lexicon

TAGS = ("B-LOC", "B-PER", "I-LOC", "I-PER", "O")
LEXICON = Lexicon.from_words({"petrovic": 7}, {"petrovic": (5, 2), "grad": (1, 1)}, [0, 3, 4])


def _chain(seed: int = 1) -> Chain:
    draw = np.random.default_rng(seed)
    keys = sorted({key for row in token_features(["Ana", "Petrovic", "iz", "Nisa", "."], LEXICON) for key in row})
    states = draw.normal(size=(len(keys), len(TAGS))).astype(np.float32)
    steps = draw.normal(size=(len(TAGS), len(TAGS))).astype(np.float32)
    return Chain(TAGS, np.array(keys, np.uint32), states, steps, LEXICON)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_path_is_the_best_of_all(seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores, steps = draw.normal(size=(5, 4)).astype(np.float32), draw.normal(size=(4, 4)).astype(np.float32)

    def worth(path: tuple[int, ...]) -> float:
        moves = sum(steps[one, other] for one, other in pairwise(path))
        return float(sum(scores[at, one] for at, one in enumerate(path)) + moves)

    assert tuple(best_path(scores, steps)) == max(product(range(4), repeat=5), key=worth)


@pytest.mark.parametrize("seed", range(8))
def test_no_name_continues_what_did_not_begin(seed: int) -> None:
    tags = _chain(seed).tag(["Ana", "Petrovic", "iz", "Nisa", ".", "Ana", "Nisa", "Nisa", "iz"])
    for before, tag in zip(["O", *tags], tags, strict=False):
        assert not tag.startswith("I-") or before[2:] == tag[2:]


def test_no_words_no_tags() -> None:
    assert _chain().tag([]) == []


def test_saved_and_read_back_it_tags_alike() -> None:
    chain = _chain()
    again = chain_from_arrays(TAGS, chain_to_arrays(chain))
    assert np.abs(again.states - chain.states).max() < 0.02
    words = ["Ana", "Petrovic", "iz", "Nisa", "."]
    assert again.tag(words) == chain.tag(words)
    assert again.lexicon.look_up(["petrovic"]) == chain.lexicon.look_up(["petrovic"])


def test_weights_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="not of 4 tags"):
        chain_from_arrays(TAGS[:4], chain_to_arrays(_chain()))


def test_the_lexicon_knows_its_words_and_no_others() -> None:
    assert LEXICON.look_up(["petrovic", "grad", "ana"]) == {
        "petrovic": Facts(7, 5, 2, 4), "grad": Facts(0, 1, 1, 3), "ana": Facts(),
    }  # fmt: skip
    assert Lexicon.empty().look_up(["grad"]) == {"grad": Facts()}


def test_capitals_count_only_where_the_text_has_both() -> None:
    cased, lower, upper = (list(named_features(words, LEXICON)) for words in (["U", "Nisu"], ["u", "nisu"], ["U", "NISU"]))
    assert "hXxx" in cased[1]
    assert lower[1] == upper[1]
    assert "h~xx" in lower[1]


def test_features_see_the_neighbours_and_what_is_known_of_them() -> None:
    features = list(named_features(["Grad", "je", "Petrovic"], LEXICON))
    assert {"wpetrovic", "g7", "k5", "f2", "bwje", "awgrad", "aa"} & set(features[2]) == {
        "wpetrovic", "g7", "k5", "f2", "bwje", "awgrad",
    }  # fmt: skip
    assert any(one.startswith("hf") and one.endswith("1") for one in features[0])
    assert not any(one.startswith("hfXxx1") for one in features[2])
