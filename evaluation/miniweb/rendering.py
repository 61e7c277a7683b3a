"""Rendering: an outlet's articles as HTML pages, feeds and sitemaps, in the outlet's layout, wording and encoding."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cache, cached_property
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import escape

from evaluation.miniweb.content import SITEMAP_PATH, Article, Outlet, load_wording
from evaluation.miniweb.response import Response
from evaluation.miniweb.script import to_cyrillic

TEASERS = 3
MOST_READ = 5
PUBLIC_WORDS = 40  # of a paywalled article


@cache
def _environment() -> Environment:
    loader = PackageLoader("evaluation.miniweb", "content/templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


@dataclass(frozen=True)
class Entry:
    """An article as listings, feeds and teasers show it."""

    id: str
    url: str
    feed_url: str
    title: str
    lead: str
    author: str | None
    visible_date: str
    iso: str
    rfc822: str | None
    content_html: str


class Renderer:
    """Turns the articles of one outlet into bytes; the same article gives the same bytes."""

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self.language = outlet.languages[0]
        self._words = _words_for(outlet)
        self._entries: dict[str, Entry] = {}

    @cached_property
    def invented(self) -> str:
        """Return the line that every page carries in its footer."""
        line: str = self._words["invented" if self.outlet.authored else "invented_corpus"]
        return line

    def section_label(self, section: str) -> str:
        """Return a section's name as the menu shows it."""
        label = section.replace("-", " ").capitalize()
        return to_cyrillic(label) if self.language == "sr-Cyrl" else label

    def site(self, sections: Sequence[str]) -> dict[str, Any]:
        """Return what every template knows of the outlet."""
        return {
            "name": self.outlet.name,
            "root": self.outlet.root,
            "host": self.outlet.host,
            "language": self.language,
            "sections": [(self.section_label(section), f"/{section}/") for section in sections],
        }

    def entry(self, article: Article, *, whole: bool = False) -> Entry:
        """Return an article's line in a listing or a feed, its whole text where asked."""
        url = article.url(self.outlet)
        campaign = self.outlet.feed.campaign
        return Entry(
            id=article.id,
            url=url,
            feed_url=f"{url}{'&' if '?' in url else '?'}{campaign}" if campaign else url,
            title=article.title,
            lead=article.lead or "",
            author=article.author,
            visible_date=self.visible_date(article.published_at),
            iso=article.published_at.isoformat(),
            rfc822=format_datetime(article.published_at),
            content_html="".join(f"<p>{escape(text)}</p>" for text in (article.lead, *article.paragraphs) if text)
            if whole
            else "",
        )

    def _teasers(self, articles: Sequence[Article]) -> list[Entry]:
        for article in articles:
            if article.id not in self._entries:
                self._entries[article.id] = self.entry(article)
        return [self._entries[article.id] for article in articles]

    def visible_date(self, at: datetime) -> str:
        """Return the local date and time as readers of the outlet's language see it."""
        words = self._words
        return str(words["date"]).format(day=at.day, month=words["months"][at.month - 1], year=at.year, time=f"{at:%H:%M}")

    def article(
        self,
        article: Article,
        *,
        sections: Sequence[str],
        teasers: Sequence[Article] = (),
        most_read: Sequence[Article] = (),
        address: str | None = None,
    ) -> Response:
        """Render an article's page; `address` is the page's own address where it is not the canonical one."""
        paywalled = article.id in self.outlet.paywalled
        text = _template(f"pages/{self.outlet.layout}.html").render(
            **self._frame(sections),
            article=article,
            page=self._page(article, address),
            paragraphs=_public_part(article.paragraphs) if paywalled else article.paragraphs,
            paywalled=paywalled,
            teasers=self._teasers(teasers),
            most_read=self._teasers(most_read),
        )
        return self._html(text, article.published_at, miscoded=article.id in self.outlet.miscoded)

    def amp(self, article: Article, *, sections: Sequence[str]) -> Response:
        """Render the AMP twin, which names the article's page as canonical."""
        text = _template("amp.html").render(
            **self._frame(sections), article=article, page=self._page(article, None), paragraphs=article.paragraphs
        )
        return Response(text.encode(), modified_at=article.published_at, compress=self.outlet.compress)

    def listing(self, title: str, articles: Sequence[Article], *, sections: Sequence[str]) -> Response:
        """Render a home, section or tag page."""
        page = {"title": title}
        text = _template("listing.html").render(**self._frame(sections), article=None, page=page, entries=self._teasers(articles))
        return self._html(text, articles[0].published_at if articles else None)

    def feed(self, articles: Sequence[Article], *, sections: Sequence[str]) -> Response:
        """Render the feed, newest first."""
        plan = self.outlet.feed
        whole = plan.kind == "rss-full"
        name = {"rss-full": "rss"}.get(plan.kind, plan.kind)
        text = _template(f"feeds/{name}.xml").render(
            **self._frame(sections),
            entries=[self.entry(article, whole=whole) for article in articles[: plan.latest]],
            whole=whole,
        )
        charset = "utf-8" if plan.kind in ("atom", "rss-malformed") else self.outlet.charset
        media_type = "application/atom+xml" if plan.kind == "atom" else "application/rss+xml"
        return Response(
            text.encode(charset, "xmlcharrefreplace"),
            content_type=f"{media_type}; charset={charset}",
            modified_at=_newest(articles),
        )

    def sitemap(
        self, articles: Sequence[Article], *, extra_urls: Sequence[tuple[str, datetime]] = (), packed: bool = False
    ) -> Response:
        """Render one sitemap; `packed` makes it a .gz file."""
        entries = [{"url": a.url(self.outlet), "iso": a.published_at.isoformat(), "title": a.title} for a in articles]
        entries += [{"url": url, "iso": at.isoformat(), "title": ""} for url, at in extra_urls]
        body = (
            _template("feeds/sitemap.xml")
            .render(site=self.site(()), entries=entries, news=self.outlet.sitemap == "news")
            .encode()
        )
        if packed:
            body = gzip.compress(body, mtime=0)
        media_type = "application/gzip" if packed else "application/xml; charset=utf-8"
        return Response(body, content_type=media_type, modified_at=_newest(articles))

    def sitemap_index(self, parts: Iterable[tuple[str, datetime]]) -> Response:
        """Render the index of `parts`: address and date of the last change."""
        rows = [(url, at.isoformat()) for url, at in parts]
        body = _template("feeds/sitemap-index.xml").render(parts=rows).encode()
        return Response(body, content_type="application/xml; charset=utf-8")

    def robots(self) -> Response | None:
        """Return robots.txt, or None where the outlet has none."""
        outlet = self.outlet
        if outlet.robots == "missing":
            return None
        if outlet.robots == "html":
            body = f"<!doctype html><html><head><title>{outlet.name}</title></head><body><h1>{outlet.name}</h1></body></html>"
            return Response(body.encode())
        lines = ["User-agent: *", f"Disallow: /{outlet.disallowed}/" if outlet.disallowed else "Disallow:"]
        if outlet.crawl_delay_s is not None:
            lines.append(f"Crawl-delay: {outlet.crawl_delay_s:g}")
        if outlet.sitemap != "none":
            lines += ["", f"Sitemap: {outlet.root}{SITEMAP_PATH}"]
        return Response(("\n".join(lines) + "\n").encode(), content_type="text/plain; charset=utf-8")

    def _frame(self, sections: Sequence[str]) -> dict[str, Any]:
        outlet = self.outlet
        return {
            "site": self.site(sections),
            "words": self._words,
            "invented": self.invented,
            "signals": outlet.dates,
            "charset": outlet.charset,
            "charset_meta": outlet.declares.meta,
            "title_mark": {"journal": "–", "tabloid": "|", "agency": "::"}.get(outlet.layout, "-"),
        }

    def _page(self, article: Article, address: str | None) -> dict[str, Any]:
        outlet = self.outlet
        canonical = article.url(outlet)
        at = article.published_at
        return {
            "title": article.title,
            "url": address or canonical,
            "canonical": canonical,
            "amp_url": f"{canonical}/amp" if outlet.amp else None,
            "number": "".join(filter(str.isdigit, article.id)) or "0",
            "views": 100 + sum(map(ord, article.id)) * 7,
            "section": self.section_label(article.section),
            "section_url": f"/{article.section}/",
            "byline": outlet.byline.format(article.author or outlet.name),
            "visible_date": self.visible_date(at),
            "numeric_date": f"{at:%d.%m.%Y} {at:%H:%M}",
            "iso": at.isoformat(),
            "tags": [{"label": tag, "url": f"/tag/{tag_slug(tag)}/"} for tag in article.tags],
            "json_ld": self._json_ld(article, canonical),
        }

    def _json_ld(self, article: Article, canonical: str) -> dict[str, Any]:
        outlet = self.outlet
        news: dict[str, Any] = {
            "@type": "NewsArticle",
            "headline": article.title,
            "description": article.lead,
            "datePublished": article.published_at.isoformat(),
            "mainEntityOfPage": canonical,
            "inLanguage": self.language,
            "author": [{"@type": "Person" if article.author else "Organization", "name": article.author or outlet.name}],
            "publisher": {"@type": "NewsMediaOrganization", "name": outlet.name, "url": f"{outlet.root}/"},
        }
        if article.id in outlet.paywalled:
            news["isAccessibleForFree"] = False
            news["hasPart"] = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".paywall"}
        if outlet.layout != "magazine":
            return {"@context": "https://schema.org", **news}
        site = {"@type": "WebSite", "name": outlet.name, "url": f"{outlet.root}/"}
        crumbs = {"@type": "BreadcrumbList", "itemListElement": [{"@type": "ListItem", "position": 1, "name": outlet.name}]}
        return {"@context": "https://schema.org", "@graph": [site, crumbs, news]}

    def _html(self, text: str, modified_at: datetime | None, *, miscoded: bool = False) -> Response:
        outlet = self.outlet
        body = text.encode("windows-1250" if miscoded else outlet.charset, "xmlcharrefreplace")
        if outlet.bom:
            body = codecs.BOM_UTF8 + body
        declared = f"; charset={outlet.charset}" if outlet.declares.header else ""
        return Response(body, content_type=f"text/html{declared}", modified_at=modified_at, compress=outlet.compress)


def tag_slug(tag: str) -> str:
    """Return a tag as it stands in the address of its page."""
    return "-".join(tag.lower().split()).encode("ascii", "ignore").decode() or "tag"


def _words_for(outlet: Outlet) -> dict[str, Any]:
    wording = load_wording()
    language = outlet.languages[0]
    if language.startswith("sq"):
        return wording["sq"]
    words = wording["cnr" if outlet.country == "ME" else "sr"]
    if language != "sr-Cyrl":
        return words
    braces = {"date"}
    return {
        key: value if key in braces else [to_cyrillic(item) for item in value] if isinstance(value, list) else to_cyrillic(value)
        for key, value in words.items()
    }


def _public_part(paragraphs: Sequence[str]) -> list[str]:
    words = paragraphs[0].split()
    return [" ".join(words[:PUBLIC_WORDS]) + " …"]


def _newest(articles: Sequence[Article]) -> datetime | None:
    return max((article.published_at for article in articles), default=None)
