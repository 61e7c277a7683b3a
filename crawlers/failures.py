"""Why an address was not fetched: Eho's own refusals and Scrapy's failures, each mapped to its Outcome."""

from __future__ import annotations

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

from eho.outcome import Outcome


class RefusedRequest(IgnoreRequest):
    """A request that ends in an Outcome without a page."""

    outcome = Outcome.SKIPPED

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OutsideRequest(RefusedRequest):
    """A host that the live guard does not let be asked."""


class DisallowedRequest(RefusedRequest):
    """robots.txt disallows the address."""

    outcome = Outcome.DISALLOWED


class RobotsAwayRequest(RefusedRequest):
    """robots.txt could not be fetched, so nothing else is (RFC 9309, 2.3.1.4)."""

    def __init__(self, reason: str, *, answered: bool) -> None:
        super().__init__(reason)
        self.outcome = Outcome.HTTP_ERROR if answered else Outcome.NETWORK_ERROR


class PostponedRequest(RefusedRequest):
    """A host that asked to be left alone, or was asked often enough today: its pages stay due for a later run."""

    outcome = Outcome.POSTPONED


class SlowResponse(RefusedRequest):
    """A body that trickles in."""

    outcome = Outcome.TIMEOUT


class EndlessRedirect(RefusedRequest):
    """Redirects that return to an address seen before, or more of them than allowed."""

    outcome = Outcome.REDIRECT_LOOP


class LeadsElsewhere(RefusedRequest):
    """A redirect to a page that is counted under its own address."""

    outcome = Outcome.REDIRECTED


def outcome_of(error: BaseException) -> tuple[Outcome, str]:
    """Return the Outcome and the reason of a request that gave no response."""
    if isinstance(error, RefusedRequest):
        return error.outcome, error.reason
    text = " ".join(str(error).split())[:200]
    if isinstance(error, IgnoreRequest) and "DOWNLOAD_MAXSIZE" in text:
        return Outcome.TOO_LARGE, "unpacks to more than crawl.max_page_mb"
    if isinstance(error, DownloadCancelledError):  # raised for nothing else; without a message where no length was announced
        return Outcome.TOO_LARGE, "larger than crawl.max_page_mb"
    if isinstance(error, DownloadTimeoutError):
        return Outcome.TIMEOUT, "no complete answer within crawl.timeout_s"
    if isinstance(error, ResponseDataLossError):
        return Outcome.TRUNCATED, "the connection closed before the announced end of the page"
    if isinstance(error, DownloadConnectionRefusedError):
        return Outcome.NETWORK_ERROR, "the connection was refused"
    if isinstance(error, CannotResolveHostError):
        return Outcome.NETWORK_ERROR, "the host name is unknown"
    if isinstance(error, UnsupportedURLSchemeError | ValueError):
        return Outcome.BAD_URL, text or type(error).__name__
    return Outcome.NETWORK_ERROR, text or type(error).__name__
