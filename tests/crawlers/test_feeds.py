"""Feeds and sitemaps of every kind, and the reasons why one cannot be read."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime

import pytest

from crawlers.feeds import FeedError, read_feed

URL = "http://vala.test/feed.xml"
RSS = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Vala</title><link>http://vala.test/</link>
<item><title>Një</title><link>http://vala.test/a</link><pubDate>Thu, 12 Nov 2026 14:30:00 +0100</pubDate></item>
<item><title>Dy</title><link>/b</link></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Vala</title><entry><title>Një</title><link href="http://vala.test/a"/>
<published>2026-11-12T14:30:00+01:00</published><updated>2026-11-13T08:00:00+01:00</updated></entry></feed>"""
SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc> http://vala.test/a </loc><lastmod>2026-11-13</lastmod><news:news><news:publication_date>2026-11-12T14:30:00+01:00
</news:publication_date></news:news></url><url><loc>http://vala.test/b</loc></url><url></url></urlset>"""
INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>http://vala.test/s1.xml.gz</loc>
<lastmod>2026-11-13T10:00:00Z</lastmod></sitemap></sitemapindex>"""
AT = datetime(2026, 11, 12, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "urls"),
    [
        pytest.param(RSS.encode(), ["http://vala.test/a", "http://vala.test/b"], id="rss"),
        pytest.param(ATOM.encode(), ["http://vala.test/a"], id="atom"),
        pytest.param(SITEMAP.encode(), ["http://vala.test/a", "http://vala.test/b"], id="news-sitemap"),
        pytest.param(gzip.compress(SITEMAP.encode()), ["http://vala.test/a", "http://vala.test/b"], id="gzip"),
        pytest.param(
            RSS.replace("utf-8", "windows-1250").encode("windows-1250"), ["http://vala.test/a", "http://vala.test/b"], id="1250"
        ),
    ],
)
def test_kinds(body: bytes, urls: list[str]) -> None:
    content = read_feed(body, url=URL)
    assert [entry.url for entry in content.entries] == urls
    published = content.entries[0].published
    assert published is not None and published.at == AT


def test_sitemap_index_lists_sitemaps() -> None:
    content = read_feed(INDEX.encode(), url=URL)
    assert [(entry.url, entry.changed_on) for entry in content.sitemaps] == [("http://vala.test/s1.xml.gz", date(2026, 11, 13))]
    assert content.entries == []


def test_day_of_change_is_not_taken_for_the_day_of_publication() -> None:
    entries = read_feed(SITEMAP.replace("news:publication_date", "news:x").encode(), url=URL).entries
    assert (entries[0].published, entries[0].changed_on) == (None, date(2026, 11, 13))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: text.replace("</channel></rss>", ""), id="cut-off"),
        pytest.param(lambda text: text.replace("Një", "Një & dy"), id="bare-ampersand"),
        pytest.param(lambda text: "\n\n" + text, id="blank-lines-first"),
        pytest.param(lambda text: text.replace("<title>Dy</title>", "<title>Dy</tytle>"), id="wrong-end-tag"),
    ],
)
def test_broken_xml_that_can_be_read_is_read(damage: object) -> None:
    assert callable(damage)
    assert next(entry.url for entry in read_feed(damage(RSS).encode(), url=URL).entries) == "http://vala.test/a"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"<!doctype html><html><body>404</body></html>", "HTML page", id="html"),
        pytest.param(b"just words", "neither RSS nor Atom|cannot be read", id="words"),
        pytest.param(b'<rss version="2.0"><channel></channel></rss>', "lists no documents", id="no-entries"),
        pytest.param(b"<urlset></urlset>", "lists no documents", id="no-urls"),
        pytest.param(b'<!DOCTYPE x [<!ENTITY a "b">]><rss version="2.0"/>', "entities", id="entities"),
        pytest.param(gzip.compress(RSS.encode())[:40], "gzip", id="broken-gzip"),
        pytest.param(gzip.compress(b"x" * 70_000_000), "more than 60 MB", id="gzip-bomb"),
    ],
)
def test_reasons(body: bytes, reason: str) -> None:
    with pytest.raises(FeedError, match=reason):
        read_feed(body, url=URL)
