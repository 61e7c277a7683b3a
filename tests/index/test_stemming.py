from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eho.folding import fold_text
from index.stemming import RULES, STEM_LANGUAGES, StemLanguage, stem, stem_languages, stem_tokens


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        pytest.param("sq", "kthyer kthyerit kthyerve kthyera", id="sq-participle"),
        pytest.param("sq", "shkolla shkollë shkollës shkollave shkollat", id="sq-feminine"),
        pytest.param("sq", "fëmijë fëmijët fëmijëve fëmijës", id="sq-plural"),
        pytest.param("sq", "luftëtar luftëtarët luftëtarëve", id="sq-masculine"),
        pytest.param("sq", "Kosova Kosovës Kosovën Kosovë", id="sq-name"),
        pytest.param("sq", "i e të së", id="sq-articles"),
        pytest.param("sr", "povratnik povratnika povratnici povratnicima povratnike", id="sr-sibilarised"),
        pytest.param("sr", "повратник повратника повратници povratnicima", id="sr-both-scripts"),
        pytest.param("sr", "škola škole školi školu školama", id="sr-feminine"),
        pytest.param("sr", "borac borci boraca borcima", id="sr-fleeting-a"),
        pytest.param("sr", "državljanstvo državljanstva državljanstvu", id="sr-neuter"),
    ],
)
def test_forms_of_a_word_have_one_stem(language: StemLanguage, forms: str) -> None:
    assert len({stem(fold_text(form), language) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        pytest.param("sq", "shqiptar", "shqipe", id="sq-people-and-language"),
        pytest.param("sq", "kthyer", "kthjellët", id="sq-same-beginning"),
        pytest.param("sr", "vlada", "vladika", id="sr-government-and-bishop"),
        pytest.param("sr", "srbi", "srbija", id="sr-people-and-state"),
        pytest.param("sr", "škola", "školjka", id="sr-same-beginning"),
    ],
)
def test_different_words_stay_apart(language: StemLanguage, first: str, second: str) -> None:
    assert stem(fold_text(first), language) != stem(fold_text(second), language)


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("sq", ("sq",)),
        ("sr-Latn", ("sr",)),
        ("sr-Cyrl", ("sr",)),
        ("bs", ("sr",)),
        ("cnr", ("sr",)),
        ("und", STEM_LANGUAGES),
        (None, STEM_LANGUAGES),
        ("en", ()),
    ],
)
def test_a_text_is_stemmed_in_its_own_language(lang: str | None, expected: tuple[StemLanguage, ...]) -> None:
    assert stem_languages(lang) == expected


def test_stems_of_two_languages_never_meet() -> None:
    assert not set(stem_tokens(["para", "sud"], "sq")) & set(stem_tokens(["para", "sud"], "sr"))


@given(st.text(max_size=80), st.sampled_from(STEM_LANGUAGES))
def test_any_word_has_a_stem_without_spaces(word: str, language: StemLanguage) -> None:
    folded = fold_text(word)
    found = stem(folded, language)
    assert len(found) <= len(folded) + 2
    assert bool(found) == bool(folded)
    assert found == folded or not any(char.isspace() for char in found)


@pytest.mark.parametrize("language", STEM_LANGUAGES)
def test_rules_are_sorted_distinct_and_take_no_more_than_their_suffix(language: StemLanguage) -> None:
    lines = [line for line in RULES[language].read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = [line.split("\t") for line in lines]
    assert len(rows) > 300
    assert all(first[0] < second[0] for first, second in pairwise(rows))
    for suffix, stripped, added in rows:
        assert int(stripped) <= len(suffix.removeprefix("^"))
        assert added == "" or added.isalpha()
