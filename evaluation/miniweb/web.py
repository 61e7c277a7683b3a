"""The mini web: all invented outlets behind one local address, used by tests, demonstration and benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from eho.source import Source
from evaluation.miniweb.content import Article, by_outlet, load_articles, load_outlets
from evaluation.miniweb.outlet_site import build_sites
from evaluation.miniweb.response import Response, Site
from evaluation.miniweb.server import Request, Server


class MiniWeb:
    """The invented outlets on 127.0.0.1, reached as an HTTP proxy; a context manager that runs the server in a thread.

    `corpus` presents JSON-lines files as outlets instead of the authored ones; `hostile` adds the hosts whose pages and
    feeds are broken; `delay_scale` stretches or shrinks every wait (stalls, Retry-After, Crawl-delay).
    """

    def __init__(self, *, port: int = 0, corpus: Sequence[Path] = (), hostile: bool = True, delay_scale: float = 1.0) -> None:
        self.articles: list[Article] = list(load_articles())
        outlets = list(load_outlets().values())
        self.sources: list[Source] = [outlet.to_source() for outlet in outlets]
        self._sites: dict[str, Site] = dict(build_sites(outlets, by_outlet(self.articles), delay_scale=delay_scale))
        self._server = Server(self._sites, self._front, port=port)

    @property
    def proxy_url(self) -> str:
        """Return the address for the setting crawl.proxy."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def log(self) -> list[Request]:
        """Return every request so far, in order of arrival."""
        return self._server.log

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
