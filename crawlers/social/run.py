"""A visit of social sources from start to end: sources in, documents and erasures to the sink, a summary out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from crawlers.guard import LiveGuard
from crawlers.ledger import Ledger
from crawlers.run import CrawlSummary
from crawlers.social.bluesky import BlueskyReader
from crawlers.social.job import PostSink, SocialJob
from crawlers.social.mastodon import MastodonReader
from crawlers.social.reader import Reader
from crawlers.social.reddit import RedditReader
from crawlers.social.references import References
from crawlers.social.youtube import YoutubeReader
from eho.errors import CrawlError
from eho.outcome import Outcome, OutcomeRecord
from eho.settings import Settings, SocialSettings
from eho.source import Platform, Source

if TYPE_CHECKING:
    from scrapy import Spider

_READERS: dict[str, Callable[[Platform, SocialSettings], Reader]] = {
    "bluesky": BlueskyReader,
    "mastodon": MastodonReader,
    "youtube": YoutubeReader,
    "reddit": RedditReader,
}


def visit(
    sources: Sequence[Source],
    sink: PostSink,
    settings: Settings,
    references: References,
    *,
    since: date | None = None,
    max_requests: int | None = None,
    on_post: Callable[[OutcomeRecord], None] | None = None,
    ledger: Path | None = None,
) -> CrawlSummary:
    """Visit the enabled sources that name a platform; return when all is done or SIGINT or SIGTERM came.

    `ledger` is the file of what is remembered between runs.
    Raises CrawlError before any request where a server may not be asked, and whatever the sink raises.
    """
    chosen = [(source, source.platform) for source in sources if source.enabled and source.platform is not None]
    guard = LiveGuard.from_settings(settings.crawl)
    readers = {source.id: _READERS[platform.name](platform, settings.social) for source, platform in chosen}
    for id, reader in readers.items():
        for url in reader.urls:
            if (reason := guard.refusal(url)) is not None:
                raise CrawlError(f"Source {id!r}: {reason}.")
    references.rotate(after=timedelta(days=settings.social.rotate_days))
    job = SocialJob(
        sources=[source for source, _ in chosen],
        readers=readers,
        sink=sink,
        settings=settings.crawl,
        social=settings.social,
        guard=guard,
        ledger=Ledger(ledger),
        references=references,
        since=since,
        max_requests=max_requests,
        on_post=on_post,
        counts={source.id: Counter() for source, _ in chosen},
    )
    started = time.monotonic()
    from crawlers.reactor import run_spider

    try:
        interrupted = run_spider(_social_spider, settings.crawl, job=job)
    finally:
        job.ledger.close()
    if job.error is not None:
        raise job.error
    return _summary(job, time.monotonic() - started, interrupted)


def _social_spider() -> type[Spider]:
    from crawlers.social.spider import SocialSpider

    return SocialSpider


def _summary(job: SocialJob, elapsed_s: float, interrupted: bool) -> CrawlSummary:
    total: Counter[Outcome] = Counter()
    for counts in job.counts.values():
        total.update(counts)
    return CrawlSummary(
        counts=dict(total),
        by_source={source: dict(counts) for source, counts in job.counts.items()},
        failures=job.failures,
        pages=job.requests,
        elapsed_s=elapsed_s,
        interrupted=interrupted,
    )
