"""The server: one asyncio socket that answers for every invented host, as an HTTP proxy or by the Host header."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import h11

from evaluation.miniweb.response import Response, Site

_READ_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived, kept to prove politeness: `at` is the moment of arrival, in UTC."""

    host: str
    path: str
    status: int
    at: datetime
    user_agent: str


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    host: str
    target: str
    headers: Mapping[str, str]
    keep_alive: bool


class Server:
    """Answers for `sites` (host to site) in a thread of its own until it is stopped; hosts it does not know get 502."""

    def __init__(self, sites: Mapping[str, Site], front: Callable[[], Response], *, port: int = 0) -> None:
        self.log: list[Request] = []
        self.port = port
        self._sites = sites
        self._front = front
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: OSError | None = None
        self._clients: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Listen on 127.0.0.1. Raises OSError where the port is taken."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="miniweb", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """Close every connection and wait for the thread to end."""
        if self._loop is not None and self._stop is not None and self._thread is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, backlog=512)
        except OSError as error:
            self._failure = error
            self._ready.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, h11.RemoteProtocolError, ValueError, asyncio.CancelledError):
            pass  # the client left, spoke no HTTP, gave no address, or the server stops: nothing to answer
        finally:
            if self._stop is not None and self._stop.is_set():
                writer.transport.abort()
            else:
                writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left_over = b""
        while True:
            asked, left_over = await _next_request(reader, left_over)
            if asked is None:
                return
            response = self._answer(asked)
            self.log.append(
                Request(asked.host, asked.target, response.status, datetime.now(UTC), asked.headers.get("user-agent", ""))
            )
            if not await _send(response, asked, reader, writer):
                return

    def _answer(self, asked: _Asked) -> Response:
        if asked.method not in ("GET", "HEAD"):
            return _note(HTTPStatus.METHOD_NOT_ALLOWED, f"{asked.method} is not answered here; use GET.")
        if asked.host in ("127.0.0.1", "localhost", ""):
            return self._front()
        site = self._sites.get(asked.host)
        if site is None:
            return _note(HTTPStatus.BAD_GATEWAY, f"No host {asked.host!r} behind this proxy.")
        response = site.respond(asked.target)
        if response is None:
            return _note(HTTPStatus.NOT_FOUND, f"{asked.host} has no page {asked.target!r}.")
        return _not_modified(response) if response.is_plain and _is_fresh(response, asked.headers) else response


async def _next_request(reader: asyncio.StreamReader, left_over: bytes) -> tuple[_Asked | None, bytes]:
    """Read one whole request with h11; a fresh parser each time, because answers are written past it."""
    parser = h11.Connection(h11.SERVER)
    if left_over:
        parser.receive_data(left_over)
    request: h11.Request | None = None
    while True:
        event = parser.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(_READ_BYTES)
            if not data:
                return None, b""
            parser.receive_data(data)
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return _read_head(request), parser.trailing_data[0]
        elif not isinstance(event, h11.Data):
            return None, b""


def _read_head(request: h11.Request) -> _Asked:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
    target = request.target.decode("latin-1")
    host = headers.get("host", "")
    if target.startswith(("http://", "https://")):
        parts = urlsplit(target)
        host, target = parts.netloc, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    keep_alive = request.http_version == b"1.1" and "close" not in headers.get("connection", "").lower()
    return _Asked(request.method.decode("latin-1"), host.partition(":")[0].lower(), target, headers, keep_alive)


def _is_fresh(response: Response, headers: Mapping[str, str]) -> bool:
    """True where the client's copy is current: If-None-Match first, If-Modified-Since only without it (RFC 9110, 13.2.2)."""
    if response.status != HTTPStatus.OK:
        return False
    if (tags := headers.get("if-none-match")) is not None:
        return tags.strip() == "*" or response.etag in [tag.strip().removeprefix("W/") for tag in tags.split(",")]
    since = headers.get("if-modified-since")
    if since is None or response.modified_at is None:
        return False
    try:
        return response.modified_at.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def _not_modified(response: Response) -> Response:
    return Response(
        status=HTTPStatus.NOT_MODIFIED, content_type=None, headers=(("ETag", response.etag),), modified_at=response.modified_at
    )


def _note(status: HTTPStatus, text: str) -> Response:
    return Response(body=f"{text}\n".encode(), status=status, content_type="text/plain; charset=utf-8")


async def _send(response: Response, asked: _Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Write the answer. Returns True where the connection stays open for the next request."""
    if response.hang_up:
        return False
    packed = response.compress and "gzip" in asked.headers.get("accept-encoding", "")
    body = response.gzipped if packed else response.body
    keep_alive = asked.keep_alive and response.is_plain
    writer.write(_head(response, len(body), packed=packed, keep_alive=keep_alive))
    if asked.method == "HEAD" or response.status == HTTPStatus.NOT_MODIFIED:
        body = b""
    if response.chunks is not None and asked.method != "HEAD":
        for chunk in response.chunks():
            writer.write(chunk)
            await writer.drain()
            if response.chunk_pause_s:
                await asyncio.sleep(response.chunk_pause_s)
    elif response.stall_s:
        writer.write(body[: len(body) // 2])
        await writer.drain()
        with contextlib.suppress(TimeoutError):  # ends early when the client gives up
            if not await asyncio.wait_for(reader.read(1), response.stall_s):
                return False
        writer.write(body[len(body) // 2 :])
    else:
        writer.write(body)
    await writer.drain()
    return keep_alive


def _head(response: Response, length: int, *, packed: bool, keep_alive: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        f"Date: {format_datetime(datetime.now(UTC), usegmt=True)}",
    ]
    if response.content_type is not None:
        lines.append(f"Content-Type: {response.content_type}")
    if response.modified_at is not None:
        lines.append(f"Last-Modified: {format_datetime(response.modified_at.astimezone(UTC), usegmt=True)}")
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.is_plain and response.status == HTTPStatus.OK:
        lines.append(f"ETag: {response.etag}")
    if packed:
        lines.append("Content-Encoding: gzip")
    if response.compress:
        lines.append("Vary: Accept-Encoding")
    if response.claimed_length is not None:
        lines.append(f"Content-Length: {response.claimed_length}")
    elif response.chunks is None and response.status != HTTPStatus.NOT_MODIFIED:
        lines.append(f"Content-Length: {length}")
    lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
