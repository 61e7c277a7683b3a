"""Invented social platforms on loopback: four interfaces as documented, with what goes wrong there."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import yaml

from eho.source import Platform, Source
from evaluation.miniweb.social_answers import Asked, Replied
from evaluation.miniweb.social_apis import APIS
from evaluation.miniweb.social_posts import Account, Entry, SocialState


@dataclass(frozen=True, slots=True)
class SocialRequest:
    """One request as it arrived."""

    host: str
    method: str
    path: str
    status: int
    at: datetime
    headers: dict[str, str]


@dataclass(slots=True)
class _Limit:
    """A rate limit of one host: so many answers are left until `reset_at`."""

    left: int
    reset_at: datetime


class SocialWeb:
    """`bluesky.test`, `mastodon.test`, `youtube.test` and `reddit.test` behind one proxy on 127.0.0.1; a context manager.

    `page_size` cuts every page, so that few posts fill several. Tests change `state` while it runs: posts are deleted,
    edited, added. `limit` sets a rate limit; `broken` maps hosts to raw answers (status, content type, body).
    """

    def __init__(self, *, page_size: int = 4, port: int = 0) -> None:
        self.state = load_state(datetime.now(UTC).replace(microsecond=0))
        self.page_size = page_size
        self.log: list[SocialRequest] = []
        self.broken: dict[str, tuple[int, str, bytes]] = {}
        self.robots = "User-agent: *\nAllow: /\n"
        self._limits: dict[str, _Limit] = {}
        self._port = port
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def proxy_url(self) -> str:
        """Return the address for the setting crawl.proxy."""
        if self._server is None:
            raise RuntimeError("the invented platforms are not running; enter the context first")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def limit(self, host: str, left: int, reset_in_s: float) -> None:
        """Answer `left` more requests, then 429 until the reset."""
        self._limits[host] = _Limit(left, datetime.now(UTC) + timedelta(seconds=reset_in_s))

    def lift_limits(self) -> None:
        """Answer everything again."""
        self._limits.clear()

    def asked(self, host: str | None = None) -> Counter[str]:
        """Count requests by path without query."""
        return Counter(urlsplit(one.path).path for one in self.log if host in (None, one.host))

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def answer(self, host: str, asked: Asked) -> Replied:
        """Answer one request, rate limit first."""
        with self._lock:
            if host in self.broken:
                status, content_type, body = self.broken[host]
                return Replied(status, raw=body, headers={"Content-Type": content_type})
            api = APIS.get(host)
            if api is None:
                return Replied(502, {"error": f"no host {host!r} behind this proxy"})
            if asked.path == "/robots.txt":
                return Replied(200, raw=self.robots.encode(), headers={"Content-Type": "text/plain"})
            limit = self._limits.get(host)
            if limit is not None and limit.reset_at <= datetime.now(UTC):
                limit = self._limits.pop(host) and None
            if limit is not None and limit.left <= 0:
                return Replied(429, {"error": "Too many requests"}, _limit_headers(host, limit, retry=True))
            replied = api(self.state, asked, self.page_size)
            if limit is not None:
                limit.left -= 1
                replied.headers |= _limit_headers(host, limit)
            return replied


class _Handler(BaseHTTPRequestHandler):
    owner: SocialWeb
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def _respond(self) -> None:
        parts = urlsplit(self.path)
        host = (parts.hostname or str(self.headers.get("Host", ""))).partition(":")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = {name: values[0] if len(values) == 1 else values for name, values in parse_qs(parts.query).items()}
        replied = self.owner.answer(host, Asked(self.command, parts.path, query, headers, body))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self.owner.log.append(SocialRequest(host, self.command, target, replied.status, datetime.now(UTC), headers))
        data = json.dumps(replied.payload, ensure_ascii=False).encode() if replied.raw is None else replied.raw
        self.send_response(replied.status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **replied.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing; the owner keeps a log."""


def _limit_headers(host: str, limit: _Limit, *, retry: bool = False) -> dict[str, str]:
    """Say the limit as the host's real counterpart does: a time, seconds since 1970, seconds from now."""
    seconds = max(0.0, (limit.reset_at - datetime.now(UTC)).total_seconds())
    if host == "mastodon.test":
        reset = limit.reset_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": str(max(0, limit.left)), "X-RateLimit-Reset": reset}
    if host == "bluesky.test":
        # whole seconds since 1970, rounded up
        epoch = str(int(limit.reset_at.timestamp()) + 1)
        return {"ratelimit-limit": "3000", "ratelimit-remaining": str(max(0, limit.left)), "ratelimit-reset": epoch}
    if host == "reddit.test":
        return {"x-ratelimit-remaining": f"{max(0, limit.left)}.0", "x-ratelimit-reset": str(int(seconds) + 1)}
    return {"Retry-After": str(int(seconds) + 1)} if retry else {}


@cache
def _content() -> dict[str, Any]:
    text = (resources.files("evaluation.miniweb") / "content" / "social.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def load_state(now: datetime) -> SocialState:
    """Return the invented accounts and posts, as if it were `now`."""
    content = _content()
    accounts = {name: Account(name, **fields) for name, fields in content["accounts"].items()}
    entries = []
    for row in content["posts"]:
        values = {key: value for key, value in row.items() if key not in ("hours_ago", "edited", "by")}
        at = now - timedelta(hours=row["hours_ago"])
        edited_at = at + timedelta(minutes=20) if row.get("edited") else None
        entries.append(Entry(account=row["by"], at=at, edited_at=edited_at, **values))
    return SocialState(accounts, {entry.id: entry for entry in entries})


def social_sources(only: Sequence[str] = ()) -> list[Source]:
    """Return a source for each invented platform, as their YAML files would say."""
    named: dict[str, dict[str, Any]] = {
        "bluesky": {"accounts": ["zeri-i-lumit.test", "glas-luke.test", "opstina-bor-polje.test"]},
        "mastodon": {"tags": ["kthimi"]},
        "youtube": {"videos": ["video-lugina"]},
        "reddit": {"communities": ["dolina"], "replies": True},
    }
    return [
        Source(
            id=f"{name}-lugina",
            name=f"Lugina në {name.title()}",
            kind="comment" if name == "youtube" else "post",
            languages=["sq", "sr-Latn", "sr-Cyrl"],
            platform=Platform(name=name, instance=f"http://{name}.test", **followed),
            invented=True,
        )
        for name, followed in named.items()
        if not only or name in only
    ]
