"""What stands between spider and wire: live guard, robots.txt, patience, redirects within a site, capture."""

from __future__ import annotations

from datetime import UTC, datetime
from http.client import responses
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Request, Response

from crawlers.capture import FEED_DATE_HEADER, LANGUAGE_HEADER, REQUESTED_HEADER, SOURCE_HEADER, FetchedPage
from crawlers.failures import DisallowedRequest, EndlessRedirect, LeadsElsewhere, OutsideRequest, RobotsAwayRequest, outcome_of
from crawlers.frontier import Seed
from crawlers.urls import host_of, same_site
from eho.document import to_utc_text

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawlers.job import CrawlJob


class _JobMiddleware:
    """Base: finds the job that the running spider works on."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Any:
        return cls(crawler)

    @property
    def job(self) -> CrawlJob:
        return _job(self.crawler)


class LiveGuardMiddleware(_JobMiddleware):
    """Lets no request pass to a host outside, robots.txt and redirects included, and sets the proxy."""

    def process_request(self, request: Request) -> None:
        """Raise OutsideRequest for a host that may not be asked."""
        if (reason := self.job.guard.refusal(request.url)) is not None:
            raise OutsideRequest(reason)
        proxy = self.job.settings.proxy
        if proxy is not None or not self.job.settings.allow_live:
            request.meta["proxy"] = proxy  # None switches proxies from the environment off


class PoliteRobotsMiddleware(RobotsTxtMiddleware):
    """robots.txt as RFC 9309 has it: an error of the server forbids everything, an absent file nothing; pauses are kept."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.delays: dict[str, float] = {}
        self._away: dict[str, RobotsAwayRequest] = {}

    def process_request_2(self, rp: Any, request: Request) -> None:
        """Raise DisallowedRequest or RobotsAwayRequest where the address may not be fetched."""
        host = host_of(request.url)
        if host in self._away:
            raise self._away[host]
        if rp is not None and not rp.allowed(request.url, self._default_useragent):
            raise DisallowedRequest(f"robots.txt of {host} disallows it")

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        host = host_of(request.url)
        if response.status >= 500:
            self._set_away(host, f"HTTP status {response.status}", answered=True)
        if response.status >= 300:
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)
        parser: Any = self._parsers[netloc]
        delay = parser.crawl_delay(self._default_useragent) if parser is not None else None
        if delay:
            self._slow_down(host, float(delay))

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        if not isinstance(exc, OutsideRequest):
            self._set_away(host_of(f"http://{netloc}"), outcome_of(exc)[1], answered=False)
        super()._robots_error(exc, netloc)

    def _set_away(self, host: str, why: str, *, answered: bool) -> None:
        reason = f"robots.txt of {host} could not be fetched ({why}), so nothing is fetched there"
        self._away[host] = RobotsAwayRequest(reason, answered=answered)

    def _slow_down(self, host: str, delay: float) -> None:
        downloader: Any = self.crawler.engine.downloader
        self.delays[host] = max(delay, self.crawler.settings.getfloat("DOWNLOAD_DELAY"))
        downloader.per_slot_settings[host] = {"delay": self.delays[host], "concurrency": 1, "randomize_delay": False}
        if (slot := downloader.slots.get(host)) is not None:
            slot.delay = max(slot.delay, self.delays[host])


class HostThrottle(AutoThrottle):
    """Slows down with a slow host, and never below the pause that its robots.txt asks for."""

    def _adjust_delay(self, slot: Any, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        robots: PoliteRobotsMiddleware | None = self.crawler.get_downloader_middleware(PoliteRobotsMiddleware)
        if robots is not None:
            slot.delay = max(slot.delay, robots.delays.get(host_of(response.url), 0.0))


class PatientRetryMiddleware(RetryMiddleware):
    """Tries again after failures of the moment, but not where the server says when to come back."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        """Return the response as it is where it names a time to come back."""
        if response.status in (429, 503) and "Retry-After" in response.headers:
            return response
        retried: Request | Response = super().process_response(request, response)
        return retried


class SiteRedirectMiddleware(RedirectMiddleware):
    """Follows redirects within a site, once per page of a run, and names loops."""

    def _engine_started(self) -> None:
        """No Referer is sent, so there is none to correct."""

    def handle_referer(self, request: Request, response: Response) -> None:
        """Send no Referer after a redirect either."""
        request.headers.pop("Referer", None)

    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        chain = [*request.meta.get("redirect_urls", []), request.url]
        if redirected.url in chain:
            raise EndlessRedirect(f"redirects lead back to {redirected.url}")
        if len(chain) > self.max_redirect_times:
            raise EndlessRedirect(f"more than {self.max_redirect_times} redirects, the last to {redirected.url}")
        seed: Seed | None = request.meta.get("seed")
        job = _job(self.crawler)
        if seed is not None:
            if (outside := job.guard.refusal(redirected.url)) is not None:
                raise OutsideRequest(f"redirects to {redirected.url}: {outside}")
            if not same_site(redirected.url, seed.url):
                raise LeadsElsewhere(f"leads to {redirected.url}, a page of another site")
            if not job.may_follow(redirected.url, seed):
                raise LeadsElsewhere(f"leads to {redirected.url}, counted under its own address")
        followed: Request = super()._redirect(redirected, request, reason)
        return followed


class CaptureMiddleware(_JobMiddleware):
    """Keeps each page as fetched before anything reads it."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Write the page to the archive and note its place for the spider."""
        seed: Seed | None = request.meta.get("seed")
        if seed is None:
            return response
        request.meta["fetched_at"] = datetime.now(UTC).replace(microsecond=0)
        if response.status == 200 and response.body:
            request.meta["capture"] = self.job.keep(_fetched(response, seed, request.meta["fetched_at"]))
        return response


def _job(crawler: Crawler) -> CrawlJob:
    job: CrawlJob = crawler.spider.job  # type: ignore[union-attr]
    return job


def _fetched(response: Response, seed: Seed, fetched_at: datetime) -> FetchedPage:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, values in response.headers.items() for value in values]
    notes = {SOURCE_HEADER: seed.source.id, REQUESTED_HEADER: seed.url}
    if seed.lang_hint is not None:
        notes[LANGUAGE_HEADER] = seed.lang_hint
    if seed.published is not None:
        notes[FEED_DATE_HEADER] = f"{to_utc_text(seed.published.at)} {seed.published.precision}"
    return FetchedPage(
        url=response.url,
        status=response.status,
        reason=responses.get(response.status, ""),
        headers=headers,
        body=response.body,
        fetched_at=fetched_at,
        notes=notes,
    )
