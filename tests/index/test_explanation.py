from __future__ import annotations

import re
from typing import get_args

import pytest

from eho.codebook import Codebook
from index.answers import ExplainLanguage
from index.explanation import _PHRASES, explain
from index.nodes import Node
from index.query import parse
from index.vocabulary import Vocabulary

EVERYTHING = (
    'a ~~povratnici "b c" "d e"~3 "f"! gh* ijk~1 title:l text:m (n OR NOT o) source:p lang:sr kind:post sense:ambiguous entity:q cluster:r '
    "date:[2026-01 TO 2026-02] narrative:s stance:counter speaker:u target:v severity:>=3 reviewed:two"
)


def root(text: str) -> Node:
    return parse(text).root


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            "documents with the word “povratnici” (also other forms) and one annotation with (narrative: x and not stance: endorse)",
        ),
        (
            "sq",
            "dokumente me: fjala “povratnici” (edhe në forma të tjera) dhe një shënim me: (narrativa: x dhe jo qëndrimi: endorse)",
        ),
        (
            "sr-Latn",
            "dokumenti u kojima stoji: reč „povratnici“ (i u drugim oblicima) i jedna oznaka: (narativ: x i ne stav: endorse)",
        ),
        (
            "sr-Cyrl",
            "документи у којима стоји: реч „povratnici“ (и у другим облицима) и једна ознака: (наратив: x и не став: endorse)",
        ),
    ],
)
def test_a_query_in_words(language: ExplainLanguage, expected: str) -> None:
    assert explain(root("povratnici narrative:x NOT stance:endorse"), language) == expected


@pytest.mark.parametrize("language", get_args(ExplainLanguage))
def test_every_construct_can_be_said_in_every_language(language: ExplainLanguage) -> None:
    said = explain(root(EVERYTHING), language, include_needs_review=False)
    assert "{" not in said
    for value in ("2026-01-01", "2026-02-28", "ijk", "gh*", "d e", "sr"):
        assert value in said
    assert set(_PHRASES[language]) == set(_PHRASES["en"])


def test_cyrillic_holds_no_latin_letters_of_its_own() -> None:
    assert not [phrase for phrase in _PHRASES["sr-Cyrl"].values() if re.search(r"[A-Za-zčćžšđ]", phrase)]


def test_names_come_from_the_codebook() -> None:
    codebook = Codebook.load()
    said = explain(root("narrative:returnee_security_threat"), "sq", Vocabulary.from_codebook(codebook))
    label = next(one.labels["sq"] for one in codebook.narratives if one.id == "returnee_security_threat")
    assert label in said


def test_nothing_asked_means_all_documents() -> None:
    assert explain(root(""), "en") == "all documents"
