"""What a trend says beyond its counts: panel, breaks, silent sources, copies, corrections, queries; through a real index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from eho.annotation import AnnotatedDocument, ModelVersion
from eho.document import Cluster, Provenance
from index.answers import Filters, SearchOptions
from index.audited import AuditedDocument
from index.coverage import Coverage
from index.protocol import Index
from index.query import parse
from index.trends import TrendOptions
from tests.index.conftest import annotated, annotation

MONDAY = date(2026, 3, 2)


def week(number: int) -> str:
    return (MONDAY + timedelta(weeks=number)).isoformat()


def documents(weeks: int, per_week: int, *, source: str = "a", first: int = 0, **values: Any) -> Iterator[AnnotatedDocument]:
    for number in range(first, first + weeks):
        for place in range(per_week):
            name = f"{source}-{number}-{place}"
            yield annotated(name, "tekst", source=source, published_at=f"{week(number)}T12:00:00Z", **values)


def with_tags(rows: list[AnnotatedDocument], every: int) -> list[AnnotatedDocument]:
    """Give every n-th document the narrative x."""
    return [
        row.model_copy(update={"tags": row.tags.model_copy(update={"annotations": (annotation("x"),)})})  # type: ignore[union-attr]
        if place % every == 0
        else row
        for place, row in enumerate(rows)
    ]


def options(**values: Any) -> TrendOptions:
    return TrendOptions(**{"by": "week", "narratives": ("x",), **values})


def test_every_point_names_the_query_that_finds_its_documents(index: Index) -> None:
    rows = with_tags([*documents(4, 30), *documents(4, 20, source="b", lang="sq", kind="post")], 3)
    index.rebuild(rows, sequence=1)
    for split in (None, "language", "source", "kind", "ownership"):
        answer = index.trends(parse("tekst"), options(split=split, panel="constant", source_groups={"a": "public", "b": None}))
        assert sum(point.count for one in answer.series for point in one.points) == len(rows) // 3 + 1
        for series in answer.series:
            for point in series.points:
                assert index.search(parse(point.query), SearchOptions(limit=1)).total == point.count + point.copies, point.query
                assert point.count


def test_a_language_is_told_from_its_scripts(index: Index) -> None:
    index.rebuild([annotated(f"d{n}", lang=lang) for n, lang in enumerate(["sr", "sr-Latn", "sr-Cyrl", "sr-Cyrl"])], sequence=1)
    answer = index.trends(parse(""), TrendOptions(split="language"))
    found = {one.split: index.search(parse(one.points[0].query), SearchOptions()).total for one in answer.series}
    assert found == {"sr": 1, "sr-Latn": 1, "sr-Cyrl": 2}


def test_versions_and_sources_break_the_line(index: Index) -> None:
    new = ModelVersion(name="baseline", version="2", codebook="0123456789abcdef")
    rows = [
        row.model_copy(
            update={
                "document": row.document.model_copy(update={"provenance": Provenance(extractor="t 1" if old else "t 2")}),
                "tags": row.tags if old else row.tags.model_copy(update={"model": new}),
            }
        )
        for row in documents(6, 10)
        if row.tags is not None
        for old in [row.document.published_at is not None and row.document.published_at.date() < MONDAY + timedelta(weeks=3)]
    ]
    index.rebuild([*rows, *documents(2, 10, source="b", first=4)], sequence=1)
    answer = index.trends(parse(""), options(panel="all"))
    found = [(one["start_on"], one["kind"], one["before"], one["after"]) for one in answer.method["breaks"]]
    assert found == [
        (week(3), "extractor", "t 1", "t 2"),
        (week(3), "model", "baseline 1", "baseline 2"),
        (week(4), "sources", "", "b"),
    ]
    broken = [point.start_on.isoformat() for point in answer.series[0].points if "version_break" in point.flags]
    assert broken == [week(3), week(4)]
    constant = index.trends(parse(""), options(panel="constant")).method
    assert [one["kind"] for one in constant["breaks"]] == ["extractor", "model"] and constant["panel_left_out"] == ["b"]


def test_a_silent_source_masks_what_it_usually_holds(index: Index) -> None:
    rows = [row for row in documents(6, 10, source="b") if not row.document.id.startswith("b-2-")]
    index.rebuild([*documents(6, 10), *rows, *documents(6, 1, source="c")], sequence=1)
    answer = index.trends(parse(""), options(panel="all", coverage=Coverage(expected={"c": 1.0})))
    points = answer.series[0].points
    assert [point.silent for point in points] == [("c",), ("c",), ("b", "c"), ("c",), ("c",), ("c",)]
    assert points[2].flags[:1] == ("gap",) and "coverage" in points[2].flags
    assert (points[2].denominator, points[2].share, points[2].low) == (11, None, None)
    assert points[1].share is not None and "coverage" in points[1].flags  # c holds less than a fifth
    assert answer.method["coverage"]["periods"][2] == {"start_on": week(2), "silent_sources": ["b", "c"]}


def test_the_period_that_is_not_over_is_partial(index: Index) -> None:
    index.rebuild(list(documents(3, 25)), sequence=1)
    points = index.trends(parse(""), options(today=MONDAY + timedelta(days=16))).series[0].points
    assert [("partial" in point.flags) for point in points] == [False, False, True]


def test_copies_of_one_story_do_not_make_a_share_surer(index: Index) -> None:
    rows = with_tags(list(documents(1, 320)), 3)
    copies = [
        row.model_copy(
            update={
                "document": row.document.model_copy(
                    update={"id": f"{row.document.id}-{n}", "cluster": Cluster(id=row.document.id, role="copy", similarity=0.9)}
                )
            }
        )
        for row in rows
        for n in range(3)
    ]
    index.rebuild([*rows, *copies], sequence=1)
    alone, every = (index.trends(parse(""), options(copies=one)).series[0].points[0] for one in ("exclude", "include"))
    assert (alone.denominator, every.denominator) == (320, 1280)
    assert (every.share, every.low, every.high) == pytest.approx((alone.share, alone.low, alone.high))
    assert every.effective == pytest.approx(320)
    read = tuple(
        AuditedDocument(row.document.id, 1.0, frozenset({"x"}), (("x", "endorse"),) if place % 3 == 0 and place % 5 else ())
        for place, row in enumerate(rows)
    )
    first, second = (index.trends(parse(""), options(copies=one, audited=read)).series[0] for one in ("exclude", "include"))
    assert first.correction["status"] == second.correction["status"] == "corrected"
    assert second.overall["corrected"] == pytest.approx(first.overall["corrected"])


def test_the_period_is_chosen_by_what_it_can_show(index: Index) -> None:
    index.rebuild(with_tags(list(documents(30, 12)), 8), sequence=1)
    coarse = index.trends(parse(""), options(by="auto"))
    assert coarse.by in ("month", "quarter") and coarse.method["by_chosen"] == "auto"
    index.rebuild(with_tags(list(documents(8, 300)), 4), sequence=2)
    fine = index.trends(parse(""), options(by="auto"))
    assert fine.by == "week" and fine.series[0].detectable["verdict"] == "can_say"
    index.rebuild(with_tags(list(documents(20, 3)), 30), sequence=3)
    poor = index.trends(parse(""), options(by="auto"))
    assert len(poor.series[0].points) >= 4 and poor.series[0].detectable["verdict"] == "cannot_say"


def test_documents_that_people_read_correct_the_share(index: Index) -> None:
    rows = with_tags(list(documents(8, 200)), 10)
    index.rebuild(rows, sequence=1)
    generator = np.random.default_rng(1)
    found = [row.document.id for row in rows[::10]]
    others = [row.document.id for place, row in enumerate(rows) if place % 10]
    read = [
        AuditedDocument(id, len(pool) / 150, frozenset({"x"}), (("x", "endorse"),) if generator.random() < share else ())
        for pool, share in ((found, 0.7), (others, 0.04))
        for id in generator.choice(pool, 150, replace=False)
    ]
    answer = index.trends(parse(""), options(audited=tuple(read)))
    series = answer.series[0]
    assert series.correction["status"] == "corrected" and series.correction["read"] == 300
    true = 0.1 * 0.7 + 0.9 * 0.04
    assert series.overall["corrected"]["low"] < true < series.overall["corrected"]["high"]
    assert series.overall["share"] == pytest.approx(0.1)
    assert all(point.corrected is not None for point in series.points)
    assert answer.method["corrected_for_classifier_error"] and answer.method["corrected_series"] == ["x"]
    few = index.trends(parse(""), options(audited=tuple(read[:299])))
    assert few.method["note"] == "uncorrected for classifier error" and few.series[0].points[0].corrected is None
    assert few.method["uncorrected_because"] == ["299 documents of the series were read at random, 300 are needed"]
    elsewhere = index.trends(parse(""), options(audited=tuple(read), filters=Filters(sources=("b",))))
    assert elsewhere.method["note"] == "uncorrected for classifier error"


def test_changes_are_marked_on_their_points(index: Index) -> None:
    early = with_tags(list(documents(8, 120)), 20)
    index.rebuild([*early, *with_tags(list(documents(8, 120, first=8)), 4)], sequence=1)
    series = index.trends(parse(""), options(changes=True)).series[0]
    assert [(one["kind"], one["start_on"]) for one in series.changes] == [("change_point", week(8))]
    assert [point.start_on.isoformat() for point in series.points if "change_point" in point.flags] == [week(8)]


def test_words_need_no_correction(index: Index) -> None:
    index.rebuild(list(documents(1, 30)), sequence=1)
    answer = index.trends(parse("tekst"), TrendOptions())
    assert answer.series[0].correction["status"] == "not_needed"
    assert (
        answer.method["note"].startswith("beside the denominator no tag is asked for")
        and answer.method["uncorrected_because"] == []
    )


def test_a_month_that_begins_before_the_documents_is_partial(index: Index) -> None:
    index.rebuild([annotated(f"d{n}", published_at=f"2026-{month:02}-20") for n, month in enumerate([3, 4, 5])], sequence=1)
    answer = index.trends(parse(""), TrendOptions(by="month"))
    assert ["partial" in point.flags for point in answer.series[0].points] == [True, False, False]
    assert answer.method["from"] == "2026-03-20"
