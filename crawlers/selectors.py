"""A source's own selectors: what its file says of where title, lead, body, authors and date stand on its pages."""

from __future__ import annotations

from functools import lru_cache

from cssselect import SelectorError
from lxml.cssselect import CSSSelector  # type: ignore[import-untyped]

from crawlers.dates import Stamp, find_date, parse_stamp
from crawlers.markup import HtmlElement, block_lines, inner_text
from eho.errors import InputError
from eho.source import ExtractRules

_FIELDS = ("body", "title", "lead", "authors", "date", "comment", "comment_text")


def check_selectors(rules: ExtractRules) -> None:
    """Raise InputError naming the first selector that is no CSS."""
    for name in _FIELDS:
        if (selector := getattr(rules, name)) is not None:
            compiled(selector)
    for selector in rules.remove:
        compiled(selector)


@lru_cache(maxsize=1024)
def compiled(selector: str) -> CSSSelector:
    """Compile a CSS selector once. Raises InputError with the selector and what is wrong with it."""
    try:
        return CSSSelector(selector, translator="html")
    except SelectorError as error:
        raise InputError(
            f"extract has the selector {selector!r}: {error}. Give CSS such as `div.text > p`.", field="extract"
        ) from error


def drop_selected(tree: HtmlElement, rules: ExtractRules) -> None:
    """Remove what the source's file says is no text, in place."""
    for selector in rules.remove:
        for element in compiled(selector)(tree):
            if element.getparent() is not None:
                element.drop_tree()


def selected_texts(tree: HtmlElement, selector: str | None) -> list[str]:
    """Return the texts of all elements that a selector names; none without a selector."""
    return [] if selector is None else [text for element in compiled(selector)(tree) if (text := inner_text(element))]


def selected_lines(tree: HtmlElement, selector: str | None) -> tuple[str, ...]:
    """Return the lines of all elements that a selector names, in the page's order."""
    return () if selector is None else tuple(line for element in compiled(selector)(tree) for line in block_lines(element))


def selected_date(tree: HtmlElement, selector: str | None) -> Stamp | None:
    """Return the first date in the elements that a selector names: their stamp for machines, else what people read."""
    for element in () if selector is None else compiled(selector)(tree):
        stamp = parse_stamp(element.get("datetime") or element.get("content"), "selector") or find_date(
            inner_text(element), "selector"
        )
        if stamp is not None:
            return stamp
    return None
