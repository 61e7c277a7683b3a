"""What a page says of itself to machines: JSON-LD, meta elements, time elements, canonical link (schema.org, ogp.me)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml.etree import XPath  # type: ignore[import-untyped]

from crawlers.markup import HtmlElement

_PUBLISHED = (
    "article:published_time", "og:published_time", "og:article:published_time", "datepublished", "date", "pubdate",
    "publish_date", "publish-date", "publishdate", "dc.date", "dc.date.issued", "dcterms.created", "dcterms.date",
    "dcterms.issued", "sailthru.date", "parsely-pub-date", "article.published", "publication_date", "datecreated",
)  # fmt: skip
_MODIFIED = ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "last-modified", "lastmod")
_STAMPED = XPath("descendant-or-self::*[self::time or self::abbr or @itemprop='datePublished' or @itemprop='dateModified']")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_CDATA = re.compile(r"^\s*(?://)?\s*<!\[CDATA\[|(?://)?\s*\]\]>\s*$")


@dataclass(slots=True)
class PageFacts:
    """JSON-LD's article node and the meta elements of one page."""

    article: dict[str, Any] = field(default_factory=dict)
    nodes: list[dict[str, Any]] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    canonical: str | None = None
    tags: list[str] = field(default_factory=list)

    def first_meta(self, *names: str) -> str | None:
        """Return the first meta content under one of these names."""
        return next((self.meta[name] for name in names if self.meta.get(name)), None)

    @property
    def published(self) -> list[tuple[str, str]]:
        """Publication stamps as (origin, text), JSON-LD first."""
        stamps = [
            ("json-ld", value)
            for key in ("datePublished", "dateCreated", "uploadDate")
            if (value := _text(self.article.get(key)))
        ]
        return [*stamps[:1], *(("meta", self.meta[name]) for name in _PUBLISHED if name in self.meta)]

    @property
    def modified(self) -> list[tuple[str, str]]:
        """Modification stamps as (origin, text)."""
        value = _text(self.article.get("dateModified"))
        stamps = [("json-ld", value)] if value else []
        return [*stamps, *(("meta", self.meta[name]) for name in _MODIFIED if name in self.meta)]

    @property
    def site_names(self) -> list[str]:
        """Names that the site gives itself."""
        names = [self.first_meta("og:site_name", "application-name"), *_names(self.article.get("publisher"))]
        names += [
            name
            for node in self.nodes
            if _has_type(node, "WebSite", "Organization", "NewsMediaOrganization")
            for name in _names(node)
        ]
        return [name for name in dict.fromkeys(names) if name]

    @property
    def authors(self) -> list[str]:
        """Persons named as authors in JSON-LD, else in the meta elements."""
        author = self.article.get("author")
        people = author if isinstance(author, list) else [author]
        names = [
            name
            for one in people
            if not (isinstance(one, dict) and _has_type(one, "Organization", "NewsMediaOrganization"))
            for name in _names(one)
        ]
        if names or author is not None:
            return names
        meta = self.first_meta("author", "article:author", "dc.creator", "parsely-author", "byl")
        return [meta] if meta and not meta.startswith(("http://", "https://")) else []

    @property
    def is_free(self) -> bool:
        """False where the page declares that it is not accessible for free."""
        return not any(
            str(node.get("isAccessibleForFree", "")).lower() in ("false", "0", "no") for node in (self.article, *self.nodes)
        )

    @property
    def is_article(self) -> bool:
        """True where the page declares itself an article."""
        return bool(self.article) or self.meta.get("og:type", "").lower() == "article" or "article:published_time" in self.meta


def read_facts(tree: HtmlElement) -> PageFacts:
    """Read a page's statements about itself; broken JSON-LD counts as absent."""
    facts = PageFacts(nodes=list(_json_ld(tree)))
    facts.article = next((node for node in facts.nodes if _is_article_type(node)), {})
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = element.get("content")
        if name and content and content.strip():
            facts.meta.setdefault(name.strip().lower(), " ".join(content.split()))
            if name.strip().lower() in ("article:tag", "og:article:tag"):
                facts.tags.append(" ".join(content.split()))
    for element in tree.iter("link"):
        relations = (element.get("rel") or "").lower().split()
        if "canonical" in relations and facts.canonical is None:
            facts.canonical = (element.get("href") or "").strip() or None
    return facts


def time_stamps(tree: HtmlElement) -> Iterator[tuple[str, bool]]:
    """Yield (stamp, speaks of an update) of the elements that carry a time for machines: microdata, hAtom, `time`."""
    for element in _STAMPED(tree):
        stamp = element.get("datetime") or element.get("content") or (element.get("title") if element.tag == "abbr" else None)
        label = " ".join(filter(None, (element.get("itemprop"), element.get("class")))).lower()
        if stamp:
            is_update = "modif" in label or ("updat" in label and "publish" not in label and "entry-date" not in label)
            yield stamp, is_update


def _json_ld(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    for script in tree.iter("script"):
        if (script.get("type") or "").strip().lower() == "application/ld+json" and script.text:
            yield from _nodes(_load(script.text))


def _load(text: str) -> Any:
    text = _CDATA.sub("", text)
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _nodes(data: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if depth > 4:
        return
    if isinstance(data, list):
        for part in data:
            yield from _nodes(part, depth + 1)
    elif isinstance(data, dict):
        yield data
        for key in ("@graph", "mainEntity", "hasPart"):
            yield from _nodes(data.get(key), depth + 1)


def _types(node: dict[str, Any]) -> list[str]:
    value = node.get("@type")
    return [str(kind) for kind in value] if isinstance(value, list) else [str(value or "")]


def _has_type(node: dict[str, Any], *names: str) -> bool:
    return any(kind in names for kind in _types(node))


def _is_article_type(node: dict[str, Any]) -> bool:
    return any(kind.endswith(("Article", "Posting", "Report")) or kind in ("Review", "NewsStory") for kind in _types(node))


def _names(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for part in value for name in _names(part)]
    text = _text(value.get("name")) if isinstance(value, dict) else _text(value)
    return [text] if text and not text.startswith(("http://", "https://", "#")) else []


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        value = next(iter(value), None)
    return " ".join(value.split()) or None if isinstance(value, str) else None
