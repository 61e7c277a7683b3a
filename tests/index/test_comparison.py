from __future__ import annotations

import pytest

from eho.annotation import AnnotatedDocument
from eho.errors import InputError
from index.comparison import CompareOptions, compare
from index.intervals import difference, estimate
from index.protocol import Index
from index.query import parse
from index.trends import TrendOptions
from tests.index.conftest import annotated, annotation

OWNERS = {"a": "public", "b": "private", "c": "public", "d": "private", "e": None}


def corpus(**sources: tuple[str, int, int]) -> list[AnnotatedDocument]:
    """Make documents: source -> language, how many, how many of them with narrative x."""
    return [
        annotated(f"{source}{n}", "tekst", *([annotation("x")] if n < hits else []), source=source, lang=lang)
        for source, (lang, count, hits) in sources.items()
        for n in range(count)
    ]


def rows(index: Index, a: str, b: str, **values: object) -> dict[str, object]:
    options = CompareOptions(TrendOptions(narratives=("x", "y")), **values)  # type: ignore[arg-type]
    return compare(index, parse(a), parse(b), parse(""), options)


def test_two_sources_and_what_their_difference_shows(index: Index) -> None:
    index.rebuild(corpus(a=("sq", 400, 60), b=("sq", 300, 15)), sequence=4)
    answer = rows(index, "source:a", "source:b")
    (row,) = answer["rows"]  # type: ignore[misc]
    expected = difference(estimate(0.15, 400), estimate(0.05, 300))
    assert row["narrative"] == "x" and row["verdict"] == "a_higher" and row["q"] <= 0.05
    assert row["difference"] == pytest.approx(expected.to_mapping())
    assert (row["a"]["count"], row["a"]["denominator"], row["b"]["count"]) == (60, 400, 15)
    assert answer["snapshot"] == "s4"


def test_a_difference_that_the_documents_cannot_show_is_not_claimed(index: Index) -> None:
    index.rebuild(corpus(a=("sq", 40, 6), b=("sq", 30, 2)), sequence=1)
    (row,) = rows(index, "source:a", "source:b")["rows"]  # type: ignore[misc]
    assert row["verdict"] == "cannot_say" and row["detectable"] > row["difference"]["share"] > 0


def test_languages_are_compared_within_outlets_of_one_type(index: Index) -> None:
    # public outlets carry it in 2 of 10, private in 1 of 50, in both languages; one language has more public ones
    index.rebuild(
        corpus(a=("sq", 300, 60), b=("sq", 100, 2), c=("sr-Latn", 100, 20), d=("sr-Latn", 300, 6), e=("sr-Latn", 50, 50)),
        sequence=1,
    )
    (plain,) = rows(index, "lang:sq", "lang:sr")["rows"]  # type: ignore[misc]
    answer = rows(index, "lang:sq", "lang:sr", match="ownership", types=OWNERS)
    (matched,) = answer["rows"]  # type: ignore[misc]
    assert plain["difference"]["share"] < -0.01
    assert matched["difference"]["share"] == pytest.approx(0.0, abs=1e-9) and matched["verdict"] == "cannot_say"
    assert matched["b"]["denominator"] == 400  # the outlet of unknown type is left out
    assert answer["method"]["matched"]["types"] == ["private", "public"]  # type: ignore[index]


def test_periods_are_sides_too(index: Index) -> None:
    early = [annotated(f"e{n}", "tekst", *([annotation("x")] if n < 30 else []), published_at="2026-03-10") for n in range(100)]
    late = [annotated(f"l{n}", "tekst", *([annotation("x")] if n < 5 else []), published_at="2026-06-10") for n in range(100)]
    index.rebuild([*early, *late], sequence=1)
    (row,) = rows(index, "date:2026-03", "date:2026-06")["rows"]  # type: ignore[misc]
    assert (row["a"]["share"], row["b"]["share"], row["verdict"]) == (0.3, 0.05, "a_higher")


@pytest.mark.parametrize(
    ("a", "b", "line"),
    [
        ("source:a", "lang:sq", "A and B have 20 documents in common"),
        ("source:a", "source:zz", "'source:zz' has no dated documents"),
    ],
)
def test_sides_that_cannot_be_compared(index: Index, a: str, b: str, line: str) -> None:
    index.rebuild(corpus(a=("sq", 20, 1), b=("sr-Latn", 20, 1)), sequence=1)
    with pytest.raises(InputError, match=line):
        rows(index, a, b)


def test_outlets_of_different_types_only(index: Index) -> None:
    index.rebuild(corpus(a=("sq", 20, 1), b=("sr-Latn", 20, 1)), sequence=1)
    with pytest.raises(InputError, match="public against private"):
        rows(index, "lang:sq", "lang:sr", match="ownership", types=OWNERS)
