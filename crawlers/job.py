"""One run of the crawler: what it works on, where results go, and the tally so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from scrapy.exceptions import CloseSpider

from crawlers.capture import FetchedPage, PageArchive
from crawlers.frontier import Frontier, Seed
from crawlers.guard import LiveGuard
from crawlers.ledger import Ledger
from crawlers.outlets import Outlets
from crawlers.sink import DocumentSink
from crawlers.urls import canonical_url
from eho.document import Capture, Document
from eho.errors import InputError
from eho.outcome import Outcome, OutcomeRecord
from eho.settings import CrawlSettings
from eho.source import Source

T = TypeVar("T")


@dataclass(slots=True)
class CrawlJob:
    """One run: what to crawl, where results go, and the tally so far."""

    sources: Sequence[Source]
    sink: DocumentSink
    settings: CrawlSettings
    archive: PageArchive
    guard: LiveGuard
    frontier: Frontier
    ledger: Ledger
    backfill: bool = False
    on_page: Callable[[OutcomeRecord], None] | None = None
    outlets: Outlets = field(default_factory=Outlets)
    counts: dict[str, Counter[Outcome]] = field(default_factory=dict)
    failures: list[OutcomeRecord] = field(default_factory=list)
    known: Counter[str] = field(default_factory=Counter)
    waiting: dict[str, list[tuple[Seed, Document]]] = field(default_factory=dict)  # twins of a page still due, by canonical URL
    ended: set[str] = field(default_factory=set)  # canonical URLs of seeds that have their outcome
    unfinished: set[str] = field(default_factory=set)  # those among them that a later run has to try again
    error: Exception | None = None

    def finish(
        self, outcome: Outcome, url: str, source: str, reason: str | None = None, *, document_id: str | None = None
    ) -> None:
        """Record the end of one address."""
        record = OutcomeRecord(
            outcome=outcome,
            url=url,
            source=source,
            reason=reason,
            document_id=document_id,
            at=datetime.now(UTC).replace(microsecond=0),
        )
        self.counts.setdefault(source, Counter())[outcome] += 1
        if outcome.is_failure:
            self.failures.append(record)
        self._guarded(lambda: self.sink.record(record))
        if self.on_page is not None:
            on_page = self.on_page
            self._guarded(lambda: on_page(record))

    def put(self, document: Document) -> Outcome:
        """Hand a document to the sink; a sink that fails ends the run with its error."""
        return self._guarded(lambda: self.sink.put(document))

    def is_known(self, url: str) -> bool:
        """Ask the sink whether an address ended in a document before."""
        return self._guarded(lambda: self.sink.is_known(url))

    def keep(self, page: FetchedPage) -> Capture | None:
        """Write a page to the archive; a full disk ends the run with its error."""
        return self._guarded(lambda: self.archive.keep(page))

    def may_follow(self, url: str, seed: Seed) -> bool:
        """Tell whether a redirect may be followed: not to a page that has a place of its own in this run or an earlier one."""
        try:
            canonical = canonical_url(url)
        except InputError:
            return False
        owner = self.frontier.seeds.get(canonical)
        if (owner is not None and owner is not seed) or canonical in self.frontier.stored:
            return False
        if canonical != seed.canonical and self.is_known(canonical):
            return False
        self.frontier.seeds.setdefault(canonical, seed)
        return True

    def fail(self, error: Exception) -> None:
        """Keep the first error that ends the run."""
        self.error = self.error or error

    def _guarded(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except Exception as error:  # whatever a sink raises: `crawl` raises it again once Scrapy has stopped
            self.fail(error)
            raise CloseSpider("sink_failed") from error
