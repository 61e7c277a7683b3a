"""Feeds and sitemaps: RSS and Atom (feedparser), JSON Feed, sitemaps, sitemap indexes and news sitemaps, gzipped or not."""

from __future__ import annotations

import gzip
import json
import re
import zlib
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
_ENTRY_END = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_HEAD_BYTES = 4096
MOST_ENTRIES = 5_000  # of a feed; feedparser reads some 3,000 a second, and no outlet lists more
MOST_ADDRESSES = 50_000  # of a sitemap, as the sitemap protocol has it
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
    """What one feed or sitemap lists: documents, or for a sitemap index further sitemaps.

    `next_url` is the feed's older part (RFC 5005, JSON Feed); `cut_at` says how many entries were read where there are more.
    """

    entries: list[FeedEntry] = field(default_factory=list)
    sitemaps: list[FeedEntry] = field(default_factory=list)
    is_sitemap: bool = False
    next_url: str | None = None
    cut_at: int | None = None


def read_feed(body: bytes, *, url: str) -> FeedContent:
    """Read a feed or sitemap of any of the kinds. Raises FeedError, with the reason, where nothing can be read from it."""
    body = _unzip(body)
    if not body.strip():
        raise FeedError("the answer is empty")
    head = body[:_HEAD_BYTES].replace(b"\0", b"")  # UTF-16 is ASCII with zeros here
    if _ENTITY.search(body) or _ENTITY.search(head):
        raise FeedError("it declares XML entities, which no feed needs; refused as an attack on the reader")
    found = _ROOT.search(head)
    root = found[1].lower() if found else b""
    if root in (b"urlset", b"sitemapindex"):
        content = _read_sitemap(body, url)
    elif head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        content = _read_json(body, url)
    elif root == b"html":
        raise FeedError("it is an HTML page, not a feed")
    elif not root and head.startswith((b"http://", b"https://")):
        content = _read_lines(body)
    else:
        content = _read_entries(body, url)
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


def _read_entries(body: bytes, url: str) -> FeedContent:
    body, cut_at = _cut(body)
    # BytesIO: feedparser takes a bare bytes value for a file name or an address first
    try:
        parsed: Any = feedparser.parse(BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # of 50,000 mutated bodies 62 raised: wrong character references, encodings that are no text
        raise FeedError(f"its reader fails on it: {type(error).__name__}: {' '.join(str(error).split())[:160]}") from error
    if not parsed.entries and parsed.bozo:
        raise FeedError(f"it cannot be read: {' '.join(str(parsed.bozo_exception).split())[:160]}")
    if not parsed.entries and not parsed.version:
        raise FeedError("it is neither RSS nor Atom nor a sitemap")
    entries = [
        FeedEntry(url=_joined(url, link), published=parse_stamp(entry.get("published"), "feed"), changed_on=_changed(entry))
        for entry in parsed.entries
        if (link := entry.get("link") or _permalink(entry))
    ]
    older = next((link.get("href") for link in parsed.feed.get("links", ()) if link.get("rel") in ("next", "prev-archive")), None)
    return FeedContent(entries=entries, next_url=_joined(url, older) if older else None, cut_at=cut_at)


def _cut(body: bytes) -> tuple[bytes, int | None]:
    """Return the first MOST_ENTRIES entries of a feed, and that number where there are more."""
    for count, match in enumerate(_ENTRY_END.finditer(body), start=1):
        if count == MOST_ENTRIES:
            rest = _ENTRY_END.search(body, match.end())
            return (body, None) if rest is None else (body[: match.end()], MOST_ENTRIES)
    return body, None


def _read_json(body: bytes, url: str) -> FeedContent:
    """Read JSON Feed (jsonfeed.org, versions 1 and 1.1)."""
    try:
        row: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"it is no readable JSON: {' '.join(str(error).split())[:160]}") from error
    items = row.get("items") if isinstance(row, dict) else None
    if not isinstance(items, list) or "jsonfeed.org" not in str(row.get("version")):
        raise FeedError("it is JSON, but no JSON Feed: there is no version and list of items")
    entries = []
    for item in items[:MOST_ENTRIES]:
        link = next((text for key in ("url", "external_url", "id") if (text := _address(item, key))), None)
        if link is not None:
            changed = parse_stamp(_string(item, "date_modified"), "feed")
            entries.append(
                FeedEntry(
                    url=_joined(url, link),
                    published=parse_stamp(_string(item, "date_published"), "feed"),
                    changed_on=changed.on if changed else None,
                )
            )
    older = _string(row, "next_url")
    cut_at = MOST_ENTRIES if len(items) > MOST_ENTRIES else None
    return FeedContent(entries=entries, next_url=_joined(url, older) if older else None, cut_at=cut_at)


def _address(item: Any, key: str) -> str | None:
    text = _string(item, key)
    return None if text is None or (key == "id" and not text.startswith(("http://", "https://"))) else text


def _string(row: Any, key: str) -> str | None:
    value = row.get(key) if isinstance(row, dict) else None
    return value.strip() or None if isinstance(value, str) else None


def _read_lines(body: bytes) -> FeedContent:
    """Read a sitemap of the plain kind, one address a line."""
    lines = [line.strip() for line in body.decode("utf-8", "replace").splitlines()]
    addresses = [line for line in lines if line.startswith(("http://", "https://"))]
    cut_at = MOST_ADDRESSES if len(addresses) > MOST_ADDRESSES else None
    return FeedContent(entries=[FeedEntry(url=line) for line in addresses[:MOST_ADDRESSES]], is_sitemap=True, cut_at=cut_at)


def _joined(base: str, link: str) -> str:
    """Return a link's full address; what is no address stays as it is and ends as Outcome.BAD_URL."""
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return link.strip()


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
    entries: list[FeedEntry] = []
    sitemaps: list[FeedEntry] = []
    for element in root:
        if not isinstance(element.tag, str):
            continue
        # only what stands in the entry itself: an image's or a video's address is called loc as well
        values = {_local(part.tag): (part.text or "").strip() for part in element if isinstance(part.tag, str)}
        if not values.get("loc"):
            continue
        if len(entries) + len(sitemaps) >= MOST_ADDRESSES:
            return FeedContent(entries=entries, sitemaps=sitemaps, is_sitemap=True, cut_at=MOST_ADDRESSES)
        changed = parse_stamp(values.get("lastmod"), "feed")
        entry = FeedEntry(
            url=_joined(url, values["loc"]),
            published=parse_stamp(_publication_date(element), "feed"),
            changed_on=changed.on if changed else None,
        )
        (sitemaps if _local(element.tag) == "sitemap" else entries).append(entry)
    return FeedContent(entries=entries, sitemaps=sitemaps, is_sitemap=True)


def _publication_date(element: Any) -> str | None:
    named = (part for part in element.iter() if isinstance(part.tag, str) and _local(part.tag) == "publication_date")
    return next(((part.text or "").strip() for part in named), None)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].lower()
