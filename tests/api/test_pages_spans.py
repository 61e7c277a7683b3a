from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages_spans import Mark, paragraphs, pieces

TEXTS = st.text(alphabet="aëшđ \n“", max_size=60)
MARKS = st.lists(
    st.builds(
        lambda start, length, number, veiled: Mark(start, start + length, number, veiled),
        st.integers(0, 60),
        st.integers(0, 60),
        st.integers(0, 4),
        st.booleans(),
    ),
    max_size=6,
)


@given(TEXTS, MARKS)
def test_no_letter_is_lost_or_wrongly_marked(text: str, marks: list[Mark]) -> None:
    at = 0
    for piece in pieces(text, marks):
        assert piece.text == text[at : at + len(piece.text)] != ""
        for place in range(at, at + len(piece.text)):
            over = [mark for mark in marks if mark.start <= place < mark.end]
            assert set(piece.numbers) == {mark.number for mark in over}
            assert piece.veiled == any(mark.veiled for mark in over)
        at += len(piece.text)
    assert at == len(text)


@given(TEXTS, MARKS)
def test_paragraphs_keep_every_word(text: str, marks: list[Mark]) -> None:
    written = ["".join(piece.text for piece in paragraph) for paragraph in paragraphs(text, marks)]
    assert written == [line for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize(
    "text", ["po kthehen burrat", "vraćaju se muškarci", "враћају се мушкарци"], ids=["sq", "sr-Latn", "sr-Cyrl"]
)
def test_overlapping_marks_are_told_apart(text: str) -> None:
    cut = pieces(text, [Mark(0, 9, 1, veiled=True), Mark(3, 12, 2)])
    assert [(piece.text, piece.numbers, piece.veiled, piece.ends) for piece in cut] == [
        (text[:3], (1,), True, ()),
        (text[3:9], (1, 2), True, (1,)),
        (text[9:12], (2,), False, (2,)),
        (text[12:], (), False, ()),
    ]
