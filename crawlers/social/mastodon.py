"""Mastodon: public and local timelines, hashtags and named accounts of one server, without login.

docs.joinmastodon.org: methods timelines, accounts, statuses; pages by the Link header; X-RateLimit-* headers. Kept are posts
of visibility public alone, and none whose author set `noindex` or `discoverable: false` or writes #nobot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from crawlers.social.post import NO_TEXT, OPTED_OUT, REPOST, Item, Post, Refused, to_time
from crawlers.social.reader import Answer, Ask, AskError, Page, Stream, read_all
from crawlers.social.references import Reference
from crawlers.social.text import asks_for_no_bots, clean, plain_links, plain_text, shared_links
from eho.outcome import Outcome
from eho.settings import SocialSettings
from eho.source import Platform

_PAGE = 40  # the most that a server gives
_LINK = re.compile(r'<([^>]+)>\s*;\s*rel="?(\w+)"?')


class MastodonReader:
    """Reads what one source names on one server."""

    batch = 20  # the most that a lookup without login takes

    def __init__(self, platform: Platform, settings: SocialSettings) -> None:
        self._platform = platform
        self._base = (platform.instance or "").rstrip("/")
        self._indexable_only = settings.mastodon_indexable_only
        self._ids: dict[str, str] = {}  # account name -> its number on this server; of this run only
        self._has_batches = True

    @property
    def urls(self) -> Sequence[str]:
        return (self._base,)

    @property
    def streams(self) -> Sequence[Stream]:
        timeline = [Stream("timeline", self._platform.timeline)] if self._platform.timeline else []
        accounts = [Stream("account", name) for name in self._platform.accounts]
        return [*accounts, *(Stream("tag", tag) for tag in self._platform.tags), *timeline]

    async def page(self, ask: Ask, stream: Stream, cursor: str | None) -> Page:
        asked: dict[str, Any] = {"limit": _PAGE} | ({"max_id": cursor} if cursor else {})
        if stream.kind == "account":
            path = f"accounts/{await self._account_id(ask, stream.value)}/statuses"
            asked |= {"exclude_reblogs": "true"} | ({} if self._platform.replies else {"exclude_replies": "true"})
        elif stream.kind == "tag":
            path = f"timelines/tag/{quote(stream.value, safe='')}"
        else:
            path = "timelines/public"
            asked |= {"local": "true"} if stream.value == "local" else {}
        answer = await ask(f"{self._base}/api/v1/{path}", asked)
        return Page(self._read(answer.payload), _next(answer))

    async def current(self, ask: Ask, references: Sequence[Reference]) -> Mapping[str, Item | None]:
        rows = await self._rows(ask, [reference.locator for reference in references])
        found: dict[str, Item | None] = {}
        for reference in references:
            row = rows.get(reference.locator, False)
            if row is not False:
                found[reference.native_id] = None if row is None else self._read([row])[0]
        return found

    async def _rows(self, ask: Ask, ids: Sequence[str]) -> dict[str, Any]:
        """Return statuses by their number here, None for one that is gone; servers before 4.3 have no lookup of several."""
        if self._has_batches:
            try:
                answer = await ask(f"{self._base}/api/v1/statuses", {"id[]": list(ids)})
            except AskError as failed:
                if failed.status != 404:
                    raise
                self._has_batches = False
            else:
                rows = {row["id"]: row for row in answer.payload}
                return {id: rows.get(id) for id in ids}
        found: dict[str, Any] = {}
        for id in ids:
            try:
                found[id] = (await ask(f"{self._base}/api/v1/statuses/{quote(id, safe='')}")).payload
            except AskError as failed:
                # 404 in the server's own words; an error page of something in between says nothing of the post
                if failed.status not in (404, 410) or not isinstance(failed.payload, dict):
                    raise
                found[id] = None
        return found

    async def _account_id(self, ask: Ask, name: str) -> str:
        if name not in self._ids:
            answer = await ask(f"{self._base}/api/v1/accounts/lookup", {"acct": name})
            if answer.payload.get("locked"):
                raise AskError(Outcome.OPTED_OUT, "the account lets followers in by its own choice only")
            self._ids[name] = str(answer.payload["id"])
        return self._ids[name]

    def _read(self, rows: Sequence[Any]) -> list[Item]:
        named = frozenset(name.lower() for name in self._platform.accounts)
        read = partial(read_status, indexable_only=self._indexable_only, named=named)
        return read_all(rows, read, lambda row: row["uri"])


def read_status(row: Mapping[str, Any], *, indexable_only: bool = True, named: frozenset[str] = frozenset()) -> Item:
    """Read a Status entity. `named` accounts stand in the source's file: of them `indexable` is not asked."""
    uri, account, at = str(row["uri"]), row["account"], to_time(row["created_at"])
    if row.get("reblog"):
        return Refused(uri, Outcome.SKIPPED, REPOST, at)
    if row["visibility"] != "public":
        return Refused(uri, Outcome.OPTED_OUT, f"visibility {row['visibility']}: not meant for all", at)
    is_private = indexable_only and account.get("indexable") is False and str(account["acct"]).lower() not in named
    if is_private or _opted_out(account):
        return Refused(uri, Outcome.OPTED_OUT, OPTED_OUT, at)
    markup, warning = row["content"], row.get("spoiler_text") or None
    text = plain_text(markup)
    if not clean(text):
        return Refused(uri, Outcome.SKIPPED, NO_TEXT, at)
    card = row.get("card") or {}
    media = {"gifv": "video", "unknown": "image"}
    attached = tuple(media.get(one["type"], one["type"]) for one in row.get("media_attachments") or ())
    return Post(
        native_id=uri,
        locator=str(row["id"]),
        url=row.get("url") or uri,
        text=text,
        lead=warning,
        published_at=at,
        edited_at=to_time(row["edited_at"]) if row.get("edited_at") else None,
        lang=row.get("language"),
        parent=str(row["in_reply_to_id"]) if row.get("in_reply_to_id") else None,
        is_quote=bool(row.get("quote")),
        is_sensitive=bool(row.get("sensitive")),
        tags=tuple(str(tag["name"]) for tag in row.get("tags") or ()),
        links=shared_links([*plain_links(markup), card.get("url")]),
        media=(*attached, *(("poll",) if row.get("poll") else ()), *(("link",) if card else ())),
    )


def _opted_out(account: Mapping[str, Any]) -> bool:
    said = [account.get("note") or "", *(str(one.get("value") or "") for one in account.get("fields") or ())]
    return (
        account.get("noindex") is True
        or account.get("discoverable") is False
        or account.get("locked") is True
        or any(asks_for_no_bots(plain_text(words)) for words in said if words)
    )


def _next(answer: Answer) -> str | None:
    for url, relation in _LINK.findall(answer.headers.get("link", "")):
        if relation == "next":
            return next(iter(parse_qs(urlsplit(url).query).get("max_id", [])), None)
    return None
