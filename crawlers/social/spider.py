"""The spider of social sources: each source in turn looks up what it stored, then reads what is new, page by page.

A page's posts are stored before its cursor is: a visit that is killed reads one page again and stores nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from scrapy import Spider
from scrapy.http import Request

from crawlers.dates import BELGRADE
from crawlers.social.client import Client
from crawlers.social.job import SocialJob
from crawlers.social.post import Item, Post, Refused
from crawlers.social.reader import Ask, AskError, Reader, Stream, is_since
from crawlers.social.references import Mark, Reference
from eho.document import to_utc_text
from eho.outcome import Outcome
from eho.source import Source

_OVERLAP = timedelta(hours=1)  # listings are sorted by clocks of several servers; known posts in it are UNCHANGED
_GONE = "no longer public where it was published"
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError)


class SocialSpider(Spider):
    """Visits the job's sources, several at once, each by itself in order."""

    name = "social"

    def __init__(self, job: SocialJob, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job

    async def start(self) -> AsyncIterator[Request]:
        """Visit all sources; the first unexpected error ends the visit and is kept for whoever started it."""
        client = Client(
            self.crawler.engine.download_async,
            max_wait_s=self.job.social.max_wait_s,
            retries=self.job.settings.retries,
            on_request=self._count,
            blocked_until=self._blocked(),
            on_block=lambda host, until: self.job.references.set_mark("limit", host, value=to_utc_text(until)),
        )
        tasks = [asyncio.create_task(self._visit(source, client)) for source in self.job.sources]
        try:
            await asyncio.gather(*tasks)
        except Exception as error:  # noqa: BLE001 - whatever a sink raises: `visit` raises it again once Scrapy has stopped
            self.job.error = error
        finally:
            for task in tasks:
                task.cancel()
        nothing: list[Request] = []
        for request in nothing:
            yield request

    def _count(self) -> None:
        if self.job.max_requests is not None and self.job.requests >= self.job.max_requests:
            raise AskError(Outcome.RATE_LIMITED, f"over --max-pages {self.job.max_requests}; the next run goes on from here")
        self.job.requests += 1

    def _blocked(self) -> dict[str, datetime]:
        hosts = {url.split("/")[2].partition(":")[0] for reader in self.job.readers.values() for url in reader.urls}
        marks = {host: self.job.references.mark("limit", host) for host in hosts}
        return {host: datetime.fromisoformat(mark.replace("Z", "+00:00")) for host, mark in marks.items() if mark}

    async def _visit(self, source: Source, ask: Ask) -> None:
        reader = self.job.readers[source.id]
        await self._try(source, "look-up", self._look_up(source, reader, ask))
        for stream in reader.streams:
            await self._try(source, str(stream), self._walk(source, reader, stream, ask))

    async def _try(self, source: Source, what: str, work: Any) -> None:
        """Let one listing fail alone: its failure is an outcome under its own name, and the next one is read."""
        name = f"{source.platform.name if source.platform else 'posts'} {what}"
        try:
            await work
        except AskError as failed:
            self.job.finish(failed.outcome, source.id, failed.reason, name=name)

    # listings

    async def _walk(self, source: Source, reader: Reader, stream: Stream, ask: Ask) -> None:
        """Read a listing from its head down to what the last visit saw; first finish a walk that was cut."""
        name = ("listing", source.id, *stream)
        mark = Mark.load(self.job.references, *name)
        was_cut = mark.next is not None
        since = self._since(mark)
        for _ in range(self.job.social.max_pages):
            try:
                page = await reader.page(ask, stream, mark.next)
            except AskError as failed:
                if not was_cut or failed.status not in (400, 404, 410):
                    raise
                was_cut, mark = False, Mark(floor=mark.floor)  # the cursor is no longer good: begin at the head again
                continue
            except _MALFORMED as error:
                raise _malformed(error) from error
            self._take(source, page.items, since)
            mark.top = max(filter(None, [mark.top, *(_stamp(item) for item in page.items)]), default=None)
            if page.next is None or not page.items or not is_since(page.items[-1], since):
                mark = Mark(floor=max(filter(None, [mark.top, mark.floor]), default=None))
                mark.save(self.job.references, *name)
                if not was_cut:
                    return
                was_cut, since = False, self._since(mark)
            else:
                mark.next = page.next
                mark.save(self.job.references, *name)
        pages = self.job.social.max_pages
        raise AskError(Outcome.RATE_LIMITED, f"over social.max_pages {pages}; the next run goes on from there")

    def _since(self, mark: Mark) -> datetime:
        if self.job.since is not None:
            return datetime.combine(self.job.since, time(), BELGRADE)
        if mark.floor is not None:
            return datetime.fromisoformat(mark.floor.replace("Z", "+00:00")) - _OVERLAP
        return datetime.now(UTC) - timedelta(days=self.job.social.first_days)

    def _take(self, source: Source, items: Sequence[Item], since: datetime) -> None:
        """Store the posts of a page; what the end of a page holds from before the period is left, unless it is known."""
        posts = [item for item in items if isinstance(item, Post)]
        fresh = [post for post in posts if is_since(post, since) or self._find(source, post.native_id) is not None]
        self._store(source, fresh)
        kept = {post.native_id for post in fresh}
        for item in items:
            if isinstance(item, Refused):
                self._refuse(source, item)
            elif item.native_id not in kept:
                reason = f"of {item.published_at:%Y-%m-%d}, before the period asked for"
                self._refuse(source, Refused(item.native_id, Outcome.SKIPPED, reason))

    def _store(self, source: Source, posts: Sequence[Post], *, is_look_up: bool = False) -> None:
        platform = _platform(source)
        claims = self.job.references.claim(source.id, platform, posts)
        fetched_at = datetime.now(UTC).replace(microsecond=0)
        for post in posts:
            claim = claims[post.native_id]
            if claim.source != source.id:
                reason = f"the same post came under source {claim.source} first"
                self.job.finish(Outcome.REDIRECTED, source.id, reason, name=self._number(source, post.native_id))
                continue
            document = post.to_document(
                source=source.id,
                platform=platform,
                document_id=claim.document_id,
                parent_id=None if post.parent is None else self._find(source, post.parent),
                fetched_at=fetched_at,
            )
            if document.lang is None and len(source.languages) == 1:
                document = document.model_copy(update={"lang": source.languages[0]})
            self.job.put(document, is_look_up=is_look_up)

    def _refuse(self, source: Source, item: Refused) -> None:
        """Count a post that is not kept; what an earlier visit kept of it goes, unless it merely could not be read."""
        stored = self._find(source, item.native_id)
        if stored is not None and not item.outcome.is_failure:
            self.job.erase(source.id, [stored], item.reason)
        else:
            self.job.finish(item.outcome, source.id, item.reason, name=self._number(source, item.native_id))

    # looking up again

    async def _look_up(self, source: Source, reader: Reader, ask: Ask) -> None:
        """Ask for every stored post that was not seen for a while: what is gone is erased, what was edited is renewed."""
        before = datetime.now(UTC) - timedelta(hours=self.job.social.check_hours)
        due = self.job.references.due(source.id, before)
        for at in range(0, len(due), reader.batch):
            batch = due[at : at + reader.batch]
            try:
                found = await reader.current(ask, batch)
            except _MALFORMED as error:
                raise _malformed(error) from error
            self._renew(source, batch, found)

    def _renew(self, source: Source, batch: Sequence[Reference], found: Mapping[str, Item | None]) -> None:
        gone = [one.document_id for one in batch if one.native_id in found and found[one.native_id] is None]
        self.job.erase(source.id, gone, _GONE)
        items = [item for item in found.values() if item is not None]
        self._store(source, [item for item in items if isinstance(item, Post)], is_look_up=True)
        for item in items:
            if isinstance(item, Refused):
                self._refuse(source, item)

    def _find(self, source: Source, native_id: str) -> str | None:
        return self.job.references.find(_platform(source), native_id)

    def _number(self, source: Source, native_id: str) -> str:
        return self.job.references.number(_platform(source), native_id)


def _malformed(error: Exception) -> AskError:
    return AskError(Outcome.BAD_FEED, f"an answer of another form than documented ({type(error).__name__})")


def _platform(source: Source) -> str:
    if source.platform is None:
        raise ValueError(f"source {source.id} names no platform")
    return source.platform.name


def _stamp(item: Item) -> str | None:
    return None if item.order_at is None else to_utc_text(item.order_at)
