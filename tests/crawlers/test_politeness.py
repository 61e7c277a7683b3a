"""What a crawl remembers: conditional GETs, pages seen again, hosts left alone, the day's count; proven from the server's log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from crawlers import wire
from crawlers.ledger import Ledger
from crawlers.rests import retry_after
from crawlers.revisits import next_visit
from crawlers.run import CrawlSummary, crawl
from eho.outcome import Outcome
from eho.settings import CrawlSettings
from eho.source import Source
from evaluation.miniweb.response import Response
from evaluation.miniweb.server import Server
from tests.crawlers.conftest import FAST, MemorySink, Pages

HOST = "http://lajme.test"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
XML = "application/xml; charset=utf-8"


def page(
    number: int, text: str = "Rruga drejt fshatit do të rregullohet deri në fund të vitit, njoftoi komuna pas mbledhjes së sotme."
) -> Response:
    return Response(f"<html><body><article><h1>Rruga {number}</h1><p>{text} Numri {number}.</p></article></body></html>".encode())


def feed(numbers: Sequence[int], *, more: str = "") -> Response:
    items = "".join(f"<item><link>{HOST}/rruga-e-fshatit-{number}</link></item>" for number in numbers)
    return Response(f'<rss version="2.0"><channel><title>L</title>{items}{more}</channel></rss>'.encode(), content_type=XML)


def site(count: int) -> Pages:
    return Pages(**{f"/rruga-e-fshatit-{n}": page(n) for n in range(count)}, **{"/feed.xml": feed(range(count))})


class Desk:
    """One installation: its store, its ledger, and the server that it crawls."""

    def __init__(self, folder: Path, server: Server, **options: Any) -> None:
        self.folder, self.server, self.sink, self.options = folder, server, MemorySink(), options
        self.source = Source(id="lajme", name="Lajme", feeds=[f"{HOST}/feed.xml"])

    def crawl(self, **options: Any) -> CrawlSummary:
        """Run once; `self.asked` are the statuses by path of this run alone."""
        before = len(self.server.log)
        settings = CrawlSettings(proxy=f"http://127.0.0.1:{self.server.port}", **(FAST | self.options | options))
        self.sink.records.clear()
        summary = crawl(
            [self.source], self.sink, settings, captures=self.folder / "captures", ledger=self.folder / "crawl.sqlite"
        )
        self.asked = {request.path: request.status for request in self.server.log[before:]}
        self.count = Counter(request.path for request in self.server.log[before:])
        return summary


@pytest.fixture
def desk(serve: Callable[..., Server], tmp_path: Path) -> Callable[..., Desk]:
    return lambda pages, **options: Desk(tmp_path, serve({"lajme.test": pages}), **options)


def test_a_feed_that_was_dealt_with_is_asked_for_conditionally(desk: Callable[..., Desk]) -> None:
    pages = site(4)
    room = desk(pages)
    room.crawl()
    assert len(room.sink.documents) == 4
    second = room.crawl()
    assert room.asked == {"/robots.txt": 404, "/feed.xml": 304}
    assert (second.known, second.counts) == (4, {})
    pages["/feed.xml"] = feed(range(5))
    pages["/rruga-e-fshatit-4"] = page(4)
    room.crawl()
    assert room.asked == {"/robots.txt": 404, "/feed.xml": 200, "/rruga-e-fshatit-4": 200}


def test_a_feed_with_a_page_still_due_is_read_whole_again(desk: Callable[..., Desk]) -> None:
    pages = site(3)
    pages["/rruga-e-fshatit-1"] = Response(status=500)
    room = desk(pages)
    room.crawl()
    pages["/rruga-e-fshatit-1"] = page(1)
    room.crawl()
    assert room.asked == {"/robots.txt": 404, "/feed.xml": 200, "/rruga-e-fshatit-1": 200}
    assert len(room.sink.documents) == 3


def test_a_page_that_is_gone_for_good_does_not_keep_the_feed_open(desk: Callable[..., Desk]) -> None:
    pages = site(3)
    pages["/rruga-e-fshatit-1"] = Response(status=410)
    room = desk(pages)
    room.crawl()
    room.crawl()
    assert room.asked == {"/robots.txt": 404, "/feed.xml": 304}


def test_another_store_reads_the_feed_whole(desk: Callable[..., Desk]) -> None:
    room = desk(site(3))
    room.crawl()
    room.sink = MemorySink()
    room.crawl()
    assert room.asked["/feed.xml"] == 200 and len(room.sink.documents) == 3


def test_robots_txt_is_kept_and_asked_for_conditionally(desk: Callable[..., Desk]) -> None:
    pages = site(2)
    pages["/robots.txt"] = Response(b"User-agent: *\nDisallow: /rruga-e-fshatit-1\n", content_type="text/plain")
    room = desk(pages)
    room.crawl()
    pages["/feed.xml"] = feed([1, 0, 7])
    room.crawl()
    assert room.asked["/robots.txt"] == 304
    assert room.sink.outcome_of(f"{HOST}/rruga-e-fshatit-1") is Outcome.DISALLOWED


def test_sitemaps_of_an_index_are_skipped_by_their_day_and_asked_conditionally_without_one(desk: Callable[..., Desk]) -> None:
    def sitemap(*numbers: int) -> Response:
        urls = "".join(f"<url><loc>{HOST}/rruga-e-fshatit-{number}</loc></url>" for number in numbers)
        return Response(f"<urlset>{urls}</urlset>".encode(), content_type=XML)

    parts = "".join(
        f"<sitemap><loc>{HOST}/pjesa-{n}.xml</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</sitemap>"
        for n, day in ((0, "2026-01-01"), (1, None))
    )
    index = Response(f"<sitemapindex>{parts}</sitemapindex>".encode(), content_type=XML)
    pages = Pages(**{f"/rruga-e-fshatit-{n}": page(n) for n in range(3)}, **{"/feed.xml": index})
    pages["/pjesa-0.xml"], pages["/pjesa-1.xml"] = sitemap(0), sitemap(1)
    room = desk(pages)
    room.crawl()
    assert len(room.sink.documents) == 2
    pages["/pjesa-1.xml"] = sitemap(2, 1)  # the index does not change, its second part does
    room.crawl()
    assert room.asked == {"/robots.txt": 404, "/feed.xml": 304, "/pjesa-1.xml": 200, "/rruga-e-fshatit-2": 200}


def test_pages_are_seen_again_for_corrections_and_then_no_more(desk: Callable[..., Desk]) -> None:
    pages = site(2)
    room = desk(pages, revisits=2, revisit_after_h=0)
    room.crawl()
    room.crawl()
    assert room.asked["/rruga-e-fshatit-0"] == 304 and room.asked["/rruga-e-fshatit-1"] == 304
    assert {record.outcome for record in room.sink.records} == {Outcome.UNCHANGED}
    pages["/rruga-e-fshatit-1"] = page(
        1, "Rruga nuk do të rregullohet këtë vit, e korrigjoi veten komuna pas mbledhjes së dytë të javës."
    )
    room.crawl()
    assert room.sink.outcome_of(f"{HOST}/rruga-e-fshatit-1") is Outcome.NEW_VERSION
    room.crawl()
    assert room.asked == {"/robots.txt": 404, "/feed.xml": 304}


def test_erased_documents_are_not_fetched_again_as_revisits(desk: Callable[..., Desk]) -> None:
    room = desk(site(2), revisits=2, revisit_after_h=0)
    room.crawl()
    room.sink.known.discard(f"{HOST}/rruga-e-fshatit-1")
    room.crawl()
    assert "/rruga-e-fshatit-0" in room.asked and "/rruga-e-fshatit-1" not in room.asked


@pytest.mark.parametrize(
    ("age_h", "times", "due_h"),
    [
        pytest.param(0, 1, 2, id="first"),
        pytest.param(2, 2, 4, id="as-long-as-it-is-old"),
        pytest.param(48, 3, 96, id="ever-later"),
        pytest.param(100, 3, None, id="would-be-too-old-then"),
        pytest.param(1, 4, None, id="seen-often-enough"),
        pytest.param(24 * 30, 1, None, id="old-when-first-seen"),
    ],
)
def test_when_a_page_is_due_again(age_h: float, times: int, due_h: float | None) -> None:
    published = NOW - timedelta(hours=age_h)
    due = next_visit(published, NOW, times, CrawlSettings())
    assert due == (None if due_h is None else published + timedelta(hours=due_h))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 0 ", 0.0, id="zero"),
        pytest.param("Sat, 21 Nov 2026 12:10:00 GMT", 600.0, id="date"),
        pytest.param("Sat, 21 Nov 2026 11:00:00 GMT", 0.0, id="past-date"),
        pytest.param("Fri, 01 Jan 2099 00:00:00 GMT", 604_800.0, id="far-date-is-a-week"),
        pytest.param("99999999", 604_800.0, id="years-are-a-week"),
        pytest.param("-5", None, id="negative"),
        pytest.param("nesër", None, id="word"),
        pytest.param("2026-11-21 12:10:00", None, id="no-http-date"),
        pytest.param(None, None, id="none"),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_host_that_asks_for_an_hour_is_left_alone_beyond_the_process(desk: Callable[..., Desk], status: int, form: str) -> None:
    pages = site(12)
    value = "3600" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    pages["/rruga-e-fshatit-0"] = Response(status=status, headers=(("Retry-After", value),))
    room = desk(pages, concurrency_per_host=1, delay_s=0.05)  # without a pause Scrapy lets out all that wait at once
    first = room.crawl()
    assert sum(room.count.values()) == 3  # robots.txt, feed, the page
    assert first.counts[Outcome.POSTPONED] == 11 and first.counts[Outcome.HTTP_ERROR] == 1
    second = room.crawl()
    assert room.asked == {} and second.counts == {Outcome.POSTPONED: 1}
    assert "left alone until" in room.sink.reason_of(f"{HOST}/feed.xml")


def test_a_short_wait_is_waited_out(desk: Callable[..., Desk]) -> None:
    class Busy(Pages):
        busy = True

        def respond(self, target: str) -> Response | None:
            if target == "/rruga-e-fshatit-1" and self.busy:
                self.busy = False
                return Response(status=429, headers=(("Retry-After", "1"),))
            return super().respond(target)

    room = desk(Busy(**site(3).pages))
    room.crawl()
    assert len(room.sink.documents) == 3 and room.count["/rruga-e-fshatit-1"] == 2
    times = [request.at for request in room.server.log if request.path == "/rruga-e-fshatit-1"]
    assert times[1] - times[0] >= timedelta(seconds=0.95)


def test_the_day_s_requests_are_counted_over_runs(desk: Callable[..., Desk]) -> None:
    room = desk(site(20), requests_per_day=8, concurrency_per_host=1)
    room.crawl()
    assert sum(room.count.values()) == 8
    assert len(room.sink.documents) == 6 and Counter(r.outcome for r in room.sink.records)[Outcome.POSTPONED] == 14
    assert room.crawl().counts == {Outcome.POSTPONED: 1} and room.asked == {}


def test_a_body_that_trickles_in_is_given_up(desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "GRACE_S", 0.3)
    pages = site(2)
    pages["/rruga-e-fshatit-0"] = Response(chunks=lambda: iter([b"<p>"] * 400), chunk_pause_s=0.05)
    room = desk(pages, timeout_s=20, retries=0)
    summary = room.crawl()
    assert room.sink.outcome_of(f"{HOST}/rruga-e-fshatit-0") is Outcome.TIMEOUT
    assert "least_bytes_per_s" in room.sink.reason_of(f"{HOST}/rruga-e-fshatit-0")
    assert summary.elapsed_s < 5 and len(room.sink.documents) == 1


def test_the_development_cache_asks_once(desk: Callable[..., Desk], tmp_path: Path) -> None:
    room = desk(site(3), http_cache=str(tmp_path / "cache"), revisits=0)
    room.crawl()
    texts = {document.url: document.text for document in room.sink.documents.values()}
    room.sink = MemorySink()
    (tmp_path / "crawl.sqlite").unlink()
    room.crawl()
    assert room.asked == {}
    assert {document.url: document.text for document in room.sink.documents.values()} == texts


def test_sources_of_higher_priority_come_first(serve: Callable[..., Server], tmp_path: Path) -> None:
    hosts = {f"portali-{n}.test": Pages(**{"/feed.xml": Response(status=404)}) for n in range(3)}
    server = serve(dict(hosts))
    sources = [Source(id=f"p{n}", name="P", feeds=[f"http://portali-{n}.test/feed.xml"], priority=n) for n in range(3)]
    settings = CrawlSettings(proxy=f"http://127.0.0.1:{server.port}", **(FAST | {"concurrency": 1}))
    crawl(sources, MemorySink(), settings, captures=tmp_path / "captures")
    assert list(dict.fromkeys(request.host for request in server.log)) == ["portali-2.test", "portali-1.test", "portali-0.test"]


def test_what_the_ledger_gathers_outlives_a_process_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "crawl.sqlite"
    with Ledger(path) as ledger:
        for _ in range(5):
            ledger.count_request("lajme.test")
        ledger.rest("lajme.test", datetime.now(UTC) + timedelta(minutes=5), "test")
    with Ledger(path) as ledger:
        assert ledger.requests_today("lajme.test") == 5
        assert ledger.resting("lajme.test") is not None and ledger.resting("vesti.test") is None
