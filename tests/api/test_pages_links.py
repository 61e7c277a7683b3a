from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from api.pages_links import SearchAsked, TrendAsked, month_days
from api.pages_search import error_place
from eho.errors import InputError, QueryError

ASKED = {
    "q": 'čovek "të kthyer" & x',
    "narrative": "returnee_rejection",
    "from": "2026-09-01",
    "to": "2026-09-30",
    "copies": "all",
}


def test_an_address_is_read_and_written_without_loss() -> None:
    link = SearchAsked.read(ASKED | {"ui": "sq", "unknown": "x"}).link("/")
    assert dict(parse_qsl(urlsplit(link).query)) == ASKED


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"from": "3.9.2026"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"from": "2026-09-02", "to": "2026-09-01"}, "from"),
        ({"sort": "best"}, "sort"),
        ({"copies": "none"}, "copies"),
    ],
    ids=str,
)
def test_bad_values_are_named(parameters: dict[str, str], field: str) -> None:
    with pytest.raises(InputError) as caught:
        SearchAsked.read(parameters)
    assert caught.value.field == field


@pytest.mark.parametrize(("name", "value"), [("by", "year"), ("split", "party"), ("measure", "sum")])
def test_bad_choices_of_a_trend_are_named(name: str, value: str) -> None:
    with pytest.raises(InputError, match=f"{name} is '{value}'"):
        TrendAsked.read({name: value})


@pytest.mark.parametrize(
    ("month", "days"),
    [
        ("2026-09", ("2026-09-01", "2026-09-30")),
        ("2026-12", ("2026-12-01", "2026-12-31")),
        ("2028-02", ("2028-02-01", "2028-02-29")),
    ],
)
def test_a_month_is_a_range_of_days(month: str, days: tuple[str, str]) -> None:
    assert month_days(month) == days
    asked = SearchAsked.read(dict(parse_qsl(urlsplit(SearchAsked().facet_link("month", month)).query)))
    assert asked.chosen("month") == month


def test_a_choice_starts_at_the_first_page_and_can_be_taken_away() -> None:
    asked = SearchAsked(q="x", cursor="abc", lang="sq")
    assert SearchAsked(q="x", lang="sq", stance="counter").link("/") == asked.facet_link("stance", "counter")
    assert asked.facet_link("lang", "") == "/?q=x"


def test_the_trend_of_a_search_keeps_its_filters() -> None:
    asked = SearchAsked(q="a OR b", narrative="returnee_rejection", stance="counter", lang="sq", start="2026-09-01")
    query = dict(parse_qsl(urlsplit(asked.trend_link()).query))
    assert query == {"q": "(a OR b) lang:sq stance:counter", "narrative": "returnee_rejection", "from": "2026-09-01"}


@pytest.mark.parametrize(
    ("query", "position", "marked"),
    [
        ("(a OR", 0, ("", "(", "a OR")),
        ("a narative:x b", 2, ("a ", "narative", ":x b")),
        ("a", 9, ("a", " ", "")),
        ("a", None, None),
    ],
)
def test_the_place_of_an_error_is_marked(query: str, position: int | None, marked: tuple[str, str, str] | None) -> None:
    assert error_place(query, QueryError("wrong", position=position)) == marked
