from __future__ import annotations

import os
from pathlib import Path

import pytest

from eho.errors import InputError
from index.nodes import Paired, Phrase, Term
from index.query import parse
from index.term_list import TermList, bundled_text, to_yaml
from index.tokens import folded_words

ONE = 'version: "7"\npairs:\n- {sq: [të kthyerit], sr: [povratnici]}\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "terms.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def pairs_of(term: str) -> set[str]:
    found = TermList.bundled().find(folded_words(term))
    return {other for one in found for other in (one.pair.sr if one.language == "sq" else one.pair.sq)}


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        pytest.param("povratnici", "të kthyerit", id="sr"),
        pytest.param("повратници", "të kthyerit", id="sr-cyrl"),
        pytest.param("povratnicima", "të kthyerit", id="another-form"),
        pytest.param("të kthyerit", "povratnici", id="sq"),
        pytest.param("te kthyerve", "povratnici", id="sq-another-form"),
        pytest.param("luftëtarë të huaj", "strani borci", id="sq-words"),
        pytest.param("држављанство", "shtetësi", id="citizenship"),
        pytest.param("burgu", "zatvor", id="prison"),
        pytest.param("majka", "nënë", id="mothers"),
        pytest.param("jetimët", "siroče", id="orphans"),
        pytest.param("nestala lica", "personat e zhdukur", id="missing"),
        pytest.param("krimet e luftës", "ratni zločini", id="war-crimes"),
        pytest.param("Islamska država", "Shteti Islamik", id="isis"),
        pytest.param("Ministarstvo pravde", "Ministria e Drejtësisë", id="ministry"),
    ],
)
def test_the_list_pairs_the_subject_in_both_directions(term: str, expected: str) -> None:
    assert expected in pairs_of(term)


def test_the_list_is_long_enough_and_written_as_it_would_be_written_again() -> None:
    terms = TermList.bundled()
    assert len(terms.pairs) >= 300
    assert to_yaml(terms) == bundled_text()


def test_an_edited_list_has_another_name_and_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path, ONE)
    before = TermList.load(path)
    assert before.tag.startswith("7+")
    write(tmp_path, ONE + "- {sq: [kampi], sr: [logor, kamp]}\n")
    os.utime(path, ns=(1, 1))
    after = TermList.load(path)
    assert after.tag != before.tag
    assert [one.pair.sr for one in after.find(["kampi"])] == [("logor", "kamp")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("version: [", "is no YAML", id="no-yaml"),
        pytest.param("- a", "the file", id="a-list"),
        pytest.param('version: "1"\n', "pairs", id="no-pairs"),
        pytest.param('version: "1"\npairs:\n- {sq: [a]}\n', "pairs.0.sr", id="one-side"),
        pytest.param('version: "1"\npairs:\n- {sq: [], sr: [a]}\n', "pairs.0.sq", id="empty-side"),
        pytest.param('version: "1"\npairs:\n- {sq: ["…"], sr: [a]}\n', "no letters or digits", id="no-letters"),
        pytest.param('version: "1"\npairs:\n- {sq: ["kth*"], sr: [a]}\n', "signs of the query language", id="pattern"),
        pytest.param('version: "1"\npairs:\n- {sq: [a b c d e f g], sr: [a]}\n', "7 words", id="too-many-words"),
        pytest.param('version: "1"\npairs:\n- {sq: [a], sr: [b], en: [c]}\n', "pairs.0.en", id="unknown-language"),
        pytest.param('version: "1"\npairs:\n- {sq: [ë], sr: [č]}\n- {sq: [e], sr: [ч]}\n', "paired twice", id="twice"),
    ],
)
def test_a_broken_list_is_named_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        TermList.load(write(tmp_path, text))
    assert says in str(caught.value)
    assert "terms.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pair_is_searched_in_the_forms_of_its_own_language() -> None:
    node = parse("~~povratnici").root
    assert isinstance(node, Paired)
    assert node.term_list == TermList.bundled().tag
    assert node.parts == (Term("povratnici"), Phrase(("te", "kthyerit"), forms_in=("sq",)))


def test_without_stems_every_listed_term_is_searched_as_written() -> None:
    node = parse("title:~~povratnici", stems=False).root
    assert isinstance(node, Paired)
    expected = [
        Term("povratnici", "title", forms_in=()),
        Phrase(("te", "kthyerit"), field="title"),
        Phrase(("i", "kthyer"), field="title"),
    ]
    assert list(node.parts) == expected
