"""One error body for everything that goes wrong over HTTP, and the headers that every response carries."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from eho.errors import (
    CodebookError,
    EhoError,
    EngineError,
    HomeBusyError,
    InputError,
    ModelError,
    QueryError,
    SourceError,
    StoreError,
)

logger = logging.getLogger("eho.http")

_REQUEST_ID = "eho_request_id"
_STATUS: tuple[tuple[type[EhoError], HTTPStatus], ...] = (
    (InputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (CodebookError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (SourceError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (HomeBusyError, HTTPStatus.SERVICE_UNAVAILABLE),
    (EngineError, HTTPStatus.SERVICE_UNAVAILABLE),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
    (ModelError, HTTPStatus.SERVICE_UNAVAILABLE),
)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def error_body(
    code: str,
    message: str,
    *,
    request_id: str,
    field: str | None = None,
    position: int | None = None,
    hint: str | None = None,
) -> dict[str, Any]:
    """Return the body; what does not apply is null, so that every error has the same fields."""
    row = {"code": code, "message": message, "field": field, "position": position, "hint": hint, "request_id": request_id}
    return {"error": row}


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error in the one shape."""

    @app.exception_handler(EhoError)
    async def _eho_error(request: Request, error: EhoError) -> JSONResponse:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
        return _answer(
            request,
            status,
            error.code,
            str(error),
            field=getattr(error, "field", None),
            position=error.position if isinstance(error, QueryError) else None,
            hint=error.hint if isinstance(error, QueryError) else None,
        )

    @app.exception_handler(RequestValidationError)
    async def _validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:]) or None
        value = first.get("input")
        given = f" is {value!r}" if isinstance(value, str | int | float | None) else ""
        message = f"{field or 'request'}{given}: {first['msg']}."
        return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, "input", message, field=field)

    @app.exception_handler(HTTPException)
    async def _http_error(request: Request, error: HTTPException) -> JSONResponse:
        phrase = HTTPStatus(error.status_code).phrase
        code = phrase.lower().replace(" ", "_").replace("-", "_")
        message = error.detail if error.detail != phrase else _say(error.status_code, request)
        return _answer(request, error.status_code, code, message, headers=dict(error.headers or {}))


def _say(status: int, request: Request) -> str:
    if status == HTTPStatus.NOT_FOUND:
        return f"There is nothing at {request.url.path}; /v1/openapi.json lists what there is."
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.method} is not answered at {request.url.path}; /v1/openapi.json lists what is."
    return HTTPStatus(status).phrase + "."


def _answer(
    request: Request, status: int, code: str, message: str, *, headers: dict[str, str] | None = None, **rest: Any
) -> JSONResponse:
    body = error_body(code, message, request_id=request_id(request.scope), **rest)
    return JSONResponse(body, status_code=status, headers=headers)


def request_id(scope: Scope) -> str:
    """Return the id under which the request is logged."""
    return str(scope.get(_REQUEST_ID, ""))


class Guard:
    """The outermost layer: request id, security headers, one log line without the query, no traceback to the client.

    `hosts` are the names under which the server may be addressed; any other is refused, so that a foreign page cannot reach
    a server on loopback by pointing its own name there (DNS rebinding). Empty means any.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[_REQUEST_ID] = uuid.uuid4().hex
        started, status = time.monotonic(), 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)  # a page may set a stricter or fitter one
                headers["X-Request-Id"] = scope[_REQUEST_ID]
            await send(message)

        try:
            if self._is_foreign(scope):
                await _refuse(scope, receive, send_guarded)
            else:
                await self._app(scope, receive, send_guarded)
        except Exception:
            logger.exception("request %s failed", scope[_REQUEST_ID])
            if status == 0:
                await _fail(scope, receive, send_guarded)
        finally:
            took_ms = 1000 * (time.monotonic() - started)
            # The path only: what people search for is nobody's business, the log's included.
            logger.info("%s %s %s %.0f ms %s", scope["method"], scope["path"], status, took_ms, scope[_REQUEST_ID])

    def _is_foreign(self, scope: Scope) -> bool:
        return bool(self._hosts) and _host_of(scope["headers"]) not in self._hosts


def _host_of(headers: Sequence[tuple[bytes, bytes]]) -> str:
    host = next((value.decode("latin-1") for name, value in headers if name == b"host"), "").lower()
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    message = "This server is not addressed by that name; use the address that eho serve printed."
    body = error_body("bad_request", message, field="Host", request_id=scope[_REQUEST_ID])
    await JSONResponse(body, status_code=HTTPStatus.BAD_REQUEST)(scope, receive, send)


async def _fail(scope: Scope, receive: Receive, send: Send) -> None:
    message = "Eho failed unexpectedly; the log of the server has the details under the request id."
    body = error_body("internal", message, request_id=scope[_REQUEST_ID])
    await JSONResponse(body, status_code=HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)


def to_json_bytes(value: Any) -> bytes:
    """Write JSON as UTF-8; a lone surrogate, which UTF-8 cannot hold, is escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")
