"""Requests to the invented platforms and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from evaluation.miniweb.social_posts import Entry

TOKEN = "invented-token"  # noqa: S105 - opens an invented platform on loopback


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, Any]
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Replied:
    """One answer: a JSON payload, or raw bytes."""

    status: int
    payload: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


def time_text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def values_of(query: dict[str, Any], name: str) -> list[str]:
    value = query.get(name, [])
    return value if isinstance(value, list) else [value]


def cut_page(
    entries: Sequence[Entry], query: dict[str, Any], cursor: str, limit: str, page_size: int
) -> tuple[list[Entry], str | None]:
    """Return one page and the cursor of the next: the time of the page's last post."""
    before = query.get(cursor)
    left = [one for one in entries if before is None or time_text(one.at) < before]
    size = min(int(query.get(limit, page_size)), page_size)
    return list(left[:size]), time_text(left[size - 1].at) if len(left) > size else None
