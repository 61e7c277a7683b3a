"""Words as bags of hashed n-grams: one spelling for all scripts, near vectors for near spellings, spans of the original."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.encoder.table import load_table, save_table
from models.encoder.words import MOST_IDS, PAD, ROWS, SEP, SEPARATOR, SPECIALS, id_matrix, split_words, to_batch, word_ids


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Повратници из Сирије", "Povratnici iz Sirije"),
        ("Të kthyerit nga lufta", "te kthyerit nga lufta"),
        ("ĐAKOVICA", "djakovica"),
    ],
)
def test_scripts_diacritics_and_case_are_one_spelling(one: str, other: str) -> None:
    assert split_words(one, most=99).forms == split_words(other, most=99).forms


@given(st.text(max_size=200))
def test_spans_lie_in_the_original_in_order(text: str) -> None:
    words = split_words(text, most=50)
    assert len(words.forms) == len(words.spans) <= 50
    assert all(0 <= start < end <= len(text) for start, end in words.spans)
    assert list(words.spans) == sorted(words.spans)


def test_a_long_word_and_a_number_have_few_rows() -> None:
    assert len(word_ids("a" * 1_000_000)) == MOST_IDS
    assert word_ids("1999") == word_ids("2014")
    assert all(SPECIALS <= row < ROWS for row in word_ids("povratnici"))


def test_a_mistyped_word_shares_rows_with_the_right_one() -> None:
    right, wrong, other = (set(word_ids(form)) for form in ("kthyerit", "kthyrit", "fudbal"))
    assert len(right & wrong) >= 5
    assert len(right & other) <= 1


def test_weights_of_a_word_sum_to_one() -> None:
    _, weights = id_matrix(["a", "povratnici"])
    assert weights.sum(1) == pytest.approx([1, 1])


def test_a_batch_lists_each_word_once() -> None:
    batch = to_batch([["a", "b", "a"], ["titull", SEPARATOR, "b"]])
    assert len(batch.ids) == 3
    assert batch.places[0, 1] == batch.places[0, 3]
    assert batch.places[1, 2] == SEP
    assert (batch.places == PAD).sum() == 0
    assert (to_batch([["a"], ["a", "b"]]).places == PAD).sum() == 1


@pytest.mark.parametrize(("bits", "width", "most"), [(8, 64, 0.01), (4, 64, 0.12), (4, 8, 0.12)])
def test_the_table_without_pytorch_composes_the_mean(bits: Literal[8, 4], width: int, most: float, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(ROWS, width)).astype(np.float32)
    path = tmp_path / "words.safetensors"
    save_table(path, rows, bits=bits)
    assert path.stat().st_size < ROWS * width * bits / 8 * 1.6
    table = load_table(path)
    expected = rows[list(word_ids("shkolla"))].mean(0)
    assert np.abs(table.vectors(["shkolla"])[0] - expected).max() < most
    assert table.vectors([]).shape == (0, width)
    assert (table.vectors(["shkolla"])[0] == table.vectors(["tjeter", "shkolla"])[1]).all()
