"""Readers' comments of a page, where the source's file asks for them: their text and time, never who wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml.etree import XPath  # type: ignore[import-untyped]

from crawlers.dates import Stamp, find_date, parse_stamp
from crawlers.markup import HtmlElement, block_lines, inner_text
from crawlers.selectors import compiled
from crawlers.structured import time_stamps
from eho.source import ExtractRules

_DECLARED = XPath("//*[@itemprop='comment' or contains(@itemtype, 'schema.org/Comment')]")
_TEXT = XPath(".//*[@itemprop='text' or @itemprop='commentText']")
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment as published, without its author."""

    text: str
    published: Stamp | None


def find_comments(tree: HtmlElement, rules: ExtractRules | None) -> list[Comment]:
    """Return the comments of a page, in its order; none unless the source's file opts in.

    A comment whose text does not stand in an element of its own is left out: its author's name would come along.
    """
    if rules is None or not rules.comments:
        return []
    elements = _DECLARED(tree) if rules.comment is None else compiled(rules.comment)(tree)
    return [comment for element in elements[:_MOST] for comment in _read(element, rules)]


def _read(element: HtmlElement, rules: ExtractRules) -> Iterator[Comment]:
    parts = _TEXT(element) if rules.comment_text is None else compiled(rules.comment_text)(element)
    text = "\n".join(block_lines(parts[0])) if parts else ""
    if text:
        yield Comment(text, _stamp(element, parts[0]))


def _stamp(element: HtmlElement, text: HtmlElement) -> Stamp | None:
    for value, _ in time_stamps(element):
        if (stamp := parse_stamp(value, "time")) is not None:
            return stamp
    for part in element.iter("span", "time", "div", "p", "small"):
        if part is not text and text not in part.iter() and len(words := inner_text(part)) <= 60 and (found := find_date(words)):
            return found
    return None
