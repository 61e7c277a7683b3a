"""Autodiscovery from home pages, fetched over loopback by the crawl's own stack: what is found, refused and left alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from crawlers.discovery import discover
from eho.errors import CrawlError
from eho.settings import CrawlSettings

SETTINGS = CrawlSettings(delay_s=0, autothrottle=False, retries=0)


def feed(base: str, *days: int) -> str:
    items = "".join(
        f"<item><title>n{day}</title><link>{base}/lajme/{day}</link><pubDate>{day:02d} Nov 2026 08:00:00 +0100</pubDate></item>"
        for day in days
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{items}</channel></rss>'


SITEMAP = (
    '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{}/vesti/1</loc></url></urlset>'
)


@dataclass
class Outlet:
    """A web server with a few pages, which says what it was asked for."""

    base: str
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def serve(self, path: str, text: str, *, kind: str = "text/html; charset=utf-8", charset: str = "utf-8") -> None:
        self.pages[path] = (200, {"Content-Type": kind}, text.encode(charset))

    def redirect(self, path: str, to: str) -> None:
        self.pages[path] = (302, {"Location": to}, b"")


@pytest.fixture
def outlet() -> Iterator[Outlet]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            status, headers, body = served.pages.get(self.path, (404, {}, b"nothing here"))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Outlet(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def test_sq_wordpress_named_feed_without_the_comments(outlet: Outlet) -> None:
    outlet.serve(
        "/",
        f"""<html lang="en-US"><head><title>Ballina - Gazeta e Lumit</title><meta property="og:site_name" content="Gazeta e Lumit">
        <meta name="generator" content="WordPress 6.6"><link rel="alternate" type="application/rss+xml" href="{outlet.base}/feed/">
        <link rel="alternate" type="application/rss+xml" href="{outlet.base}/comments/feed/"></head><body>
        <nav><a href="/politike/">Politikë</a><a href="/kulture/">Kulturë</a><a href="https://facebook.com/x">Facebook</a></nav>
        <h2>Komuna e miratoi buxhetin për vitin e ardhshëm pas një debati të gjatë</h2></body></html>""",
    )
    outlet.serve("/feed/", feed(outlet.base, 10, 11, 12, 13, 14, 15), kind="application/rss+xml")
    outlet.serve("/comments/feed/", feed(outlet.base, 1), kind="application/rss+xml")
    found = discover(f"{outlet.base}/", SETTINGS)
    assert found.name == "Gazeta e Lumit"
    assert found.feeds == [f"{outlet.base}/feed/"] and found.origins[found.feeds[0]] == "link element of the home page"
    assert found.sections == [f"{outlet.base}/politike/", f"{outlet.base}/kulture/"]
    assert found.page_language == "en-US" and any("buxhetin" in text for text in found.texts)
    assert (found.expect.min, found.expect.max, found.expect.basis) == (0.4, 3.6, "feed")  # six documents in five days
    assert "/comments/feed/" not in outlet.asked


def test_sr_latn_usual_address_of_its_system(outlet: Outlet) -> None:
    outlet.serve(
        "/",
        """<html lang="sr"><head><title>Dunavski glasnik</title><meta name="generator" content="Drupal 10"></head>
        <body><p>Opštinsko veće usvojilo je budžet za narednu godinu posle duge rasprave.</p></body></html>""",
    )
    outlet.serve("/rss.xml", feed(outlet.base, 1, 2), kind="text/xml")
    found = discover(f"{outlet.base}/", SETTINGS)
    assert found.name == "Dunavski glasnik" and found.feeds == [f"{outlet.base}/rss.xml"]
    assert found.origins[found.feeds[0]] == "usual address of Drupal"
    assert found.expect.basis is None  # two entries say nothing of a rhythm
    assert f"{outlet.base}/feed/" in found.rejected and "404" in found.rejected[f"{outlet.base}/feed/"]


def test_sr_cyrl_in_windows_1251_with_a_latin_version_and_a_sitemap_in_robots(outlet: Outlet) -> None:
    outlet.serve(
        "/",
        """<html lang="sr-Cyrl-RS"><head><meta charset="windows-1251"><title>Гласник севера</title>
        <script type="application/ld+json">{"@type": "NewsMediaOrganization", "name": "Гласник севера"}</script>
        <link rel="alternate" hreflang="sr-Latn-RS" href="/lat/"></head>
        <body><p>Општинско веће усвојило је буџет за следећу годину после дуге расправе.</p></body></html>""",
        kind="text/html",
        charset="windows-1251",
    )
    outlet.serve("/robots.txt", f"User-agent: *\nCrawl-delay: 0.1\nSitemap: {outlet.base}/mapa.xml\n", kind="text/plain")
    outlet.serve("/mapa.xml", SITEMAP.format(outlet.base), kind="text/xml")
    found = discover(f"{outlet.base}/", SETTINGS)
    assert found.name == "Гласник севера"
    assert (found.page_language, found.other_languages) == ("sr-Cyrl-RS", ["sr-Latn-RS"])
    assert found.sitemaps == [f"{outlet.base}/mapa.xml"] and found.origins[found.sitemaps[0]] == "robots.txt"
    assert found.robots_note == "robots.txt asks for a pause of 0.1 s"
    assert any("Општинско веће" in text for text in found.texts)


def test_addresses_of_other_hosts_are_never_asked(outlet: Outlet) -> None:
    outlet.serve(
        "/",
        """<html lang="sq"><head><title>Kurthi</title><link rel="alternate" type="application/rss+xml" href="http://169.254.169.254/rss">
        <link rel="alternate" type="application/rss+xml" href="file:///etc/passwd"></head><body><a href="http://10.0.0.1/feed/">RSS</a></body></html>""",
    )
    outlet.serve("/robots.txt", "Sitemap: http://192.168.1.1/sitemap.xml\n", kind="text/plain")
    found = discover(f"{outlet.base}/", SETTINGS)
    assert found.feeds == found.sitemaps == []
    assert not any(host in address for address in found.rejected for host in ("169.254", "10.0.0.1", "192.168", "passwd"))


def test_what_robots_txt_disallows_is_left_alone(outlet: Outlet) -> None:
    outlet.serve("/", '<html><head><title>Mbyllur</title></head><body><a href="/feed/">RSS</a></body></html>')
    outlet.serve("/robots.txt", "User-agent: *\nDisallow: /feed/\n", kind="text/plain")
    outlet.serve("/feed/", feed(outlet.base, 1), kind="application/rss+xml")
    found = discover(f"{outlet.base}/", SETTINGS)
    assert found.feeds == [] and "disallows" in found.rejected[f"{outlet.base}/feed/"] and "/feed/" not in outlet.asked


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://169.254.169.254/latest/", "https://example.org/", "http://vala-e-re.test/"]
)
def test_a_home_page_outside_is_refused(url: str) -> None:
    with pytest.raises(CrawlError, match="cannot be read") as caught:
        discover(url, SETTINGS)
    assert url in str(caught.value) and "\n" not in str(caught.value)


def test_a_redirect_to_a_private_address_is_refused(outlet: Outlet) -> None:
    outlet.redirect("/", "http://10.0.0.1/admin")
    with pytest.raises(CrawlError, match=r"'10\.0\.0\.1' is outside this machine"):
        discover(f"{outlet.base}/", SETTINGS)


def test_broken_links_are_passed_over(outlet: Outlet) -> None:
    outlet.serve(
        "/",
        """<html><head><title>Pokvareni linkovi</title><link rel="alternate" hreflang="sr" href="http://[">
        <link rel="alternate" type="application/rss+xml" href="http://[::1/rss"></head>
        <body><nav><a href="http://[x/">A</a><a href="/vesti/">Vesti</a></nav><a href="http://]/feed/">RSS</a></body></html>""",
    )
    outlet.serve("/robots.txt", "Sitemap: http://[\nSitemap:\nSitemap: \x00\n", kind="text/plain")
    outlet.serve("/feed/", feed(outlet.base, 1), kind="application/rss+xml")
    found = discover(f"{outlet.base}/", SETTINGS)
    assert found.sections == [f"{outlet.base}/vesti/"] and found.feeds == [f"{outlet.base}/feed/"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [("", "text/html"), ("\x00\x01\x02", "application/octet-stream"), ("<" * 50_000, "text/html")],
    ids=["empty", "binary", "only-brackets"],
)
def test_a_page_without_anything_is_one_line_or_an_empty_finding(outlet: Outlet, body: str, kind: str) -> None:
    outlet.serve("/", body, kind=kind)
    try:
        found = discover(f"{outlet.base}/", SETTINGS)
    except CrawlError as error:
        assert "no HTML" in str(error) and "\n" not in str(error)
    else:
        assert found.feeds == found.sitemaps == found.sections == []


def test_a_server_error_is_said(outlet: Outlet) -> None:
    outlet.pages["/"] = (503, {}, b"")
    with pytest.raises(CrawlError, match="HTTP status 503 Service Unavailable"):
        discover(f"{outlet.base}/", SETTINGS)
