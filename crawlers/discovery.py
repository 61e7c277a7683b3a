"""Autodiscovery: from the address of a home page to what the outlet's file would say, each thing with its origin.

Nothing is stored and nothing guessed: country, owner and audience do not stand on a page in a form that can be trusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

from crawlers.encoding import decode, header_charset
from crawlers.feeds import FeedContent, FeedError, read_feed
from crawlers.headline import line_key
from crawlers.markup import HtmlElement, drop_boxes, inner_text, parse_html
from crawlers.probe import Answer, probe
from crawlers.structured import read_facts
from crawlers.urls import host_of, same_site
from eho.errors import CrawlError
from eho.settings import CrawlSettings
from eho.source import Expect

FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml"})
# Where content management systems publish feed and sitemap unless told otherwise, by their `generator` meta element.
CONVENTIONS = {
    "wordpress": ("/feed/", "/wp-sitemap.xml"),
    "drupal": ("/rss.xml", "/sitemap.xml"),
    "joomla": ("/?format=feed&type=rss",),
    "ghost": ("/rss/", "/sitemap.xml"),
}
USUAL = ("/feed/", "/rss", "/rss.xml", "/feed.xml", "/sitemap.xml", "/sitemap_index.xml", "/news-sitemap.xml")
_FEED_LINK = re.compile(r"(?:/|^)(?:rss|feeds?|atom)(?:[/._-][\w-]*)*/?$|\.rss$|[?&]format=feed", re.IGNORECASE)
_NOT_NEWS = re.compile(r"/comments?/|/komentar|/author/|/tag/|/feed/atom|rsd\.xml|oembed|wp-json", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s+[|–—»•·:-]{1,2}\s+|\s*\|\s*")
_MOST_FEEDS, _MOST_SITEMAPS, _MOST_SECTIONS, _MOST_TRIED = 5, 3, 12, 16
_LEAST_DATED = 5  # entries; below, a feed's dates say nothing of the outlet's rhythm


@dataclass(slots=True)
class Discovery:
    """What a home page and what it leads to say of an outlet; `origins` says of each field where it was found."""

    home: str
    name: str
    feeds: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # headings and paragraphs, from which the language can be told
    page_language: str | None = None  # as the page declares it
    other_languages: list[str] = field(default_factory=list)  # as the page declares its versions on the same site
    expect: Expect = field(default_factory=Expect)
    robots_note: str | None = None
    origins: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)  # address tried -> why it is no feed and no sitemap


def discover(url: str, settings: CrawlSettings) -> Discovery:
    """Ask for the home page and robots.txt, then for the feeds and sitemaps that they name or that are usual.

    Raises CrawlError where the guard, robots.txt or the server gives no home page.
    """
    robots_url = urljoin(url, "/robots.txt")
    answers = probe([url, robots_url], settings)
    page, robots = answers[url], answers[robots_url]
    if page.problem is not None:
        raise CrawlError(f"The home page {url} cannot be read: {page.problem}.")
    tree = parse_html(decode(page.body, header_charset(page.content_type)).text)
    if tree is None:
        raise CrawlError(f"The home page {url} is empty or no HTML; give the address that readers open.")
    found = Discovery(home=page.final_url, name="", other_languages=list(_other_languages(tree, page.final_url)))
    found.page_language = next((element.get("lang") for element in tree.iter("html")), None)
    if not same_site(url, page.final_url):
        found.origins["home"] = f"redirect from {url}"
    found.name, found.origins["name"] = _site_name(tree, page.final_url)
    found.robots_note = _robots_note(robots)
    _find_addresses(found, tree, robots, settings)
    found.sections = list(_sections(tree, page.final_url))
    drop_boxes(tree)
    found.texts = [text for element in tree.iter("h1", "h2", "h3", "p") if len(text := inner_text(element)) >= 20]
    return found


def _find_addresses(found: Discovery, tree: HtmlElement, robots: Answer, settings: CrawlSettings) -> None:
    """Try named addresses; the usual ones only where those gave no feed, and no sitemap."""
    named = {address: origin for address, origin in _named(tree, robots, found.home).items() if same_site(address, found.home)}
    contents = _try(found, named, settings)
    if not found.feeds:
        contents |= _try(found, {url: why for url, why in _usual(tree, found.home).items() if url not in named}, settings)
    found.feeds = _without_twins(found.feeds, contents)[:_MOST_FEEDS]
    found.sitemaps = found.sitemaps[:_MOST_SITEMAPS]
    found.expect = _expected([contents[feed] for feed in found.feeds])


def _try(found: Discovery, addresses: dict[str, str], settings: CrawlSettings) -> dict[str, FeedContent]:
    contents: dict[str, FeedContent] = {}
    tried = dict(list(addresses.items())[:_MOST_TRIED])
    for address, answer in probe(list(tried), settings).items() if tried else ():
        if answer.problem is not None:
            found.rejected[address] = answer.problem
            continue
        try:
            content = read_feed(answer.body, url=answer.final_url)
        except FeedError as error:
            found.rejected[address] = str(error)
            continue
        contents[address] = content
        (found.sitemaps if content.is_sitemap else found.feeds).append(address)
        found.origins[address] = tried[address]
    return contents


def _named(tree: HtmlElement, robots: Answer, home: str) -> dict[str, str]:
    """Return the feeds and sitemaps that page and robots.txt name, with where."""
    named: dict[str, str] = {}
    for link in tree.iter("link"):
        kind, href = (link.get("type") or "").partition(";")[0].strip().lower(), link.get("href")
        if href and "alternate" in (link.get("rel") or "").lower().split() and kind in FEED_TYPES and not _NOT_NEWS.search(href):
            named.setdefault(_absolute(home, href), "link element of the home page")
    for anchor in tree.iter("a"):
        href = (anchor.get("href") or "").strip()
        if href and _FEED_LINK.search(href) and not _NOT_NEWS.search(href):
            named.setdefault(_absolute(home, href), "link on the home page")
    for line in robots.body.splitlines() if robots.problem is None else ():
        name, _, address = line.decode("utf-8", "replace").partition(":")
        if name.strip().lower() == "sitemap" and address.strip():
            named.setdefault(_absolute(home, address), "robots.txt")
    return named


def _absolute(home: str, href: str) -> str:
    """Return a link's full address, or an empty string for what is none and no site's."""
    try:
        return urljoin(home, href.strip())
    except ValueError:  # such as http://[
        return ""


def _usual(tree: HtmlElement, home: str) -> dict[str, str]:
    """Return the addresses that the page's content management system uses, then those that many sites use, with why."""
    generators = " ".join((meta.get("content") or "") for meta in tree.iter("meta") if meta.get("name") == "generator").lower()
    usual: dict[str, str] = {}
    for system, paths in CONVENTIONS.items():
        if system in generators:
            usual |= {urljoin(home, path): f"usual address of {system.title()}" for path in paths}
    for path in USUAL:
        usual.setdefault(urljoin(home, path), "usual address")
    return usual


def _without_twins(feeds: Sequence[str], contents: dict[str, FeedContent]) -> list[str]:
    """Drop feeds that list nothing which an earlier one does not, as `/feed` beside `/feed/`."""
    kept: list[str] = []
    seen: set[str] = set()
    for feed in feeds:
        listed = {entry.url for entry in contents[feed].entries}
        if listed - seen:
            kept.append(feed)
            seen |= listed
    return kept


def _expected(feeds: Iterable[FeedContent]) -> Expect:
    """Estimate the day's least and most documents from the feeds' dates: a third and three times their mean."""
    days = {entry.url: entry.published.at for feed in feeds for entry in feed.entries if entry.published is not None}
    if len(days) < _LEAST_DATED:
        return Expect()
    span = max(max(days.values()) - min(days.values()), timedelta(days=1))
    rate = len(days) / (span / timedelta(days=1))
    return Expect(min=round(rate / 3, 1), max=round(rate * 3, 1), basis="feed")


def _other_languages(tree: HtmlElement, home: str) -> Iterator[str]:
    for link in tree.iter("link"):
        language = (link.get("hreflang") or "").strip()
        if language and language.lower() != "x-default" and same_site(_absolute(home, link.get("href") or ""), home):
            yield language


def _site_name(tree: HtmlElement, home: str) -> tuple[str, str]:
    """Return the outlet's name and where it stood: what the site calls itself, else the part of the title like its address."""
    host = host_of(home).removeprefix("www.")
    if names := read_facts(tree).site_names:
        return names[0], "the page's own statement (og:site_name or JSON-LD)"
    title = next((inner_text(element) for element in tree.iter("title")), "")
    parts = [part for part in _SEPARATOR.split(title) if part]
    if not parts:
        return host, "the address, as the page has no title"
    label = line_key(host.rpartition(".")[0]).replace(" ", "")
    like = [part for part in parts if (key := line_key(part).replace(" ", "")) and (key in label or label in key)]
    return (like or parts)[0], "the page's title"


def _sections(tree: HtmlElement, home: str) -> Iterator[str]:
    """Yield the pages that the navigation links: of the same site, one or two steps below the home page."""
    seen: set[str] = {home.rstrip("/")}
    for nav in tree.iter("nav"):
        for anchor in nav.iter("a"):
            address = _absolute(home, anchor.get("href") or "").partition("#")[0]
            if not same_site(address, home) or address.rstrip("/") in seen:
                continue
            path = urlsplit(address).path.strip("/")
            if not path or path.count("/") > 1:
                continue
            seen.add(address.rstrip("/"))
            yield address
            if len(seen) > _MOST_SECTIONS:
                return


def _robots_note(robots: Answer) -> str | None:
    if robots.problem is not None:
        return f"robots.txt: {robots.problem}"
    if b"<html" in robots.body[:2048].lower():
        return "robots.txt is an HTML page"
    delays = re.findall(rb"(?im)^\s*crawl-delay\s*:\s*([\d.]+)", robots.body)
    return f"robots.txt asks for a pause of {delays[0].decode()} s" if delays else None
