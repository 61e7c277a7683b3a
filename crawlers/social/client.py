"""Asks a platform's interface for JSON, keeps to its rate limits, and remembers them between runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from scrapy.exceptions import CloseSpider
from scrapy.http import Request, Response

from crawlers.failures import outcome_of
from crawlers.social.reader import Answer, AskError
from crawlers.urls import host_of
from eho.outcome import Outcome

_TRIES = 3  # waits for one and the same request; a server that still says 429 then has other reasons
_DEFAULT_WAIT_S = 60.0  # where a server says 429 and not until when
_TEMPORARY = frozenset({408, 500, 502, 503, 504, 522, 524})
_REMAINING = ("x-ratelimit-remaining", "ratelimit-remaining")
_RESET = ("retry-after", "x-ratelimit-reset", "ratelimit-reset")


class Client:
    """Sends requests through the crawl's own middlewares: live guard, robots.txt, pauses, limits on size and time."""

    def __init__(
        self,
        download: Callable[[Request], Any],
        *,
        max_wait_s: float,
        retries: int,
        on_request: Callable[[], None],
        blocked_until: dict[str, datetime],
        on_block: Callable[[str, datetime], None],
    ) -> None:
        self._download = download
        self._max_wait_s = max_wait_s
        self._retries = retries
        self._on_request = on_request
        self._blocked_until = blocked_until  # host -> time; carried over from the last run
        self._on_block = on_block

    async def __call__(
        self,
        url: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json_body: Mapping[str, Any] | None = None,
        has_key: bool = False,
    ) -> Answer:
        """Send one request and return the answer's JSON. Keys belong in headers and body, never in the address."""
        request = _request(url, parameters, headers=headers, form=form, json_body=json_body, has_key=has_key)
        host, waits, failures = host_of(url), 0, 0
        while True:
            await self._wait(host)
            self._on_request()
            try:
                response: Response = await self._download(request)
            except CloseSpider:
                raise
            except Exception as error:  # whatever Scrapy's handlers raise has an outcome
                failures += 1
                outcome, reason = outcome_of(error)
                if failures > self._retries or outcome not in (Outcome.NETWORK_ERROR, Outcome.TIMEOUT):
                    raise AskError(outcome, reason) from error
                continue
            lowered = _headers(response)
            self._note_limit(host, response.status, lowered)
            if response.status == 429 or (response.status == 503 and "retry-after" in lowered):
                waits += 1
                if waits >= _TRIES:
                    raise AskError(Outcome.RATE_LIMITED, f"{host} still refuses after {waits} waits", status=response.status)
            elif response.status in _TEMPORARY and failures < self._retries:
                failures += 1
            else:
                return _answer(response, lowered, has_key=has_key)

    async def _wait(self, host: str) -> None:
        until = self._blocked_until.get(host)
        wait_s = 0.0 if until is None else (until - datetime.now(UTC)).total_seconds()
        if wait_s > self._max_wait_s:
            raise AskError(Outcome.RATE_LIMITED, f"{host} asks to come back at {until:%Y-%m-%d %H:%M} UTC")
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def _note_limit(self, host: str, status: int, headers: Mapping[str, str]) -> None:
        remaining = next((headers[name] for name in _REMAINING if name in headers), None)
        is_spent = remaining is not None and _number(remaining) is not None and (_number(remaining) or 0) < 1
        if status not in (429, 503) and not is_spent:
            return
        if status == 503 and "retry-after" not in headers:
            return
        stamps = [until for name in _RESET if name in headers and (until := _reset_at(headers[name])) is not None]
        until = stamps[0] if stamps else datetime.now(UTC) + timedelta(seconds=_DEFAULT_WAIT_S if status == 429 else 0)
        self._blocked_until[host] = until
        self._on_block(host, until)


def _request(
    url: str,
    parameters: Mapping[str, Any] | None,
    *,
    headers: Mapping[str, str] | None,
    form: Mapping[str, str] | None,
    json_body: Mapping[str, Any] | None,
    has_key: bool,
) -> Request:
    sent = {"Accept": "application/json", **(headers or {})}
    body = b""
    if form is not None:
        body, sent["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
    elif json_body is not None:
        body, sent["Content-Type"] = json.dumps(json_body).encode(), "application/json"
    # What a key opens is governed by the terms under which it was given; what is open to all, by robots.txt. A redirect
    # would carry the key elsewhere, and Scrapy's own retries do not wait for the limit to end.
    meta = {"dont_redirect": True, "dont_retry": True, "dont_obey_robotstxt": has_key}
    query = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
    return Request(f"{url}{query}", method="POST" if body else "GET", headers=sent, body=body, meta=meta, dont_filter=True)


def _answer(response: Response, headers: Mapping[str, str], *, has_key: bool) -> Answer:
    host = host_of(response.url)
    try:
        payload = json.loads(response.body)
    except (ValueError, RecursionError):
        payload = None
    if response.status == 200 and payload is not None:
        return Answer(payload, headers)
    if response.status == 200:
        raise AskError(Outcome.BAD_FEED, f"{host} answered something else than JSON", status=200)
    said = _said(payload)
    if response.status in (401, 403, 422) and not has_key:
        reason = f"{host} shows this to those who are logged in only{said}"
        raise AskError(Outcome.DISALLOWED, reason, status=response.status, payload=payload)
    raise AskError(
        Outcome.HTTP_ERROR, f"{host} answered HTTP status {response.status}{said}", status=response.status, payload=payload
    )


def _said(payload: Any) -> str:
    """Quote the server's own words, which are no post's: all four platforms put them in `error` or `message`."""
    if not isinstance(payload, dict):
        return ""
    error = payload.get("error")
    words = error.get("message") if isinstance(error, dict) else payload.get("message") or error
    return f" ({' '.join(str(words).split())[:120]})" if words else ""


def _headers(response: Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): values[0].decode("latin-1") for name, values in response.headers.items() if values}


def _reset_at(value: str) -> datetime | None:
    """Read a reset header: seconds from now (Retry-After, Reddit), seconds since 1970 (Bluesky), a time (Mastodon)."""
    now, seconds = datetime.now(UTC), _number(value)
    if seconds is not None:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 1e9 else now + timedelta(seconds=max(0.0, seconds))
    try:
        at = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, TypeError):
            return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < 1e11 else None
