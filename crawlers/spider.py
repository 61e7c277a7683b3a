"""The one spider: from the addresses on the sources' lists to pages, and from each page to a document or an outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from scrapy import signals
from scrapy.http import Request, Response

from crawlers.dates import BELGRADE
from crawlers.encoding import header_charset
from crawlers.extraction import extract_page
from crawlers.failures import outcome_of
from crawlers.feeds import FeedEntry
from crawlers.frontier import Seed
from crawlers.job import CrawlJob
from crawlers.ledger import Visit
from crawlers.list_spider import ListSpider, header_of, raise_if_closing, status_reason
from crawlers.lists import ListKind, ListTask
from crawlers.revisits import next_visit
from crawlers.robots import validators_of
from crawlers.urls import canonical_url, same_address
from eho.document import Document
from eho.errors import InputError
from eho.outcome import Outcome
from eho.source import Source

_MOMENTARY = frozenset({Outcome.POSTPONED, Outcome.NETWORK_ERROR, Outcome.TIMEOUT, Outcome.TRUNCATED})


class NewsSpider(ListSpider):
    """Reads every source's lists as its YAML file names them; the union of their addresses is crawled."""

    name = "news"

    def __init__(self, job: CrawlJob, **kwargs: Any) -> None:
        super().__init__(job, **kwargs)
        self._room = max(4, 2 * job.settings.concurrency_per_host)
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
        """Ask for every list, sources of higher priority first; what fails is an outcome, and the run goes on."""
        requests: list[Request] = []
        for source in sorted(self.job.sources, key=lambda source: -source.priority):
            self._queue_revisits(source)
            named = dict.fromkeys((*source.feeds, *source.sitemaps))
            kinds: dict[str, ListKind] = dict.fromkeys(named, "feed")
            if self.job.backfill or not named:
                kinds |= {url: "section" for url in source.sections if url not in kinds}
            requests += [request for url, kind in kinds.items() if (request := self.list_request(ListTask(url, source, kind)))]
        for host in list(self.job.frontier.hosts):
            requests += self._release(host)
        for request in requests:
            yield request

    # pages

    def _queue_revisits(self, source: Source) -> None:
        for visit in self.job.ledger.due(source.id, self.job.settings.revisits_per_run):
            self._queue_revisit(visit, source)

    def _queue_revisit(self, visit: Visit, source: Source) -> None:
        """Look at a document's page again, unless the store has it no more."""
        frontier, canonical = self.job.frontier, canonical_url(visit.url)
        if canonical in frontier.seeds or not self.job.is_known(visit.url):
            return
        seed = frontier.seeds[canonical] = Seed(visit.url, canonical, source, visit=visit)
        if frontier.max_pages is not None:
            frontier.held.append(seed)
        else:
            frontier.push(seed)

    def lists_read(self) -> Iterator[Request]:
        """Take the newest pages that `max_pages` leaves room for; pages seen before come last and stay due."""
        if self.job.frontier.max_pages is None:
            return
        due, over = self.job.frontier.take_held()
        for seed in over:
            if seed.visit is None:
                reason = f"over --max-pages {self.job.frontier.max_pages}; newer pages came first"
                self._end(seed, Outcome.SKIPPED, reason, again=True)
        for seed in due:
            yield from self._wait(seed)

    def page_requests(self, entries: list[FeedEntry], task: ListTask, list_url: str) -> Iterator[Request]:
        """Ask for what is new on a list, and give every other address on it its outcome."""
        frontier, source = self.job.frontier, task.source
        for entry in entries:
            try:
                seed = frontier.claim(entry, source)
            except InputError as error:
                self.job.finish(Outcome.BAD_URL, entry.url, source.id, str(error))
                continue
            if seed is None:
                self._listed_again(canonical_url(entry.url), task)
                continue
            task.fresh += 1
            task.expect()
            seed.lists.append(task)
            if (reason := self.refusal(entry.url, source, list_url)) is not None:
                self._end(seed, Outcome.SKIPPED, reason)
            elif frontier.claimed[source.id] > self.job.settings.pages_per_source:
                self._end(seed, Outcome.SKIPPED, f"over crawl.pages_per_source {self.job.settings.pages_per_source}", again=True)
            elif (stored := frontier.stored.get(seed.canonical)) is not None:
                self._end(seed, Outcome.REDIRECTED, "the same document came from another address", document_id=stored)
            elif self.job.is_known(seed.url) or (seed.canonical != seed.url and self.job.is_known(seed.canonical)):
                yield from self._known(seed, entry)
            elif frontier.is_too_old(seed.newest_on):
                self._end(seed, Outcome.SKIPPED, f"of {seed.newest_on}, before the period asked for", again=True, too_old=True)
            elif frontier.max_pages is not None:
                frontier.held.append(seed)
            else:
                yield from self._wait(seed)

    def _listed_again(self, canonical: str, task: ListTask) -> None:
        """Let a list wait for an address that another list of this run brought first."""
        seed = self.job.frontier.seeds[canonical]
        if canonical not in self.job.ended:
            task.expect()
            seed.lists.append(task)
        elif canonical in self.job.unfinished:
            task.expect()
            self.settle_list(task, whole=False)

    def _known(self, seed: Seed, entry: FeedEntry) -> Iterator[Request]:
        """Count an address that became a document before; ask again where its list says that it has changed since."""
        self.job.known[seed.source.id] += 1
        self.job.ended.add(seed.canonical)
        seed.lists[0].documents += 1
        for task in seed.lists:
            self.settle_list(task, witness=seed.url)
        seed.lists.clear()
        visit = self.job.ledger.visit(seed.url) if entry.changed_on is not None else None
        if visit is not None and entry.changed_on is not None and entry.changed_on > visit.seen_at.astimezone(BELGRADE).date():
            seed.visit = visit
            self.job.ended.discard(seed.canonical)
            yield from self._wait(seed)

    def _wait(self, seed: Seed) -> Iterator[Request]:
        """Put a seed into its host's queue, and return what may go out to that host."""
        self.job.frontier.push(seed)
        yield from self._release(seed.host)

    def _release(self, host: str) -> Iterator[Request]:
        """Return requests for the first pages of a host, a few at a time: waiting seeds take a tenth of a request's memory."""
        for seed in self.job.frontier.release(host, self._room):
            self.job.frontier.pages += 1
            yield Request(
                seed.url,
                callback=self.parse_page,
                errback=self.page_failed,
                headers=seed.visit.validators.headers if seed.visit is not None else None,
                meta={"seed": seed},
                priority=seed.priority,
                dont_filter=True,
            )

    def _page_done(self, seed: Seed) -> Iterator[Request]:
        self.job.frontier.open[seed.host] -= 1
        yield from self._release(seed.host)
        yield from self.older_parts()

    def page_failed(self, failure: Any) -> Iterator[Request]:
        """Record why a page was not fetched."""
        raise_if_closing(failure.value)
        outcome, reason = outcome_of(failure.value)
        seed: Seed = failure.request.meta["seed"]
        self._end(seed, outcome, reason)
        yield from self._page_done(seed)

    def parse_page(self, response: Response) -> Iterator[Request]:
        """Make a document of a page and hand it to the sink, or record why there is none."""
        seed: Seed = response.meta["seed"]
        if response.status == 304 and seed.visit is not None:
            self._remember(seed, seed.visit.document_id, response)
            self._end(seed, Outcome.UNCHANGED, "not modified since it was fetched", document_id=seed.visit.document_id)
        elif response.status != 200:
            again = response.status >= 500 or response.status in (408, 425, 429)
            self._end(seed, Outcome.HTTP_ERROR, status_reason(response), again=again)
        else:
            self._extract(seed, response)
        yield from self._page_done(seed)

    def _extract(self, seed: Seed, response: Response) -> None:
        page = extract_page(
            response.body,
            url=response.url,
            source=seed.source.id,
            fetched_at=response.meta["fetched_at"],
            charset=header_charset(header_of(response, "Content-Type")),
            requested_url=seed.url,
            capture=response.meta.get("capture"),
            lang_hint=seed.lang_hint,
            content_type=header_of(response, "Content-Type"),
            feed_date=seed.published,
            outlet=self.job.outlets.of(seed.source.id),
        )
        if isinstance(page.result, Document):
            self._remember(seed, page.result.id, response, page.result)
            self._document(seed, page.result)
            for comment in page.comments:
                self.job.put(comment)
        else:
            self._end(seed, page.result.outcome, page.result.reason)

    def _remember(self, seed: Seed, document_id: str, response: Response, document: Document | None = None) -> None:
        """Note when the page was seen and when it is due again."""
        settings, seen_at = self.job.settings, response.meta["fetched_at"]
        published_at = document.published_at if document is not None else seed.visit.published_at if seed.visit else None
        times = 1 if seed.visit is None else seed.visit.times + 1
        due_at = next_visit(published_at, seen_at, times, settings) if settings.revisits else None
        if due_at is not None:
            validators = validators_of(response) or (
                seed.visit.validators if seed.visit and document is None else validators_of(response)
            )
            visit = Visit(seed.url, seed.source.id, document_id, published_at, seen_at, times, due_at, validators)
            self.job.ledger.keep_visit(visit)
        elif seed.visit is not None:
            self.job.ledger.forget_visit(seed.url)

    def _document(self, seed: Seed, document: Document) -> None:
        """Store a document once per canonical URL; its twins (AMP, other script, redirects) are counted as redirected."""
        job, canonical = self.job, document.canonical_url or seed.canonical
        if document.published_at and job.frontier.is_too_old(document.published_at.astimezone(BELGRADE).date()):
            reason = f"published {document.published_at:%Y-%m-%d}, before the period asked for"
            self._end(seed, Outcome.SKIPPED, reason, again=True, too_old=True)
        elif canonical in job.frontier.stored:
            outcome = Outcome.UNCHANGED if canonical == seed.canonical else Outcome.REDIRECTED
            self._end(seed, outcome, f"the same document as {canonical}", document_id=document.id)
        elif canonical == seed.canonical or (seed.visit is not None and seed.visit.document_id == document.id):
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

    def _end(
        self,
        seed: Seed,
        outcome: Outcome,
        reason: str | None = None,
        *,
        document_id: str | None = None,
        again: bool = False,
        too_old: bool = False,
    ) -> None:
        """Record the end of a seed's address, then settle the lists and twins that waited for it.

        `again`: a later run tries it once more.
        """
        self.job.ended.add(seed.canonical)
        whole = not again and outcome not in _MOMENTARY
        if not whole:
            self.job.unfinished.add(seed.canonical)
        self.job.finish(outcome, seed.url, seed.source.id, reason, document_id=document_id)
        if document_id and seed.lists:
            seed.lists[0].documents += 1
        for task in seed.lists:
            self.settle_list(task, whole=whole, witness=seed.url if document_id else None, too_old=too_old)
        seed.lists.clear()
        for twin, document in self.job.waiting.pop(seed.canonical, []):
            self._document(twin, document)
