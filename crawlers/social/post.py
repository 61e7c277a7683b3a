"""A post as a platform gave it, cut down to what may be kept: nothing here says who wrote it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from crawlers.social.text import clean
from eho.document import Document, Provenance
from eho.outcome import Outcome

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?$")
_MEDIA = ("image", "video", "audio", "poll", "link")


@dataclass(frozen=True, slots=True)
class Post:
    """What is kept of one public post. `native_id`, `locator` and `url` go to the sealed reference store alone.

    `native_id` is the same wherever the post is seen; `locator` is what its server is asked for when it is looked up again.
    Counts of likes, shares and views are not kept: see docs/social.md.
    """

    native_id: str
    text: str
    published_at: datetime
    locator: str | None = None
    url: str | None = None
    kind: Literal["post", "comment"] = "post"
    title: str | None = None
    lead: str | None = None
    lang: str | None = None
    edited_at: datetime | None = None
    listed_at: datetime | None = None  # the time that listings are sorted by, where it is not the time of publication
    parent: str | None = None  # native id of what it answers
    is_quote: bool = False
    is_sensitive: bool = False
    tags: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    media: tuple[str, ...] = ()

    @property
    def order_at(self) -> datetime:
        """The time by which its listing is sorted."""
        return self.listed_at or self.published_at

    def to_document(
        self, *, source: str, platform: str, document_id: str, parent_id: str | None, fetched_at: datetime | None
    ) -> Document:
        """Make the document: text, times, language, subjects and shared pages, and no field beside them."""
        extra: dict[str, Any] = {"platform": platform}
        extra |= {"is_reply": True} if self.parent is not None else {}
        extra |= {"is_quote": True} if self.is_quote else {}
        extra |= {"is_sensitive": True} if self.is_sensitive else {}
        extra |= {"is_edited": True} if self.edited_at is not None else {}
        extra |= {"tags": list(dict.fromkeys(self.tags))} if self.tags else {}
        extra |= {"links": list(self.links)} if self.links else {}
        extra |= {"media": media} if (media := [one for one in _MEDIA if one in self.media]) else {}
        return Document(
            id=document_id,
            source=source,
            kind=self.kind,
            lang=self.lang if self.lang and _LANGUAGE.fullmatch(self.lang) else None,
            title=clean(self.title) or None if self.title else None,
            lead=clean(self.lead) or None if self.lead else None,
            text=clean(self.text),
            published_at=self.published_at,
            published_at_precision="second",
            published_at_from="platform",
            updated_at=self.edited_at,
            fetched_at=fetched_at,
            provenance=Provenance(extractor=f"{platform} 1"),
            parent_id=parent_id,
            extra=extra,
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """A post that is not kept, with the reason; its id is needed to erase what an earlier run kept of it."""

    native_id: str
    outcome: Outcome
    reason: str
    order_at: datetime | None = None


Item = Post | Refused

REPOST = "a repost; the original is counted where it was published"
NO_TEXT = "pictures or video without text"
OPTED_OUT = "its author asks not to be shown to those who are not logged in, or not to be collected or searched"


def to_time(value: object) -> datetime:
    """Read an ISO-8601 time or seconds since 1970 as UTC. Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC).replace(microsecond=0)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no time")
    if value.strip().isdigit():
        return datetime.fromtimestamp(int(value), UTC)
    at = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
