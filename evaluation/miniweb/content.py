"""The invented outlets and what they publish: outlets, authored articles and syndicated copies, read from package data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from eho.source import Expect, Source
from evaluation.miniweb.script import replace_words, to_cyrillic

FeedKind = Literal["rss", "rss-full", "rss-malformed", "atom", "none"]
SitemapKind = Literal["none", "plain", "news", "index", "index-gz"]
DateSignal = Literal["json-ld", "meta", "microdata", "time", "visible"]
Layout = Literal["broadsheet", "journal", "tabloid", "portal", "legacy", "magazine", "agency"]
LAYOUTS: tuple[Layout, ...] = ("broadsheet", "journal", "tabloid", "portal", "legacy", "magazine", "agency")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FeedPlan(_Model):
    """Kind of the feed, how many entries it lists (all where null) and the campaign parameters on its links."""

    kind: FeedKind = "rss"
    latest: int | None = None
    campaign: str | None = None


class Declared(_Model):
    """Where a page states its encoding."""

    header: bool = True
    meta: Literal["charset", "http-equiv", "none"] = "charset"


class Outlet(_Model):
    """One invented outlet: the facts of its source, then how its site is built and what is wrong with it."""

    id: str
    name: str
    names: dict[str, str] = Field(default_factory=dict)
    languages: list[str]
    country: str | None = None
    region: str | None = None
    ownership: str | None = None
    audience: str | None = None
    expect: Expect = Expect()
    layout: Layout
    address: str
    feed: FeedPlan = FeedPlan()
    sitemap: SitemapKind = "none"
    dates: tuple[DateSignal, ...]
    byline: str = "{}"
    charset: str = "utf-8"
    bom: bool = False
    declares: Declared = Declared()
    miscoded: frozenset[str] = frozenset()  # pages in windows-1250 that call themselves UTF-8
    paywalled: frozenset[str] = frozenset()
    mirrored: frozenset[str] = frozenset()  # also under /lat/ and /cyr/, with one canonical address
    disallowed: str | None = None  # section that robots.txt closes and the feed lists all the same
    robots: Literal["plain", "missing", "html"] = "plain"
    crawl_delay_s: float | None = None
    amp: bool = False
    compress: bool = False
    authored: bool = True  # False: texts of a corpus, only the outlet is invented

    @property
    def host(self) -> str:
        return f"{self.id}.test"

    @property
    def root(self) -> str:
        return f"http://{self.host}"

    def to_source(self) -> Source:
        """Return the source that a crawler reads: every article is listed by its feeds and sitemaps together."""
        return Source(
            id=self.id,
            name=self.name,
            names=self.names,
            home=f"{self.root}/",
            languages=self.languages,
            country=self.country,
            region=self.region,
            ownership=self.ownership,
            ownership_source="invented" if self.ownership else None,
            audience=self.audience,
            feeds=[] if self.feed.kind == "none" else [f"{self.root}{FEED_PATH}"],
            sitemaps=[] if self.sitemap == "none" else [f"{self.root}{SITEMAP_PATH}"],
            expect=self.expect,
            licence="CC0-1.0" if self.authored else None,
            invented=True,
            notes="Invented for demonstrations and tests; its host exists only behind the local mini web.",
        )


FEED_PATH = "/feed.xml"
SITEMAP_PATH = "/sitemap.xml"


class Article(_Model):
    """One article as its outlet wrote it, with the labels that a reader gave it."""

    id: str
    outlet: str
    slug: str
    lang: str
    variety: str | None = None
    section: str
    title: str
    lead: str | None = None
    paragraphs: tuple[str, ...]
    author: str | None = None
    published_at: datetime
    tags: tuple[str, ...] = ()
    event: str | None = None
    gold: dict[str, Any] = Field(default_factory=dict)
    copy_of: str | None = None

    @property
    def text(self) -> str:
        """Return the body, one paragraph a line."""
        return "\n".join(self.paragraphs)

    def path(self, outlet: Outlet) -> str:
        """Return path and query of its page on the outlet's site."""
        digits = re.sub(r"\D", "", self.id) or "0"
        number = 48_000 + int(digits) * 7 + (500 if self.copy_of else 0)
        at = self.published_at
        return outlet.address.format(
            section=self.section, slug=self.slug, number=number, year=f"{at:%Y}", month=f"{at:%m}", day=f"{at:%d}"
        )

    def url(self, outlet: Outlet) -> str:
        """Return the canonical address of its page."""
        return f"{outlet.root}{self.path(outlet)}"


class Copy(_Model):
    """How another outlet reprints an article: what it changes; everything else is taken over."""

    original: str
    outlet: str
    published_at: datetime
    section: str
    slug: str
    title: str
    lead: str | None = None
    drop: tuple[int, ...] = ()  # paragraphs left out, counted from 1
    replace: dict[str, str] = Field(default_factory=dict)
    opening: str | None = None  # a paragraph put before the others
    closing: str | None = None
    ijekavian: bool = False
    opposite: bool = False  # the headline says the opposite of another outlet's headline on the same text
    title_annotations: tuple[dict[str, Any], ...] = ()


def _content() -> Traversable:
    return resources.files("evaluation.miniweb") / "content"


def _yaml(name: str) -> Any:
    return yaml.safe_load((_content() / name).read_text(encoding="utf-8"))


@cache
def load_outlets() -> dict[str, Outlet]:
    """Read the invented outlets, by id."""
    return {row["id"]: Outlet.model_validate(row) for row in _yaml("outlets.yaml")}


@cache
def load_wording() -> dict[str, dict[str, Any]]:
    """Read the furniture of the pages, by wording: sq, sr and cnr."""
    wording: dict[str, dict[str, Any]] = _yaml("wording.yaml")
    return wording


@cache
def load_originals() -> tuple[Article, ...]:
    """Read all authored articles, oldest first."""
    folder = _content() / "articles"
    rows = [
        json.loads(line)
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if file.name.endswith(".jsonl")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    return tuple(sorted((Article.model_validate(row) for row in rows), key=lambda article: article.published_at))


@cache
def load_copies() -> tuple[Article, ...]:
    """Make the syndicated copies from their originals, oldest first."""
    table = _yaml("copies.yaml") or {}
    originals = {article.id: article for article in load_originals()}
    counted: dict[str, int] = {}
    copies = []
    for row in table.get("copies", ()):
        plan = Copy.model_validate(row)
        number = counted[plan.outlet] = counted.get(plan.outlet, 0) + 1
        copies.append(_reprint(plan, originals[plan.original], number, table.get("ijekavian", {})))
    return tuple(sorted(copies, key=lambda article: article.published_at))


def load_copy_plans() -> tuple[Copy, ...]:
    """Read what each copy changes."""
    return tuple(Copy.model_validate(row) for row in (_yaml("copies.yaml") or {}).get("copies", ()))


def _reprint(plan: Copy, original: Article, number: int, ijekavian: Mapping[str, str]) -> Article:
    outlet = load_outlets()[plan.outlet]
    cyrillic = outlet.languages[0] == "sr-Cyrl" and original.lang == "sr"

    def adapt(text: str) -> str:
        for old, new in plan.replace.items():
            text = text.replace(old, new)
        if plan.ijekavian:
            text = replace_words(text, ijekavian)
        return to_cyrillic(text) if cyrillic else text

    kept = [text for place, text in enumerate(original.paragraphs, start=1) if place not in plan.drop]
    lead = plan.lead if plan.lead is not None else original.lead
    return Article(
        id=f"{original.id}-{plan.outlet}-{number:02d}",
        outlet=plan.outlet,
        slug=plan.slug,
        lang=original.lang,
        variety="ijekavian" if plan.ijekavian else original.variety,
        section=plan.section,
        title=to_cyrillic(plan.title) if cyrillic else plan.title,
        lead=None if lead is None else adapt(lead),
        paragraphs=tuple(adapt(text) for text in (plan.opening, *kept, plan.closing) if text),
        author=None,
        published_at=plan.published_at,
        tags=tuple(adapt(tag) for tag in original.tags),
        event=original.event,
        gold=_carry_gold(plan, original, adapt),
        copy_of=original.id,
    )


def _carry_gold(plan: Copy, original: Article, adapt: Any) -> dict[str, Any]:
    """Keep the labels whose evidence survives the edits; headline labels are the copy's own."""
    dropped = " ".join(original.paragraphs[place - 1] for place in plan.drop)
    kept = [
        {**label, "evidence": adapt(label["evidence"])}
        for label in original.gold.get("annotations", ())
        if (label["field"] == "text" and label["evidence"] not in dropped) or (label["field"] == "lead" and plan.lead is None)
    ]
    return {**original.gold, "annotations": [*plan.title_annotations, *kept]}


def load_articles() -> tuple[Article, ...]:
    """Return originals and copies together, oldest first."""
    return tuple(sorted((*load_originals(), *load_copies()), key=lambda article: article.published_at))


def by_outlet(articles: Iterable[Article]) -> dict[str, Sequence[Article]]:
    """Group articles by outlet, newest first within one."""
    grouped: dict[str, list[Article]] = {}
    for article in sorted(articles, key=lambda article: article.published_at, reverse=True):
        grouped.setdefault(article.outlet, []).append(article)
    return dict(grouped)
