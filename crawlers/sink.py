"""Where a crawl hands its documents and outcomes over; the crawler knows no store."""

from __future__ import annotations

from typing import Protocol

from eho.document import Document
from eho.outcome import Outcome, OutcomeRecord


class DocumentSink(Protocol):
    """What a crawl needs of whoever keeps its results; called on the thread that called `crawl`."""

    def put(self, document: Document) -> Outcome:
        """Keep a document; it is durable when this returns STORED, UNCHANGED or NEW_VERSION."""
        ...

    def record(self, record: OutcomeRecord) -> None:
        """Note the end of one address that was requested or skipped."""
        ...

    def is_known(self, url: str) -> bool:
        """Tell whether this address already ended in a document in an earlier run; it is then not fetched again."""
        ...
