"""The traps of the mini web tell the lies they are named after."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from html import unescape

import feedparser
import httpx
import pytest
from lxml import etree

from eho.outcome import Outcome
from evaluation.miniweb import HOSTILE, HOSTILE_FEEDS, MiniWeb, hostile_url, load_truths
from evaluation.miniweb.hostile import HUGE_BYTES, STALL_S

SCALE = 0.01


@pytest.fixture(scope="module")
def web() -> Iterator[MiniWeb]:
    with MiniWeb(delay_scale=SCALE) as running:
        yield running


@pytest.fixture
def client(web: MiniWeb) -> Iterator[httpx.Client]:
    with httpx.Client(proxy=web.proxy_url, max_redirects=6) as browser:
        yield browser


def test_feed_lists_every_trap(client: httpx.Client) -> None:
    feed = feedparser.parse(client.get("http://zamka.test/feed.xml").content)
    assert [entry.link for entry in feed.entries] == [hostile_url(name) for name in HOSTILE]
    dates = {entry.title: entry.get("published") for entry in feed.entries}
    for name, truth in load_truths().items():
        assert (parsedate_to_datetime(dates[name]) if dates[name] else None) == truth.published_at


def test_truths_are_the_pages_that_end_as_documents() -> None:
    assert set(load_truths()) == {name for name, outcome in HOSTILE.items() if outcome is Outcome.STORED}


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        pytest.param("article", "utf-8", id="plain"),
        pytest.param("declared-latin1", "utf-8", id="declared-latin1"),
        pytest.param("undeclared-windows-1250", "windows-1250", id="windows-1250"),
        pytest.param("utf-16-bom", "utf-16", id="utf-16"),
        pytest.param("future-date", "utf-8", id="future-date"),
        pytest.param("no-date", "utf-8", id="no-date"),
        pytest.param("date-1970", "utf-8", id="date-1970"),
        pytest.param("deeply-nested", "utf-8", id="deeply-nested"),
    ],
)
def test_documents_behind_traps_hold_their_text(name: str, encoding: str, client: httpx.Client) -> None:
    body = unescape(client.get(hostile_url(name)).content.decode(encoding))
    assert all(paragraph in body for paragraph in load_truths()[name].paragraphs)


@pytest.mark.parametrize(
    ("name", "header", "metas"),
    [
        pytest.param("declared-latin1", "text/html; charset=iso-8859-1", 1, id="latin1-declared-twice"),
        pytest.param("undeclared-windows-1250", "text/html", 0, id="windows-1250-undeclared"),
        pytest.param("utf-16-bom", "text/html", 0, id="utf-16-by-bom"),
    ],
)
def test_encodings_are_declared_as_named(name: str, header: str, metas: int, client: httpx.Client) -> None:
    response = client.get(hostile_url(name))
    assert response.headers["content-type"] == header
    assert response.content.count(b"charset") == metas


@pytest.mark.parametrize(
    ("name", "status"),
    [("forbidden-403", 403), ("not-found-404", 404), ("gone-410", 410), ("server-error-500", 500), ("unavailable-503", 503)],
)
def test_error_statuses(name: str, status: int, client: httpx.Client) -> None:
    response = client.get(hostile_url(name))
    assert response.status_code == status
    assert ("retry-after" in response.headers) == (status == 503)


@pytest.mark.parametrize("name", ["redirect-endless", "redirect-to-itself", "redirect-chain"])
def test_redirects_outlast_the_limit(name: str, client: httpx.Client) -> None:
    with pytest.raises(httpx.TooManyRedirects):
        client.get(hostile_url(name), follow_redirects=True)


def test_redirects_that_arrive(client: httpx.Client) -> None:
    assert client.get(hostile_url("redirect-to-article"), follow_redirects=True).url == hostile_url("article")
    assert client.get(hostile_url("redirect-outside")).headers["location"].startswith("http://example.com/")


@pytest.mark.parametrize("name", ["huge", "huge-declared"])
def test_huge_pages_are_streamed(name: str, client: httpx.Client) -> None:
    with client.stream("GET", hostile_url(name)) as response:
        assert ("content-length" in response.headers) == (name == "huge-declared")
        assert sum(map(len, response.iter_raw())) == HUGE_BYTES


def test_gzip_bomb_is_small_on_the_wire(client: httpx.Client) -> None:
    with client.stream("GET", hostile_url("gzip-bomb")) as response:
        packed = b"".join(response.iter_raw())
    assert len(packed) < 1_000_000
    assert len(zlib.decompress(packed, 31)) == HUGE_BYTES


@pytest.mark.parametrize("name", ["truncated", "hang-up"])
def test_connection_closes_early(name: str, client: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(hostile_url(name))


def test_slow_page_stalls_in_the_middle(client: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        client.get(hostile_url("slow"), timeout=STALL_S * SCALE / 4)
    began = time.monotonic()
    assert client.get(hostile_url("slow"), timeout=60).content.endswith(b"</html>\n")
    assert time.monotonic() - began >= STALL_S * SCALE * 0.9


@pytest.mark.parametrize(
    ("name", "start"),
    [
        pytest.param("empty-body", b"", id="empty"),
        pytest.param("binary-as-html", b"\x00\x01\x02", id="binary"),
        pytest.param("pdf", b"%PDF-", id="pdf"),
        pytest.param("feed-as-page", b"<?xml", id="feed"),
    ],
)
def test_bodies_that_are_no_pages(name: str, start: bytes, client: httpx.Client) -> None:
    response = client.get(hostile_url(name))
    assert response.status_code == 200
    assert response.content.startswith(start)
    assert bool(response.content) == bool(start)


def test_broken_feeds(web: MiniWeb, client: httpx.Client) -> None:
    answers = {name: client.get(f"http://{name}.test/feed.xml") for name in HOSTILE_FEEDS}
    assert (answers["feed-404"].status_code, answers["unreachable"].status_code) == (404, 502)
    for name in ("feed-is-html", "feed-invalid", "feed-empty"):
        assert not feedparser.parse(answers[name].content).entries
    assert len(etree.fromstring(answers["feed-empty"].content).findall(".//item")) == 0
    assert answers["feed-bomb"].text.count("<!ENTITY") == 10
    assert {"zamka", *HOSTILE_FEEDS} <= {source.id for source in web.sources}
