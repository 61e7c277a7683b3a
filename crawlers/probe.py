"""Asks for a few addresses as a crawl would, guard, robots.txt and pauses included, and stores nothing: for `eho sources`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawlers.guard import LiveGuard
from crawlers.ledger import Ledger
from crawlers.reactor import run_spider
from eho.settings import CrawlSettings

if TYPE_CHECKING:
    from scrapy import Spider


@dataclass(frozen=True, slots=True)
class Answer:
    """What one address answered; `problem` says why there is nothing to read, and is None where there is."""

    url: str
    final_url: str
    body: bytes = b""
    content_type: str | None = None
    problem: str | None = None


@dataclass(slots=True)
class ProbeJob:
    """What the crawl's middlewares need to know of a run: the guard, the settings, and here where the answers go."""

    urls: Sequence[str]
    settings: CrawlSettings
    guard: LiveGuard
    ledger: Ledger
    answers: dict[str, Answer] = field(default_factory=dict)


def probe(urls: Sequence[str], settings: CrawlSettings) -> dict[str, Answer]:
    """Ask for each address once and return the answers by address. Raises KeyboardInterrupt where it was interrupted."""
    with Ledger() as ledger:
        job = ProbeJob(list(dict.fromkeys(urls)), settings, LiveGuard.from_settings(settings), ledger)
        if run_spider(_probe_spider, settings, job=job):
            raise KeyboardInterrupt
    return {url: job.answers.get(url, Answer(url, url, problem="no answer")) for url in job.urls}


def _probe_spider() -> type[Spider]:
    from crawlers.probe_spider import ProbeSpider

    return ProbeSpider
