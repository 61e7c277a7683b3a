"""Scrapy's scheduler over the shared frontier, the spider that works with it, and the pause that all workers keep together."""

from __future__ import annotations

import asyncio
import heapq
import os
import socket
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from scrapy.core.scheduler import BaseScheduler
from scrapy.http import Request, Response

from crawlers.dates import Stamp
from crawlers.frontier import Seed
from crawlers.lease_queue import Leased, LeaseQueue
from crawlers.robots import RobotsMiddleware
from crawlers.spider import NewsSpider
from crawlers.urls import host_of
from eho.document import to_utc_text

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from crawlers.job import CrawlJob

_BEAT_S = 0.1
_ALL = 1_000_000_000  # pages released at once: they wait in Redis, not here


class SharedSeeds(dict[str, Seed]):
    """The seeds of this worker; asked for another worker's, it gives one that stands for it."""

    def __init__(self, queue: LeaseQueue, stand_in: Seed) -> None:
        super().__init__()
        self._queue, self._stand_in = queue, stand_in

    def get(self, canonical: str, default: Any = None) -> Any:
        """Return a seed of this worker, a stand-in for one of the others, or the default."""
        if canonical in self:
            return self[canonical]
        return default if self._queue.state(canonical) is None else self._stand_in

    def __missing__(self, canonical: str) -> Seed:
        if self._queue.state(canonical) is None:
            raise KeyError(canonical)
        return self._stand_in


class SharedSpider(NewsSpider):
    """The news spider of one worker among several: pages come from the shared frontier, and go back as done."""

    def __init__(self, job: CrawlJob, **kwargs: Any) -> None:
        super().__init__(job, **kwargs)
        self._room = _ALL
        worker = f"{socket.gethostname()}-{os.getpid()}"
        self.queue = LeaseQueue(str(job.settings.frontier), worker=worker, lease_s=job.settings.lease_s)
        self.held: set[str] = set()
        job.frontier.seeds = SharedSeeds(self.queue, Seed("", "", job.sources[0]))

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Put the shared scheduler and the shared pause into Scrapy's settings."""
        super().update_settings(settings)
        settings.set("SCHEDULER", LeaseScheduler, priority="spider")
        middlewares = {**settings.getdict("DOWNLOADER_MIDDLEWARES"), SharedPauseMiddleware: 880}
        settings.set("DOWNLOADER_MIDDLEWARES", middlewares, priority="spider")
        # The pause is kept by SharedPauseMiddleware; Scrapy's own would shift requests against other workers'.
        settings.set("DOWNLOAD_DELAY", 0, priority="spider")
        settings.set("AUTOTHROTTLE_ENABLED", False, priority="spider")
        settings.set("CONCURRENT_REQUESTS_PER_DOMAIN", settings.getint("CONCURRENT_REQUESTS"), priority="spider")

    def page_request(self, leased: Leased) -> Request:
        """Return the request for a page that was leased."""
        seed = _to_seed(leased, {source.id: source for source in self.job.sources})
        self.job.frontier.seeds[leased.canonical] = seed
        self.held.add(leased.canonical)
        return Request(
            seed.url,
            callback=self.parse_page,
            errback=self.page_failed,
            meta={"seed": seed, "leased": True},
            priority=seed.priority,
            dont_filter=True,
        )

    def settle_foreign(self) -> None:
        """Go on with documents that waited for a page of another worker's which has ended meanwhile."""
        job = self.job
        for canonical in [one for one in job.waiting if one not in self.held]:
            state = self.queue.state(canonical)
            if state is None or state[0]:
                job.ended.add(canonical)
                if state is not None and state[1]:
                    job.frontier.stored[canonical] = state[1]
                for twin, document in job.waiting.pop(canonical, []):
                    self._document(twin, document)

    def _document(self, seed: Seed, document: Any) -> None:
        canonical = document.canonical_url or seed.canonical
        state = self.queue.state(canonical) if canonical != seed.canonical else None
        if state is not None and state[0] and state[1]:
            self.job.frontier.stored.setdefault(canonical, state[1])
        super()._document(seed, document)

    def _end(self, seed: Seed, outcome: Any, reason: str | None = None, **ended: Any) -> None:
        super()._end(seed, outcome, reason, **ended)
        if seed.canonical in self.held:
            self.held.discard(seed.canonical)
            self.queue.done(seed.canonical, ended.get("document_id"))  # only now: its outcome is in the store


class LeaseScheduler(BaseScheduler):
    """Hands pages to the shared frontier and takes leased ones from it; lists are read by the worker that claims them."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._here: list[tuple[int, int, Request]] = []  # lists, and retries and redirects of leased pages
        self._number = 0
        self._theirs: dict[str, Request] = {}  # lists that another worker reads
        self._mine: set[str] = set()
        self._take_at = 0.0
        self._beat: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LeaseScheduler:
        """Make the scheduler."""
        return cls(crawler)

    @property
    def _spider(self) -> SharedSpider:
        spider: Any = self._crawler.spider
        return spider  # type: ignore[no-any-return]

    def open(self, spider: Any) -> None:
        """Begin to renew leases."""
        self._beat = asyncio.get_running_loop().create_task(self._beating())

    def close(self, reason: str) -> None:
        """Give back what is not done."""
        if self._beat is not None:
            self._beat.cancel()
        self._spider.queue.give_back(self._spider.held)
        self._spider.queue.close()

    def has_pending_requests(self) -> bool:
        """Tell whether anything is left to do, here or by another worker: what that one leases may come back."""
        return bool(self._here or self._theirs) or self._spider.queue.is_pending()

    def enqueue_request(self, request: Request) -> bool:
        """Keep a list or a leased page's request here, hand a new page to the shared frontier; False where it has it."""
        seed: Seed | None = request.meta.get("seed")
        if seed is None and request.callback is not None:
            return self._enqueue_list(request)
        if seed is None or request.meta.get("leased"):
            self._push(request)
            return True
        return self._spider.queue.push(seed.canonical, _to_item(seed))

    def next_request(self) -> Request | None:
        """Return a request of this worker's own, else a page of a host that may be asked now."""
        if self._here:
            return heapq.heappop(self._here)[2]
        if time.monotonic() < self._take_at:
            return None
        taken = self._spider.queue.take(self._spider.job.settings.delay_s)
        if isinstance(taken, Leased):
            return self._spider.page_request(taken)
        self._take_at = time.monotonic() + min(taken, 1.0)
        asyncio.get_running_loop().call_later(min(taken, 1.0) + 0.001, self._wake)
        return None

    def _push(self, request: Request) -> None:
        self._number += 1
        heapq.heappush(self._here, (-request.priority, self._number, request))

    def _enqueue_list(self, request: Request) -> bool:
        url = request.url
        if not request.meta.get("claimed"):
            request = request.replace(
                callback=self._then_done(url, request.callback),
                errback=self._then_done(url, request.errback),
                meta={**request.meta, "claimed": True},
            )
        match self._spider.queue.claim_list(url):
            case "mine":
                self._mine.add(url)
                self._push(request)
            case "theirs":
                self._theirs[url] = request
            case "done":
                return False
        return True

    def _then_done(self, url: str, callback: Callable[..., Any] | None) -> Callable[..., Iterator[Request]]:
        def run(*arguments: Any, **named: Any) -> Iterator[Request]:
            if callback is not None:
                yield from callback(*arguments, **named) or ()
            self._mine.discard(url)
            self._spider.queue.list_done(url)

        return run

    async def _beating(self) -> None:
        renewed = asked = time.monotonic()
        while True:
            await asyncio.sleep(_BEAT_S)
            now, spider = time.monotonic(), self._spider
            if now - renewed > spider.queue.lease_s / 3:
                renewed = now
                spider.queue.renew(spider.held)
                for url in list(self._mine):
                    spider.queue.claim_list(url)
            if now - asked > 5 * _BEAT_S:
                asked = now
                waiting, self._theirs = self._theirs, {}
                for request in waiting.values():
                    self._enqueue_list(request)
                spider.settle_foreign()
            self._wake()

    def _wake(self) -> None:
        engine: Any = self._crawler.engine
        if engine is not None and engine._slot is not None and engine._slot.closing is None:
            engine._slot.nextcall.schedule()


class SharedPauseMiddleware:
    """Lets each request wait for its host's next moment; robots.txt, lists, redirects and retries too.

    It stands nearest to the wire and keeps the number of requests under way itself: a request that waited again in
    Scrapy's own queue would go out later than its moment, and meet another worker's.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._under_way: dict[str, asyncio.Semaphore] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SharedPauseMiddleware:
        """Make the middleware."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Wait; the pause is the longest that the setting or robots.txt asks of any worker."""
        spider: Any = self._crawler.spider
        host, settings = host_of(request.url), spider.job.settings
        await self._under_way.setdefault(host, asyncio.Semaphore(settings.concurrency_per_host)).acquire()
        robots: Any = self._crawler.get_downloader_middleware(RobotsMiddleware)
        pause = max(settings.delay_s, robots.delays.get(host, 0.0) if robots is not None else 0.0)
        while (wait := spider.queue.admit(host, pause)) > 0:  # asked at the moment of sending: a busy worker comes late
            await asyncio.sleep(wait)

    def process_response(self, request: Request, response: Response) -> Response:
        """Make room for the host's next request."""
        self._under_way[host_of(request.url)].release()
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Make room for the host's next request."""
        self._under_way[host_of(request.url)].release()


def _to_item(seed: Seed) -> dict[str, Any]:
    published = seed.published
    return {
        "url": seed.url,
        "host": host_of(seed.url),
        "priority": seed.priority,
        "source": seed.source.id,
        "published": None if published is None else [to_utc_text(published.at), published.precision, published.origin],
        "changed_on": None if seed.changed_on is None else seed.changed_on.isoformat(),
    }


def _to_seed(leased: Leased, sources: dict[str, Any]) -> Seed:
    item = leased.item
    published = item["published"]
    return Seed(
        item["url"],
        leased.canonical,
        sources[item["source"]],
        None if published is None else Stamp(datetime.fromisoformat(published[0]), published[1], published[2]),
        None if item["changed_on"] is None else date.fromisoformat(item["changed_on"]),
    )
