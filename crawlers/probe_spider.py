"""The spider of a probe: each address once, nothing followed but redirects, nothing stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.client import responses
from typing import Any

from scrapy import Spider
from scrapy.http import Request, Response

from crawlers.failures import outcome_of
from crawlers.probe import Answer, ProbeJob


class ProbeSpider(Spider):
    """Asks for the job's addresses and keeps what they answer."""

    name = "probe"

    def __init__(self, job: ProbeJob, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job

    async def start(self) -> AsyncIterator[Request]:
        """Ask for all addresses; robots.txt itself needs no leave."""
        for url in self.job.urls:
            meta = {"dont_obey_robotstxt": True} if url.endswith("/robots.txt") else {}
            yield Request(url, callback=self.keep, errback=self.failed, cb_kwargs={"url": url}, meta=meta, dont_filter=True)

    def keep(self, response: Response, url: str) -> None:
        """Keep an answer."""
        problem = None
        if response.status != 200:
            problem = f"HTTP status {response.status} {responses.get(response.status, '')}".rstrip()
        header = response.headers.get("Content-Type")
        content_type = header.decode("latin-1") if header else None
        self.job.answers[url] = Answer(url, response.url, response.body, content_type, problem)

    def failed(self, failure: Any) -> None:
        """Keep why there is no answer."""
        url = failure.request.cb_kwargs["url"]
        self.job.answers[url] = Answer(url, failure.request.url, problem=outcome_of(failure.value)[1])
