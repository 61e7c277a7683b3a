"""search, show, trends and report on the demonstration outlets, in all three forms."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from api.http_schemas import DocumentAnswer, SearchAnswer, TrendAnswer


def _csv(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff# query: ")
    lines = text.removeprefix("\ufeff").split("\r\n", 2)
    assert lines[1].startswith("# snapshot: s")
    return list(csv.DictReader(io.StringIO(lines[2])))


def test_search_answers_in_the_shape_of_the_interface(eho, demo_home: Path) -> None:
    ran = eho("search", "povratni*", "--limit", "5", "--json", home=demo_home)
    assert (ran.status, ran.err, ran.out.count("\n")) == (0, "", 1)
    answer = ran.json
    SearchAnswer.model_validate(answer)
    assert len(answer["hits"]) == 5 < answer["total"]
    assert answer["query"] == "povratni*" and answer["next"] and answer["snapshot"].startswith("s")
    for hit in answer["hits"]:
        for snippet in hit["snippets"]:
            assert all(0 <= start < end <= len(snippet["text"]) for start, end in snippet["highlights"])


@pytest.mark.parametrize(
    "spellings",
    [("čovek", "covek", "човек", "ČOVEK"), ("fëmijët", "femijet"), ("povratnic*", "повратниц*")],
    ids=["sr", "sq", "wildcard"],
)
def test_spellings_find_the_same(eho, demo_home: Path, spellings: tuple[str, ...]) -> None:
    found = [[hit["id"] for hit in eho("search", word, "--json", home=demo_home).json["hits"]] for word in spellings]
    assert found[0] and all(ids == found[0] for ids in found)


def test_the_cursor_leads_through_every_hit_once(eho, demo_home: Path) -> None:
    seen: list[str] = []
    cursor: list[str] = []
    while True:
        answer = eho("search", "Klin*", "--limit", "4", "--json", *cursor, home=demo_home).json
        seen += [hit["id"] for hit in answer["hits"]]
        if answer["next"] is None:
            break
        cursor = ["--cursor", answer["next"]]
    assert len(seen) == len(set(seen)) == answer["total"] > 4


def _holds(name: str, hit: dict[str, Any]) -> bool:
    if name == "stance":
        return any(one["narrative"] == "reintegration_success" and one["stance"] == "endorse" for one in hit["annotations"])
    month = hit["published_at"][:7]
    return {
        "source": hit["source"] in ("vala-e-re", "lugina-info"),
        "lang": hit["lang"].startswith("sr"),
        "days": month == "2026-10",
    }[name]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("source", ["--source", "vala-e-re", "--source", "lugina-info"]),
        ("lang", ["--lang", "sr"]),
        ("days", ["--from", "2026-10-02", "--to", "2026-10-30"]),
        ("stance", ["--narrative", "reintegration_success", "--stance", "endorse", "--include-needs-review"]),
    ],
    ids=["source", "lang", "days", "stance"],
)
def test_filters_hold_for_every_hit(eho, demo_home: Path, name: str, options: list[str]) -> None:
    hits = eho("search", "--json", "--limit", "1000", *options, home=demo_home).json["hits"]
    assert hits and all(_holds(name, hit) for hit in hits)


def test_search_as_csv_opens_in_a_spreadsheet(eho, small_home: Path) -> None:
    ran = eho("search", "Povratnici", "--csv", home=small_home)
    rows = _csv(ran.out)
    assert ran.err == "" and [row["id"] for row in rows] == ["sr-1"]
    assert rows[0]["title"] == "'=HYPERLINK(1)"
    assert rows[0]["source"] == "probne-novine"


def test_search_as_table_says_what_it_shows(eho, demo_home: Path) -> None:
    ran = eho("search", "Al-Hol", home=demo_home)
    assert ran.out.splitlines()[0].split() == ["title", "source", "published_at", "lang", "annotations", "id"]
    assert "found: documents with" in ran.err and "Invented outlets – demonstration." in ran.err


def test_imported_outlets_are_not_called_invented(eho, small_home: Path) -> None:
    assert "Invented" not in eho("search", "Povratnici", home=small_home).err


def test_show_gives_a_document_with_tags_and_citation(eho, demo_home: Path) -> None:
    hit = eho("search", "Al-Hol", "--limit", "1", "--json", home=demo_home).json["hits"][0]
    row = eho("show", hit["id"], "--json", home=demo_home).json
    DocumentAnswer.model_validate(row)
    assert row["tags"]["outcome"] == "tagged" and row["cluster"]["id"] and row["provenance"]["capture"]["file"]
    assert row["lang"] == row["tags"]["language"]["code"]
    assert row["title"] in row["citation"] and row["snapshot"] in row["citation"] and "(invented outlet)" in row["citation"]
    for annotation in row["tags"]["annotations"]:
        for span in annotation["spans"]:
            assert row[span["field"]][span["start"] : span["end"]].strip()
    plain = eho("show", hit["id"], home=demo_home)
    assert plain.status == 0 and row["text"] in plain.out


def test_trends_answer_in_the_shape_of_the_interface(eho, demo_home: Path) -> None:
    ran = eho("trends", "--narrative", "reintegration_success", "--by", "month", "--split", "language", "--json", home=demo_home)
    TrendAnswer.model_validate(ran.json)
    points = [point for series in ran.json["series"] for point in series["points"]]
    assert sum(point["count"] for point in points) > 0
    for point in points:
        assert date.fromisoformat(point["start_on"]).day == 1
        assert point["count"] <= point["denominator"]
        if point["share"] is not None:
            assert point["low"] - 1e-9 <= point["share"] <= point["high"] + 1e-9


def test_the_denominator_can_be_a_query(eho, demo_home: Path) -> None:
    arguments = ["trends", "--by", "quarter", "--json", "--narrative", "reintegration_success"]
    everything = eho(*arguments, home=demo_home).json["series"][0]["points"]
    of_sense = eho(*arguments, "--of", "sense:conflict_zone", home=demo_home).json["series"][0]["points"]
    assert 0 < sum(point["denominator"] for point in of_sense) < sum(point["denominator"] for point in everything)


def test_trends_as_csv_have_a_row_for_each_point(eho, demo_home: Path) -> None:
    rows = _csv(eho("trends", "Sirija OR Siri", "--by", "month", "--csv", home=demo_home).out)
    answer = eho("trends", "Sirija OR Siri", "--by", "month", "--json", home=demo_home).json
    assert [int(row["count"]) for row in rows] == [point["count"] for point in answer["series"][0]["points"]]


@pytest.mark.parametrize("lang", ["sq", "sr-Latn", "sr-Cyrl", "en"])
def test_report_is_one_file_in_each_language(eho, demo_home: Path, tmp_path: Path, lang: str) -> None:
    out = tmp_path / f"{lang}.html"
    ran = eho("report", "--lang", lang, "--out", out, home=demo_home)
    assert (ran.status, ran.err) == (0, "")
    assert f'lang="{lang}"' in out.read_text(encoding="utf-8")


def test_report_says_when_there_is_nothing_to_report_on(eho, tmp_path: Path) -> None:
    eho("init", home=tmp_path)
    eho("index", "build", home=tmp_path)
    ran = eho("report", "--out", tmp_path / "r.html", home=tmp_path)
    assert ran.status == 2 and "No document has a date" in ran.err


@pytest.mark.parametrize(("name", "begins"), [("c.svg", b"<svg"), ("c.png", b"\x89PNG"), ("c.json", b'{"$schema"')])
def test_a_trend_is_drawn_into_a_file(eho, demo_home: Path, tmp_path: Path, name: str, begins: bytes) -> None:
    out = tmp_path / name
    ran = eho("trends", "Siri*", "--by", "month", "--out", str(out), "--language", "sr-Cyrl", home=demo_home)
    assert ran.status == 0 and out.read_bytes().startswith(begins)
    if not name.endswith(".png"):
        assert "Удео докумената" in out.read_text(encoding="utf-8")


def test_every_point_leads_to_its_documents(eho, demo_home: Path) -> None:
    answer = eho("trends", "Сирија OR Siri", "--json", "--changes", home=demo_home).json
    points = [point for one in answer["series"] for point in one["points"] if point["count"]]
    found = eho("search", points[0]["query"], "--json", "--limit", "1", home=demo_home).json
    assert found["total"] == points[0]["count"] + points[0]["copies"]
    assert answer["by"] in ("week", "month", "quarter") and answer["method"]["by_chosen"] == "auto"
    assert answer["method"]["panel_note"]


@pytest.mark.parametrize(
    ("a", "b"), [("sq", "sr"), ("glasnik-dana", "sq"), ("2026-09", "2026-10-01..2026-10-31"), ("Сириј*", "NOT Siri*")]
)
def test_two_sides_are_compared(eho, demo_home: Path, a: str, b: str) -> None:
    answer = eho("compare", a, b, "--query", "povratni* OR kthy*", "--json", home=demo_home).json
    (row,) = answer["rows"]
    assert row["difference"]["low"] <= row["difference"]["share"] <= row["difference"]["high"]
    assert row["verdict"] in ("a_higher", "b_higher", "cannot_say")
    assert (answer["method"]["matched"] is not None) == (a == "sq")
    found = eho("search", row["a"]["query"], "--json", "--limit", "1", home=demo_home).json
    assert found["total"] >= row["a"]["count"]


def test_a_table_of_trends_says_what_it_cannot_show(eho, demo_home: Path) -> None:
    ran = eho("trends", "--narrative", "returnee_rejection", home=demo_home)
    assert "cannot say whether the share changed" in ran.err and "Uncorrected for classifier error" in ran.err
