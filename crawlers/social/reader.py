"""What a platform's reader is asked for: pages of a listing, and posts looked up again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from crawlers.social.post import Item, Refused
from crawlers.social.references import Reference
from eho.outcome import Outcome


class Stream(NamedTuple):
    """One listing that is followed: the posts of an account, a hashtag, a search."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind} {self.value}".rstrip()


@dataclass(frozen=True, slots=True)
class Page:
    """Posts of one page of a listing, newest first, and what asks for the next page; None at the end."""

    items: Sequence[Item]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """JSON that a server answered, with its headers in lower case."""

    payload: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class AskError(Exception):
    """A request that gave nothing to read, with its outcome; `status` is None where there was no answer at all."""

    def __init__(self, outcome: Outcome, reason: str, *, status: int | None = None, payload: Any = None) -> None:
        super().__init__(reason)
        self.outcome, self.reason, self.status, self.payload = outcome, reason, status, payload


class Ask(Protocol):
    """Sends one request, waits for rate limits, and returns the JSON of the answer. Raises AskError."""

    async def __call__(
        self,
        url: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json_body: Mapping[str, Any] | None = None,
        has_key: bool = False,
    ) -> Answer: ...


class Reader(Protocol):
    """One platform as one source names it. `batch` is how many posts one lookup may ask for."""

    batch: int

    @property
    def urls(self) -> Sequence[str]:
        """Addresses of the servers that will be asked, for the live guard."""
        ...

    @property
    def streams(self) -> Sequence[Stream]:
        """The listings to follow."""
        ...

    async def page(self, ask: Ask, stream: Stream, cursor: str | None) -> Page:
        """Read one page of a listing, the first without a cursor. Raises AskError."""
        ...

    async def current(self, ask: Ask, references: Sequence[Reference]) -> Mapping[str, Item | None]:
        """Look posts up again, by native id: as they are now, or None where they are gone. What is left out is not known."""
        ...


def read_all(rows: Sequence[Any], read: Callable[[Any], Item], id_of: Callable[[Any], object]) -> list[Item]:
    """Read each row; one that lacks a field or has a wrong one becomes an outcome that names it."""
    if not isinstance(rows, list):
        raise TypeError(f"{type(rows).__name__} instead of a list")
    items: list[Item] = []
    for row in rows:
        try:
            items.append(read(row))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, OSError) as error:
            items.append(Refused(_id(row, id_of), Outcome.EXTRACTION_ERROR, f"a post cannot be read: {_problem(error)}"))
    return items


def _id(row: Any, id_of: Callable[[Any], object]) -> str:
    try:
        return str(id_of(row))
    except (KeyError, TypeError, AttributeError, IndexError):
        return "unknown"


def _problem(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return " ".join(str(error).split())[:120] or type(error).__name__


def is_since(item: Item, since: datetime) -> bool:
    """Tell whether an item of a listing is not older than a time; one without a time is taken for new."""
    return item.order_at is None or item.order_at >= since
