"""Reddit: new posts and comments of public communities, by the OAuth interface with the user's own app.

reddit.com/dev/api: /r/NAME/new, /r/NAME/comments, /api/info; X-Ratelimit-* headers with seconds to the reset. What was
deleted by its author or removed by moderators is still listed, with `[deleted]` or `[removed]` for a text.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from crawlers.social.post import NO_TEXT, Item, Post, Refused, to_time
from crawlers.social.reader import Ask, AskError, Page, Stream, read_all
from crawlers.social.references import Reference
from crawlers.social.text import clean, shared_links
from eho.outcome import Outcome
from eho.settings import SocialSettings
from eho.source import Platform

API, LOGIN = "https://oauth.reddit.com", "https://www.reddit.com"
_PAGE = 100
_GONE = frozenset({"[deleted]", "[removed]", "[deleted by user]", "[removed by reddit]"})
_GONE_REASON = "deleted by its author or removed by moderators"


class RedditReader:
    """Reads the communities that one source names."""

    batch = 100  # the most names that /api/info takes

    def __init__(self, platform: Platform, settings: SocialSettings) -> None:
        self._platform = platform
        self._settings = settings
        self._base = (platform.instance or API).rstrip("/")
        self._login = (platform.instance or LOGIN).rstrip("/")
        self._token: str | None = None

    @property
    def urls(self) -> Sequence[str]:
        return (self._base, self._login)

    @property
    def streams(self) -> Sequence[Stream]:
        kinds = ("new", "comments") if self._platform.replies else ("new",)
        return [Stream(kind, community) for community in self._platform.communities for kind in kinds]

    async def page(self, ask: Ask, stream: Stream, cursor: str | None) -> Page:
        asked = {"limit": _PAGE, "raw_json": 1} | ({"after": cursor} if cursor else {})
        listing = await self._listing(ask, f"/r/{stream.value}/{stream.kind}", asked)
        return Page(read_all(listing["children"], read_thing, _name), listing.get("after"))

    async def current(self, ask: Ask, references: Sequence[Reference]) -> Mapping[str, Item | None]:
        names = [reference.locator for reference in references]
        listing = await self._listing(ask, "/api/info", {"id": ",".join(names), "raw_json": 1})
        found = {item.native_id: item for item in read_all(listing["children"], read_thing, _name)}
        return {name: found.get(name) for name in names}

    async def _listing(self, ask: Ask, path: str, parameters: Mapping[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {await self._session(ask)}"}
        return (await ask(f"{self._base}{path}", parameters, headers=headers, has_key=True)).payload["data"]

    async def _session(self, ask: Ask) -> str:
        if self._token is None:
            name, secret = self._settings.reddit_client_id, self._settings.reddit_client_secret
            if name is None or secret is None:
                needed = "Reddit answers apps only; set social.reddit_client_id and social.reddit_client_secret"
                raise AskError(Outcome.SKIPPED, needed)
            basic = base64.b64encode(f"{name}:{secret.get_secret_value()}".encode()).decode()
            answer = await ask(
                f"{self._login}/api/v1/access_token",
                headers={"Authorization": f"Basic {basic}"},
                form={"grant_type": "client_credentials"},
                has_key=True,
            )
            self._token = str(answer.payload["access_token"])
        return self._token


def read_thing(row: Mapping[str, Any]) -> Item:
    """Read a t3 (submission) or t1 (comment) thing."""
    data, name = row["data"], str(row["data"]["name"])
    at, is_comment = to_time(data["created_utc"]), row["kind"] == "t1"
    body = str(data["body"] if is_comment else data.get("selftext") or "")
    title = None if is_comment else str(data["title"])
    if body.strip().lower() in _GONE or data.get("removed_by_category") or (title or "").strip().lower() in _GONE:
        return Refused(name, Outcome.SKIPPED, _GONE_REASON, at)
    if data.get("subreddit_type", "public") != "public" or data.get("quarantine"):
        return Refused(name, Outcome.OPTED_OUT, "its community is not open to all", at)
    if data.get("crosspost_parent"):
        return Refused(name, Outcome.SKIPPED, "a repost; the original is counted where it was published", at)
    text = body if clean(body) else title or ""
    if not clean(text):
        return Refused(name, Outcome.SKIPPED, NO_TEXT, at)
    parent = data.get("parent_id") if is_comment else None
    return Post(
        native_id=name,
        kind="comment" if is_comment else "post",
        title=title if text is body else None,  # a link with a headline of its own: the headline is all the text there is
        text=text,
        published_at=at,
        edited_at=to_time(data["edited"]) if data.get("edited") else None,
        url=f"https://www.reddit.com{data['permalink']}" if data.get("permalink") else None,
        parent=str(parent) if parent else None,
        is_sensitive=bool(data.get("over_18")),
        links=shared_links([None if is_comment or data.get("is_self", True) else data.get("url")]),
        media=() if is_comment or data.get("is_self", True) else ("link",),
    )


def _name(row: Any) -> object:
    return row["data"]["name"]
