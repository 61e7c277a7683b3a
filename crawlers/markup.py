"""A page's tree: parsed once, freed of what is not the article, and read line by line around the heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml.etree import XPath  # type: ignore[import-untyped]
from lxml.html import HtmlElement as HtmlElement  # type: ignore[import-untyped]
from lxml.html import HTMLParser, document_fromstring

_PARSER = HTMLParser(collect_ids=False, default_doctype=False, encoding="utf-8", remove_comments=True, remove_pis=True)
_INVALID = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# Boxes that portals put beside or inside the body, by the names their themes give them in four languages.
_BOX = re.compile(
    r"(?:^|[\s_-])(?:related|relat|teasers?|recommended|recommendations?|read-?(?:also|more|next)|more-news|see-also|also-read|promo|banner"
    r"|advert\w*|ads?|sponsor\w*|cookies?|consent|gdpr|newsletter|subscribe-box|share|sharing|social|socials|comments?|komentari?|komentet|disqus"
    r"|tags?|tagovi|oznake|etiketa|keywords|topics|captions?|foto-?opis|breadcrumbs?|najcitanije|najnovije|povezane|povezano|vezane|srodne|procitajte|citajte|slicne|izdvajamo"
    r"|lexo-?(?:edhe|me-shume)|te-ngjashme|te-lidhura|me-te-lexuarat|lajme-te-(?:tjera|lidhura)|widget|sidebar|popup|modal|outbrain|taboola)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_CANDIDATES = XPath("//body//*[@class or @id]")
_OUTER = XPath("//nav | //aside | //footer[not(ancestor::article)] | //form[not(.//h1)] | //*[@hidden] | //*[@role='navigation']")
_HEADING = XPath("//h1")
_LENGTH = XPath("string-length()")
_DATE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:date|dates|datum|data|time|timestamp|vreme|vrijeme|koha|published?|publish|objavljeno|posted|pubdate|meta|post-meta|info|byline)"
    r"(?:$|[\s_-])|datetime|pub-?date",
    re.IGNORECASE,
)
_DATE_LINE = 120
_LINES_AFTER_HEADING = 14
_KEEP_SHARE = 0.5


def parse_html(text: str) -> HtmlElement | None:
    """Parse a page; None where nothing can be made of it."""
    data = _INVALID.sub("", text).encode("utf-8", "replace")
    if not data.strip():
        return None
    try:
        return document_fromstring(data, parser=_PARSER, ensure_head_body=True)
    except (ValueError, AssertionError, SyntaxError):  # lxml's ParserError and XMLSyntaxError derive from these
        return None


def drop_boxes(tree: HtmlElement) -> None:
    """Remove navigation, asides, related and teaser boxes in place.

    A box that holds the heading or half of the page's text is no box, whatever its name.
    """
    heading = next(iter(_HEADING(tree)), None)
    around_heading = set(heading.iterancestors()) if heading is not None else set()
    limit = _KEEP_SHARE * _LENGTH(tree)
    boxes = [*_OUTER(tree), *(element for element in _CANDIDATES(tree) if _BOX.search(_label(element)))]
    for element in boxes:
        if element.getparent() is None or element.tag in ("body", "article", "main", "html", "h1"):
            continue
        if element in around_heading or _LENGTH(element) > limit:
            continue
        element.drop_tree()


def headings(tree: HtmlElement) -> list[str]:
    """Return the texts of the page's first-level headings."""
    return [text for element in tree.iter("h1") if (text := inner_text(element))]


def inner_text(element: HtmlElement) -> str:
    """Return an element's text with white space joined."""
    return " ".join("".join(element.itertext()).split())


def date_lines(tree: HtmlElement) -> Iterator[str]:
    """Yield the short lines in which a publication date may stand: those marked so, then those that follow the heading.

    Sentences are left out: the first date of a body is as often the day of the event as the day of publication.
    """
    for element in tree.iter():
        if isinstance(element.tag, str) and (element.tag == "time" or _DATE_CLASS.search(_label(element))):
            text = inner_text(element)
            if 6 <= len(text) <= _DATE_LINE:
                yield text
    heading = next(iter(_HEADING(tree)), None)
    if heading is not None:
        yield from _lines_after(heading)


def _lines_after(heading: HtmlElement) -> Iterator[str]:
    seen = 0
    for element in heading.xpath("following::*"):
        own = " ".join((element.text or "").split())
        if not own:
            continue
        seen += 1
        text = inner_text(element)
        if 6 <= len(text) <= _DATE_LINE // 2:
            yield text
        if seen >= _LINES_AFTER_HEADING:
            return


def _label(element: Any) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''}"
