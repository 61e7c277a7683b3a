"""Patience: pauses with slow hosts, retries of failures of the moment, and leaving hosts alone that ask for it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Request, Response

from crawlers.failures import PostponedRequest
from crawlers.rests import BUSY, asked_wait, leave_alone, postponed
from crawlers.robots import RobotsMiddleware
from crawlers.urls import host_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_FIRST_BACKOFF_S = 5.0


class RestMiddleware:
    """Sends nothing to hosts that asked to be left alone or were asked often enough today."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RestMiddleware:
        """Make the middleware as Scrapy does."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raise PostponedRequest for such a host."""
        if (reason := postponed(self.crawler.spider.job, host_of(request.url))) is not None:  # type: ignore[union-attr]
            raise PostponedRequest(reason)


class PatientRetryMiddleware(RetryMiddleware):
    """Tries again after failures of the moment; where a server says when to come back, then and not before."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        """Pause the host and try again, or leave it alone and return the response as it is."""
        wait_s = asked_wait(response)
        if request.meta.get("dont_retry"):
            return response
        if response.status not in BUSY or (wait_s is None and response.status == HTTPStatus.SERVICE_UNAVAILABLE):
            retried: Request | Response = super().process_response(request, response)
            return retried
        job: Any = self.crawler.spider.job  # type: ignore[union-attr]
        is_last = request.meta.get("retry_times", 0) >= self.max_retry_times
        if wait_s is None:
            wait_s = job.settings.cool_down_s if is_last else _FIRST_BACKOFF_S * 2 ** request.meta.get("retry_times", 0)
            leave_alone(self.crawler, request.url, wait_s, response.status)
        if is_last or wait_s > job.settings.patience_s:
            return response
        again = self._retry(request, f"status {response.status}")
        return response if again is None else again


class HostThrottle(AutoThrottle):
    """Slows down with a slow host, and never below the pause that its robots.txt asks for."""

    def _adjust_delay(self, slot: Any, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        robots: RobotsMiddleware | None = self.crawler.get_downloader_middleware(RobotsMiddleware)
        if robots is not None:
            slot.delay = max(slot.delay, robots.delays.get(host_of(response.url), 0.0))
