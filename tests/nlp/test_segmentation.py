"""Sentences end where a reader would end them; passages cover every character."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eho.document import Document
from nlp.segmentation import passages, sentences


def gaps_are_blank(text: str, spans: list[tuple[int, int]]) -> bool:
    """True where nothing but white space lies outside the spans: no character of the text escapes the model."""
    edges = [(0, 0), *spans, (len(text), len(text))]
    return all(not text[before[1] : after[0]].strip() for before, after in pairwise(edges))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("Dr. Petrović je stigao. Sednica počinje.", ["Dr. Petrović je stigao.", "Sednica počinje."], id="title"),
        pytest.param("Rok je 1. januara. Posle toga nema žalbe.", ["Rok je 1. januara.", "Posle toga nema žalbe."], id="ordinal"),
        pytest.param(
            "Рок је 1. јануара. После тога нема жалбе.", ["Рок је 1. јануара.", "После тога нема жалбе."], id="ordinal-Cyrl"
        ),
        pytest.param(
            "Takimi u mbajt më 12. nëntor. Morën pjesë tre.",
            ["Takimi u mbajt më 12. nëntor.", "Morën pjesë tre."],
            id="sq-ordinal",
        ),
        pytest.param(
            "Banorët, p.sh. fermerët, u ankuan. Komuna hesht.", ["Banorët, p.sh. fermerët, u ankuan.", "Komuna hesht."], id="psh"
        ),
        pytest.param("Da li je tako? Jeste! Idemo dalje…", ["Da li je tako?", "Jeste!", "Idemo dalje…"], id="marks"),
        pytest.param(
            "I pandehuri A. B. u dënua. Avokati u ankua.", ["I pandehuri A. B. u dënua.", "Avokati u ankua."], id="initials"
        ),
        pytest.param("Prva\nDruga bez tačke", ["Prva", "Druga bez tačke"], id="paragraphs"),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == parts


@given(st.text(alphabet="ab. !?…\nŽњë12„“ ", max_size=200))
@settings(max_examples=200, deadline=None)
def test_sentences_lose_no_character(text: str) -> None:
    assert gaps_are_blank(text, sentences(text))


def _document(text: str, **fields: str) -> Document:
    return Document(id="d", source="s", text=text, **fields)  # type: ignore[arg-type]


def test_passages_cover_all_fields_and_keep_their_offsets() -> None:
    document = _document(
        "Prva rečenica je ovde. " * 30 + "\n" + "Друга је овде. " * 40, title="Naslov vesti", lead="Uvod u vest."
    )
    found = passages(document)
    assert {passage.field for passage in found} == {"title", "lead", "text"}
    for passage in found:
        assert getattr(document, passage.field)[passage.start : passage.end] == passage.text
        assert len(passage.text.split()) <= 80
    assert gaps_are_blank(document.text, [(p.start, p.end) for p in found if p.field == "text"])
    assert {passage.paragraph for passage in found if passage.field == "text"} == {0, 1}


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "da " * 60_000, "." * 5000, "🙂" * 3000], ids=["one-word", "no-stop", "stops", "emoji"]
)
def test_endless_text_is_cut_and_nothing_is_lost(text: str) -> None:
    found = passages(_document(text))
    assert gaps_are_blank(text, [(passage.start, passage.end) for passage in found])
    assert max(len(passage.text) for passage in found) <= 1200
