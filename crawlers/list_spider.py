"""Lists of addresses: feeds, sitemaps and section pages, asked for, read and followed to their older parts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from scrapy import Spider
from scrapy.exceptions import CloseSpider
from scrapy.http import Request, Response

from crawlers.encoding import decode, header_charset
from crawlers.failures import outcome_of
from crawlers.feeds import FeedContent, FeedEntry, FeedError, read_feed
from crawlers.job import CrawlJob
from crawlers.ledger import KeptList
from crawlers.listing import is_trap, read_listing
from crawlers.lists import ListTask
from crawlers.robots import validators_of
from crawlers.urls import same_site
from eho.outcome import Outcome
from eho.source import Source

_SITEMAP_DEPTH = 3
_MOST_LISTS = 5_000  # feeds, sitemaps and section pages of one source in one run
_LIST_BYTES = 50 * 1024 * 1024  # the sitemap protocol allows so much
_LISTS_FIRST = 100_000_000  # above every page's priority


class ListSpider(Spider):
    """Reads the lists; what to do with the addresses on them is its subclass's part."""

    job: CrawlJob

    def __init__(self, job: CrawlJob, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self._lists_due = 0
        self._lists: dict[str, set[str]] = {}  # source -> lists asked for
        self._further: list[ListTask] = []  # lists settled, with an older part to read

    def page_requests(self, entries: list[FeedEntry], task: ListTask, list_url: str) -> Iterator[Request]:
        """Turn the addresses on a list into requests."""
        raise NotImplementedError

    def lists_read(self) -> Iterator[Request]:
        """Return the requests that had to wait until no list was due."""
        raise NotImplementedError

    def list_request(self, task: ListTask, changed_on: date | None = None) -> Request | None:
        """Return the request for a list, conditional where an earlier run dealt with all of it; None for one asked already."""
        asked = self._lists.setdefault(task.source.id, set())
        if task.url in asked:
            return None
        asked.add(task.url)
        if len(asked) > _MOST_LISTS:
            self.job.finish(
                Outcome.SKIPPED, task.url, task.source.id, f"more than {_MOST_LISTS} feeds and sitemaps, a site without end"
            )
            return None
        kept = self.job.ledger.kept_list(task.url)
        # a backfill reads lists whole: an unchanged one may still lead to older parts that were not read
        if kept is not None and not self.job.backfill and self._is_of_this_store(kept):
            task.kept = kept
            if changed_on is not None and changed_on < kept.read_at.date() and not kept.children:
                self.job.known[task.source.id] += kept.documents  # the index says that nothing was added since it was read
                return None
        self._lists_due += 1
        return Request(
            task.url,
            callback=self.parse_list,
            errback=self.list_failed,
            cb_kwargs={"task": task},
            headers=task.kept.validators.headers if task.kept is not None else None,
            meta={"download_maxsize": max(_LIST_BYTES, self._page_bytes)} if task.kind == "feed" else {},
            priority=_LISTS_FIRST + task.source.priority,
            dont_filter=True,
        )

    def _is_of_this_store(self, kept: KeptList) -> bool:
        """Tell whether what the list brought is still here: another store has to read it whole."""
        if kept.witness is not None:
            return self.job.is_known(kept.witness)
        children = (self.job.ledger.kept_list(url) for url, _ in kept.children)
        witness = next((child.witness for child in children if child is not None and child.witness is not None), None)
        return witness is not None and self.job.is_known(witness)

    @property
    def _page_bytes(self) -> int:
        return int(self.job.settings.max_page_mb * 1024 * 1024)

    def parse_list(self, response: Response, task: ListTask) -> Iterator[Request]:
        """Turn a feed or section page into requests for its pages, a sitemap index into requests for its sitemaps."""
        if response.status == 304 and task.kept is not None:
            self.job.known[task.source.id] += task.kept.documents
            children = [FeedEntry(url, changed_on=date.fromisoformat(day) if day else None) for url, day in task.kept.children]
            yield from self._child_sitemaps(children, task)
        elif response.status != 200:
            self.job.finish(Outcome.HTTP_ERROR, task.url, task.source.id, f"{status_reason(response)} for a {task.kind}")
        else:
            content = self._read_list(response, task)
            task.validators = validators_of(response)
            task.next_url = content.next_url
            task.children = [(each.url, each.changed_on.isoformat() if each.changed_on else None) for each in content.sitemaps]
            yield from self._child_sitemaps(content.sitemaps, task)
            yield from self.page_requests(content.entries, task, response.url)
            self.settle_list(task)
        yield from self._list_done()

    def _read_list(self, response: Response, task: ListTask) -> FeedContent:
        try:
            if task.kind == "section":
                listing = read_listing(
                    decode(response.body, header_charset(header_of(response, "Content-Type"))).text, url=response.url
                )
                if not listing.entries and not task.step:
                    raise FeedError("no link on this section page looks like a document's")
                content = FeedContent(entries=listing.entries, next_url=listing.next_url)
            else:
                content = read_feed(response.body, url=response.url)
        except FeedError as error:
            self.job.finish(Outcome.BAD_FEED, task.url, task.source.id, str(error))
            return FeedContent()
        if content.cut_at is not None:
            self.job.finish(
                Outcome.TRUNCATED,
                task.url,
                task.source.id,
                f"it lists more than {content.cut_at} addresses; the first {content.cut_at} were read",
            )
        return content

    def list_failed(self, failure: Any) -> Iterator[Request]:
        """Record why a list was not read."""
        raise_if_closing(failure.value)
        task: ListTask = failure.request.cb_kwargs["task"]
        outcome, reason = outcome_of(failure.value)
        self.job.finish(outcome, task.url, task.source.id, f"{reason}, for a {task.kind}")
        yield from self._list_done()

    def _child_sitemaps(self, entries: list[FeedEntry], task: ListTask) -> Iterator[Request]:
        for entry in entries:
            if self.job.frontier.is_too_old(entry.changed_on):
                self.job.finish(Outcome.SKIPPED, entry.url, task.source.id, "a sitemap without changes in the period asked for")
            elif task.step >= _SITEMAP_DEPTH:
                self.job.finish(
                    Outcome.BAD_FEED, entry.url, task.source.id, f"sitemap indexes nested more than {_SITEMAP_DEPTH} deep"
                )
            elif (reason := self.refusal(entry.url, task.source, task.url)) is not None:
                self.job.finish(Outcome.SKIPPED, entry.url, task.source.id, reason)
            elif request := self.list_request(ListTask(entry.url, task.source, step=task.step + 1), entry.changed_on):
                yield request

    def settle_list(self, task: ListTask, **ended: Any) -> None:
        """Note the end of one of a list's addresses; once all have ended, its older part may follow."""
        task.settle(self.job.ledger, **ended)
        if task.is_settled and self.job.backfill and task.leads_further:
            self._further.append(task)

    def older_parts(self) -> Iterator[Request]:
        """Return the requests for the older parts of lists that are settled."""
        while self._further:
            task = self._further.pop()
            url = task.next_url or ""
            if task.step + 1 >= self.job.settings.listing_pages:
                reason = f"older pages of {task.source.id}: more than crawl.listing_pages {self.job.settings.listing_pages}"
                self.job.finish(Outcome.SKIPPED, url, task.source.id, reason)
            elif (refusal := self.refusal(url, task.source, task.url)) is not None:
                self.job.finish(Outcome.SKIPPED, url, task.source.id, refusal)
            else:
                stale = task.stale + 1 if task.fresh == 0 else 0
                if request := self.list_request(ListTask(url, task.source, task.kind, task.step + 1, stale)):
                    yield request

    def _list_done(self) -> Iterator[Request]:
        self._lists_due -= 1
        yield from self.older_parts()
        if self._lists_due == 0:
            yield from self.lists_read()

    def refusal(self, url: str, source: Source, list_url: str) -> str | None:
        """Return why an address on a list is not asked for, or None where it may be."""
        if (reason := self.job.guard.refusal(url)) is not None:
            return reason
        if is_trap(url):
            return "an address such as sites without end have: its steps repeat"
        homes = (list_url, *source.feeds, *source.sitemaps, *source.sections, *([source.home] if source.home else []))
        return None if any(same_site(url, home) for home in homes) else f"a page of another site than {source.id}"


def raise_if_closing(error: BaseException) -> None:
    """Hand on what ends the run."""
    if isinstance(error, CloseSpider):
        raise error


def status_reason(response: Response) -> str:
    """Return an answer's status and, where the server says so, when to come back."""
    later = header_of(response, "Retry-After")
    wait = f"; the server asks to come back after {later}" + ("" if not later.isdigit() else " s") if later else ""
    return f"HTTP status {response.status}{wait}"


def header_of(response: Response, name: str) -> str | None:
    """Return an answer's header, or None."""
    value: bytes | None = response.headers.get(name)
    return value.decode("latin-1") if value else None
