"""A sink that keeps everything in memory, and the mini web for the tests of a crawl."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crawlers.run import CrawlSummary, crawl
from eho.document import Document
from eho.outcome import Outcome, OutcomeRecord
from eho.settings import CrawlSettings
from eho.source import Source
from evaluation.miniweb import MiniWeb
from evaluation.miniweb.response import Response, Site
from evaluation.miniweb.server import Server


@dataclass
class MemorySink:
    """Keeps documents by id and records in order; knows the addresses of its documents, as a store does."""

    documents: dict[str, Document] = field(default_factory=dict)
    records: list[OutcomeRecord] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def put(self, document: Document) -> Outcome:
        before = self.documents.get(document.id)
        self.documents[document.id] = document
        provenance = document.provenance
        self.known |= {url for url in (document.url, document.canonical_url, provenance.requested_url) if url}
        if before is None:
            return Outcome.STORED
        return Outcome.UNCHANGED if before.text == document.text else Outcome.NEW_VERSION

    def record(self, record: OutcomeRecord) -> None:
        self.records.append(record)
        if record.url and record.document_id:
            self.known.add(record.url)

    def is_known(self, url: str) -> bool:
        return url in self.known

    def outcome_of(self, url: str) -> Outcome | None:
        outcomes = [record.outcome for record in self.records if record.url == url]
        assert len(outcomes) <= 1, f"{url} has {len(outcomes)} records"
        return outcomes[0] if outcomes else None

    def reason_of(self, url: str) -> str:
        return next(record.reason or "" for record in self.records if record.url == url)


FAST: dict[str, Any] = {
    "delay_s": 0,
    "autothrottle": False,
    "concurrency_per_host": 8,
    "timeout_s": 1.5,
    "retries": 1,
}


@pytest.fixture(scope="session")
def web() -> Iterator[MiniWeb]:
    with MiniWeb(delay_scale=0.05) as running:
        yield running


@dataclass
class Crawled:
    """One finished crawl of all sources of the mini web."""

    sink: MemorySink
    summary: CrawlSummary
    captures: Path


@pytest.fixture(scope="session")
def crawled(web: MiniWeb, tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    sink, captures = MemorySink(), tmp_path_factory.mktemp("home") / "captures"
    summary = crawl(web.sources, sink, CrawlSettings(proxy=web.proxy_url, **FAST), captures=captures)
    return Crawled(sink, summary, captures)


@pytest.fixture
def crawl_some(web: MiniWeb, tmp_path: Path) -> Callable[..., tuple[MemorySink, CrawlSummary]]:
    def run(
        *ids: str, sink: MemorySink | None = None, sources: list[Source] | None = None, **options: Any
    ) -> tuple[MemorySink, CrawlSummary]:
        chosen = sources or [source for source in web.sources if source.id in ids]
        settings = CrawlSettings(proxy=web.proxy_url, **(FAST | options.pop("settings", {})))
        kept = sink or MemorySink()
        return kept, crawl(chosen, kept, settings, captures=tmp_path / "kept" / "captures", **options)

    return run


class Pages:
    """A host whose pages a test sets, and may change between two requests."""

    def __init__(self, **pages: Response) -> None:
        self.pages = pages

    def __setitem__(self, target: str, response: Response) -> None:
        self.pages[target] = response

    def respond(self, target: str) -> Response | None:
        return self.pages.get(target)


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, Site]], Server]]:
    running: list[Server] = []

    def start(sites: dict[str, Site]) -> Server:
        server = Server(sites, Response)
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()
