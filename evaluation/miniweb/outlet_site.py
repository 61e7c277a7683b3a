"""The site of one outlet: which address answers with which page, each rendered once and then kept as bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from evaluation.miniweb.content import FEED_PATH, SITEMAP_PATH, Article, Outlet
from evaluation.miniweb.rendering import MOST_READ, TEASERS, Renderer, tag_slug
from evaluation.miniweb.response import Response
from evaluation.miniweb.script import to_cyrillic

SITEMAP_SIZE = 1_000
_CAMPAIGN = ("utm_", "fbclid", "ref", "from")
Maker = Callable[[], Response]


class OutletSite:
    """Home, section, tag and article pages, AMP twins, script mirrors, feed, sitemaps and robots.txt of one outlet."""

    def __init__(self, outlet: Outlet, articles: Sequence[Article]) -> None:
        self.outlet = outlet
        self.articles = sorted(articles, key=lambda article: article.published_at, reverse=True)
        self._renderer = Renderer(outlet)
        self._sections = list(dict.fromkeys(article.section for article in self.articles))
        self._makers: dict[str, Maker] = {}
        self._made: dict[str, Response] = {}
        self._add_articles()
        self._add_listings()
        self._add_technical()

    @property
    def targets(self) -> list[str]:
        """Return path and query of every page of the site."""
        return list(self._makers)

    def respond(self, target: str) -> Response | None:
        """Answer with the page of that address, campaign parameters ignored."""
        for candidate in (target, _without_campaign(target), target.partition("?")[0]):
            if (made := self._made.get(candidate)) is not None:
                return made
            if (maker := self._makers.get(candidate)) is not None:
                made = self._made[candidate] = maker()
                return made
        return None

    def _add_articles(self) -> None:
        for place, article in enumerate(self.articles):
            path = article.path(self.outlet)
            if path in self._makers:
                raise ValueError(f"outlet {self.outlet.id} has two pages at {path!r}; give {article.id} another slug")
            self._makers[path] = self._page_maker(article, place)
            if self.outlet.amp:
                self._makers[f"{path}/amp"] = lambda a=article: self._renderer.amp(a, sections=self._sections)  # type: ignore[misc]
            if article.id in self.outlet.mirrored:
                self._makers[f"/lat{path}"] = self._page_maker(article, place, address=f"/lat{path}")
                mirrored = _in_cyrillic(article)
                self._makers[f"/cyr{path}"] = self._page_maker(mirrored, place, address=f"/cyr{path}")

    def _page_maker(self, article: Article, place: int, address: str | None = None) -> Maker:
        def make() -> Response:
            others = [
                *self.articles[place + 1 : place + 1 + TEASERS],
                *self.articles[: max(0, place + 1 + TEASERS - len(self.articles))],
            ]
            return self._renderer.article(
                article,
                sections=self._sections,
                teasers=[other for other in others if other.id != article.id],
                most_read=[other for other in self.articles[: 2 * MOST_READ + 2 : 2] if other.id != article.id][:MOST_READ],
                address=address,
            )

        return make

    def _add_listings(self) -> None:
        self._add_listing("/", self.outlet.name, self.articles)
        for section in self._sections:
            chosen = [article for article in self.articles if article.section == section]
            self._add_listing(f"/{section}/", self._renderer.section_label(section), chosen)
        tags: dict[str, list[Article]] = {}
        for article in self.articles:
            for tag in article.tags:
                tags.setdefault(tag_slug(tag), []).append(article)
        for slug, tagged in tags.items():
            self._add_listing(f"/tag/{slug}/", slug, tagged)

    def _add_listing(self, path: str, title: str, articles: Sequence[Article]) -> None:
        self._makers[path] = lambda: self._renderer.listing(title, articles, sections=self._sections)

    def _add_technical(self) -> None:
        outlet, renderer = self.outlet, self._renderer
        if outlet.robots != "missing":
            self._makers["/robots.txt"] = lambda: renderer.robots() or Response(status=404)
        self._makers["/style.css"] = lambda: Response(b"body{font:16px/1.5 serif}\n", content_type="text/css; charset=utf-8")
        if outlet.feed.kind != "none":
            self._makers[FEED_PATH] = lambda: renderer.feed(self.articles, sections=self._sections)
        if outlet.sitemap in ("plain", "news"):
            self._makers[SITEMAP_PATH] = lambda: renderer.sitemap(self.articles, extra_urls=self._mirror_urls())
        elif outlet.sitemap != "none":
            self._add_sitemap_parts(packed=outlet.sitemap == "index-gz")

    def _add_sitemap_parts(self, *, packed: bool) -> None:
        parts: list[tuple[str, datetime]] = []
        for number, start in enumerate(range(0, len(self.articles), SITEMAP_SIZE), start=1):
            chosen = self.articles[start : start + SITEMAP_SIZE]
            path = f"/sitemap-{number}.xml{'.gz' if packed else ''}"
            extra = self._mirror_urls() if number == 1 else []
            self._makers[path] = lambda c=chosen, e=extra: self._renderer.sitemap(c, extra_urls=e, packed=packed)  # type: ignore[misc]
            parts.append((f"{self.outlet.root}{path}", chosen[0].published_at))
        self._makers[SITEMAP_PATH] = lambda: self._renderer.sitemap_index(parts)

    def _mirror_urls(self) -> list[tuple[str, datetime]]:
        mirrored = [article for article in self.articles if article.id in self.outlet.mirrored]
        return [
            (f"{self.outlet.root}/{script}{article.path(self.outlet)}", article.published_at)
            for article in mirrored
            for script in ("lat", "cyr")
        ]


def _in_cyrillic(article: Article) -> Article:
    return article.model_copy(
        update={
            "title": to_cyrillic(article.title),
            "lead": to_cyrillic(article.lead) if article.lead else None,
            "paragraphs": tuple(to_cyrillic(text) for text in article.paragraphs),
            "author": to_cyrillic(article.author) if article.author else None,
        }
    )


def _without_campaign(target: str) -> str:
    path, _, query = target.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if not name.startswith(_CAMPAIGN)]
    return f"{path}?{urlencode(kept)}" if kept else path


def build_sites(
    outlets: Iterable[Outlet], articles: dict[str, Sequence[Article]], *, delay_scale: float
) -> dict[str, OutletSite]:
    """Build the sites of outlets by host; what robots.txt asks to wait is scaled like every other delay."""
    sites = {}
    for outlet in outlets:
        if outlet.crawl_delay_s is not None:
            outlet = outlet.model_copy(update={"crawl_delay_s": outlet.crawl_delay_s * delay_scale})
        sites[outlet.host] = OutletSite(outlet, articles.get(outlet.id, ()))
    return sites
