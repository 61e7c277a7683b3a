"""What the invented platforms hold: accounts with their wishes, posts that are edited, deleted, answered and repeated."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

_MENTION = re.compile(r"\{([\w-]+)\}")


@dataclass(frozen=True, slots=True)
class Account:
    """One invented account; `opted_out` names how it asks to be left alone."""

    name: str
    says: str
    opted_out: str | None = None

    @property
    def did(self) -> str:
        return f"did:plc:{self.name.encode().hex()[:24]}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One post on one platform."""

    id: str
    platform: str
    account: str
    at: datetime
    text: str = ""
    lang: str | None = None
    title: str | None = None
    warning: str | None = None
    link: str | None = None
    tags: list[str] = field(default_factory=list)
    media: bool = False
    visibility: str = "public"
    reply_to: str | None = None
    repost_of: str | None = None
    community: str | None = None
    video: str | None = None
    gone: bool = False
    edited_at: datetime | None = None

    @property
    def number(self) -> str:
        """A number that grows with time, as Mastodon's ids do: milliseconds since 1970, shifted by 16 bits."""
        return str((int(self.at.timestamp() * 1000) << 16) + sum(self.id.encode()))

    def pieces(self) -> list[tuple[str, str | None]]:
        """Return the text cut at its mentions: (text, None) or (name, name)."""
        parts = _MENTION.split(self.text)
        return [(part, part if place % 2 else None) for place, part in enumerate(parts) if part]

    def written(self) -> str:
        """Return the text with mentions written out."""
        return "".join(f"@{name}.test" if name else part for part, name in self.pieces())


@dataclass(slots=True)
class SocialState:
    """Everything that the platforms hold at this moment."""

    accounts: dict[str, Account]
    entries: dict[str, Entry]
    refused_keys: bool = False
    quota_left: int | None = None
    batches: bool = True  # whether the Mastodon server looks up several posts at once (from 4.3 on)

    def of(self, platform: str) -> list[Entry]:
        """Return a platform's posts, newest first."""
        own = [one for one in self.entries.values() if one.platform == platform]
        return sorted(own, key=lambda one: int(one.number), reverse=True)

    def delete(self, id: str) -> None:
        """Delete a post."""
        del self.entries[id]

    def edit(self, id: str, text: str) -> None:
        """Change a post's text."""
        self.entries[id] = replace(self.entries[id], text=text, edited_at=datetime.now(UTC).replace(microsecond=0))

    def opt_out(self, account: str, how: str) -> None:
        """Let an account ask to be left alone from now on."""
        self.accounts[account] = replace(self.accounts[account], opted_out=how)

    def add(self, id: str, platform: str, account: str, **values: Any) -> Entry:
        """Publish a post now, or at `at`."""
        entry = Entry(id, platform, account, values.pop("at", datetime.now(UTC).replace(microsecond=0)), **values)
        self.entries[id] = entry
        return entry
