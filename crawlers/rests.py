"""Hosts that are left alone: what a server asks for, how a pause is kept, and why a host is not asked now."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from crawlers.urls import host_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

BUSY = (429, 503)
_LONGEST_REST = timedelta(days=7)  # a server that says "next year" has its clock wrong


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return for how many seconds a server asks to be left alone, or None where it does not say (RFC 9110, 10.2.3)."""
    text = (header or "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        seconds = float(text)
    else:
        try:
            seconds = (parsedate_to_datetime(text) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(0.0, seconds), _LONGEST_REST.total_seconds())


def asked_wait(response: Response) -> float | None:
    """Return for how many seconds an answer asks to leave its host alone; None where it does not."""
    header = response.headers.get("Retry-After")
    if response.status not in BUSY or header is None:
        return None
    return retry_after(header.decode("latin-1"), datetime.now(UTC))


def leave_alone(crawler: Crawler, url: str, wait_s: float, status: int) -> None:
    """Pause a host for a short wait; for one longer than `crawl.patience_s` leave it to a later run."""
    job: Any = crawler.spider.job  # type: ignore[union-attr]
    host = host_of(url)
    if wait_s > job.settings.patience_s:
        job.ledger.rest(host, datetime.now(UTC) + timedelta(seconds=wait_s), f"it answered with status {status}")
        return
    downloader: Any = crawler.engine.downloader
    slot = downloader.slots.get(host)
    if slot is not None and wait_s > 0:
        # Scrapy sends the next request `delay` after `lastseen`: put into the future, it holds the whole queue
        slot.lastseen = max(slot.lastseen, time.monotonic() + wait_s)
        slot.delay = max(slot.delay, 0.001)


def postponed(job: Any, host: str) -> str | None:
    """Return why a host is not asked in this run any more, or None where it may be."""
    if (rest := job.ledger.resting(host)) is not None:
        return f"{host} is left alone until {rest[0]:%Y-%m-%d %H:%M:%S} UTC: {rest[1]}"
    limit = job.settings.requests_per_day
    if limit and job.ledger.requests_today(host) >= limit:
        return f"{host} was asked {limit} times today, as often as crawl.requests_per_day allows"
    return None
