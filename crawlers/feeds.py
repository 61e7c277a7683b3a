"""Feeds and sitemaps: RSS and Atom (feedparser), sitemaps, sitemap indexes and news sitemaps, gzipped or not."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import feedparser
from lxml import etree  # type: ignore[import-untyped]

from crawlers.dates import Stamp, parse_stamp
from eho.errors import EhoError

_ROOT = re.compile(rb"<(?:\w+:)?(urlset|sitemapindex|rss|feed|RDF|html)\b", re.IGNORECASE)
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_HEAD_BYTES = 4096
_UNZIPPED_LIMIT = 60 * 1024 * 1024  # the sitemap protocol allows 50 MB


class FeedError(EhoError):
    """A feed or sitemap that cannot be read; ends as Outcome.BAD_FEED."""

    code = "feed"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One address that a feed or sitemap lists; only feeds and news sitemaps know the day of publication."""

    url: str
    published: Stamp | None = None
    changed_on: date | None = None


@dataclass(frozen=True, slots=True)
class FeedContent:
    """What one feed or sitemap lists: documents, or for a sitemap index further sitemaps."""

    entries: list[FeedEntry] = field(default_factory=list)
    sitemaps: list[FeedEntry] = field(default_factory=list)
    is_sitemap: bool = False


def read_feed(body: bytes, *, url: str) -> FeedContent:
    """Read a feed or sitemap of any of the kinds. Raises FeedError, with the reason, where nothing can be read from it."""
    body = _unzip(body)
    if not body.strip():
        raise FeedError("the answer is empty")
    if _ENTITY.search(body[:_HEAD_BYTES]):
        raise FeedError("it declares XML entities, which no feed needs; refused as an attack on the reader")
    found = _ROOT.search(body[:_HEAD_BYTES])
    root = found[1].lower() if found else b""
    if root in (b"urlset", b"sitemapindex"):
        content = _read_sitemap(body, url)
    else:
        if root == b"html":
            raise FeedError("it is an HTML page, not a feed")
        content = FeedContent(entries=list(_read_entries(body, url)))
    if not content.entries and not content.sitemaps:
        raise FeedError("it lists no documents")
    return content


def _unzip(body: bytes) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        with gzip.GzipFile(fileobj=BytesIO(body)) as file:
            unzipped = file.read(_UNZIPPED_LIMIT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(f"it is broken gzip data: {error}") from error
    if len(unzipped) > _UNZIPPED_LIMIT:
        raise FeedError(f"it unpacks to more than {_UNZIPPED_LIMIT // 1024 // 1024} MB")
    return unzipped


def _read_entries(body: bytes, url: str) -> Iterator[FeedEntry]:
    # BytesIO: feedparser takes a bare bytes value for a file name or an address first
    parsed: Any = feedparser.parse(BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    if not parsed.entries and parsed.bozo:
        raise FeedError(f"it cannot be read: {' '.join(str(parsed.bozo_exception).split())[:160]}")
    if not parsed.entries and not parsed.version:
        raise FeedError("it is neither RSS nor Atom nor a sitemap")
    for entry in parsed.entries:
        link = entry.get("link") or _permalink(entry)
        if link:
            yield FeedEntry(
                url=urljoin(url, link.strip()), published=parse_stamp(entry.get("published"), "feed"), changed_on=_changed(entry)
            )


def _permalink(entry: Any) -> str | None:
    guid = entry.get("id") or ""
    return guid if guid.startswith(("http://", "https://")) else None


def _changed(entry: Any) -> date | None:
    # dict.get: feedparser's own get answers with `published`, and a warning, where there is no `updated`
    stamp = parse_stamp(dict.get(entry, "updated"), "feed")
    return stamp.on if stamp else None


def _read_sitemap(body: bytes, url: str) -> FeedContent:
    # Undeclared entities and unclosed tags are common in sitemaps; nothing outside the document is ever loaded.
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser=parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FeedError(f"it is no readable XML: {' '.join(str(error).split())[:160]}") from error
    if root is None:
        raise FeedError("it is no readable XML")
    content = FeedContent(is_sitemap=True)
    for element in root:
        values = {_local(part.tag): (part.text or "").strip() for part in element.iter() if isinstance(part.tag, str)}
        if not values.get("loc"):
            continue
        changed = parse_stamp(values.get("lastmod"), "feed")
        entry = FeedEntry(
            url=urljoin(url, values["loc"]),
            published=parse_stamp(values.get("publication_date"), "feed"),
            changed_on=changed.on if changed else None,
        )
        (content.sitemaps if _local(element.tag) == "sitemap" else content.entries).append(entry)
    return content


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].lower()
