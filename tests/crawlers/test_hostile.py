"""One crawl of hosts that attack: every trap ends in its outcome, in bounded time and memory, and the run goes on."""

from __future__ import annotations

import gzip
import resource
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from crawlers.run import crawl
from eho.outcome import Outcome
from eho.settings import CrawlSettings
from eho.source import Source
from evaluation.miniweb.response import Response
from evaluation.miniweb.server import Server
from tests.crawlers.conftest import FAST, MemorySink, Pages

HOST = "http://klopka.test"
XML = "application/xml; charset=utf-8"
PARAGRAPH = (
    "Vodovod u selu biće obnovljen do proleća, a radovi počinju čim se završi ispitivanje zemljišta, rekli su u javnom preduzeću."
)
GIGABYTE = 1_000_000_000


def page(body: str = f"<p>{PARAGRAPH}</p>", head: str = "") -> bytes:
    return f"<html><head><meta charset=utf-8>{head}</head><body><article><h1>Vodovod</h1>{body}</article></body></html>".encode()


def bomb(size: int = 200_000_000) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"<p>bum</p>" * 100_000
    return b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()


def archive() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.html", b"0" * 20_000_000)
    return buffer.getvalue()


def endless() -> Iterator[bytes]:
    block = b"<p>" + b"a" * 65_000
    for _ in range(GIGABYTE // len(block)):
        yield block


def rss(items: str, head: str = "") -> bytes:
    return f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>K</title>{items}</channel></rss>'.encode()


def redirect(location: str) -> Response:
    return Response(status=302, headers=(("Location", location),))


PAGES: dict[str, tuple[Response, Outcome]] = {
    "good": (Response(page()), Outcome.STORED),
    "nested-100000": (Response(page("<div>" * 100_000 + "x" + "</div>" * 100_000 + f"<p>{PARAGRAPH}</p>")), Outcome.NO_TEXT),
    "spans-100000": (Response(page(f"<p>{PARAGRAPH}</p>" + "<span>" * 100_000)), Outcome.STORED),
    "attributes-50000": (Response(page(f"<p {' '.join(f'a{n}=1' for n in range(50_000))}>{PARAGRAPH}</p>")), Outcome.NOT_HTML),
    "json-ld-deep": (
        Response(page(head=f'<script type="application/ld+json">{"[" * 100_000}</script>')),
        Outcome.STORED,
    ),
    "nul-bytes": (Response(page(f"<p>{PARAGRAPH.replace('do ', 'd' + chr(0) + 'o ')}</p>")), Outcome.STORED),
    "date-2099": (Response(page(head='<meta property="article:published_time" content="2099-01-01T00:00:00Z">')), Outcome.STORED),
    "charset-lie": (Response(page(), content_type="text/html; charset=iso-8859-5"), Outcome.STORED),
    "charset-unknown": (Response(page(), content_type="text/html; charset=klingon-8"), Outcome.STORED),
    "length-short": (Response(page(), claimed_length=1_000_000), Outcome.TRUNCATED),
    "gigabyte": (Response(chunks=endless), Outcome.TOO_LARGE),
    "gigabyte-declared": (Response(chunks=endless, claimed_length=GIGABYTE), Outcome.TOO_LARGE),
    "gzip-bomb": (Response(bomb(), headers=(("Content-Encoding", "gzip"),)), Outcome.TOO_LARGE),
    "gzip-twice": (Response(gzip.compress(bomb()), headers=(("Content-Encoding", "gzip, gzip"),)), Outcome.TOO_LARGE),
    "zip": (Response(archive()), Outcome.NOT_HTML),
    "gzip-lie": (Response(page(), headers=(("Content-Encoding", "gzip"),)), Outcome.NETWORK_ERROR),
    "to-loopback": (redirect("http://127.0.0.1:22/"), Outcome.REDIRECTED),
    "to-mapped": (redirect("http://[::ffff:169.254.169.254]/latest/meta-data"), Outcome.SKIPPED),
    "to-file": (redirect("file:///etc/passwd"), Outcome.HTTP_ERROR),
    "to-credentials": (redirect("http://admin:admin@klopka.test/good"), Outcome.SKIPPED),
    "to-itself": (redirect(f"{HOST}/to-itself"), Outcome.REDIRECT_LOOP),
    "to-nothing": (redirect("http://["), Outcome.BAD_URL),
}
ADDRESSES: dict[str, Outcome] = {
    "http://ana:tajna@klopka.test/dobro": Outcome.SKIPPED,
    "http://клопка.test/dobro": Outcome.SKIPPED,  # another host in the same letters
    "http://klорка.test/dobro": Outcome.SKIPPED,  # three of its letters are Cyrillic
    "file://etc/passwd": Outcome.BAD_URL,
    "javascript:alert(1)": Outcome.BAD_URL,
    "http://[::1": Outcome.BAD_URL,
    f"{HOST}/{'a/b/' * 400}": Outcome.SKIPPED,
    f"{HOST}/{'x' * 5000}": Outcome.SKIPPED,
    "http://169.254.169.254/latest/meta-data": Outcome.SKIPPED,
}
LAUGHS = "<!DOCTYPE rss [" + '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)) + "]>"
FEEDS: dict[str, tuple[Response, Outcome | None]] = {
    "feed.xml": (
        Response(
            rss(
                "".join(f"<item><link>{HOST}/{name}</link></item>" for name in PAGES)
                + "".join(f"<item><link>{address}</link></item>" for address in ADDRESSES)
            ),
            content_type=XML,
        ),
        None,
    ),
    "laughs.xml": (Response(rss("<item><title>&a11;</title></item>", LAUGHS), content_type=XML), Outcome.BAD_FEED),
    "laughs-late.xml": (
        Response(rss("", f"<!--{'x' * 20_000}-->{LAUGHS}"), content_type=XML),
        Outcome.BAD_FEED,
    ),
    "laughs-utf-16.xml": (
        Response(rss("<item><title>&a11;</title></item>", LAUGHS).decode().encode("utf-16"), content_type=XML),
        Outcome.BAD_FEED,
    ),
    "bomb.xml.gz": (Response(bomb(), content_type="application/gzip"), Outcome.BAD_FEED),
    "deep.xml": (Response(rss("<a>" * 100_000), content_type=XML), Outcome.BAD_FEED),
    "deep.json": (Response(b'{"version":"https://jsonfeed.org/version/1","items":' + b"[" * 200_000), Outcome.BAD_FEED),
    "external.xml": (
        Response(rss("<item>&x;</item>", '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), content_type=XML),
        Outcome.BAD_FEED,
    ),
    "itself.xml": (
        Response(f"<sitemapindex><sitemap><loc>{HOST}/itself.xml</loc></sitemap></sitemapindex>".encode(), content_type=XML),
        None,
    ),
    "many.xml": (
        Response(
            rss("".join(f"<item><link>http://drugi.test/{n}</link></item>" for n in range(100_000))),
            content_type=XML,
            compress=True,
        ),
        Outcome.TRUNCATED,
    ),
}


@dataclass
class Attack:
    sink: MemorySink
    elapsed_s: float
    grown_mb: float


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 / (1024 if sys.platform == "darwin" else 1)


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    pages = Pages(**{f"/{name}": response for name, (response, _) in (PAGES | FEEDS).items()})  # type: ignore[operator]
    pages["/robots.txt"] = Response(page())  # HTML in its place
    server, sink = Server({"klopka.test": pages}, Response), MemorySink()
    server.start()
    options: dict[str, Any] = FAST | {"timeout_s": 60, "retries": 2, "max_page_mb": 3}
    settings = CrawlSettings(proxy=f"http://127.0.0.1:{server.port}", **options)
    source = Source(id="klopka", name="Klopka", feeds=[f"{HOST}/{name}" for name in FEEDS])
    before, started = _peak_mb(), time.monotonic()
    crawl([source], sink, settings, captures=Path(tmp_path_factory.mktemp("klopka")) / "captures")
    yield Attack(sink, time.monotonic() - started, _peak_mb() - before)
    server.stop()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_that_attacks_ends_in_its_outcome(attack: Attack, name: str) -> None:
    assert attack.sink.outcome_of(f"{HOST}/{name}") is PAGES[name][1], attack.sink.reason_of(f"{HOST}/{name}")


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_that_attacks_ends_in_its_outcome(attack: Attack, address: str) -> None:
    assert attack.sink.outcome_of(address) is ADDRESSES[address]


@pytest.mark.parametrize("name", FEEDS)
def test_every_feed_that_attacks_ends_in_its_outcome(attack: Attack, name: str) -> None:
    assert attack.sink.outcome_of(f"{HOST}/{name}") is FEEDS[name][1]


def test_the_run_took_bounded_time_and_memory(attack: Attack) -> None:
    assert attack.elapsed_s < 200 and attack.grown_mb < 600  # 50 MB is the largest sitemap, and it is parsed


def test_dates_of_the_future_and_damaged_text_are_not_believed(attack: Attack) -> None:
    documents = {document.provenance.requested_url: document for document in attack.sink.documents.values()}
    assert documents[f"{HOST}/date-2099"].published_at is None
    assert {documents[f"{HOST}/{name}"].text for name in ("nul-bytes", "charset-lie", "charset-unknown", "good")} == {PARAGRAPH}
