"""Words near each other: in any order, each at a place of its own, with at most so many others among them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eho.errors import QueryError
from index.answers import SearchOptions
from index.nodes import Fuzzy, Query
from index.protocol import Index
from index.proximity import near
from index.query import parse
from index.snippets import is_within
from tests.index.conftest import ENGINES, annotated, opened

TEXTS = {
    "row": "povratnici iz kampa traže školu",
    "far": "povratnici su jutros iz dalekog kampa",
    "back": "iz kampa se vraćaju povratnici",
    "twice": "deca i opet deca",
    "once": "deca i njihove majke",
    "sq": "të kthyerit nga kampi kërkojnë shkollë",
    "cyrl": "повратници из кампа траже школу",
}


@pytest.fixture(scope="module", params=ENGINES)
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with opened(request, tmp_path_factory.mktemp("near")) as made:
        made.rebuild([annotated(name, text) for name, text in TEXTS.items()], sequence=1)
        yield made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param('"povratnici iz kampa"~1', {"row", "cyrl"}, id="three-in-a-row"),
        pytest.param('"povratnici iz kampa"~2', {"row", "cyrl", "back"}, id="three-two-between-any-order"),
        pytest.param('"povratnici iz kampa"~3', {"row", "cyrl", "back", "far"}, id="three-three-between"),
        pytest.param('"kampa povratnici iz"~2', {"row", "cyrl", "back"}, id="three-typed-in-another-order"),
        pytest.param('"повратници школу кампа"~2', {"row", "cyrl"}, id="three-cyrillic"),
        pytest.param('"shkollë kthyerit nga kampi"~1', {"sq"}, id="four-albanian"),
        pytest.param('"shkollë kthyerit kampi"~1', set(), id="three-albanian-too-far"),
        pytest.param('"deca deca"~2', {"twice"}, id="one-word-twice"),
        pytest.param('"deca deca"~1', set(), id="one-word-twice-too-far"),
        pytest.param('"dec* deca"~2', {"twice"}, id="pattern-and-its-word"),
        pytest.param('"pov* povrat*"~5', set(), id="two-patterns-of-one-word"),
        pytest.param('"kamp* pov*"~1', {"row", "cyrl"}, id="two-patterns-of-two-words"),
        pytest.param('"škol* povratnici tra*"~2', {"row", "cyrl"}, id="three-with-patterns"),
        pytest.param('"traže kampa povratnici"!~1', {"row"}, id="exact-spelling"),
    ],
)
def test_both_engines_mean_the_same(index: Index, query: str, expected: set[str]) -> None:
    answer = index.search(parse(query), SearchOptions())
    assert {hit.id for hit in answer.hits} == expected
    assert all(snippet.highlights for hit in answer.hits for snippet in hit.snippets)


@pytest.mark.parametrize("word", ["dec", "deca", "isl"])
def test_short_words_are_within_two_letters_in_both_engines(index: Index, word: str) -> None:
    words = {word for text in TEXTS.values() for word in parse(f'"{text}"').root.words}  # type: ignore[union-attr]
    answer = index.search(Query("", Fuzzy(word, 2)), SearchOptions(limit=50))
    expected = {
        name
        for name, text in TEXTS.items()
        if any(is_within(word, one, 2) for one in parse(f'"{text}"').root.words)  # type: ignore[union-attr]
    }
    assert words and {hit.id for hit in answer.hits} == expected


def test_the_deepest_query_is_answered(index: Index) -> None:
    text = "deca"
    for level in range(10):
        text = f"(opet OR NOT ({text} narrative:x))" if level % 2 else f"(majke NOT {text} OR kampa (severity:>2 OR jutros))"
        if level >= 4:
            break
    assert index.search(parse(text), SearchOptions()).total >= 0
    deep = "(" * 10 + "deca" + " OR NOT majke NOT opet)" * 10
    assert index.search(parse(deep), SearchOptions(sort="date")).total >= 2
    with pytest.raises(QueryError, match="nested too deep"):
        parse("(" * 11 + "a" + ")" * 11)


def test_many_patterns_near_each_other_are_refused() -> None:
    with pytest.raises(QueryError, match="5 words near each other"):
        parse('"a b c d ef*"~3')


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=2, max_size=4), st.integers(0, 4))
def test_near_is_what_trying_every_choice_of_places_finds(positions: list[list[int]], slop: int) -> None:
    size = len(positions)
    places = sorted({place for group in positions for place in group})
    chosen = [
        some
        for some in combinations(places, size)
        if some[-1] - some[0] < size + slop and any(_fits(order, positions) for order in permutations(some))
    ]
    assert bool(near(positions, slop)) is bool(chosen)
    assert near(positions, slop) >= {place for some in chosen for place in some}


def _fits(order: tuple[int, ...], positions: list[list[int]]) -> bool:
    return all(place in group for place, group in zip(order, positions, strict=True))


@given(st.text("abc", min_size=3, max_size=4), st.text("abcd", min_size=1, max_size=2))
def test_the_short_words_that_lucene_leaves_out_are_asked_for(word: str, target: str) -> None:
    from index.elasticsearch.compiler import compile_query

    def finds(clause: dict[str, object]) -> bool:
        kind, body = next(iter(clause.items()))
        if kind == "bool":
            return any(finds(one) for one in body["should"])  # type: ignore[index]
        if kind == "constant_score":
            return finds(body["filter"])  # type: ignore[index]
        if kind == "terms":
            return target in next(iter(body.values()))  # type: ignore[attr-defined]
        if kind == "wildcard":
            value = next(iter(body.values()))["value"]  # type: ignore[attr-defined]
            return len(value) == len(target) and all(a in ("?", b) for a, b in zip(value, target, strict=True))
        edits = next(edits for edits in (0, 1, 2, 3) if is_within(word, target, edits) or edits == 3)
        return edits <= 2 and (edits == 0 or 1 - edits / min(len(word), len(target)) > 0)  # Lucene's FuzzyTermsEnum

    asked = compile_query(Fuzzy(word, 2, "title"), include_needs_review=False)
    assert finds(asked) is is_within(word, target, 2)
