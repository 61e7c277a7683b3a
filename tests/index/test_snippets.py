from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eho.folding import fold_text
from index.nodes import Fuzzy, Phrase, Term, Wildcard, pattern_of, text_leaves
from index.query import parse
from index.snippets import best_snippet, find_matches, is_within, merge
from index.term_list import TermList
from index.tokens import exact_words, folded_words
from index.vocabulary import Vocabulary

TEXT = "Повратници из Сирије (ђаци) traže čovečnost; përplasje në Al-Hol. Povratnici."


def marked(query: str, text: str = TEXT) -> list[str]:
    return [text[match.start : match.end] for match in find_matches(text, text_leaves(parse(query).root), "text")]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("povratnici", ["Повратници", "Povratnici"]),
        ("djaci", ["ђаци"]),
        ("đaci", ["ђаци"]),
        ("covecnost", ["čovečnost"]),
        ("perplasje", ["përplasje"]),
        ('"iz Sirije"', ["из Сирије"]),
        ("al-hol", ["Al-Hol"]),
        ("povrat*", ["Повратници", "Povratnici"]),
        ("*plasje", ["përplasje"]),
        ("čovečnist~1", ["čovečnost"]),
        ('"povratnici sirije"~1', ["Повратници", "Сирије"]),
        ('"povrat* iz"', ["Повратници из"]),
        ('"povratnici"!', ["Povratnici"]),
        ('"повратници"!', ["Повратници"]),
        ("povratnici NOT sirije", ["Повратници", "Povratnici"]),
        ("title:povratnici", []),
        ("text:povratnici lang:sr", ["Повратници", "Povratnici"]),
    ],
)
def test_marks_stand_on_the_text_as_published(query: str, expected: list[str]) -> None:
    assert marked(query) == expected


ALPHABET = "аљђчЉnjdžčćđëçabo lj-.,Ž\u0301ﬁĲ⟦⟧e\u0308"


@pytest.mark.parametrize(
    ("query", "lang", "expected"),
    [
        pytest.param("povratnika", "sr-Latn", ["Повратници", "Povratnici"], id="sr"),
        pytest.param("povratnika", None, ["Повратници", "Povratnici"], id="unknown-language"),
        pytest.param("povratnika", "sq", [], id="another-language"),
        pytest.param('"povratnika"', "sr-Latn", [], id="quoted"),
        pytest.param("sirija title:povratnik", "sr-Latn", ["Сирије"], id="only-in-the-field"),
        pytest.param("~~përplasje", "sq", ["përplasje"], id="pair"),
    ],
)
def test_other_forms_are_marked_in_texts_of_their_language(query: str, lang: str | None, expected: list[str]) -> None:
    terms = TermList.model_validate({"version": "1", "pairs": [{"sq": ["përplasje"], "sr": ["sukob"]}]})
    leaves = text_leaves(parse(query, Vocabulary(term_list=lambda: terms)).root)
    assert [TEXT[match.start : match.end] for match in find_matches(TEXT, leaves, "text", lang)] == expected


@given(st.text(ALPHABET, min_size=1, max_size=300), st.data())
@settings(max_examples=300, deadline=None)
def test_every_mark_folds_to_what_was_asked(text: str, data: st.DataObject) -> None:
    words = folded_words(text)
    if not words:
        return
    word = data.draw(st.sampled_from(words))
    leaves = [Term(word, forms_in=()), Wildcard(word[:2] + "*"), Fuzzy(word, 1), Phrase(tuple(words[:2]))]
    matches = find_matches(text, leaves, "text")
    assert {match.leaf for match in matches} == {0, 1, 2, 3}
    for match in matches:
        found = folded_words(text[match.start : match.end])
        leaf = leaves[match.leaf]
        if isinstance(leaf, Phrase):
            assert found == list(leaf.words)
        elif isinstance(leaf, Wildcard):
            assert pattern_of(leaf.pattern).fullmatch("".join(found))
        elif isinstance(leaf, Fuzzy):
            assert is_within(word, "".join(found), 1)
        else:
            assert found == [word]
    snippet = best_snippet(text, matches)
    assert snippet.text in text
    marks = merge((match.start, match.end) for match in matches)
    for start, end in snippet.highlights:
        assert 0 <= start < end <= len(snippet.text)
        assert any(snippet.text[start:end] in text[first:last] for first, last in marks)


@given(st.text(ALPHABET, min_size=1, max_size=100))
def test_exact_words_are_marked_as_spelt(text: str) -> None:
    for word in exact_words(text):
        matches = find_matches(text, [Phrase((word,), exact=True)], "text")
        assert matches
        assert all(exact_words(text[match.start : match.end]) == [word] for match in matches)


def test_the_stretch_with_most_of_the_query_is_shown() -> None:
    text = "alfa " + "x " * 400 + "alfa beta " + "y " * 400 + "beta"
    matches = find_matches(text, text_leaves(parse("alfa beta").root), "text")
    snippet = best_snippet(text, matches)
    assert len(snippet.text) <= 230
    assert [snippet.text[start:end] for start, end in snippet.highlights] == ["alfa", "beta"]


def test_no_word_is_cut() -> None:
    text = " ".join(f"reč{number:04}" for number in range(400))
    snippet = best_snippet(text, find_matches(text, [Term("rec0200")], "text"))
    assert all(re.fullmatch(r"reč\d{4}", word) for word in snippet.text.split())
    assert all(re.fullmatch(r"reč\d{4}", word) for word in best_snippet(text, []).text.split())


@pytest.mark.parametrize(
    ("word", "distance", "expected"),
    [("povratnik", 0, True), ("povratnki", 1, True), ("povratnki", 0, False), ("povrtanki", 2, True), ("pvrtnik", 1, False)],
)
def test_spelling_distance(word: str, distance: int, expected: bool) -> None:
    assert is_within("povratnik", word, distance) is expected


def test_masked_details_are_no_words() -> None:
    assert folded_words("Dete ⟦person⟧ iz ⟦school⟧ ulice") == ["dete", "iz", "ulice"]
    assert fold_text("⟦") not in folded_words("⟦person⟧")
