"""What came instead of an article: nothing, another medium, a feed, a login form, a teaser before a paywall."""

from __future__ import annotations

import re

from crawlers.markup import HtmlElement
from crawlers.structured import PageFacts
from eho.outcome import Outcome

Refusal = tuple[Outcome, str]

_SIGNATURES = {
    b"%PDF": "a PDF file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\x1f\x8b": "gzip data",
    b"RIFF": "an image, sound or film",
    b"\x00\x00\x00\x18ftyp": "a film",
    b"OggS": "sound",
    b"ID3": "sound",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
_FEED = re.compile(r"^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:rss|feed|rdf:RDF|urlset|sitemapindex)\b", re.DOTALL)
_HTML_TYPES = ("text/html", "application/xhtml", "text/plain", "application/xml", "text/xml", "application/octet-stream")
_PAYWALL_CLASS = re.compile(
    r"(?:^|[\s_-])(?:paywall\w*|premium-(?:content|lock|wall|only|teaser)|subscribers?-only|subscribe-wall|locked(?:-content)?|regwall|meter-wall"
    r"|pretplata-zid|piano-\w+|tp-modal|samo-za-pretplatnike|vetem-per-abonentet)(?:$|[\s_-])",
    re.IGNORECASE,
)
_TEASER_LENGTH = 1200  # characters; longer public text beside paywall markup is a whole document with an offer below it
_LOGIN_LENGTH = 600
_CONTROL_SHARE = 0.02
_LONG_TAG = re.compile(rb"<[a-zA-Z][^<>]{20000,}")
_MOST_ATTRIBUTES = (
    1_000  # of one element; libxml2 compares each with all others: 50,000 took 5.7 s, ten times as many 100 times that
)


def refuse_body(body: bytes, content_type: str | None) -> Refusal | None:
    """Judge the bytes: empty, or no page at all."""
    if not body.strip():
        return Outcome.EMPTY, "the server answered without a body"
    head = body[:4096]
    for signature, name in _SIGNATURES.items():
        if head.startswith(signature):
            return Outcome.NOT_HTML, f"{name}, not a page"
    if not head.startswith((b"\xff\xfe", b"\xfe\xff")) and not _looks_like_utf16(head):
        controls = sum(head.count(byte) for byte in (*range(9), *range(14, 27), *range(28, 32)))
        if controls > _CONTROL_SHARE * len(head):
            return Outcome.NOT_HTML, "binary data, not a page"
    if any(tag[0].count(b"=") > _MOST_ATTRIBUTES and tag[0].count(b" ") > _MOST_ATTRIBUTES for tag in _LONG_TAG.finditer(body)):
        return Outcome.NOT_HTML, f"an element with more than {_MOST_ATTRIBUTES} attributes, made to stall whoever reads it"
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind and not kind.startswith(_HTML_TYPES) and not head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return Outcome.NOT_HTML, f"media type {kind}, not a page"
    return None


def refuse_text(text: str) -> Refusal | None:
    """Judge the characters: a feed instead of a page, or no markup."""
    if _FEED.match(text[:4000]):
        return Outcome.NOT_HTML, "a feed or sitemap, not a page"
    if "<" not in text[:20_000]:
        return Outcome.NOT_HTML, "no markup, not a page"
    return None


def refuse_page(tree: HtmlElement, facts: PageFacts, *, path: str) -> Refusal | None:
    """Judge the page before its text is extracted: the home page, or declared not free."""
    if not facts.is_free:
        return Outcome.PAYWALLED, "the page declares that it is not accessible for free"
    if path in ("", "/") and not facts.is_article:
        return Outcome.SKIPPED, "the home page, not a document"
    if facts.meta.get("og:type", "").lower() == "website" and not facts.is_article and not _has_article_marks(tree):
        return Outcome.SKIPPED, "a section page, not a document"
    return None


def refuse_short(tree: HtmlElement, length: int) -> Refusal | None:
    """Judge a page by how much text it gave: a teaser before a paywall, a login form."""
    if length < _TEASER_LENGTH and any(
        _PAYWALL_CLASS.search(_label(element)) for element in tree.iter("div", "section", "p", "span", "aside")
    ):
        return Outcome.PAYWALLED, f"only {length} characters are public, the rest is for subscribers"
    if length < _LOGIN_LENGTH and any((element.get("type") or "").lower() == "password" for element in tree.iter("input")):
        return Outcome.NO_TEXT, "a login form, not a document"
    return None


def _has_article_marks(tree: HtmlElement) -> bool:
    return next(tree.iter("article", "time"), None) is not None and len(list(tree.iter("h1"))) == 1


def _label(element: HtmlElement) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''}"


def _looks_like_utf16(head: bytes) -> bool:
    sample = head[:1000]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    return max(even, odd) > 0.3 * len(sample) / 2 and min(even, odd) < 0.05 * len(sample)
