"""The guard: which addresses are public, which spellings of private ones are seen through, and names that lead inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.guard import LiveGuard, is_public
from crawlers.reactor import _started_loop
from crawlers.resolver import GuardedResolver
from crawlers.run import crawl
from eho.errors import CrawlError
from eho.outcome import Outcome
from eho.settings import CrawlSettings
from eho.source import Source
from evaluation.miniweb.response import Response
from tests.crawlers.conftest import FAST, MemorySink, Pages

LIVE = LiveGuard(allow_live=True, proxy=None)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        pytest.param("93.184.216.34", True, id="public"),
        pytest.param("2606:2800:220:1:248:1893:25c8:1946", True, id="public-ipv6"),
        pytest.param("127.0.0.1", False, id="loopback"),
        pytest.param("10.1.2.3", False, id="private-10"),
        pytest.param("172.16.0.1", False, id="private-172"),
        pytest.param("192.168.1.1", False, id="private-192"),
        pytest.param("100.64.0.1", False, id="carrier-nat"),
        pytest.param("169.254.169.254", False, id="cloud-metadata"),
        pytest.param("0.0.0.0", False, id="this-host"),  # noqa: S104
        pytest.param("224.0.0.1", False, id="multicast"),
        pytest.param("255.255.255.255", False, id="broadcast"),
        pytest.param("::1", False, id="loopback-ipv6"),
        pytest.param("fe80::1%eth0", False, id="link-local-with-zone"),
        pytest.param("fc00::1", False, id="unique-local"),
        pytest.param("::ffff:127.0.0.1", False, id="ipv4-mapped"),
        pytest.param("::ffff:93.184.216.34", True, id="ipv4-mapped-public"),
        pytest.param("64:ff9b::7f00:1", False, id="nat64-of-loopback"),
        pytest.param("2002:7f00:1::", False, id="6to4-of-loopback"),
        pytest.param("::127.0.0.1", False, id="ipv4-compatible"),
        pytest.param("not-an-address", False, id="no-address"),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_what_it_reaches(address: Any) -> None:
    assert is_public(f"::ffff:{address}") is is_public(str(address))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        pytest.param("http://2130706433/a", "private", id="decimal"),
        pytest.param("http://0x7f.1/a", "private", id="hexadecimal"),
        pytest.param("http://0177.0.0.1/a", "private", id="octal"),
        pytest.param("http://[::ffff:10.0.0.1]/a", "private", id="mapped"),
        pytest.param("http://169.254.169.254/latest/meta-data", "private", id="metadata"),
        pytest.param("http://localhost:8080/", "private", id="localhost"),
        pytest.param("file:///etc/passwd", "scheme 'file'", id="file"),
        pytest.param("gopher://portal.example/", "scheme 'gopher'", id="gopher"),
        pytest.param("http://ana:tajna@portal.example/a", "user name or password", id="credentials"),
        pytest.param("http://portal.example/" + "a" * 3000, "characters long", id="long"),
        pytest.param("http://portal.example:99999/", "no address", id="port"),
        pytest.param("http://[::1", "no address", id="broken-ipv6"),
    ],
)
def test_addresses_that_are_never_asked(url: str, reason: str) -> None:
    assert reason in (LIVE.refusal(url) or "")


@pytest.mark.parametrize(
    "url", ["https://portal.example/a", "http://93.184.216.34/a", "https://šabac.example/a", "http://0x.example/"]
)
def test_public_hosts_may_be_asked_live(url: str) -> None:
    assert LIVE.refusal(url) is None


class Names:
    """A resolver that answers from a table, as a name server of an attacker would."""

    def __init__(self, table: dict[str, list[str]]) -> None:
        self.table = table

    def resolveHostName(self, receiver: Any, hostName: str, portNumber: int = 0, *_: Any) -> Any:  # noqa: N803
        from twisted.internet.address import IPv4Address, IPv6Address

        receiver.resolutionBegan(None)
        for address in self.table.get(hostName, []):
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, portNumber))
        receiver.resolutionComplete()
        return receiver


class Receiver:
    def __init__(self) -> None:
        self.addresses: list[str] = []

    def resolutionBegan(self, resolution: Any) -> None:
        pass

    def addressResolved(self, address: Any) -> None:
        self.addresses.append(address.host)

    def resolutionComplete(self) -> None:
        pass


def resolved(resolver: GuardedResolver, host: str) -> list[str]:
    receiver = Receiver()
    resolver.resolveHostName(receiver, host, 80)
    return receiver.addresses


def test_a_name_with_one_private_address_gets_none() -> None:
    names = Names({"portal.example": ["93.184.216.34"], "trap.example": ["93.184.216.34", "::ffff:192.168.0.1"]})
    resolver = GuardedResolver(names, LIVE.admits)
    assert resolved(resolver, "portal.example") == ["93.184.216.34"]
    assert resolved(resolver, "trap.example") == []
    assert resolver.refused == {"trap.example": "::ffff:192.168.0.1"}
    names.table["portal.example"] = ["127.0.0.1"]  # rebound after it was checked: every connection asks again
    assert resolved(resolver, "portal.example") == []


def test_a_live_crawl_does_not_reach_a_name_that_leads_to_this_machine(
    tmp_path: Path, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve({"inside.example": Pages(**{"/feed.xml": Response(b"<rss/>")})})
    names = Names({"inside.example": ["127.0.0.1"]})
    _started_loop()
    from twisted.internet import reactor

    monkeypatch.setattr(reactor, "_nameResolver", names)
    feed = f"http://inside.example:{server.port}/feed.xml"
    source, sink = Source(id="inside", name="Inside", feeds=[feed]), MemorySink()
    settings = CrawlSettings(allow_live=True, user_agent="EhoBot/0.1 (desk@redakcija.example)", **FAST)
    crawl([source], sink, settings, captures=tmp_path / "captures")
    assert sink.outcome_of(feed) is Outcome.SKIPPED
    assert "127.0.0.1" in sink.reason_of(feed) and "not public" in sink.reason_of(feed)
    assert server.log == []


def test_live_crawls_need_a_contact_in_the_user_agent(tmp_path: Path) -> None:
    source = Source(id="portal", name="Portal", feeds=["https://portal.example/rss"])
    with pytest.raises(CrawlError, match=r"crawl\.user_agent .* without a contact"):
        crawl([source], MemorySink(), CrawlSettings(allow_live=True, user_agent="Mozilla/5.0"), captures=tmp_path)
