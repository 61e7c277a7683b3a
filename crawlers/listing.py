"""Section pages: which of a page's links lead to documents, and which one to the section's older pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urljoin, urlsplit

from crawlers.dates import Stamp, url_stamp
from crawlers.feeds import FeedEntry
from crawlers.markup import HtmlElement, inner_text, parse_html
from crawlers.urls import same_site
from eho.folding import fold_text

MOST_LINKS = 500  # of one section page; the longest seen on the region's portals list about a hundred
_PAGE_PATH = re.compile(r"/(?:page|strana|stranica|faqe|faqja|p)[/-](?P<number>\d{1,5})/?$", re.IGNORECASE)
_PAGE_NAMES = ("page", "paged", "pg", "p", "strana", "str", "faqe", "faqja", "start", "offset", "pagenumber")
_NEXT_WORDS = frozenset(
    {
        *(
            "sledeca",
            "sledece",
            "sledecastrana",
            "sledecastranica",
            "naredna",
            "sljedeca",
            "starije",
            "starijevesti",
            "starijevijesti",
        ),
        *(
            "starijeobjave",
            "dalje",
            "vise",
            "ucitajvise",
            "tjetra",
            "tjeter",
            "faqjatjeter",
            "vijuese",
            "mevjetra",
            "lajmetevjetra",
        ),
        *("postimetmetevjetra", "mehershme", "next", "older", "olderposts", "nextpage", "›", "»", ">", "→"),
    }
)
_OTHER_PAGES = re.compile(
    r"/(?:tag|tags|tagovi|oznaka|oznake|etiketa|etiketat|autor|autori|author|authors|category|kategorija|kategoria|search|pretraga|kerko|login|prijava"
    r"|feed|rss|wp-json|wp-login\.php|kontakt|contact|impressum|impresum|rreth-nesh|o-nama|marketing|uslovi|privatnost|privatesia|newsletter)(?:/|$)",
    re.IGNORECASE,
)
_FILES = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|pdf|mp[34]|zip|docx?|xlsx?|xml|css|js)$", re.IGNORECASE)
_NUMBER = re.compile(r"\d{4,}")
_CALENDAR = re.compile(
    r"/(?:19|20|21)\d\d(?:/\d{1,2}){0,2}/?$|[?&](?:date|datum|data|day|month|year|godina|viti|muaji|mesec)=", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Listing:
    """What one section page lists, in its order, and the page with older documents."""

    entries: list[FeedEntry] = field(default_factory=list)
    next_url: str | None = None


def read_listing(text: str, *, url: str) -> Listing:
    """Read one section page. Addresses that look like other sections, tags, persons, calendars or files are no documents."""
    tree = parse_html(text)
    if tree is None:
        return Listing()
    found: dict[str, FeedEntry] = {}
    for address, anchor in _links(tree, url):
        if address not in found and is_article_address(address, section=url) and len(found) < MOST_LINKS:
            found[address] = FeedEntry(url=address, published=_day_beside(anchor, address))
    return Listing(list(found.values()), _next_page(tree, url))


def is_article_address(address: str, *, section: str) -> bool:
    """Tell whether an address looks like a document's: a long slug or a number in it, and neither a file nor another list."""
    parts = urlsplit(address)
    path = parts.path.rstrip("/")
    if not same_site(address, section) or path in ("", urlsplit(section).path.rstrip("/")):
        return False
    if _OTHER_PAGES.search(parts.path) or _FILES.search(path) or _PAGE_PATH.search(parts.path) or _CALENDAR.search(address):
        return False
    last = path.rpartition("/")[2]
    words = [word for word in re.split(r"[-_.]+", last) if word]
    return len(words) >= 4 or bool(_NUMBER.search(last)) or bool(_NUMBER.search(parts.query))


def is_trap(address: str) -> bool:
    """Tell whether an address looks like one of a site without end: steps that repeat, far too many of them or of parameters."""
    parts = urlsplit(address)
    steps = [step for step in parts.path.split("/") if step]
    if len(steps) > 16 or parts.query.count("&") > 12:
        return True
    return any(steps.count(step) > 2 for step in set(steps)) or any(
        steps[place : place + size] == steps[place + size : place + 2 * size]
        for size in (2, 3)
        for place in range(len(steps) - 2 * size + 1)
    )


def page_number(address: str) -> int | None:
    """Return the number of a list's page that an address names, or None."""
    parts = urlsplit(address)
    if (found := _PAGE_PATH.search(parts.path)) is not None:
        return int(found["number"])
    numbers = [
        int(value)
        for name, value in parse_qsl(parts.query)
        if name.lower() in _PAGE_NAMES and value.isdecimal() and len(value) < 7
    ]
    return numbers[0] if numbers else None


def _links(tree: HtmlElement, url: str) -> Iterator[tuple[str, HtmlElement]]:
    for anchor in tree.iter("a"):
        href = (anchor.get("href") or "").strip()
        if not href or href.startswith(("#", "javascript:", "mailto:", "tel:")):
            continue
        try:
            address = urljoin(url, href).partition("#")[0]
        except ValueError:
            continue
        if address.startswith(("http://", "https://")) and not _in_menu(anchor):
            yield address, anchor


def _in_menu(anchor: HtmlElement) -> bool:
    return any(element.tag in ("nav", "footer") for element in anchor.iterancestors())


def _day_beside(anchor: HtmlElement, address: str) -> Stamp | None:
    """Return the day in the address; what stands beside a link in a list is as often another link's."""
    return url_stamp(address)


def _next_page(tree: HtmlElement, url: str) -> str | None:
    """Return rel=next, else the link that says so, else the next number of the pages that are linked."""
    here = page_number(url) or 1
    numbered: dict[int, str] = {}
    for element in tree.iter("link", "a"):
        href = (element.get("href") or "").strip()
        try:
            address = urljoin(url, href).partition("#")[0] if href and not href.startswith("#") else ""
        except ValueError:
            continue
        if not address or address == url or not same_site(address, url) or is_trap(address):
            continue
        if "next" in (element.get("rel") or "").lower().split():
            return address
        number = page_number(address)
        if element.tag == "a" and number is not None and urlsplit(address).netloc == urlsplit(url).netloc:
            words = re.sub(r"[^\w›»>→]", "", fold_text(inner_text(element) or element.get("title") or ""))
            if words in _NEXT_WORDS and number > here:
                return address
            numbered.setdefault(number, address)
    return numbered.get(here + 1)
