"""The last step before the wire: limits that hold for every request, whatever queue it waited in; connections in good time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _ScrapyAgent
from scrapy.exceptions import CannotResolveHostError, StopDownload
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future

from crawlers.failures import OutsideRequest, PostponedRequest, SlowResponse
from crawlers.rests import asked_wait, leave_alone, postponed
from crawlers.urls import host_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Request, Response

GRACE_S = 10.0  # a response may be as slow as it likes for so long


class PoliteHttpHandler(HTTP11DownloadHandler):
    """Scrapy's handler with a time for connecting of its own, the day's count, hosts at rest, and an end to trickling bodies."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._least_bytes_per_s = crawler.settings.getint("EHO_LEAST_BYTES_PER_S")
        self._connect_timeout_s = crawler.settings.getfloat("EHO_CONNECT_TIMEOUT_S")
        if self._least_bytes_per_s:
            crawler.signals.connect(self._received, signal=signals.bytes_received)

    async def download_request(self, request: Request) -> Response:
        """Ask, or raise PostponedRequest where the host is to be left alone or was asked often enough today."""
        job: Any = self._crawler.spider.job  # type: ignore[union-attr]
        host = host_of(request.url)
        if (reason := postponed(job, host)) is not None:
            raise PostponedRequest(reason)
        job.ledger.count_request(host)
        request.meta["asked_at"] = time.monotonic()
        request.meta["received"] = 0
        agent = _PromptAgent(
            contextFactory=self._contextFactory,
            bindAddress=self._bind_address,
            pool=self._pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self._crawler,
            tls_verbose_logging=self._tls_verbose_logging,
        )
        agent.connect_timeout_s = self._connect_timeout_s
        try:
            with wrap_twisted_exceptions():
                response: Response = await maybe_deferred_to_future(agent.download_request(request))
        except CannotResolveHostError:
            from twisted.internet import reactor

            refused = getattr(reactor.nameResolver, "refused", {}).get(host)
            if refused is not None:
                raise OutsideRequest(f"host {host} leads to {refused}, an address that is not public") from None
            raise
        except StopDownload as stop:
            raise SlowResponse(self._slow_reason(request)) from stop
        if "stopped_slow" in request.meta:
            raise SlowResponse(self._slow_reason(request))
        # here, before the next request to the host is let out; who asked for no retries keeps to limits of its own
        if not request.meta.get("dont_retry") and (wait_s := asked_wait(response)) is not None:
            leave_alone(self._crawler, request.url, wait_s, response.status)
        return response

    def _received(self, data: bytes, request: Request, **_: Any) -> None:
        meta = request.meta
        meta["received"] = received = meta.get("received", 0) + len(data)
        elapsed = time.monotonic() - meta.get("asked_at", time.monotonic())
        if elapsed > GRACE_S and received < self._least_bytes_per_s * elapsed:
            meta["stopped_slow"] = True
            raise StopDownload(fail=True)

    def _slow_reason(self, request: Request) -> str:
        return f"sent {request.meta.get('received', 0)} bytes in {GRACE_S:g} s, below crawl.least_bytes_per_s"


class _PromptAgent(_ScrapyAgent):
    connect_timeout_s = 10.0

    def _get_agent(self, request: Request, timeout: float) -> Any:
        return super()._get_agent(request, min(timeout, self.connect_timeout_s))
