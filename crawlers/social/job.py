"""One visit of social sources: what it works on, where results go, and the tally so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Protocol

from crawlers.guard import LiveGuard
from crawlers.ledger import Ledger
from crawlers.sink import DocumentSink
from crawlers.social.reader import Reader
from crawlers.social.references import References
from eho.document import Document
from eho.outcome import Outcome, OutcomeRecord
from eho.settings import CrawlSettings, SocialSettings
from eho.source import Source


class PostSink(DocumentSink, Protocol):
    """What a visit needs of whoever keeps its results: a sink that can also take documents back."""

    def erase(self, document_ids: Sequence[str]) -> int:
        """Delete documents with all their versions for good, and all that was derived from them; return how many there were."""
        ...


@dataclass(slots=True)
class SocialJob:
    """One visit."""

    sources: Sequence[Source]
    readers: Mapping[str, Reader]
    sink: PostSink
    settings: CrawlSettings
    social: SocialSettings
    guard: LiveGuard
    ledger: Ledger
    references: References
    since: date | None = None
    max_requests: int | None = None
    on_post: Callable[[OutcomeRecord], None] | None = None
    counts: dict[str, Counter[Outcome]] = field(default_factory=dict)
    failures: list[OutcomeRecord] = field(default_factory=list)
    requests: int = 0
    error: Exception | None = None

    def put(self, document: Document, *, is_look_up: bool = False) -> None:
        """Keep a document and count what became of it; one that was looked up and is as it was counts as nothing."""
        outcome = self.sink.put(document)
        if not (is_look_up and outcome is Outcome.UNCHANGED):
            self.finish(outcome, document.source, document_id=document.id)

    def erase(self, source: str, document_ids: Sequence[str], reason: str) -> None:
        """Erase documents, then forget which posts they were: in this order, an erasure that was cut is made up for."""
        if not document_ids:
            return
        self.sink.erase(document_ids)
        for document_id in document_ids:
            self.finish(Outcome.ERASED, source, reason, document_id=document_id)
        self.references.forget(document_ids)

    def finish(
        self,
        outcome: Outcome,
        source: str,
        reason: str | None = None,
        *,
        name: str | None = None,
        document_id: str | None = None,
    ) -> None:
        """Record what became of one post or listing. `name` is a listing's, or a keyed number; never a post's address."""
        record = OutcomeRecord(
            outcome=outcome,
            url=name,
            source=source,
            reason=reason,
            document_id=document_id,
            at=datetime.now(UTC).replace(microsecond=0),
        )
        self.counts.setdefault(source, Counter())[outcome] += 1
        if outcome.is_failure:
            self.failures.append(record)
        self.sink.record(record)
        if self.on_post is not None:
            self.on_post(record)
