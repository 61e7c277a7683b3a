"""explain and terms: queries in words, and the paired terms of a data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.http_schemas import ExplainAnswer, TermListAnswer
from index.term_list import TermList


@pytest.fixture
def home(eho, tmp_path: Path) -> Path:
    """A data folder of its own, empty."""
    assert eho("init", home=tmp_path).status == 0
    return tmp_path


def test_a_query_is_explained_in_every_language(eho, home: Path) -> None:
    ran = eho("explain", "~~povratnici stance:endorse", "--json", home=home)
    answer = ExplainAnswer.model_validate(ran.json)
    assert set(answer.explained) == {"sq", "sr-Latn", "sr-Cyrl", "en"}
    assert all(TermList.bundled().tag in text for text in answer.explained.values())
    assert answer.normal == "~~povratnici stance:endorse"
    assert answer.link == "/?q=~~povratnici+stance%3Aendorse"
    assert eho("explain", "čovek", "--language", "sr-Cyrl", home=home).out.startswith("документи у којима стоји")


def test_the_link_keeps_the_switch_for_other_forms(eho, home: Path) -> None:
    answer = eho("explain", "čovek", "--no-stems", "--json", home=home).json
    assert answer["link"] == "/?q=%C4%8Dovek&stems=false"
    assert "also other forms" not in answer["explained"]["en"]
    assert "also other forms" in eho("explain", "čovek", "--stems", "--json", home=home).json["explained"]["en"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        pytest.param("a )", "position 3", id="parenthesis"),
        pytest.param("~~nepostojeće", "eho terms add", id="no-pair"),
        pytest.param("narrative:nema", "There is no narrative 'nema'", id="narrative"),
        pytest.param("date:2026-02-31", "no day", id="no-such-day"),
    ],
)
def test_a_wrong_query_is_one_line(eho, home: Path, query: str, says: str) -> None:
    ran = eho("explain", query, home=home)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert says in ran.err


def test_a_pair_is_added_found_listed_and_removed(eho, home: Path) -> None:
    before = TermListAnswer.model_validate(eho("terms", "list", "--json", home=home).json)
    assert before.term_list == TermList.bundled().tag
    assert eho("explain", "~~шнајдер", home=home).status == 2
    added = eho("terms", "add", "--sq", "rrobaqepës", "--sr", "шнајдер", "--sr", "krojač", home=home)
    assert added.status == 0
    after = TermListAnswer.model_validate(eho("terms", "list", "rrobaqepes", "--json", home=home).json)
    assert [(pair.topic, pair.sr) for pair in after.pairs] == [("own", ["шнајдер", "krojač"])]
    assert after.term_list != before.term_list
    assert after.version == "1.own"
    assert f"“rrobaqepes” (term list {after.term_list})" in eho("explain", "~~šnajder", "--language", "en", home=home).out
    assert eho("terms", "add", "--sq", "rrobaqepes", "--sr", "krojac", home=home).status == 2
    assert eho("terms", "remove", "--sq", "rrobaqepës", "--sr", "krojač", home=home).status == 0
    assert eho("terms", "list", "krojač", "--json", home=home).json["pairs"] == []
    ran = eho("terms", "remove", "--sq", "rrobaqepës", "--sr", "krojač", home=home)
    assert (ran.status, ran.err.count("\n")) == (2, 1)


def test_a_list_broken_by_hand_is_named_in_one_line(eho, home: Path) -> None:
    (home / "terms.yaml").write_text("pairs: 3\n", encoding="utf-8")
    for command in (("terms", "list"), ("explain", "~~povratnici")):
        ran = eho(*command, home=home)
        assert (ran.status, ran.err.count("\n")) == (2, 1)
        assert "terms.yaml" in ran.err
    assert eho("explain", "povratnici", home=home).status == 0


def test_a_list_that_nobody_changed_is_renewed_by_init(eho, home: Path) -> None:
    assert "terms.yaml" not in eho("init", home=home).err
    assert eho("terms", "add", "--sq", "a", "--sr", "b", home=home).status == 0
    assert "terms.yaml" not in eho("init", home=home).err
    assert eho("terms", "list", "a", "--json", home=home).json["pairs"]


def test_other_forms_can_be_switched_off(eho, small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def total(*arguments: str) -> int:
        return int(eho("search", "povratnika", "--json", *arguments, home=small_home).json["total"])

    assert (total(), total("--stems"), total("--no-stems")) == (1, 1, 0)
    monkeypatch.setenv("EHO_SEARCH__STEMS", "false")
    assert (total(), total("--stems")) == (0, 1)
