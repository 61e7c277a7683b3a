"""Phrases: stop words go, spelling comes back, nobody's name is shown who is not publicly known."""

from __future__ import annotations

import pytest

from nlp.phrases import PhraseBook, read_words

_TEXTS = {
    "sq": ["Arben Kelmendi foli për përplasje. Dje Arben Kelmendi tha se përplasja në Prishtinë u shmang."] * 2,
    "sr-Latn": ["Ti povratnici su u školi. Juče je Milutin Perić rekao da škola u Prištini radi."] * 2,
    "sr-Cyrl": ["Ти повратници су у школи. Јуче је Милутин Перић рекао да школа у Приштини ради."] * 2,
    "ascii": ["Ti povratnici su u skoli. Juce je Milutin Peric rekao da skola u Pristini radi."] * 2,
}


@pytest.mark.parametrize(
    ("key", "shown", "hidden"),
    [
        ("sq", {"perplasja", "prishtine"}, {"arben", "kelmendi", "arben_kelmendi", "nga", "dje"}),
        ("sr-Latn", {"povratnici", "skola", "pristini"}, {"milutin", "peric", "milutin_peric", "juce"}),
        ("sr-Cyrl", {"povratnici", "skola", "pristini"}, {"milutin", "peric", "milutin_peric", "juce"}),
        ("ascii", {"povratnici", "skola", "pristini"}, {"milutin", "peric", "milutin_peric", "juce"}),
    ],
    ids=list(_TEXTS),
)
def test_terms_are_subjects_and_known_names(key: str, shown: set[str], hidden: set[str]) -> None:
    texts = _TEXTS[key]
    terms = set(PhraseBook(texts, ["sq" if key == "sq" else "sr"] * len(texts)).terms()[0])
    assert shown <= terms
    assert not hidden & terms


def test_spelling_is_the_most_frequent_one_of_each_language() -> None:
    book = PhraseBook(["Përplasje, përplasje, perplasje.", "Škola i ŠKOLA, школа."], ["sq", "sr"])
    assert book.spellings({"perplasje", "skola"}) == {("perplasje", "sq"): "përplasje", ("skola", "sr"): "škola"}


def test_pairs_stand_side_by_side_and_markers_part_them() -> None:
    book = PhraseBook(["krizë energjetike, çmimi ⟦person⟧ rrymës dhe faturat"], ["sq"])
    terms = book.terms()[0]
    assert "krize_energjetike" in terms
    assert not {"energjetike_cmimi", "cmimi_rrymes", "person", "rrymes_faturat"} & set(terms)


@pytest.mark.parametrize(
    ("title", "is_hidden"),
    [
        ("⟦person⟧ u kthye nga Siria", True),
        ("Policia gjeti Arben Kelmendin në fshat", True),
        ("Rritet çmimi i rrymës në Kosovë", False),
        ("Kryetarja hapi shkollën e re", False),
    ],
    ids=["marker", "unknown name", "place", "no name"],
)
def test_titles_with_names_that_are_not_public_are_withheld(title: str, is_hidden: bool) -> None:
    assert PhraseBook([title], ["sq"]).names_somebody(title, "sq") is is_hidden


def test_a_word_seen_only_where_sentences_open_may_be_a_name_and_is_held_back() -> None:
    assert PhraseBook(["Povratnici su u školi."], ["sr"]).terms() == [["skoli"]]


def test_a_capital_after_a_stop_says_nothing() -> None:
    found = {word.text: word.opens for word in read_words("Erdhi pranvera. Vera vjen pas Agimit.")}
    assert found == {"Erdhi": True, "pranvera": False, "Vera": True, "vjen": False, "pas": False, "Agimit": False}
