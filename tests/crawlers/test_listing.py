"""Section pages: links that are documents, the next page in every spelling, backfill to a day, and sites without end."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.listing import is_article_address, is_trap, page_number, read_listing
from crawlers.run import crawl
from eho.outcome import Outcome
from eho.settings import CrawlSettings
from eho.source import Source
from evaluation.miniweb.response import Response
from evaluation.miniweb.server import Server
from tests.crawlers.conftest import FAST, MemorySink, Pages

HOST = "http://vesti.test"
SECTION = f"{HOST}/drustvo/"


@pytest.mark.parametrize(
    ("address", "is_article"),
    [
        pytest.param("/drustvo/asfaltiran-put-do-sela", True, id="slug"),
        pytest.param("/drustvo/481212", True, id="number"),
        pytest.param("/vest.php?id=48121", True, id="number-in-query"),
        pytest.param("/2026/11/12/asfaltiran-put-do-sela/", True, id="day-and-slug"),
        pytest.param("/lajme/u-hap-rruga-e-re.html", True, id="html"),
        pytest.param("/drustvo/", False, id="itself"),
        pytest.param("/sport/", False, id="section"),
        pytest.param("/tag/asfaltiran-put-do-sela", False, id="tag"),
        pytest.param("/autor/marko-markovic-iz-naseg-dopisnistva", False, id="author"),
        pytest.param("/drustvo/page/2", False, id="next-page"),
        pytest.param("/2026/11/12/", False, id="calendar"),
        pytest.param("/dogadjaji-u-nasem-gradu?date=2026-11-12", False, id="calendar-query"),
        pytest.param("/slike/otvaranje-novog-puta-2026.jpg", False, id="image"),
        pytest.param("http://drugi.test/asfaltiran-put-do-sela", False, id="other-site"),
    ],
)
def test_addresses_of_documents(address: str, is_article: bool) -> None:
    assert is_article_address(address if address.startswith("http") else HOST + address, section=SECTION) is is_article


@pytest.mark.parametrize(
    ("markup", "next_page"),
    [
        pytest.param('<link rel="next" href="/drustvo/page/2/">', "/drustvo/page/2/", id="link-rel"),
        pytest.param('<a rel="next nofollow" href="?paged=2">2</a>', "/drustvo/?paged=2", id="a-rel"),
        pytest.param('<a href="/drustvo/strana/2">Sledeća ›</a>', "/drustvo/strana/2", id="sr-Latn"),
        pytest.param('<a href="/drustvo/strana/2">Следећа страна</a>', "/drustvo/strana/2", id="sr-Cyrl"),
        pytest.param('<a href="/drustvo?page=2">Starije vesti</a>', "/drustvo?page=2", id="older"),
        pytest.param('<a href="/lajme/faqe/2">Tjetra »</a>', "/lajme/faqe/2", id="sq"),
        pytest.param('<a href="?p=1">1</a><a href="?p=3">3</a><a href="?p=2">2</a>', "/drustvo/?p=2", id="numbers"),
        pytest.param('<a href="?page=1">1</a>', None, id="no-more"),
        pytest.param('<a href="http://drugi.test/page/2">2</a>', None, id="other-site"),
        pytest.param('<a href="http://[">2</a>', None, id="no-address"),
    ],
)
def test_next_page(markup: str, next_page: str | None) -> None:
    found = read_listing(f"<html><body>{markup}</body></html>", url=SECTION).next_url
    assert found == (HOST + next_page if next_page else None)


def test_menus_and_footers_list_nothing() -> None:
    link = '<a href="/drustvo/asfaltiran-put-do-sela-{}">x</a>'
    page = f"<nav>{link.format(1)}</nav><main>{link.format(2)}{link.format(2)}</main><footer>{link.format(3)}</footer>"
    assert [entry.url for entry in read_listing(page, url=SECTION).entries] == [f"{HOST}/drustvo/asfaltiran-put-do-sela-2"]


@pytest.mark.parametrize(
    ("path", "trap"),
    [
        pytest.param("/vesti/2026/11/12/asfaltiran-put", False, id="plain"),
        pytest.param("/a/b/a/b/vest", True, id="two-steps-repeat"),
        pytest.param("/vesti/vesti/vesti/vest", True, id="one-step-repeats"),
        pytest.param("/" + "/".join("abcdefghijklmnopqrst"), True, id="deep"),
        pytest.param("/vest?" + "&".join(f"f{n}=1" for n in range(20)), True, id="many-parameters"),
    ],
)
def test_traps(path: str, trap: bool) -> None:
    assert is_trap(HOST + path) is trap


@given(st.integers(min_value=2, max_value=99_999))
def test_page_numbers_are_read_from_every_form(number: int) -> None:
    forms = (f"/drustvo/page/{number}/", f"/lajme/faqe-{number}", f"/drustvo?strana={number}", f"/drustvo/?paged={number}")
    assert {page_number(HOST + form) for form in forms} == {number}


class Section(Pages):
    """A section of `count` documents, ten a page, a day apart; without `count` it never ends, and repeats itself."""

    def __init__(self, count: int | None) -> None:
        super().__init__()
        self.count = count

    def respond(self, target: str) -> Response | None:
        if target.startswith("/drustvo"):
            page = page_number(HOST + target) or 1
            numbers = range(10 * page - 10, min(10 * page, self.count) if self.count is not None else 10 * page)
            shown = numbers if self.count is not None else [number % 30 for number in numbers]
            links = "".join(f'<a href="/vest-iz-grada-broj-{number}">{number}</a>' for number in shown)
            more = (
                f'<a rel="next" href="/drustvo/page/{page + 1}">dalje</a>' if self.count is None or 10 * page < self.count else ""
            )
            return Response(f"<html><body><main>{links}{more}</main></body></html>".encode())
        if (found := re.fullmatch(r"/vest-iz-grada-broj-(\d+)", target)) is not None:
            number = int(found[1])
            day = date.fromordinal(date(2026, 11, 20).toordinal() - number)
            head = f'<meta property="article:published_time" content="{day}T08:00:00+01:00">'
            text = (
                f"U gradu je juče otvorena nova linija prevoza broj {number}, kažu u opštini posle sednice veća održane u sredu."
            )
            return Response(
                f"<html><head>{head}</head><body><article><h1>Linija {number}</h1><p>{text}</p></article></body></html>".encode()
            )
        return None


@pytest.fixture
def crawl_section(serve: Callable[..., Server], tmp_path: Path) -> Callable[..., tuple[MemorySink, list[str]]]:
    def run(count: int | None, sink: MemorySink | None = None, **options: Any) -> tuple[MemorySink, list[str]]:
        server, kept = serve({"vesti.test": Section(count)}), sink or MemorySink()
        settings = CrawlSettings(proxy=f"http://127.0.0.1:{server.port}", **(FAST | options.pop("settings", {})))
        source = Source(id="vesti", name="Vesti", sections=[SECTION])
        crawl([source], kept, settings, captures=tmp_path / "captures", **options)
        return kept, [request.path for request in server.log if request.path.startswith("/drustvo")]

    return run


def test_without_backfill_the_first_page_is_read(crawl_section: Callable[..., Any]) -> None:
    sink, lists = crawl_section(45)
    assert len(sink.documents) == 10 and lists == ["/drustvo/"]


def test_backfill_reads_to_the_end(crawl_section: Callable[..., Any]) -> None:
    sink, lists = crawl_section(45, backfill=True)
    assert len(sink.documents) == 45 and lists == ["/drustvo/", *(f"/drustvo/page/{n}" for n in range(2, 6))]


def test_backfill_stops_at_the_day_asked_for(crawl_section: Callable[..., Any]) -> None:
    sink, lists = crawl_section(200, backfill=True, since=date(2026, 11, 1))
    assert len(sink.documents) == 20  # one a day, 1 to 20 November
    assert lists == ["/drustvo/", "/drustvo/page/2", "/drustvo/page/3"]  # the third has nothing but older ones


def test_backfill_goes_on_where_it_was_interrupted(crawl_section: Callable[..., Any]) -> None:
    sink, _ = crawl_section(45, backfill=True, settings={"listing_pages": 2})
    assert len(sink.documents) == 20
    crawl_section(45, sink=sink, backfill=True)
    assert len(sink.documents) == 45


def test_a_section_without_end_ends(crawl_section: Callable[..., Any]) -> None:
    sink, lists = crawl_section(None, backfill=True)
    assert len(sink.documents) == 30 and len(lists) <= 6  # three pages with something new, and two without


def test_a_section_page_without_documents_is_said(serve: Callable[..., Server], tmp_path: Path) -> None:
    server, sink = (
        serve({"vesti.test": Pages(**{"/drustvo/": Response(b"<html><body><p>Uskoro</p></body></html>")})}),
        MemorySink(),
    )
    settings = CrawlSettings(proxy=f"http://127.0.0.1:{server.port}", **FAST)
    crawl([Source(id="vesti", name="Vesti", sections=[SECTION])], sink, settings, captures=tmp_path / "captures")
    assert sink.outcome_of(SECTION) is Outcome.BAD_FEED and "section page" in sink.reason_of(SECTION)
