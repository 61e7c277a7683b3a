"""The body text: trafilatura's quickest mode, and others only where the page itself shows that it missed something.

Evidence for the text that a page has: its JSON-LD articleBody, else its long text nodes outside links, up to the heading of
its comments or of other documents. A reading is judged by how much of that it holds and how much of it stands in links.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml.etree import XPath  # type: ignore[import-untyped]
from trafilatura.core import bare_extraction

from crawlers.markup import HtmlElement, block_lines
from crawlers.structured import PageFacts
from eho.folding import fold_text

_LONG = 60  # characters of a text node that is a sentence rather than a label
_LINK_NODES = XPath("//body//a[string-length(.) > 25]")
_NO_TEXT = frozenset({"script", "style", "noscript", "template", "a", "button", "option", "textarea", "figcaption", "title"})
_MOST = 400  # texts looked for; each is sought in the whole body
_ENOUGH = 0.9  # share of the evidence from which a text counts as whole
_GAIN = 0.05  # by how much another reading must be better to replace an earlier, stricter one
_LINKED = 0.5  # share of a text in links from which it is a list of links
_LABEL = 40  # characters of a line that may be a label of the page rather than text
_SPACE = re.compile(r"\W+")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n")
# Headings after which no text of this document comes. Read on folded lines of at most _LABEL characters.
_END = re.compile(
    r"^\W*(?:(?:\d+ )?(?:komentar\w*|koment\w*|comments?)\b(?! (?:dana|vladinog))|(?:povezane?|slicne|srodne"
    r"|ostale|najnovije|poslednje|druge) (?:vesti|vijesti|teme|price|tekst\w*)"
    r"|povezano|najcitanije|najnovije|preporuc\w*|mozda (?:ce )?vas|jos iz\b|procitajte (?:i|jos)|te fundit"
    r"|lajme te (?:tjera|ngjashme|lidhura)|(?:artikuj )?te ngjashme"
    r"|me te (?:lexuarat|fundit)|te fundit nga|vazhdoni leximin|lexoni edhe|trend)"
)


@dataclass(frozen=True, slots=True)
class Body:
    """The lines of a body, how they were read, and which share of the page's evident text they hold."""

    lines: tuple[str, ...]
    mode: str
    coverage: float

    @property
    def length(self) -> int:
        """Characters of all lines."""
        return sum(map(len, self.lines))


def find_body(tree: HtmlElement, facts: PageFacts) -> Body:
    """Extract the body text of a tree that is free of boxes; without lines where no reading finds any."""
    holders = list(_long_texts(tree))
    wanted = (_declared(facts) or list(dict.fromkeys(key for key, _ in holders)))[:_MOST]
    linked: list[str] | None = None
    best, best_score = Body((), "precision", 0.0), -1.0
    for mode, read in _READINGS.items():
        lines = read(tree, holders)
        held = _squeeze(" ".join(lines))
        coverage = _coverage(held, wanted)
        if mode == "precision" and lines and coverage >= _ENOUGH:
            return Body(_without_end(lines), mode, coverage)
        linked = _linked_texts(tree) if linked is None else linked
        in_links = sum(len(text) for text in linked if text in held) / max(1, len(held))
        score = coverage - (in_links if in_links > _LINKED else 0.0) - (0.0 if lines else 1.0)
        if score > best_score + _GAIN:
            best, best_score = Body(lines, mode, coverage), score
        if best.lines and best.coverage >= _ENOUGH:
            break
    lines = _without_end(best.lines)
    return Body(lines if best.mode == "precision" else _without_labels(lines), best.mode, best.coverage)


def _mode(**options: bool) -> Callable[[HtmlElement, list[tuple[str, HtmlElement]]], tuple[str, ...]]:
    def read(tree: HtmlElement, _: list[tuple[str, HtmlElement]]) -> tuple[str, ...]:
        settings: dict[str, Any] = options
        result: Any = bare_extraction(
            tree, include_comments=False, include_tables=True, include_images=False, include_links=False, **settings
        )
        text = (result.text or "") if result is not None else ""
        return tuple(line for line in (" ".join(part.split()) for part in text.split("\n")) if line)

    return read


def _container(tree: HtmlElement, holders: list[tuple[str, HtmlElement]]) -> tuple[str, ...]:
    """Read the smallest element that holds nearly all long texts; for templates that split a body over sister elements."""
    weights: dict[HtmlElement, int] = {}
    for key, holder in holders:
        for element in (holder, *holder.iterancestors()):
            weights[element] = weights.get(element, 0) + len(key)
    whole = sum(len(key) for key, _ in holders)
    fitting = [element for element, weight in weights.items() if weight >= _ENOUGH * whole]
    if not fitting:
        return ()
    smallest = max(fitting, key=lambda element: sum(1 for _ in element.iterancestors()))
    return () if smallest.tag in ("html", "body") else tuple(block_lines(smallest))


_READINGS: dict[str, Callable[[HtmlElement, list[tuple[str, HtmlElement]]], tuple[str, ...]]] = {
    "precision": _mode(fast=True, favor_precision=True),
    "balanced": _mode(fast=True),
    "container": _container,
    "recall": _mode(favor_recall=True),
}


def _declared(facts: PageFacts) -> list[str]:
    declared = facts.article.get("articleBody")
    if not isinstance(declared, str) or len(declared) < 4 * _LONG or "<" in declared:
        return []
    return [key for sentence in _SENTENCE.split(declared) if len(key := _squeeze(sentence)) > _LONG // 2]


def _long_texts(tree: HtmlElement) -> Iterator[tuple[str, HtmlElement]]:
    """Yield every long text outside links with the element that holds it, up to the heading of what is no text any more."""
    body = tree.find("body")
    for element in () if body is None else body.iter():
        if not isinstance(element.tag, str):
            continue
        text = element.text
        if text and len(text) > _LONG and element.tag not in _NO_TEXT:
            yield from _long_text(text, element)
        elif text and 4 < len(text) <= _LABEL and element.tag != "a" and _is_end(text):
            return
        tail, parent = element.tail, element.getparent()
        if tail and len(tail) > _LONG and parent is not None and parent.tag not in _NO_TEXT:
            yield from _long_text(tail, parent)


def _long_text(text: str, holder: HtmlElement) -> Iterator[tuple[str, HtmlElement]]:
    key = _squeeze(text)
    if len(key) > _LONG // 2 and not any(above.tag in _NO_TEXT for above in holder.iterancestors()):
        yield key, holder


def _is_end(text: str) -> bool:
    return _END.match(fold_text(text.strip())) is not None


def _without_end(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Cut where comments or other documents begin, if text stands before."""
    for number, line in enumerate(lines):
        if number and len(line) <= _LABEL and _is_end(line) and max(map(len, lines[:number])) > _LONG:
            return lines[:number]
    return lines


def _without_labels(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Drop menu entries and the like before the first and after the last sentence; the wider modes let them in."""
    long = [number for number, line in enumerate(lines) if len(line) > _LABEL or line.endswith((".", "!", "?", "“", "”"))]
    return lines[long[0] : long[-1] + 1] if long else lines


def _linked_texts(tree: HtmlElement) -> list[str]:
    return [_squeeze("".join(link.itertext())) for link in _LINK_NODES(tree)[:_MOST]]


def _coverage(held: str, wanted: list[str]) -> float:
    whole = sum(map(len, wanted))
    return sum(len(part) for part in wanted if part in held) / whole if whole else 1.0


def _squeeze(text: str) -> str:
    return _SPACE.sub("", text).lower()
