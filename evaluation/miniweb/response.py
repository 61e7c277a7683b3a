"""What the server answers: a response is plain bytes, with room for the lies that hostile pages tell."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol

HTML = "text/html; charset=utf-8"
XML = "application/xml; charset=utf-8"


@dataclass(frozen=True)
class Response:
    """One answer, made once and sent many times.

    `chunks` streams a body that is never held whole, `chunk_pause_s` apart; `claimed_length` overrides Content-Length, after
    which the connection closes; `stall_s` waits after half of the body; `hang_up` closes the connection without any answer.
    """

    body: bytes = b""
    status: int = 200
    content_type: str | None = HTML
    headers: tuple[tuple[str, str], ...] = ()
    modified_at: datetime | None = None
    compress: bool = False
    chunks: Callable[[], Iterator[bytes]] | None = None
    chunk_pause_s: float = 0.0
    claimed_length: int | None = None
    stall_s: float = 0.0
    hang_up: bool = False

    @cached_property
    def etag(self) -> str:
        """Return a strong validator of the body."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'

    @cached_property
    def gzipped(self) -> bytes:
        """Return the body compressed, the same bytes at every call."""
        return gzip.compress(self.body, compresslevel=6, mtime=0)

    @property
    def is_plain(self) -> bool:
        """True where the answer keeps to HTTP and can be validated and cached."""
        return self.chunks is None and self.claimed_length is None and not self.stall_s and not self.hang_up


class Site(Protocol):
    """Everything that one host answers."""

    def respond(self, target: str) -> Response | None:
        """Return the answer to a path with its query, or None where there is no such page."""
