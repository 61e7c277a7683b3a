"""The live guard: unless the operator turned live crawling on, only hosts on this machine may be asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crawlers.urls import host_of, is_loopback
from eho.errors import CrawlError
from eho.settings import CrawlSettings
from eho.source import Source


@dataclass(frozen=True, slots=True)
class LiveGuard:
    """Says which hosts may be requested: all of them when `allow_live`, else `.test` through a loopback proxy and loopback."""

    allow_live: bool
    proxy: str | None

    @classmethod
    def from_settings(cls, settings: CrawlSettings) -> LiveGuard:
        """Read both settings that matter here."""
        return cls(allow_live=settings.allow_live, proxy=settings.proxy)

    def refusal(self, url: str) -> str | None:
        """Return why an address may not be requested, or None where it may."""
        host = host_of(url)
        if self.allow_live or (is_loopback(host) and (self.proxy is None or self._has_loopback_proxy())):
            return None
        if host == "test" or host.endswith(".test"):
            if self._has_loopback_proxy():
                return None
            return (
                f"host {host} is reached through a proxy on this machine only, and crawl.proxy is {self.proxy!r}; "
                "start the demonstration outlets and give their address"
            )
        return (
            f"host {host or url!r} is outside this machine, and live crawling is off; set crawl.allow_live = true once you "
            "may fetch its pages and crawl.user_agent names you"
        )

    def check(self, sources: Iterable[Source]) -> None:
        """Refuse sources with an address outside before anything is requested. Raises CrawlError for the first one."""
        for source in sources:
            for url in (*source.feeds, *source.sitemaps):
                if (reason := self.refusal(url)) is not None:
                    raise CrawlError(f"Source {source.id!r}: {reason}.")

    def _has_loopback_proxy(self) -> bool:
        return self.proxy is not None and is_loopback(host_of(self.proxy))
