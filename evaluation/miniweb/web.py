"""The mini web: all invented outlets behind one local address, used by tests, demonstration and benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from eho.source import Source
from evaluation.miniweb.content import Article, Outlet, by_outlet, load_articles, load_outlets
from evaluation.miniweb.corpus import load_corpus
from evaluation.miniweb.hostile import hostile_sites, hostile_sources
from evaluation.miniweb.outlet_site import build_sites
from evaluation.miniweb.response import Response, Site
from evaluation.miniweb.server import Request, Server


class MiniWeb:
    """The invented outlets on 127.0.0.1, reached as an HTTP proxy; a context manager that runs the server in a thread.

    `corpus` presents JSON-lines files as outlets instead of the authored ones; `hostile` adds the hosts whose pages and
    feeds are broken; `delay_scale` stretches or shrinks every wait (stalls, Retry-After, Crawl-delay).
    """

    def __init__(self, *, port: int = 0, corpus: Sequence[Path] = (), hostile: bool = True, delay_scale: float = 1.0) -> None:
        outlets, self.articles = load_corpus(corpus) if corpus else (list(load_outlets().values()), list(load_articles()))
        self.outlets: dict[str, Outlet] = {outlet.id: outlet for outlet in outlets}
        self.sources: list[Source] = [outlet.to_source() for outlet in outlets]
        self._sites: dict[str, Site] = dict(build_sites(outlets, by_outlet(self.articles), delay_scale=delay_scale))
        if hostile:
            self.sources += hostile_sources()
            self._sites |= hostile_sites(delay_scale=delay_scale)
        self._server = Server(self._sites, self._front, port=port)

    @property
    def proxy_url(self) -> str:
        """Return the address for the setting crawl.proxy."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def log(self) -> list[Request]:
        """Return every request so far, in order of arrival."""
        return self._server.log

    @cached_property
    def _by_id(self) -> dict[str, Article]:
        return {article.id: article for article in self.articles}

    def url_of(self, article_id: str) -> str:
        """Return the canonical address of an article's page."""
        article = self._by_id[article_id]
        return article.url(self.outlets[article.outlet])

    def expected_text(self, article_id: str) -> str:
        """Return the body that a page publishes, blanks collapsed; of a corpus, the text of its line."""
        return " ".join(" ".join(self._by_id[article_id].paragraphs).split())

    def expected_date(self, article_id: str) -> datetime:
        """Return when the page says that it was published."""
        return self._by_id[article_id].published_at

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.stop()

    def _front(self) -> Response:
        hosts = "".join(f"<li>http://{escape(host)}/</li>" for host in sorted(self._sites))
        body = (
            f"<!doctype html><html lang=en><title>Mini web</title><h1>Invented outlets</h1><p>Use {self.proxy_url} as HTTP proxy "
            f"to open:</p><ul>{hosts}</ul></html>"
        )
        return Response(body.encode())


def write_sources(sources: Sequence[Source], folder: Path) -> list[Path]:
    """Write one YAML file a source, as a data folder keeps them, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for source in sources:
        path = folder / f"{source.id}.yaml"
        path.write_text(
            yaml.safe_dump(source.model_dump(exclude_defaults=True), allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
        paths.append(path)
    return paths
