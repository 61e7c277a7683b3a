"""Text of a post: markup to plain text, and handles and profile links replaced before anything else sees them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from lxml.html import HtmlElement  # type: ignore[import-untyped]

from crawlers.markup import parse_html
from crawlers.urls import canonical_url, host_of
from eho.errors import InputError

HANDLE = "⟦handle⟧"  # the marker that masking uses too

_REST = r"[^\s<>\"'“”„⟦⟧()\[\]]*"
# Platforms on which nearly every address below the host names an account; posts there name it as well.
_ACCOUNT_HOSTS = (
    r"(?:[\w-]+\.)?(?:facebook\.com|fb\.com|fb\.me|instagram\.com|tiktok\.com|twitter\.com|x\.com|threads\.net|threads\.com|t\.me"
    r"|telegram\.me|vk\.com|linkedin\.com|snapchat\.com|bsky\.app|viber\.com|wa\.me)"
)
_PROFILE_LINK = re.compile(
    rf"(?:https?://)?(?<![\w.-]){_ACCOUNT_HOSTS}(?![\w.-]){_REST}"
    rf"|(?:https?://)?(?:[\w-]+\.)?(?:youtube\.com/(?:@|c/|user/|channel/)|reddit\.com/(?:u|user)/){_REST}"
    rf"|https?://[^\s/]+/(?:@|users/){_REST}",
    re.I,
)
_HANDLE_NAME = re.compile(r"(?<![\w/.@⟦])@\w[\w.-]*(?:@[\w-]+(?:\.[\w-]+)+)?(?<![.-])")
_REDDIT_NAME = re.compile(r"(?<![\w/.])/?u/[\w-]{3,20}\b")
_BLANKS = re.compile(r"[ \t\u00a0]+")
_LINES = re.compile(r"\n{3,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff]")
_NO_BOTS = re.compile(r"#(?:no_?bots?|no_?index|no_?search|no_?archive|no_?scrap(?:e|ing))\b", re.I)


def clean(text: str) -> str:
    """Return text in NFC without control characters, its lines trimmed, handles and profile links replaced; idempotent."""
    text = unicodedata.normalize("NFC", _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    text = "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return _LINES.sub("\n\n", without_handles(text)).strip()


def without_handles(text: str) -> str:
    """Replace `@name`, `@name@server`, `u/name` and links to accounts by a marker."""
    before = ""
    while before != text:  # what stood against a handle may be one by itself
        before, text = text, _PROFILE_LINK.sub(HANDLE, text)
        text = _REDDIT_NAME.sub(HANDLE, _HANDLE_NAME.sub(HANDLE, text))
    return text


def asks_for_no_bots(biography: str) -> bool:
    """Tell whether an account's own description asks services like this one to stay away (`#nobot` and its kin)."""
    return _NO_BOTS.search(biography) is not None


def plain_text(markup: str) -> str:
    """Turn the HTML of a post (Mastodon's subset) into text: paragraphs, line breaks, whole addresses, no mentions."""
    tree = parse_html(f"<div>{markup}</div>")
    if tree is None:
        return ""
    for element in tree.iter("a"):
        if "mention" in (element.get("class") or "").split() and "hashtag" not in (element.get("class") or ""):
            _set_text(element, HANDLE)
    for element in tree.iter("br"):
        element.tail = "\n" + (element.tail or "")
    for element in tree.iter("p", "blockquote", "pre", "ul", "ol"):
        element.tail = "\n\n" + (element.tail or "")
    for element in tree.iter("li"):
        element.tail = "\n" + (element.tail or "")
    return "".join(tree.itertext())


def plain_links(markup: str) -> list[str]:
    """Return the addresses that the HTML of a post links to, mentions and hashtags left out."""
    tree = parse_html(f"<div>{markup}</div>")
    if tree is None:
        return []
    links = (element for element in tree.iter("a") if not {"mention", "hashtag"} & set((element.get("class") or "").split()))
    return [link for element in links if (link := element.get("href"))]


def without_facet_mentions(text: str, facets: Iterable[Mapping[str, Any]]) -> str:
    """Replace what Bluesky's facets call a mention; their offsets count bytes of UTF-8."""
    data = text.encode("utf-8", "surrogatepass")
    spans = sorted(
        (
            (int(facet["index"]["byteStart"]), int(facet["index"]["byteEnd"]))
            for facet in facets
            if any(str(feature.get("$type", "")).endswith("#mention") for feature in facet.get("features", ()))
        ),
        reverse=True,
    )
    for start, end in spans:
        if 0 <= start < end <= len(data):  # posts are written by programs: offsets may lie
            data = data[:start] + HANDLE.encode() + data[end:]
    return data.decode("utf-8", "ignore")


def shared_links(addresses: Iterable[str | None]) -> tuple[str, ...]:
    """Return the canonical addresses of pages, once each; links to accounts and what is no address are left out."""
    found: dict[str, None] = {}
    for address in addresses:
        if not address or _PROFILE_LINK.match(address):
            continue
        try:
            found[canonical_url(address)] = None
        except InputError:
            continue
    return tuple(link for link in found if host_of(link))


def _set_text(element: HtmlElement, text: str) -> None:
    for child in list(element):
        element.remove(child)
    element.text = text
