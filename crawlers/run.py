"""A crawl from start to end: sources in, documents to the sink, a summary out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlers.capture import PageArchive, WarcArchive
from crawlers.frontier import Frontier
from crawlers.guard import LiveGuard
from crawlers.job import CrawlJob
from crawlers.ledger import Ledger
from crawlers.outlets import Outlets
from crawlers.sink import DocumentSink
from eho.errors import CrawlError
from eho.outcome import Outcome, OutcomeRecord
from eho.settings import CrawlSettings
from eho.source import Source

if TYPE_CHECKING:
    from scrapy import Spider


@dataclass(frozen=True, slots=True)
class CrawlSummary:
    """What a crawl came to. `known` counts addresses not asked again because they ended in a document before."""

    counts: Mapping[Outcome, int]
    by_source: Mapping[str, Mapping[Outcome, int]]
    failures: Sequence[OutcomeRecord]
    known: int = 0
    pages: int = 0
    elapsed_s: float = 0.0
    interrupted: bool = False
    captures: Sequence[str] = field(default_factory=tuple)
    known_by_source: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_failures(self) -> bool:
        """True where part of the work was lost."""
        return bool(self.failures)

    @property
    def pages_per_s(self) -> float:
        """Pages asked for per second, feeds and robots.txt not counted."""
        return self.pages / self.elapsed_s if self.elapsed_s else 0.0

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object of `eho crawl --json`'s last line."""
        return {
            "counts": {outcome.value: count for outcome, count in sorted(self.counts.items())},
            "sources": {
                source: {outcome.value: count for outcome, count in sorted(counts.items())}
                for source, counts in sorted(self.by_source.items())
            },
            "known": self.known,
            "pages": self.pages,
            "pages_per_s": round(self.pages_per_s, 2),
            "elapsed_s": round(self.elapsed_s, 3),
            "interrupted": self.interrupted,
            "failures": [record.model_dump(mode="json") for record in self.failures],
        }


def crawl(
    sources: Sequence[Source],
    sink: DocumentSink,
    settings: CrawlSettings,
    *,
    captures: Path,
    since: date | None = None,
    max_pages: int | None = None,
    backfill: bool = False,
    ledger: Path | None = None,
    on_page: Callable[[OutcomeRecord], None] | None = None,
    archive: PageArchive | None = None,
    learned: Path | None = None,
) -> CrawlSummary:
    """Crawl the enabled sources, newest pages first, and return when all is done or SIGINT or SIGTERM came.

    `backfill` follows feeds and section pages to their older parts, down to `since`. `ledger` is the file of what is
    remembered between runs; without one nothing is. The sink is called on this thread. Healthy feeds leave no record of
    their own. `archive` replaces the WARC files in `captures`; `learned` is the folder of the blocks that repeat on outlets'
    pages. Raises CrawlError before any request where a source may not be crawled, and whatever the sink raises.
    """
    enabled = [source for source in sources if source.enabled]
    guard = LiveGuard.from_settings(settings)
    guard.check(enabled)
    guard.check_user_agent(settings.user_agent)
    if settings.frontier and max_pages is not None:
        raise CrawlError(
            f"--max-pages {max_pages} cannot be kept by several workers together; leave it out, or unset crawl.frontier."
        )
    keeper = archive or WarcArchive(captures, user_agent=settings.user_agent)
    job = CrawlJob(
        sources=enabled,
        sink=sink,
        settings=settings,
        archive=keeper,
        guard=guard,
        frontier=Frontier(since=since, max_pages=max_pages),
        ledger=Ledger(ledger),
        backfill=backfill,
        on_page=on_page,
        outlets=Outlets(enabled, learned),
        counts={source.id: Counter() for source in enabled},
    )
    started = time.monotonic()
    try:
        interrupted = _run(job)
    finally:
        keeper.close()
        job.ledger.close()
    if job.error is not None:
        raise job.error
    job.outlets.learn(datetime.now(UTC))
    return _summary(job, time.monotonic() - started, interrupted)


def _run(job: CrawlJob) -> bool:
    from crawlers.reactor import run_spider

    return run_spider(_shared_spider if job.settings.frontier else _news_spider, job.settings, job=job)


def _news_spider() -> type[Spider]:
    from crawlers.spider import NewsSpider

    return NewsSpider


def _shared_spider() -> type[Spider]:
    from crawlers.lease_scheduler import SharedSpider

    return SharedSpider


def _summary(job: CrawlJob, elapsed_s: float, interrupted: bool) -> CrawlSummary:
    total: Counter[Outcome] = Counter()
    for counts in job.counts.values():
        total.update(counts)
    return CrawlSummary(
        counts=dict(total),
        by_source={source: dict(counts) for source, counts in job.counts.items()},
        failures=job.failures,
        known=job.known.total(),
        pages=job.frontier.pages,
        elapsed_s=elapsed_s,
        interrupted=interrupted,
        known_by_source=dict(job.known),
    )
