"""The one spider: from the sources' feeds and sitemaps to pages, and from each page to a document or an outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from scrapy import Spider, signals
from scrapy.exceptions import CloseSpider
from scrapy.http import Request, Response

from crawlers.dates import BELGRADE
from crawlers.encoding import header_charset
from crawlers.extraction import extract_page
from crawlers.failures import outcome_of
from crawlers.feeds import FeedContent, FeedEntry, FeedError, read_feed
from crawlers.frontier import Seed
from crawlers.job import CrawlJob
from crawlers.urls import same_address, same_site
from eho.document import Document
from eho.errors import InputError
from eho.outcome import Outcome
from eho.source import Source

_SITEMAP_DEPTH = 3
_FEEDS_FIRST = 10_000_000  # above every page's priority, which is its day's number


class NewsSpider(Spider):
    """Reads every source's feeds and sitemaps as its YAML file names them; the union of their addresses is crawled."""

    name = "news"

    def __init__(self, job: CrawlJob, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self._feeds_due = 0
        self._stopping: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> NewsSpider:
        """Make the spider, and let an error in its own code end the run instead of losing an address in silence."""
        spider: NewsSpider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.failed, signal=signals.spider_error)
        return spider

    def failed(self, failure: Any) -> None:
        """Keep the first unexpected error; `crawl` raises it."""
        self.job.fail(failure.value)
        if self._stopping is None:
            self._stopping = asyncio.get_running_loop().create_task(self.crawler.stop_async())

    async def start(self) -> AsyncIterator[Request]:
        """Ask for every feed and sitemap; what fails there is that address's outcome, and the run goes on."""
        requests = [
            self._feed_request(url, source)
            for source in self.job.sources
            for url in dict.fromkeys((*source.feeds, *source.sitemaps))
        ]
        for request in requests:
            yield request

    # feeds and sitemaps

    def _feed_request(self, url: str, source: Source, depth: int = 0) -> Request:
        self._feeds_due += 1
        return Request(
            url,
            callback=self.parse_feed,
            errback=self.feed_failed,
            cb_kwargs={"source": source, "address": url, "depth": depth},
            priority=_FEEDS_FIRST,
            dont_filter=True,
        )

    def parse_feed(self, response: Response, source: Source, address: str, depth: int) -> Iterator[Request]:
        """Turn a feed into requests for its pages, a sitemap index into requests for its sitemaps."""
        try:
            content = read_feed(response.body, url=response.url) if response.status == 200 else None
        except FeedError as error:
            self.job.finish(Outcome.BAD_FEED, address, source.id, str(error))
            content = FeedContent()
        if content is None:
            self.job.finish(Outcome.HTTP_ERROR, address, source.id, f"{_status_reason(response)} for a feed")
        else:
            yield from self._child_sitemaps(content.sitemaps, source, address, depth)
            yield from self._page_requests(content.entries, source, response.url)
        yield from self._feed_done()

    def feed_failed(self, failure: Any) -> Iterator[Request]:
        """Record why a feed was not read."""
        _raise_if_closing(failure.value)
        arguments = failure.request.cb_kwargs
        outcome, reason = outcome_of(failure.value)
        self.job.finish(outcome, arguments["address"], arguments["source"].id, f"{reason}, for a feed")
        yield from self._feed_done()

    def _child_sitemaps(self, entries: list[FeedEntry], source: Source, address: str, depth: int) -> Iterator[Request]:
        for entry in entries:
            if self.job.frontier.is_too_old(entry.changed_on):
                self.job.finish(Outcome.SKIPPED, entry.url, source.id, "a sitemap without changes in the period asked for")
            elif depth >= _SITEMAP_DEPTH:
                self.job.finish(Outcome.BAD_FEED, entry.url, source.id, f"sitemap indexes nested more than {_SITEMAP_DEPTH} deep")
            elif (reason := self._refusal(entry.url, source, address)) is not None:
                self.job.finish(Outcome.SKIPPED, entry.url, source.id, reason)
            else:
                yield self._feed_request(entry.url, source, depth + 1)

    def _feed_done(self) -> Iterator[Request]:
        self._feeds_due -= 1
        if self._feeds_due == 0 and self.job.frontier.max_pages is not None:
            due, over = self.job.frontier.take_held()
            for seed in over:
                self._end(seed, Outcome.SKIPPED, f"over --max-pages {self.job.frontier.max_pages}; newer pages came first")
            for seed in due:
                yield self._page_request(seed)

    # pages

    def _page_requests(self, entries: list[FeedEntry], source: Source, feed_url: str) -> Iterator[Request]:
        frontier = self.job.frontier
        for entry in entries:
            try:
                seed = frontier.claim(entry, source)
            except InputError as error:
                self.job.finish(Outcome.BAD_URL, entry.url, source.id, str(error))
                continue
            if seed is None:
                continue
            if (reason := self._refusal(entry.url, source, feed_url)) is not None:
                self._end(seed, Outcome.SKIPPED, reason)
            elif (stored := frontier.stored.get(seed.canonical)) is not None:
                self._end(seed, Outcome.REDIRECTED, "the same document came from another address", document_id=stored)
            elif self.job.is_known(seed.url) or (seed.canonical != seed.url and self.job.is_known(seed.canonical)):
                self.job.known[source.id] += 1
                self.job.ended.add(seed.canonical)
            elif frontier.is_too_old(seed.newest_on):
                self._end(seed, Outcome.SKIPPED, f"of {seed.newest_on}, before the period asked for")
            elif frontier.max_pages is not None:
                frontier.held.append(seed)
            else:
                yield self._page_request(seed)

    def _refusal(self, url: str, source: Source, feed_url: str) -> str | None:
        if (reason := self.job.guard.refusal(url)) is not None:
            return reason
        homes = (feed_url, *source.feeds, *source.sitemaps, *([source.home] if source.home else []))
        return None if any(same_site(url, home) for home in homes) else f"a page of another site than {source.id}"

    def _page_request(self, seed: Seed) -> Request:
        self.job.frontier.pages += 1
        return Request(
            seed.url,
            callback=self.parse_page,
            errback=self.page_failed,
            meta={"seed": seed},
            priority=seed.priority,
            dont_filter=True,
        )

    def page_failed(self, failure: Any) -> None:
        """Record why a page was not fetched."""
        _raise_if_closing(failure.value)
        outcome, reason = outcome_of(failure.value)
        self._end(failure.request.meta["seed"], outcome, reason)

    def parse_page(self, response: Response) -> None:
        """Make a document of a page and hand it to the sink, or record why there is none."""
        seed: Seed = response.meta["seed"]
        if response.status != 200:
            self._end(seed, Outcome.HTTP_ERROR, _status_reason(response))
            return
        page = extract_page(
            response.body,
            url=response.url,
            source=seed.source.id,
            fetched_at=response.meta["fetched_at"],
            charset=header_charset(_header(response, "Content-Type")),
            requested_url=seed.url,
            capture=response.meta.get("capture"),
            lang_hint=seed.lang_hint,
            content_type=_header(response, "Content-Type"),
            feed_date=seed.published,
            outlet=self.job.outlets.of(seed.source.id),
        )
        if isinstance(page.result, Document):
            self._document(seed, page.result)
            for comment in page.comments:
                self.job.put(comment)
        else:
            self._end(seed, page.result.outcome, page.result.reason)

    def _document(self, seed: Seed, document: Document) -> None:
        """Store a document once per canonical URL; its twins (AMP, other script, redirects) are counted as redirected."""
        job, canonical = self.job, document.canonical_url or seed.canonical
        if document.published_at and job.frontier.is_too_old(document.published_at.astimezone(BELGRADE).date()):
            self._end(seed, Outcome.SKIPPED, f"published {document.published_at:%Y-%m-%d}, before the period asked for")
        elif canonical in job.frontier.stored:
            outcome = Outcome.UNCHANGED if canonical == seed.canonical else Outcome.REDIRECTED
            self._end(seed, outcome, f"the same document as {canonical}", document_id=document.id)
        elif canonical == seed.canonical:
            self._store(seed, document)
        elif (owner := job.frontier.seeds.get(canonical)) is not None and owner is not seed and canonical not in job.ended:
            job.waiting.setdefault(canonical, []).append((seed, document))  # the page itself is still due: it goes first
        elif job.is_known(canonical):
            self._end(seed, Outcome.REDIRECTED, f"the same document as {canonical}", document_id=document.id)
        else:
            self._store(seed, document)

    def _store(self, seed: Seed, document: Document) -> None:
        canonical = document.canonical_url or seed.canonical
        outcome = self.job.put(document)
        self.job.frontier.stored[canonical] = document.id
        reason = None if same_address(canonical, seed.canonical) else f"canonical address {canonical}"
        self._end(seed, outcome, reason, document_id=document.id)

    def _end(self, seed: Seed, outcome: Outcome, reason: str | None = None, *, document_id: str | None = None) -> None:
        """Record the end of a seed's address, then settle the twins that waited for it."""
        self.job.ended.add(seed.canonical)
        self.job.finish(outcome, seed.url, seed.source.id, reason, document_id=document_id)
        for twin, document in self.job.waiting.pop(seed.canonical, []):
            self._document(twin, document)


def _raise_if_closing(error: BaseException) -> None:
    if isinstance(error, CloseSpider):
        raise error


def _status_reason(response: Response) -> str:
    later = _header(response, "Retry-After")
    wait = f"; the server asks to come back after {later}" + ("" if not later.isdigit() else " s") if later else ""
    return f"HTTP status {response.status}{wait}"


def _header(response: Response, name: str) -> str | None:
    value: bytes | None = response.headers.get(name)
    return value.decode("latin-1") if value else None
