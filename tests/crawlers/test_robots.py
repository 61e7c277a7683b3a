"""robots.txt: what a file says (cases in the spirit of RFC 9309 and the public parsers' tests), and what its absence means."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from crawlers.robots import MOST_BYTES, RobotsRules
from crawlers.run import crawl
from eho.outcome import Outcome
from eho.settings import CrawlSettings
from eho.source import Source
from evaluation.miniweb.response import Response
from tests.crawlers.conftest import FAST, MemorySink, Pages

AGENT = "EhoBot/0.1 (media research; desk@redakcija.test)"
HOST = "http://portal.test"


@pytest.mark.parametrize(
    ("robots", "path", "allowed"),
    [
        pytest.param("", "/vesti/a", True, id="empty"),
        pytest.param("User-agent: *\nDisallow: /", "/vesti/a", False, id="everything"),
        pytest.param("User-agent: *\nDisallow:", "/vesti/a", True, id="nothing"),
        pytest.param("User-agent: EhoBot\nDisallow: /vesti/\n\nUser-agent: *\nDisallow:", "/vesti/a", False, id="own-group"),
        pytest.param(
            "User-agent: *\nDisallow: /\n\nUser-agent: ehobot\nAllow: /", "/vesti/a", True, id="own-group-instead-of-all"
        ),
        pytest.param("User-agent: DrugiBot\nDisallow: /", "/vesti/a", True, id="another's-group"),
        pytest.param("User-agent: EhoBot\nUser-agent: DrugiBot\nDisallow: /lajme/", "/lajme/a", False, id="two-agents-one-group"),
        pytest.param(
            "User-agent: EhoBot\nDisallow: /a\n\nUser-agent: DrugiBot\nDisallow: /x\n\nUser-agent: EhoBot\nDisallow: /b",
            "/b",
            False,
            id="groups-of-one-agent-are-joined",
        ),
        pytest.param("User-agent: *\nDisallow: /arhiva\nAllow: /arhiva/javno", "/arhiva/javno/1", True, id="longest-rule"),
        pytest.param(
            "User-agent: *\nAllow: /arhiva/javno\nDisallow: /arhiva", "/arhiva/javno/1", True, id="order-does-not-matter"
        ),
        pytest.param("User-agent: *\nAllow: /str\nDisallow: /str", "/str", True, id="equal-length-allows"),
        pytest.param("User-agent: *\nDisallow: /*.pdf$", "/izvestaj.pdf", False, id="star-and-end"),
        pytest.param("User-agent: *\nDisallow: /*.pdf$", "/izvestaj.pdf?v=2", True, id="end-means-end"),
        pytest.param("User-agent: *\nDisallow: /*?print=", "/vest?print=1", False, id="query"),
        pytest.param("User-agent: *\nDisallow: /Vesti", "/vesti", True, id="paths-have-case"),
        pytest.param("USER-AGENT: EHOBOT\nDISALLOW: /", "/vesti", False, id="names-have-none"),
        pytest.param("User-agent: *\nDisallow: /%C5%A1kola", "/škola", False, id="percent-encoded"),
        pytest.param("User-agent: *\nDisallow: /škola", "/%C5%A1kola", False, id="letters"),
        pytest.param("User-agent: * # svi\nDisallow: /tajna # ne ovde", "/tajna/1", False, id="comments"),
        pytest.param("User-agent: *\r\nDisallow: /tajna\r\n", "/tajna/1", False, id="windows-lines"),
        pytest.param("User-agent: *\rDisallow: /tajna\r", "/tajna/1", False, id="old-mac-lines"),
        pytest.param("\ufeffUser-agent: *\nDisallow: /tajna", "/tajna/1", False, id="byte-order-mark"),
        pytest.param("User-agent: *\nNepoznato: da\nDisallow: /tajna", "/tajna/1", False, id="unknown-line"),
        pytest.param("Disallow: /tajna", "/tajna/1", True, id="rule-without-agent"),
        pytest.param("<!doctype html><p>User-agent: *\nDisallow: /", "/tajna/1", True, id="html"),
        pytest.param("User-agent: *\nDisallow: /" + "\0" * 10, "/tajna", True, id="nul-bytes-are-letters-of-a-path"),
    ],
)
def test_rules(robots: str, path: str, allowed: bool) -> None:
    assert RobotsRules.read(robots.encode(), AGENT).allows(HOST + path) is allowed


@pytest.mark.parametrize(
    ("robots", "pause_s"),
    [
        pytest.param("User-agent: *\nCrawl-delay: 5", 5, id="delay"),
        pytest.param("User-agent: *\nCrawl-delay: 0.5", 0.5, id="fraction"),
        pytest.param("User-agent: *\nRequest-rate: 1/10", 10, id="rate"),
        pytest.param("User-agent: *\nRequest-rate: 30/1m", 2, id="rate-a-minute"),
        pytest.param("User-agent: *\nCrawl-delay: 3\nRequest-rate: 1/10s", 10, id="both-the-longer"),
        pytest.param("User-agent: *\nCrawl-delay: 86400", 300, id="a-day-is-capped"),
        pytest.param("User-agent: *\nCrawl-delay: sporo", 0, id="word"),
        pytest.param("User-agent: DrugiBot\nCrawl-delay: 9", 0, id="another's"),
    ],
)
def test_pauses(robots: str, pause_s: float) -> None:
    assert RobotsRules.read(robots.encode(), AGENT).pause_s == pause_s


def test_only_the_first_500_kib_are_read_and_no_half_rule() -> None:
    filler = b"# komentar\n" * (MOST_BYTES // 11)
    body = b"User-agent: *\nDisallow: /pre\n" + filler + b"Disallow: /posle\n"
    rules = RobotsRules.read(body, AGENT)
    assert (rules.allows(f"{HOST}/pre/1"), rules.allows(f"{HOST}/posle/1")) == (False, True)
    cut = b"User-agent: *\n" + b"#" * (MOST_BYTES - 14 - 12) + b"\nDisallow: /a/tajna\n"
    assert RobotsRules.read(cut, AGENT).allows(f"{HOST}/a/b")  # not "Disallow: /a"


PAGE = Response(
    "<html><body><article><h1>Put</h1><p>Radovi na putu prema selu počinju u ponedeljak i trajaće do kraja godine, "
    "saopšteno je iz opštine posle sednice.</p></article></body></html>".encode()
)


def portal(robots: Response | None, count: int = 3) -> Pages:
    items = "".join(f"<item><link>{HOST}/vest-o-putu-broj-{number}</link></item>" for number in range(count))
    feed = f'<rss version="2.0"><channel><title>P</title>{items}</channel></rss>'
    pages = {f"/vest-o-putu-broj-{number}": PAGE for number in range(count)}
    pages["/feed.xml"] = Response(feed.encode(), content_type="application/xml")
    return Pages(**(pages | ({} if robots is None else {"/robots.txt": robots})))


def run(serve: Callable[..., Any], site: Pages, tmp_path: Path, **options: Any) -> tuple[MemorySink, Any]:
    server, sink = serve({"portal.test": site}), MemorySink()
    settings = CrawlSettings(proxy=f"http://127.0.0.1:{server.port}", **(FAST | {"retries": 0} | options))
    crawl([Source(id="portal", name="Portal", feeds=[f"{HOST}/feed.xml"])], sink, settings, captures=tmp_path / "captures")
    return sink, server


@pytest.mark.parametrize(
    ("status", "stored", "outcome"),
    [
        pytest.param(404, 3, None, id="absent"),
        pytest.param(401, 3, None, id="unauthorised"),
        pytest.param(403, 3, None, id="forbidden"),
        pytest.param(410, 3, None, id="gone"),
        pytest.param(429, 0, Outcome.HTTP_ERROR, id="too-many-requests"),
        pytest.param(500, 0, Outcome.HTTP_ERROR, id="server-error"),
        pytest.param(503, 0, Outcome.HTTP_ERROR, id="unavailable"),
    ],
)
def test_status_of_robots_txt(
    serve: Callable[..., Any], tmp_path: Path, status: int, stored: int, outcome: Outcome | None
) -> None:
    body = b"User-agent: *\nDisallow: /\n"  # what an error page says is no rule
    sink, _ = run(serve, portal(Response(body, status=status)), tmp_path, patience_s=0.0)
    assert len(sink.documents) == stored
    assert sink.outcome_of(f"{HOST}/feed.xml") is outcome


def test_redirects_of_robots_txt_are_followed(serve: Callable[..., Any], tmp_path: Path) -> None:
    site = portal(Response(status=301, headers=(("Location", "/robots-novi.txt"),)))
    site["/robots-novi.txt"] = Response(b"User-agent: *\nDisallow: /vest-o-putu-broj-1\n", content_type="text/plain")
    sink, _ = run(serve, site, tmp_path)
    assert sink.outcome_of(f"{HOST}/vest-o-putu-broj-1") is Outcome.DISALLOWED
    assert len(sink.documents) == 2


def test_huge_robots_txt_is_read_in_its_first_part(serve: Callable[..., Any], tmp_path: Path) -> None:
    body = b"User-agent: *\nDisallow: /vest-o-putu-broj-2\n" + b"# x\n" * (10 * 1024 * 1024 // 4 - 20)
    sink, _ = run(serve, portal(Response(body, content_type="text/plain")), tmp_path, timeout_s=10)
    assert sink.outcome_of(f"{HOST}/vest-o-putu-broj-2") is Outcome.DISALLOWED


def test_robots_txt_that_changes_during_a_run_is_noticed(serve: Callable[..., Any], tmp_path: Path) -> None:
    class Changing(Pages):
        def respond(self, target: str) -> Response | None:
            if target == "/vest-o-putu-broj-0":
                self["/robots.txt"] = Response(b"User-agent: *\nDisallow: /\n", content_type="text/plain")
            return super().respond(target)

    site = Changing(**portal(None, 12).pages)
    sink, server = run(serve, site, tmp_path, robots_max_age_s=0.001, concurrency_per_host=1)
    outcomes = [sink.outcome_of(f"{HOST}/vest-o-putu-broj-{number}") for number in range(12)]
    assert outcomes[0] is Outcome.STORED and outcomes[6:] == [Outcome.DISALLOWED] * 6  # those before were on their way already
    assert [request.path for request in server.log].count("/robots.txt") > 1


def test_request_rate_is_kept(serve: Callable[..., Any], tmp_path: Path) -> None:
    site = portal(Response(b"User-agent: *\nRequest-rate: 4/1\n", content_type="text/plain"))
    _, server = run(serve, site, tmp_path)
    times = [request.at.timestamp() for request in server.log if request.path != "/robots.txt"]
    assert len(times) == 4 and min(later - earlier for earlier, later in pairwise(times)) > 0.2
