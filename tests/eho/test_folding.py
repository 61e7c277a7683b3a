"""Folding: all spellings alike, offsets always valid, idempotent."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eho.folding import fold, fold_text

ALPHABET = (
    "abcčćdđeëfghijklmnoprsštuvzžçqxyABČĆĐËŠŽ абвгдђежзијклљмнњопрстћуфхцчџшЂЉЊЋЏШѓќѕЃЌ "
    "ǆǉǌǅ“”„'’«»\u00ad\u200b\u0301\u0308İßﬁ…–1 "
)
texts = st.one_of(st.text(alphabet=ALPHABET, max_size=60), st.text(max_size=60))


@pytest.mark.parametrize(
    "spellings",
    [
        pytest.param(["čovek", "covek", "човек", "Čovek", "ČOVEK", "c\u030covek", "чове\u00adк", "чо\u200bвек"], id="covek"),
        pytest.param(["përplasje", "perplasje", "PËRPLASJE", "pe\u0308rplasje"], id="perplasje"),
        pytest.param(["đavo", "djavo", "ђаво", "Djavo", "ĐAVO", "DJAVO", "ЂАВО"], id="djavo"),
        pytest.param(["ljubav", "љубав", "ǉubav", "Ljubav", "LJUBAV", "Љубав", "ǈubav"], id="ljubav"),
        pytest.param(["njiva", "њива", "ǌiva"], id="njiva"),
        pytest.param(["džamija", "dzamija", "џамија", "ǆamija", "Ǆamija"], id="dzamija"),
        pytest.param(["çështje", "ceshtje", "c\u0327e\u0308shtje"], id="ceshtje"),
        pytest.param(["Косово", "Kосово", "Коsovo", "Kosovo", "Kosоvо"], id="look-alikes"),
        pytest.param(["Ѓорѓи", "Gjorgji", "Г\u0301орг\u0301и"], id="macedonian"),
        pytest.param(["„Nema predaje“", '"nema predaje"', "“Нема предаје”", "»nema predaje«"], id="quotes"),
    ],
)
def test_spellings_fold_alike(spellings: list[str]) -> None:
    assert len({fold(spelling).text for spelling in spellings}) == 1
    assert len({fold(spelling, keep_case=True).text.casefold() for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("shqiptar", "Šiptar"), ("shka", "čka"), ("shka", "ška"), ("sat", "šahat"), ("dak", "đak")]
)
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert fold(one).text != fold(other).text


@pytest.mark.parametrize("capitals", ["LJUBAV", "ЉУБАВ", "ǇUBAV"])
def test_capital_digraphs_keep_their_case(capitals: str) -> None:
    assert fold(capitals, keep_case=True).text == "LJUBAV"


def test_span_of_cyrillic_word_maps_to_its_letters() -> None:
    folded = fold("Из Сирије: љубав и ђаци")
    start = folded.text.index("ljubav")
    assert folded.original[slice(*folded.to_original(start, start + 6))] == "љубав"
    start = folded.text.index("djaci")
    assert folded.original[slice(*folded.to_original(start, start + 5))] == "ђаци"
    assert folded.original[slice(*folded.to_original(start + 1, start + 3))] == "ђа"


def test_span_keeps_combining_marks_whole() -> None:
    folded = fold("ta ishte pe\u0308rplasje, tha")
    start = folded.text.index("perplasje")
    assert folded.original[slice(*folded.to_original(start, start + 9))] == "pe\u0308rplasje"


@given(texts, st.booleans())
@settings(max_examples=400)
def test_idempotent(text: str, keep_case: bool) -> None:
    once = fold(text, keep_case=keep_case).text
    assert fold(once, keep_case=keep_case).text == once


@given(texts, st.booleans())
@settings(max_examples=400)
def test_fold_text_equals_fold(text: str, keep_case: bool) -> None:
    assert fold_text(text, keep_case=keep_case) == fold(text, keep_case=keep_case).text


@given(texts, st.data())
@settings(max_examples=400)
def test_every_folded_span_maps_back(text: str, data: st.DataObject) -> None:
    folded = fold(text)
    start = data.draw(st.integers(0, len(folded.text)))
    end = data.draw(st.integers(start, len(folded.text)))
    first, last = folded.to_original(start, end)
    assert 0 <= first <= last <= len(text)
    if end > start:
        assert first < last
        assert folded.text[start:end] in fold(text[first:last]).text or _cuts_a_word_of_mixed_script(text, first, last)
        back_start, back_end = folded.to_folded(first, last)
        assert back_start <= start
        assert back_end >= end


@pytest.mark.parametrize("dropped", ["\u00adA\u0301", "A\u0301\u00adB", "A\u0301\u00ad"])
def test_dropped_characters_beside_decomposed_letters_keep_the_offsets(dropped: str) -> None:
    folded = fold(dropped)
    for at in range(len(folded.text)):
        start, end = folded.to_original(at, at + 1)
        assert folded.to_folded(start, end) == (at, at + 1)


def _cuts_a_word_of_mixed_script(text: str, first: int, last: int) -> bool:
    """A look-alike repair and a composition need the whole word: a part cut out of such a word may fold otherwise."""
    start, end = first, last
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    word = text[start:end]
    mixed = any("Ѐ" <= char <= "ӿ" for char in word) and any(char.isalpha() and not "Ѐ" <= char <= "ӿ" for char in word)
    return mixed or not unicodedata.is_normalized("NFC", word) or any(unicodedata.combining(char) for char in word)


@given(st.text(alphabet=ALPHABET, max_size=40))
def test_normal_forms_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)).text == fold(unicodedata.normalize("NFC", text)).text


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 1), (0, 99)])
def test_bad_spans_are_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="does not lie"):
        fold("Косово").to_original(start, end)
