"""What became of every page, row or document: nothing is dropped without one of these."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Outcome(StrEnum):
    """The end of one item's way through the pipeline."""

    STORED = "stored"
    UNCHANGED = "unchanged"  # known already, same text
    NEW_VERSION = "new_version"  # known already, text differs
    TAGGED = "tagged"
    ABSTAINED = "abstained"
    SKIPPED = "skipped"  # not an article: outside the period asked for, a section page, over --max-pages
    PAYWALLED = "paywalled"
    DISALLOWED = "disallowed"  # by robots.txt
    POSTPONED = "postponed"  # to a later run: the host asked for it, or was asked often enough today
    REDIRECTED = "redirected"  # ended at a page that is counted under its own address
    NO_TEXT = "no_text"
    EMPTY = "empty"
    NOT_HTML = "not_html"  # binary or another media type
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    BAD_FEED = "bad_feed"  # a feed or sitemap that cannot be read
    REDIRECT_LOOP = "redirect_loop"
    HTTP_ERROR = "http_error"
    NETWORK_ERROR = "network_error"
    TIMEOUT = "timeout"
    BAD_URL = "bad_url"
    EXTRACTION_ERROR = "extraction_error"
    BAD_INPUT = "bad_input"
    OPTED_OUT = "opted_out"  # its author asked services like this one to stay away
    ERASED = "erased"  # deleted or withdrawn where it was published, so erased here
    RATE_LIMITED = "rate_limited"  # the server asked to come back later; the next run goes on from there
    NOT_INDEXED = "not_indexed"  # the search server refused the document

    @property
    def is_failure(self) -> bool:
        """True where part of the work was lost; a run with failures exits with status 1."""
        return self in _FAILURES


_FAILURES = frozenset(
    {
        Outcome.EMPTY,
        Outcome.NOT_HTML,
        Outcome.NO_TEXT,
        Outcome.TOO_LARGE,
        Outcome.TRUNCATED,
        Outcome.BAD_FEED,
        Outcome.REDIRECT_LOOP,
        Outcome.HTTP_ERROR,
        Outcome.NETWORK_ERROR,
        Outcome.TIMEOUT,
        Outcome.BAD_URL,
        Outcome.EXTRACTION_ERROR,
        Outcome.BAD_INPUT,
        Outcome.NOT_INDEXED,
    }
)


class OutcomeRecord(BaseModel):
    """One item's outcome with its reason, as listed by `eho sources coverage` and by `--json` summaries."""

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    url: str | None = None
    source: str | None = None
    document_id: str | None = None
    reason: str | None = None
    at: datetime | None = None
