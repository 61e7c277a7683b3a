from __future__ import annotations

import math
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from eho.annotation import AnnotatedDocument
from eho.document import Cluster
from eho.errors import InputError, QueryError
from index.answers import Filters
from index.calendar import Period, period_start
from index.protocol import Index
from index.query import parse
from index.trends import TrendOptions
from tests.index.conftest import MODEL, annotated, annotation

BELGRADE = ZoneInfo("Europe/Belgrade")
STANCES = ["endorse", "amplify_uncritical", "report_neutral", "counter", "unclear"]


def random_documents(seed: int, count: int = 400) -> list[AnnotatedDocument]:
    pick = random.Random(seed)
    start = datetime(2026, 3, 16, tzinfo=UTC)  # the clocks change on the 29th
    documents = []
    for number in range(count):
        moment = start + timedelta(minutes=pick.randrange(60 * 24 * 40))
        annotations = [
            annotation(pick.choice("xyz"), pick.choice(STANCES), needs_review=pick.random() < 0.2)
            for _ in range(pick.randrange(3))
        ]
        role = pick.choice([None, None, "original", "copy"])
        documents.append(
            annotated(
                f"d{number}",
                pick.choice(["povratnici", "повратници", "drugo"]),
                *annotations,
                source=pick.choice(["a", "b", "c"]),
                lang=pick.choice(["sq", "sr-Latn", "sr-Cyrl"]),
                kind=pick.choice(["article", "post"]),
                sense=pick.choice([None, "conflict_zone"]),
                published_at=None if pick.random() < 0.1 else moment,
                cluster=None if role is None else Cluster(id=f"c{pick.randrange(30)}", role=role, similarity=0.9),
            )
        )
    return documents


def is_copy(row: AnnotatedDocument) -> bool:
    return row.document.cluster is not None and row.document.cluster.role == "copy"


def start_of(row: AnnotatedDocument, by: Period) -> date | None:
    published_at = row.document.published_at
    return None if published_at is None else period_start(published_at.astimezone(BELGRADE).date(), by)


def carries(row: AnnotatedDocument, narrative: str, stances: tuple[str, ...]) -> bool:
    tags = row.tags
    return tags is not None and any(
        one.narrative == narrative and one.stance.value in stances and not one.needs_review for one in tags.annotations
    )


@pytest.mark.parametrize("by", ["day", "week", "month", "quarter"])
@pytest.mark.parametrize("copies", ["exclude", "include"])
def test_counts_equal_a_recount(index: Index, by: Any, copies: Any) -> None:
    documents = random_documents(1)
    index.rebuild(documents, sequence=3)
    answer = index.trends(parse("povratnici"), TrendOptions(by=by, copies=copies, model=MODEL))
    counted = [row for row in documents if copies == "include" or not is_copy(row)]
    found = Counter(start_of(row, by) for row in counted if row.document.text != "drugo")
    total = Counter(start_of(row, by) for row in counted)
    copied = Counter(start_of(row, by) for row in documents if is_copy(row) and row.document.text != "drugo")
    (series,) = answer.series
    assert series.key == "all"
    assert {point.start_on: point.count for point in series.points if point.count} == {k: v for k, v in found.items() if k}
    assert {point.start_on: point.denominator for point in series.points if point.denominator} == {
        k: v for k, v in total.items() if k
    }
    assert {point.start_on: point.copies for point in series.points if point.copies} == {k: v for k, v in copied.items() if k}
    undated = [row for row in documents if row.document.published_at is None]
    assert answer.method["undated"] == {
        "count": sum(row.document.text != "drugo" for row in undated),
        "denominator": len(undated),
    }
    assert answer.snapshot == "s3-baseline@1-0123456789ab"
    if by == "week":
        assert all(point.start_on.weekday() == 0 for point in series.points)


@pytest.mark.parametrize("split", ["language", "source", "kind", "ownership"])
def test_splits_equal_a_recount(index: Index, split: Any) -> None:
    documents = random_documents(2)
    index.rebuild(documents, sequence=1)
    owners = {"a": "public", "b": "private", "c": None}
    value_of = {
        "language": lambda row: row.tags.language.code,
        "source": lambda row: row.document.source,
        "kind": lambda row: row.document.kind,
        "ownership": lambda row: owners[row.document.source] or "unknown",
    }[split]
    answer = index.trends(parse("повратници"), TrendOptions(split=split, source_groups=owners))
    dated = [row for row in documents if row.document.published_at is not None and not is_copy(row)]
    for name, of in (("count", [row for row in dated if row.document.text != "drugo"]), ("denominator", dated)):
        expected = Counter((value_of(row), start_of(row, "week")) for row in of)
        found = {
            (series.split, point.start_on): number
            for series in answer.series
            for point in series.points
            if (number := getattr(point, name))
        }
        assert found == dict(expected)


def test_prevalence_counts_the_stances_that_carry_a_narrative_on(index: Index) -> None:
    documents = random_documents(3)
    index.rebuild(documents, sequence=1)
    originals = [row for row in documents if not is_copy(row) and row.document.published_at is not None]

    def total(query: str, **options: Any) -> list[int]:
        answer = index.trends(parse(query), TrendOptions(by="quarter", **options))
        return [sum(point.count for point in series.points) for series in answer.series]

    counted = ("endorse", "amplify_uncritical")
    expected = [sum(carries(row, narrative, counted) for row in originals) for narrative in "xy"]
    assert total("", narratives=("x", "y")) == expected
    assert total("narrative:x") == expected[:1]
    assert total("narrative:x stance:counter") == [sum(carries(row, "x", ("counter",)) for row in originals)]
    assert total("stance:counter", narratives=("x",)) == [sum(carries(row, "x", ("counter",)) for row in originals)]
    assert total("narrative:x", stances=()) == [sum(carries(row, "x", tuple(STANCES)) for row in originals)]
    method = index.trends(parse("narrative:x"), TrendOptions()).method
    assert method["stances_counted"] == ["amplify_uncritical", "endorse"]
    assert method["note"] == "uncorrected for classifier error"


def test_the_denominator_keeps_the_restrictions_of_source_language_and_kind(index: Index) -> None:
    documents = random_documents(4)
    index.rebuild(documents, sequence=1)
    query = "povratnici source:a (lang:sr OR lang:sq) NOT kind:post narrative:x"
    answer = index.trends(parse(query), TrendOptions(by="quarter"))
    expected = [
        row
        for row in documents
        if row.document.source == "a" and row.document.kind == "article" and not is_copy(row) and row.document.published_at
    ]
    assert sum(point.denominator for point in answer.series[0].points) == len(expected)
    of = index.trends(parse("povratnici"), TrendOptions(by="quarter", of=parse("sense:conflict_zone")))
    among = [
        row
        for row in documents
        if row.tags and row.tags.returnee_sense and not is_copy(row) and row.document.published_at is not None
    ]
    assert sum(point.denominator for point in of.series[0].points) == len(among)
    assert sum(point.count for point in of.series[0].points) == sum(row.document.text != "drugo" for row in among)


def wilson(count: int, of: int) -> tuple[float, float]:
    z, p = 1.959963984540054, count / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return middle - half, middle + half


def test_intervals_and_flags(index: Index) -> None:
    days = [*["2026-03-02"] * 40, *["2026-03-10"] * 5, "2026-03-25"]
    index.rebuild(
        [annotated(f"d{n}", "povratnici" if n % 4 == 0 else "drugo", published_at=day) for n, day in enumerate(days)], sequence=1
    )
    share = index.trends(parse("povratnici"), TrendOptions())
    first, second, third, fourth = share.series[0].points
    assert (first.count, first.denominator, first.share, first.flags) == (10, 40, 0.25, ())
    assert (first.low, first.high) == pytest.approx(wilson(10, 40))
    assert second.flags == ("small_n",)
    assert (third.start_on, third.share, third.low, third.high, third.flags) == (date(2026, 3, 16), None, None, None, ("gap",))
    assert fourth.flags == ("small_n",)
    assert fourth.low == 0.0
    count = index.trends(parse("povratnici"), TrendOptions(show_as="count"))
    low, high = wilson(10, 40)
    assert (count.series[0].points[0].low, count.series[0].points[0].high) == pytest.approx((low * 40, high * 40))
    row = count.to_mapping()
    assert set(row) == {"query", "by", "as", "series", "method", "snapshot"}
    assert row["as"] == "count"
    assert {"start_on", "count", "denominator", "share", "low", "high", "flags"} <= set(row["series"][0]["points"][0])


def test_a_range_shows_empty_periods_and_cut_ones(index: Index) -> None:
    index.rebuild([annotated("d1", published_at="2026-03-11T12:00:00Z")], sequence=1)
    filters = Filters(from_on=date(2026, 3, 4), to_on=date(2026, 3, 22))
    points = index.trends(parse(""), TrendOptions(filters=filters)).series[0].points
    assert [(point.start_on.isoformat(), point.count, point.flags) for point in points] == [
        ("2026-03-02", 0, ("gap", "partial")),
        ("2026-03-09", 1, ("small_n",)),
        ("2026-03-16", 0, ("gap",)),
    ]


def test_a_constant_panel_leaves_out_sources_that_were_not_always_there(index: Index) -> None:
    rows = [("a", "2026-03-02"), ("a", "2026-03-09"), ("b", "2026-03-09")]
    index.rebuild([annotated(f"d{n}", source=source, published_at=day) for n, (source, day) in enumerate(rows)], sequence=1)
    answer = index.trends(parse(""), TrendOptions(panel="constant"))
    assert [point.denominator for point in answer.series[0].points] == [1, 1]
    assert answer.method["panel_sources"] == ["a"]
    index.rebuild([], sequence=2)
    assert index.trends(parse(""), TrendOptions(panel="constant")).series == ()


def test_nothing_dated_gives_no_points(index: Index) -> None:
    index.rebuild([annotated("d1", published_at=None)], sequence=1)
    answer = index.trends(parse(""), TrendOptions())
    assert answer.series == ()
    assert answer.method["undated"] == {"count": 1, "denominator": 1}


def test_too_many_periods_are_refused(index: Index) -> None:
    index.rebuild([annotated("d1")], sequence=1)
    with pytest.raises(InputError, match="too many periods"):
        index.trends(parse("date:[0001 TO 2026]"), TrendOptions(by="day"))


def test_an_unknown_stance_filter_is_refused(index: Index) -> None:
    index.rebuild([annotated("d1")], sequence=1)
    with pytest.raises(QueryError, match="Did you mean stance:counter"):
        index.trends(parse(""), TrendOptions(filters=Filters(stances=("countr",))))
