"""A page's tree: parsed once, freed of what is not the article, and read line by line around the heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml.etree import ParserError, XPath, iterwalk  # type: ignore[import-untyped]
from lxml.html import HtmlElement as HtmlElement  # type: ignore[import-untyped]
from lxml.html import HTMLParser, document_fromstring

_PARSER = HTMLParser(collect_ids=False, default_doctype=False, encoding="utf-8", remove_comments=True, remove_pis=True)
_INVALID = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# Boxes that portals put beside or inside the body, by the names their themes give them in four languages.
_BOX = re.compile(
    r"(?:^|[\s_-])(?:related\w*|relat|teasers?|recommended|recommendations?|read-?(?:also|more|next)|more-news|see-also|also-read|also|recirc\w*|promo|banner\w*"
    r"|advert\w*|ads?|adspot\w*|sponsor\w*|cookies?|consent|gdpr|newsletter|subscribe-box|share|sharing|social|socials|comments?|komentari?|komentet|disqus"
    r"|tags?|tagovi|oznake|etiketa|etiketat|keywords|topics|captions?|figcaption|foto-?(?:opis|potpis)|(?:img|image|photo|slika)-?(?:desc|src|opis|credit|source)"
    r"|breadcrumbs?|pagination|pager|najcitanije|najnovije|povezane|povezano|vezane|srodne|procitajte|citajte|slicne|izdvajamo"
    r"|lexo-?(?:edhe|me-shume)|te-ngjashme|te-lidhura|me-te-lexuarat|lajme-te-(?:tjera|lidhura)|widget|sidebar|popup|modal|outbrain|taboola"
    r"|author-(?:bio|box|info|latest)|about-author|donat\w*|cta|app-(?:cta|promo|banner)|mob-app|next-prev|post-navigation"
    r"|twitter-tweet|instagram-media|tiktok-embed|fb-post|fb-video)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CANDIDATES = XPath("//body//*[@class or @id]")
_OUTER = XPath(
    "//nav | //aside | //footer[not(ancestor::article)] | //form[not(.//h1)] | //*[@hidden] | //*[@role='navigation']"
    " | //figcaption | //amp-sidebar | //amp-consent | //amp-embed | //amp-ad | //amp-twitter | //amp-facebook | //amp-instagram"
    " | //*[@itemprop='comment'] | //*[contains(@itemtype, 'schema.org/Comment')]"
)
_LINKS = XPath("//body//a[@href][string-length(.) >= 15][not(contains(@rel, 'author') or contains(@rel, 'tag'))]")
_PICTURES = XPath("//p[.//img] | //p[preceding-sibling::*[1][self::amp-img]]")
_LAYOUT_TABLES = XPath("//table[.//h1]")
_LAYOUT_PARTS = XPath(
    "descendant-or-self::*[self::table or self::tbody or self::tr or self::td][count(ancestor::table[not(.//h1)]) = 0]"
)
_BLOCKS = frozenset({"p", "div", "li", "h2", "h3", "h4", "h5", "h6", "td", "section", "ul", "figure"})
_LINE_BLOCKS = _BLOCKS | {"br", "blockquote", "ol", "tr", "table", "h1", "article", "header", "footer", "dd", "dt", "pre", "main"}
_SILENT = frozenset({"script", "style", "noscript", "template", "button", "select", "textarea"})
_FEW = 4
_HEADLINE = 40  # characters of a link that is a headline rather than a name or a label
_POINTING = 32  # characters such as `Pročitajte i: ` that may stand before the link of a line that is a pointer
_CELL_TEXT = 300  # characters of a cell of a layout table that may hold the body
_HEADING = XPath("//h1")
_LENGTH = XPath("string-length()")
_DATE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:date|dates|datum|data|time|timestamp|vreme|vrijeme|koha|published?|publish|objavljeno|posted|pubdate|meta|post-meta|info|byline)"
    r"(?:$|[\s_-])|datetime|pub-?date",
    re.IGNORECASE,
)
_DATE_LINE = 120
_LINES_AFTER_HEADING = 14
_NEAR = 3  # blocks around the heading that are the document's own
_KEEP_SHARE = 0.5


def parse_html(text: str) -> HtmlElement | None:
    """Parse a page; None where nothing can be made of it."""
    data = _INVALID.sub("", text).encode("utf-8", "replace")
    if not data.strip():
        return None
    try:
        return document_fromstring(data, parser=_PARSER, ensure_head_body=True)
    except (ValueError, AssertionError, SyntaxError, ParserError):  # XMLSyntaxError is a SyntaxError
        return None


def drop_boxes(tree: HtmlElement) -> None:
    """Remove navigation, asides, captions, related and teaser boxes, and lines that are but a link, in place.

    A box that holds the heading or half of the page's text is no box, whatever its name.
    """
    heading = next(iter(_HEADING(tree)), None)
    around_heading = set(heading.iterancestors()) if heading is not None else set()
    limit = _KEEP_SHARE * _LENGTH(tree)
    boxes = [*_OUTER(tree), *(element for element in _CANDIDATES(tree) if _BOX.search(split_label(element)))]
    for element in boxes:
        if element.getparent() is None or element.tag in ("body", "article", "main", "html", "h1"):
            continue
        if element in around_heading or _LENGTH(element) > limit:
            continue
        element.drop_tree()
    _open_layout_tables(tree, around_heading)


def drop_pointers(tree: HtmlElement) -> None:
    """Remove lines and blocks that are but a link to another page, and captions in paragraphs, in place."""
    heading = next(iter(_HEADING(tree)), None)
    around_heading = set(heading.iterancestors()) if heading is not None else set()
    limit = _KEEP_SHARE * _LENGTH(tree)
    for block in [block for block in map(_teaser_of, _LINKS(tree)) if block is not None]:
        if block.getparent() is not None and block not in around_heading and block is not heading and _LENGTH(block) <= limit:
            block.drop_tree()
    for element in _PICTURES(tree):
        if _is_caption(element):
            element.drop_tree()


def _open_layout_tables(tree: HtmlElement, around_heading: set[HtmlElement]) -> None:
    """Make plain blocks of tables that hold the heading, without their side columns: such a table is the page's layout."""
    for table in _LAYOUT_TABLES(tree):
        for part in _LAYOUT_PARTS(table):
            if part.tag == "table" and part is not table and next(part.iter("h1"), None) is None:
                continue  # a table of data within the layout
            if part.tag == "td" and part not in around_heading and _free_length(part) < _CELL_TEXT:
                part.drop_tree()
            else:
                part.tag = "div"


def _free_length(element: HtmlElement) -> float:
    """Return the characters of an element that do not stand in links."""
    return float(_LENGTH(element)) - sum(float(_LENGTH(link)) for link in element.iter("a"))


def _teaser_of(link: HtmlElement) -> HtmlElement | None:
    """Return the line or block that a link fills alone: it points to another page and is no text. None inside a sentence."""
    length, element = _LENGTH(link), link
    room = _POINTING if length >= _HEADLINE else 3
    while True:
        parent = element.getparent()
        if parent is None or parent.tag in ("body", "article", "main", "td") or element.tag in _BLOCKS:
            break
        if len(parent) > _FEW or _LENGTH(parent) > length + room:  # long parents of many links would cost their square
            break
        element = parent
    if element.tag in _BLOCKS:
        return element
    if element.tag == "h1" or next(element.iterancestors("h1"), None) is not None:
        return None
    return element if _stands_alone(element) else None


def _stands_alone(element: HtmlElement) -> bool:
    """True for an inline element between line breaks (or the edges of its block), with nothing else on its line."""
    before, after = element.getprevious(), element.getnext()
    text_before = before.tail if before is not None else element.getparent().text
    is_first = not (text_before or "").strip() and (before is None or before.tag == "br" or before.tag in _BLOCKS)
    is_last = not (element.tail or "").strip() and (after is None or after.tag == "br" or after.tag in _BLOCKS)
    has_breaks = (before is not None and before.tag == "br") or (after is not None and after.tag == "br")
    return is_first and is_last and has_breaks


def _is_caption(paragraph: HtmlElement) -> bool:
    """True for a paragraph with a picture, or beside one, whose words are all in small or slanted letters."""
    if not 0 < len(inner_text(paragraph)) <= _DATE_LINE * 2:
        return False
    if next(paragraph.iter("img"), None) is None:
        return re.search(r"opis|caption|credit", split_label(paragraph), re.IGNORECASE) is not None
    slanted = sum(len(inner_text(part)) for part in paragraph.iter("em", "i", "small", "span"))
    return slanted >= 0.9 * len(inner_text(paragraph))


def headings(tree: HtmlElement, *tags: str) -> list[tuple[str, HtmlElement]]:
    """Return the page's headings, of the first level unless told otherwise, with their texts."""
    return [(text, element) for element in tree.iter(*(tags or ("h1",))) if (text := inner_text(element))]


def inner_text(element: HtmlElement) -> str:
    """Return an element's text with white space joined."""
    return " ".join("".join(element.itertext()).split())


def block_lines(element: HtmlElement) -> list[str]:
    """Return an element's text as lines: one for each block, and a new one at each line break; scripts are left out."""
    parts: list[str] = []
    for event, part in iterwalk(element, events=("start", "end")):
        is_block = part.tag in _LINE_BLOCKS
        if event == "start":
            parts.append("\n" if is_block else "")
            parts.append(part.text or "" if part.tag not in _SILENT else "")
        else:
            parts.append("\n" if is_block else "")
            parts.append(part.tail or "" if part is not element else "")
    return [line for line in (" ".join(text.split()) for text in "".join(parts).split("\n")) if line]


def date_lines(tree: HtmlElement, heading: HtmlElement | None) -> Iterator[str]:
    """Yield the short lines in which a publication date may stand: those marked so, then those that follow the heading.

    Sentences are left out: the first date of a body is as often the day of the event as the day of publication. So is what
    stands before the heading outside its own blocks: many pages show the time of day in their head.
    """
    near = [] if heading is None else [above for above in heading.iterancestors() if above.tag not in ("body", "html")]
    is_before = heading is not None
    for element in tree.iter():
        if element is heading:
            is_before = False
        if isinstance(element.tag, str) and (element.tag == "time" or _DATE_CLASS.search(split_label(element))):
            if is_before and not any(above in near[:_NEAR] for above in element.iterancestors()):
                continue
            text = inner_text(element)
            if 6 <= len(text) <= _DATE_LINE:
                yield text
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


def split_label(element: Any) -> str:
    """Return class and id, `camelCase` cut into words."""
    label = f"{element.get('class') or ''} {element.get('id') or ''}"
    return label if label.islower() else _CAMEL.sub("-", label)
