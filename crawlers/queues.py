"""In which order hosts are served: the one with the fewest requests under way first, sources of higher priority ahead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scrapy.pqueues import DownloaderAwarePriorityQueue, DownloaderInterface

from crawlers.urls import host_of


class RankedQueue(DownloaderAwarePriorityQueue):
    """Scrapy's queue by host, in which a source's priority counts like so many requests fewer under way."""

    def __init__(self, crawler: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(crawler, *args, **kwargs)
        self._downloader_interface = _Ranked(crawler)


class _Ranked(DownloaderInterface):
    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        self._ranks = {
            host_of(url): source.priority
            for source in getattr(crawler.spider.job, "sources", ())
            for url in (*source.feeds, *source.sitemaps, *source.sections)
        }

    def stats(self, possible_slots: Iterable[str]) -> list[tuple[int, str]]:
        return [(active - self._ranks.get(slot, 0), slot) for active, slot in super().stats(possible_slots)]
