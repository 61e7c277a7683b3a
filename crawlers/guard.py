"""The live guard: which hosts may be asked at all, and which addresses a name may lead to.

Until a person turns `crawl.allow_live` on, only hosts on this machine; then only public addresses, so that no page, feed or
redirect of an outlet can make Eho ask for something inside the network it runs in (server-side request forgery).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawlers.urls import host_of, is_loopback
from eho.errors import CrawlError
from eho.settings import CrawlSettings
from eho.source import Source

LONGEST_ADDRESS = 2_000  # characters; what is longer is a trap or an attack (browsers and proxies stop near 2,048)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: holds an IPv4 address in its last 32 bits


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet: neither private, loopback, link-local, multicast nor reserved.

    IPv4 addresses inside IPv6 ones (mapped, 6to4, Teredo, NAT64) are judged as what they reach.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0].strip("[]"))
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip in ipaddress.ip_network("::/96"):  # the old IPv4-compatible addresses
            return False
    return ip.is_global and not ip.is_multicast


@dataclass(frozen=True, slots=True)
class LiveGuard:
    """Says which hosts may be requested: public ones when `allow_live`, else `.test` through a loopback proxy and loopback."""

    allow_live: bool
    proxy: str | None
    allow_private: bool = False

    @classmethod
    def from_settings(cls, settings: CrawlSettings) -> LiveGuard:
        """Read the settings that matter here."""
        return cls(allow_live=settings.allow_live, proxy=settings.proxy, allow_private=settings.allow_private)

    def refusal(self, url: str) -> str | None:
        """Return why an address may not be requested, or None where it may."""
        if (reason := _malformed(url)) is not None:
            return reason
        host = host_of(url)
        if self.allow_live:
            literal = _as_address(host)
            if self.allow_private or not (is_loopback(host) or (literal is not None and not is_public(literal))):
                return None
            return f"host {host} is a private address, which no outlet has"
        if is_loopback(host) and (self.proxy is None or self._has_loopback_proxy()):
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

    def admits(self, host: str, address: str) -> bool:
        """Tell whether a host may be connected to at this address, once its name is resolved."""
        if self.allow_private or is_public(address):
            return True
        if self.proxy is not None and host == host_of(self.proxy):
            return True  # the operator's own choice
        return not self.allow_live and is_loopback(host) and is_loopback(address)

    def check(self, sources: Iterable[Source]) -> None:
        """Refuse sources with an address outside before anything is requested. Raises CrawlError for the first one."""
        for source in sources:
            for url in (*source.feeds, *source.sitemaps, *source.sections):
                if (reason := self.refusal(url)) is not None:
                    raise CrawlError(f"Source {source.id!r}: {reason}.")

    def check_user_agent(self, user_agent: str) -> None:
        """Refuse to crawl outlets under a name without a contact. Raises CrawlError."""
        if self.allow_live and "@" not in user_agent and "://" not in user_agent:
            raise CrawlError(
                f"crawl.user_agent is {user_agent!r}, without a contact; outlets must be able to reach you: "
                "set it to your project's name with an e-mail or web address before crawling live."
            )

    def _has_loopback_proxy(self) -> bool:
        return self.proxy is not None and is_loopback(host_of(self.proxy))


def _malformed(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        has_credentials = parts.username is not None or parts.password is not None
        _ = parts.port
    except ValueError as error:
        return f"{url[:200]!r} is no address: {error}"
    if parts.scheme.lower() not in ("http", "https"):
        return f"scheme {parts.scheme or 'none'!r} is not http or https"
    if has_credentials:
        return "the address carries a user name or password, which no outlet publishes"
    if len(url) > LONGEST_ADDRESS:
        return f"the address is {len(url)} characters long; more than {LONGEST_ADDRESS} is a trap"
    return None


def _as_address(host: str) -> str | None:
    """Return the IP address that a host is written as, the old spellings (0x7f.1, 2130706433) included; None for a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        pass
    parts = host.split(".")
    try:
        numbers = [
            int(part, 16 if part.lower().startswith("0x") else 8 if part.startswith("0") and part != "0" else 10)
            for part in parts
        ]
    except ValueError:
        return None
    if not 1 <= len(numbers) <= 4 or any(not 0 <= number < 256 for number in numbers[:-1]):
        return None
    last = numbers[-1]
    if not 0 <= last < 256 ** (5 - len(numbers)):
        return None
    value = sum(number << (8 * (3 - place)) for place, number in enumerate(numbers[:-1])) + last
    return str(ipaddress.IPv4Address(value))
