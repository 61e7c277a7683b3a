"""What an outlet says of a page's place and form: section, keywords, live blog, which lines are quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from crawlers.headline import line_key
from crawlers.markup import HtmlElement, block_lines, inner_text, split_label
from crawlers.structured import PageFacts
from eho.folding import fold_text

_CRUMBS = re.compile(r"(?:^|[\s_-])(?:bread-?crumbs?|crumbs?|crumb-container)(?:$|[\s_-])", re.IGNORECASE)
_SECTION_CLASS = re.compile(
    r"(?:^|[\s_-])(?:cat|category|category-name|kategorija|kategoria|rubrika|section-name|item-category)(?:$|[\s_-])",
    re.IGNORECASE,
)
_TAGS_CLASS = re.compile(
    r"(?:^|[\s_-])(?:tags?|tags-list|tag-list|td-tags|tagovi|tagovi-lista|keywords|keywords-row|oznake"
    r"|etiketat|post-labels)(?:$|[\s_-])",
    re.IGNORECASE,
)
_HOME = frozenset({"", "pocetna", "naslovna", "naslovnica", "ballina", "home", "fillimi", "kreu", "faqja kryesore"})
_LABEL = re.compile(
    r"^(?:tagovi?|oznake|etiketat?|tags|kljucne (?:reci|rijeci)|keywords|kategorija|kategoria"
    r"|rubrika)\s*[:/]\s*"
)
_LIVE = re.compile(
    r"\b(?:uzivo|live|minut\w* pas minut\w*|iz minuta? u minuta?|minut po minut|iz minute u minutu"
    r"|drejtperdrejt|drejtperdrejte)\b"
)
_CLOCK = re.compile(r"^\s*\d{1,2}[:.]\d\d\s*h?\s*$")
_LEAST_ENTRIES = 3
_MOST_KEYWORDS = 20
_LONGEST = 60


def find_section(tree: HtmlElement, facts: PageFacts, title: str | None) -> str | None:
    """Return the section under which the outlet publishes the page: as declared, else the last of its breadcrumbs."""
    return next(filter(None, _sections(tree, facts, title)), None)


def find_keywords(tree: HtmlElement, facts: PageFacts, outlet_names: Iterable[str]) -> list[str]:
    """Return the outlet's own keywords, in its order: as declared, else the links of its list of tags."""
    names = {line_key(name) for name in outlet_names}
    for found in _keyword_lists(tree, facts):
        words = dict.fromkeys(" ".join(word.split()).removeprefix("#") for word in found)
        kept = [word for word in words if 1 < len(word) <= _LONGEST and line_key(word) not in names]
        if kept:
            return kept[:_MOST_KEYWORDS]
    return []


def is_live_blog(tree: HtmlElement, facts: PageFacts, url: str, title: str | None) -> bool:
    """True for a page written on through the day: declared so, or named live and made of entries with an hour each."""
    if any("LiveBlogPosting" in str(node.get("@type")) for node in facts.nodes):
        return True
    document_title = next((inner_text(element) for element in tree.iter("title")), "")
    named = fold_text(f"{title or ''} {document_title} {urlsplit(url).path}".replace("-", " ").replace("/", " "))
    if _LIVE.search(named) is None:
        return False
    return (
        sum(1 for element in tree.iter("div", "span", "time", "p", "b", "strong") if _CLOCK.match(element.text or ""))
        >= _LEAST_ENTRIES
    )


def quote_lines(tree: HtmlElement, lines: Sequence[str]) -> list[int]:
    """Return the numbers of the lines (from 0) that the page marks as quoted speech. Numbers, because lines are masked later."""
    credited = {line_key(inner_text(part)) for element in tree.iter("blockquote") for part in element.iter("cite", "footer")}
    quoted = {line_key(part) for element in tree.iter("blockquote", "q") for part in block_lines(element)} - credited - {""}
    return [number for number, line in enumerate(lines) if line_key(line) in quoted] if quoted else []


def _sections(tree: HtmlElement, facts: PageFacts, title: str | None) -> Iterator[str | None]:
    yield _first(facts.article.get("articleSection"))
    yield facts.first_meta("article:section", "og:article:section", "section", "cxenseparse:recs:category")
    own, home = line_key(title or ""), set(_HOME)
    for node in facts.nodes:
        if "BreadcrumbList" in str(node.get("@type")):
            yield _last_crumb(map(_crumb_name, _items(node)), own, home)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        label = split_label(element)
        if element.get("itemprop") in ("articleSection", "genre") or "category" in (element.get("rel") or ""):
            yield _short(inner_text(element))
        elif len(label) > 2 and _CRUMBS.search(label):
            yield _last_crumb((inner_text(link) for link in element.iter("a", "span")), own, home)
        elif len(label) > 2 and _SECTION_CLASS.search(label):
            link = next(element.iter("a"), element)
            yield _short(inner_text(link))


def _keyword_lists(tree: HtmlElement, facts: PageFacts) -> Iterator[list[str]]:
    declared = facts.article.get("keywords")
    if isinstance(declared, list):
        yield [word for word in declared if isinstance(word, str) and not word.startswith("http")]
    elif isinstance(declared, str):
        yield declared.split(",")
    yield facts.tags
    for name in ("news_keywords", "keywords"):
        yield facts.meta.get(name, "").split(",")
    yield [
        inner_text(link)
        for link in tree.iter("a")
        if "tag" in (link.get("rel") or "").split() and "category" not in (link.get("rel") or "")
    ]
    for element in tree.iter("div", "ul", "p", "span", "section", "footer"):
        label = split_label(element)
        if len(label) > 2 and _TAGS_CLASS.search(label):
            words = inner_text(element)
            listed = _LABEL.match(fold_text(words))  # `Tagovi: a, b`; the fold keeps the length of these labels
            yield [inner_text(link) for link in element.iter("a")] or (words[listed.end() :].split(",") if listed else [])


def _last_crumb(names: Iterable[str | None], own: str, home: set[str]) -> str | None:
    kept = [name for name in names if name and line_key(name) not in home and line_key(name) != own]
    return _short(kept[-1]) if kept else None


def _items(node: dict[str, Any]) -> list[Any]:
    items = node.get("itemListElement")
    return items if isinstance(items, list) else []


def _crumb_name(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    inner = item.get("item")
    return _first(item.get("name")) or (_first(inner.get("name")) if isinstance(inner, dict) else None)


def _first(value: Any) -> str | None:
    value = next(iter(value), None) if isinstance(value, list) else value
    return _short(value) if isinstance(value, str) else None


def _short(text: str) -> str | None:
    text = " ".join(text.split())
    return text if 1 < len(text) <= _LONGEST else None
