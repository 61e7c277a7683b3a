"""What stands between spider and wire: live guard, redirects within a site, capture."""

from __future__ import annotations

from datetime import UTC, datetime
from http.client import responses
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.http import Request, Response

from crawlers.capture import FEED_DATE_HEADER, LANGUAGE_HEADER, REQUESTED_HEADER, SOURCE_HEADER, FetchedPage
from crawlers.failures import EndlessRedirect, LeadsElsewhere, OutsideRequest
from crawlers.frontier import Seed
from crawlers.urls import same_site
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
        if (response.status == 200 and response.body) or response.status == 304:
            request.meta["capture"] = self.job.keep(_fetched(request, response, seed))
        return response


def _job(crawler: Crawler) -> CrawlJob:
    job: CrawlJob = crawler.spider.job  # type: ignore[union-attr]
    return job


def _pairs(message: Request | Response) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, values in message.headers.items() for value in values]


def _fetched(request: Request, response: Response, seed: Seed) -> FetchedPage:
    notes = {SOURCE_HEADER: seed.source.id, REQUESTED_HEADER: seed.url}
    if seed.lang_hint is not None:
        notes[LANGUAGE_HEADER] = seed.lang_hint
    if seed.published is not None:
        notes[FEED_DATE_HEADER] = f"{to_utc_text(seed.published.at)} {seed.published.precision}"
    return FetchedPage(
        url=response.url,
        status=response.status,
        reason=responses.get(response.status, ""),
        headers=_pairs(response),
        body=response.body,
        fetched_at=request.meta["fetched_at"],
        notes=notes,
        request_headers=_pairs(request),
    )
