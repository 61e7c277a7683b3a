"""robots.txt as RFC 9309 has it: read first, kept for a while, asked for again in long runs, with the pauses that it names."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from protego import Protego
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from crawlers.failures import DisallowedRequest, OutsideRequest, PostponedRequest, RobotsAwayRequest, outcome_of
from crawlers.ledger import KeptRobots, Validators
from crawlers.urls import host_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

MOST_BYTES = 500 * 1024  # RFC 9309, 2.5: at least 500 KiB must be read; what follows is not
_LONGEST_PAUSE_S = 300.0  # a crawl-delay of an hour is a mistake or a no; the day's few pages still come through
_DOWNLOAD_PRIORITY = 100_000_000  # above everything that waits for it


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """What one robots.txt says to one user agent."""

    parsed: Protego
    user_agent: str
    pause_s: float = 0.0

    @classmethod
    def read(cls, body: bytes, user_agent: str) -> RobotsRules:
        """Read a file of any size and content; an HTML page in its place has no rules in it."""
        text = body[:MOST_BYTES].decode("utf-8-sig", "replace")
        if len(body) > MOST_BYTES:  # the last line may be cut in two, and half a rule is another rule
            text = text.rpartition("\n")[0]
        if text.lstrip()[:15].lower().startswith(("<!doctype", "<html")):
            text = ""
        parsed = Protego.parse(text)
        rate = parsed.request_rate(user_agent)
        pauses = [float(parsed.crawl_delay(user_agent) or 0.0), rate.seconds / rate.requests if rate and rate.requests else 0.0]
        return cls(parsed, user_agent, min(max(pauses), _LONGEST_PAUSE_S))

    def allows(self, url: str) -> bool:
        """Tell whether an address may be fetched."""
        return bool(self.parsed.can_fetch(url, self.user_agent))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of an origin's robots.txt: rules, or why nothing may be fetched there."""

    rules: RobotsRules | None
    refusal: Exception | None
    read_at: float


class RobotsMiddleware:
    """Asks every origin for robots.txt before anything else, and again after `crawl.robots_max_age_s`.

    200: the rules hold. 404 and other client errors: none. 429, server errors, silence: nothing is fetched (2.3.1.4), unless
    the host says when to come back. 304: the rules kept from an earlier run hold.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.delays: dict[str, float] = {}  # host -> pause that its robots.txt asks for
        self._user_agent = crawler.settings["USER_AGENT"]
        self._max_age_s = crawler.settings.getfloat("EHO_ROBOTS_MAX_AGE_S")
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Future[_Known]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsMiddleware:
        """Make the middleware as Scrapy does."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raise DisallowedRequest, RobotsAwayRequest or PostponedRequest where the address may not be fetched."""
        if request.meta.get("dont_obey_robotstxt"):
            return
        parts = urlsplit(request.url)
        known = await self._rules_of(f"{parts.scheme}://{parts.netloc}")
        if known.refusal is not None:
            raise known.refusal
        if known.rules is not None and not known.rules.allows(request.url):
            raise DisallowedRequest(f"robots.txt of {host_of(request.url)} disallows it")

    async def _rules_of(self, origin: str) -> _Known:
        known = self._known.get(origin)
        if known is not None and time.monotonic() - known.read_at < self._max_age_s:
            return known
        if (asking := self._asking.get(origin)) is not None:
            return await asking
        future = self._asking[origin] = asyncio.get_running_loop().create_future()
        try:
            known = await self._ask(origin)
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # retrieved here, for the case that nobody else waits
            raise
        else:
            self._known[origin] = known
            future.set_result(known)
            return known
        finally:
            del self._asking[origin]

    async def _ask(self, origin: str) -> _Known:
        job: Any = self.crawler.spider.job  # type: ignore[union-attr]
        kept: KeptRobots | None = job.ledger.kept_robots(origin)
        request = Request(
            f"{origin}/robots.txt",
            priority=_DOWNLOAD_PRIORITY,
            headers=kept.validators.headers if kept is not None else None,
            meta={"dont_obey_robotstxt": True, "robots": True},
            callback=NO_CALLBACK,
        )
        try:
            engine: Any = self.crawler.engine
            response = await engine.download_async(request)
        except OutsideRequest as refusal:
            return self._refused(refusal)
        except PostponedRequest as refusal:
            return self._refused(refusal)
        except Exception as error:  # noqa: BLE001 - whatever kept it away, nothing is fetched from the host
            return self._refused(_away(origin, outcome_of(error)[1], answered=False))
        return self._judge(origin, response, kept)

    def _judge(self, origin: str, response: Response, kept: KeptRobots | None) -> _Known:
        if response.status >= 500 or response.status == 429:
            return self._refused(_away(origin, f"HTTP status {response.status}", answered=True))
        body = response.body
        if response.status == 304 and kept is not None:
            body = kept.body
        elif response.status != 200:
            body = b""
        if response.status in (200, 304):
            job: Any = self.crawler.spider.job  # type: ignore[union-attr]
            validators = validators_of(response) or (
                kept.validators if kept is not None and response.status == 304 else Validators()
            )
            job.ledger.keep_robots(origin, KeptRobots(body[: MOST_BYTES + 1], validators, datetime.now(UTC)))
        rules = RobotsRules.read(body, self._user_agent)
        self._slow_down(host_of(origin), rules.pause_s)
        return _Known(rules, None, time.monotonic())

    def _refused(self, refusal: Exception) -> _Known:
        return _Known(None, refusal, time.monotonic())

    def _slow_down(self, host: str, pause_s: float) -> None:
        downloader: Any = self.crawler.engine.downloader
        least = self.crawler.settings.getfloat("DOWNLOAD_DELAY")
        if pause_s <= 0:
            if self.delays.pop(host, None) is not None:  # the file has changed during the run
                downloader.per_slot_settings.pop(host, None)
                if (slot := downloader.slots.get(host)) is not None:
                    slot.delay, slot.concurrency = least, downloader.domain_concurrency
            return
        self.delays[host] = max(pause_s, least)
        downloader.per_slot_settings[host] = {"delay": self.delays[host], "concurrency": 1, "jitter": 0.0}
        if (slot := downloader.slots.get(host)) is not None:
            slot.delay, slot.concurrency = max(slot.delay, self.delays[host]), 1


def validators_of(response: Response) -> Validators:
    """Return what an answer gave to ask later whether anything changed."""
    etag, modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
    return Validators(etag.decode("latin-1") if etag else None, modified.decode("latin-1") if modified else None)


def _away(origin: str, why: str, *, answered: bool) -> RobotsAwayRequest:
    reason = f"robots.txt of {host_of(origin)} could not be fetched ({why}), so nothing is fetched there"
    return RobotsAwayRequest(reason, answered=answered)
