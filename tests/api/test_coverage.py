"""Coverage as commands, REST and page give it: the demonstration's crawl, and a folder in which things went wrong."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.pages_wording import Wording
from api.service import Service
from eho.codebook import LANGUAGES, Language
from eho.document import Document
from eho.home import Home
from eho.outcome import Outcome, OutcomeRecord
from eho.source import Source
from index.calendar import day_of
from index.source_days import CrawlRun
from index.store import Store
from tests.api.pages_corpus import serving

NOW = datetime.now(UTC).replace(microsecond=0)
SOURCE = {"languages": ["sq"], "invented": True, "expect": {"min": 5, "max": 60}}


@pytest.fixture(scope="module")
def troubled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two invented outlets over six weeks: one works, of the other nothing came since the day before yesterday."""
    folder = tmp_path_factory.mktemp("troubled")
    with Service.open(Home(folder), create=True) as service:
        feeds = {id: f"http://{id}.test/feed" for id in ("heshtja", "zeri")}
        service.register(Source.model_validate({"id": id, "name": id, "feeds": [url], **SOURCE}) for id, url in feeds.items())
        store: Store = service._parts.store()
        for id, url in feeds.items():
            for back in range(42):
                at = NOW - timedelta(days=back)
                fails = id == "heshtja" and back < 2
                if not fails:
                    put_documents(store, id, at)
                counts = {Outcome.BAD_FEED: 1} if fails else {Outcome.STORED: 12}
                store.add_runs([CrawlRun(id, at, at, 0, counts, {url: "HTTP status 404 for a feed"} if fails else {})])
    return folder


def put_documents(store: Store, source: str, at: datetime) -> None:
    for number in range(12):
        url = f"http://{source}.test/{at:%Y%m%d}-{number}"
        text = "Kthimi i familjeve u diskutua sot në kuvendin komunal. " * 8
        published_at = at - timedelta(minutes=number)
        store.put(Document(id=url, url=url, source=source, text=text, published_at=published_at, fetched_at=at, lang="sq"))
        store.record(OutcomeRecord(outcome=Outcome.STORED, url=url, source=source, document_id=url, at=at))


def test_the_demonstration_adds_up(eho, demo_home: Path) -> None:
    ran = eho("sources", "coverage", "--json", home=demo_home)
    assert (ran.status, ran.err) == (0, ""), ran.err
    crawled = [row for row in ran.lines if row["runs"]]
    assert len(crawled) == 11
    for row in crawled:
        assert row["found"] == sum(row["outcomes"].values()) == row["extracted"] + sum(row["dropped"].values()), row
        assert row["stored"] <= row["extracted"] <= row["fetched"] <= row["found"]
    assert {"paywalled", "disallowed"} <= {reason for row in crawled for reason in row["dropped"]}
    table = eho("sources", "coverage", "--csv", "--source", "puls-portal", home=demo_home).out.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO("".join(table.splitlines(keepends=True)[2:]))))
    assert {row["source"] for row in rows} == {"puls-portal"} and "paywalled 1" in rows[-1]["dropped"]


def test_trouble_is_said_in_one_line_each_and_in_the_exit_status(eho, troubled_home: Path) -> None:
    ran = eho("sources", "coverage", "--json", home=troubled_home)
    assert ran.status == 1
    today, yesterday = day_of(NOW), day_of(NOW) - timedelta(days=1)
    unusual = {(one["source"], one["day"], one["kind"]) for row in ran.lines for one in row["anomalies"]}
    assert ("heshtja", yesterday.isoformat(), "zero") in unusual and ("heshtja", today.isoformat(), "feed") in unusual
    assert {source for source, _, _ in unusual} == {"heshtja"}
    assert len(ran.err.splitlines()) == len(unusual)
    assert "No document of this day; usually 12, at least 5 expected." in ran.err
    assert eho("sources", "coverage", "--source", "zeri", home=troubled_home).status == 0
    past = (today - timedelta(days=20)).isoformat()
    assert eho("sources", "coverage", "--from", past, "--to", past, home=troubled_home).status == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["--source", "nobody"], "'nobody'"), (["--from", "2026-02-02", "--to", "2026-02-01"], "2026-02-02")],
    ids=["source", "days backwards"],
)
def test_bad_input_is_named(eho, troubled_home: Path, arguments: list[str], named: str) -> None:
    ran = eho("sources", "coverage", *arguments, home=troubled_home)
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (2, "", 1) and named in ran.err


def test_rest_gives_the_same_rows(eho, troubled_home: Path) -> None:
    with Service.open(Home(troubled_home)) as service, serving(service) as address:
        rows = httpx.get(f"{address}/v1/sources/coverage?source=heshtja", timeout=60).json()
    assert rows == eho("sources", "coverage", "--source", "heshtja", "--json", home=troubled_home).lines


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_it_in_every_language(troubled_home: Path, language: Language) -> None:
    words, yesterday = Wording(language), day_of(NOW) - timedelta(days=1)
    with Service.open(Home(troubled_home)) as service, serving(service) as address:
        text = httpx.get(f"{address}/sources?ui={language}", timeout=60).text
    assert words("anomaly_zero", usual="12", least="5") in text
    assert words.day(yesterday) in text and words("coverage_unusual_intro") in text
    assert text.count('class="alert"') == 2 and text.count('class="least"') == 2


def test_trends_still_know_when_a_source_was_silent_or_failed(troubled_home: Path) -> None:
    from api.trend_knowledge import coverage

    with Service.open(Home(troubled_home)) as service:
        store = service._parts.store()
        store.record(OutcomeRecord(outcome=Outcome.TIMEOUT, url="http://heshtja.test/x", source="heshtja", at=NOW))
        known = coverage(service._parts)
    assert known.expected == {"heshtja": 5, "zeri": 5}
    assert known.failed == {"heshtja": frozenset({day_of(NOW)})}
