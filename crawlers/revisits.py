"""When a document's page is looked at again for corrections: soon after it appeared, then ever more rarely, then no more."""

from __future__ import annotations

from datetime import datetime, timedelta

from eho.settings import CrawlSettings


def next_visit(published_at: datetime | None, seen_at: datetime, times: int, settings: CrawlSettings) -> datetime | None:
    """Return when a page seen `times` times is due again, or None for no more.

    The wait doubles: as long as the page is old, at least `crawl.revisit_after_h`; pages older than `crawl.revisit_days`
    and those seen `crawl.revisits` times again are left alone. So a page costs at most `crawl.revisits` requests more.
    """
    if times > settings.revisits:
        return None
    age = seen_at - published_at if published_at is not None and published_at <= seen_at else timedelta(0)
    wait = max(timedelta(hours=settings.revisit_after_h), age if times > 1 else timedelta(0))
    due = seen_at + wait
    return due if age + wait <= timedelta(days=settings.revisit_days) else None
