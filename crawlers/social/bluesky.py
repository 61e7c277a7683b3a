"""Bluesky: author feeds of named accounts by the public AppView; hashtags and searches with the user's own login.

Lexicons app.bsky.feed.getAuthorFeed, searchPosts, getPosts, app.bsky.actor.getProfiles (docs.bsky.app/docs/api). Search
without login answers 403. An author's label `!no-unauthenticated` means: not to those who are not logged in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from crawlers.social.post import NO_TEXT, OPTED_OUT, REPOST, Item, Post, Refused, to_time
from crawlers.social.reader import Ask, AskError, Page, Stream, read_all
from crawlers.social.references import Reference
from crawlers.social.text import asks_for_no_bots, clean, shared_links, without_facet_mentions
from eho.outcome import Outcome
from eho.settings import SocialSettings
from eho.source import Platform

APPVIEW = "https://public.api.bsky.app"
LOGIN = "https://bsky.social"
_PAGE = 100
_PROFILES = 25
_NO_VISITORS = "!no-unauthenticated"
_ADULT = frozenset({"porn", "sexual", "nudity", "graphic-media", "gore"})


class BlueskyReader:
    """Reads what one source names on Bluesky."""

    batch = 25  # the most that getPosts takes

    def __init__(self, platform: Platform, settings: SocialSettings) -> None:
        self._platform = platform
        self._settings = settings
        self._base = (platform.instance or APPVIEW).rstrip("/")
        self._login = (platform.instance or LOGIN).rstrip("/")
        self._token: str | None = None
        self._opted_out: dict[str, bool] = {}  # of this run only, in memory only

    @property
    def urls(self) -> Sequence[str]:
        return (self._base, self._login) if self._needs_login else (self._base,)

    @property
    def streams(self) -> Sequence[Stream]:
        named = (("account", self._platform.accounts), ("tag", self._platform.tags), ("search", self._platform.queries))
        return [Stream(kind, value) for kind, values in named for value in values]

    async def page(self, ask: Ask, stream: Stream, cursor: str | None) -> Page:
        asked: dict[str, Any] = {"limit": _PAGE} | ({"cursor": cursor} if cursor else {})
        if stream.kind == "account":
            which = "posts_with_replies" if self._platform.replies else "posts_no_replies"
            url = f"{self._base}/xrpc/app.bsky.feed.getAuthorFeed"
            payload = (await ask(url, {"actor": stream.value, "filter": which, **asked})).payload
            rows: Any = [{**entry["post"], "reason": entry.get("reason")} for entry in payload["feed"]]
        else:
            headers = {"Authorization": f"Bearer {await self._session(ask)}"}
            query = {"q": f"#{stream.value}", "tag": stream.value} if stream.kind == "tag" else {"q": stream.value}
            url = f"{self._login}/xrpc/app.bsky.feed.searchPosts"
            payload = (await ask(url, {**query, "sort": "latest", **asked}, headers=headers, has_key=True)).payload
            rows = payload["posts"]
        return Page(await self._read(ask, rows), payload.get("cursor") if rows else None)

    async def current(self, ask: Ask, references: Sequence[Reference]) -> Mapping[str, Item | None]:
        uris = [reference.locator for reference in references]
        answer = await ask(f"{self._base}/xrpc/app.bsky.feed.getPosts", {"uris": uris})
        found = {item.native_id: item for item in await self._read(ask, answer.payload["posts"])}
        return {uri: found.get(uri) for uri in uris}

    @property
    def _needs_login(self) -> bool:
        return bool(self._platform.tags or self._platform.queries)

    async def _session(self, ask: Ask) -> str:
        if self._token is None:
            name, secret = self._settings.bluesky_identifier, self._settings.bluesky_app_password
            if name is None or secret is None:
                raise AskError(
                    Outcome.SKIPPED,
                    "Bluesky answers searches and hashtags to those who are logged in only; set social.bluesky_identifier "
                    "and social.bluesky_app_password",
                )
            body = {"identifier": name, "password": secret.get_secret_value()}
            answer = await ask(f"{self._login}/xrpc/com.atproto.server.createSession", json_body=body, has_key=True)
            self._token = str(answer.payload["accessJwt"])
        return self._token

    async def _read(self, ask: Ask, rows: Sequence[Any]) -> list[Item]:
        await self._ask_for_wishes(ask, {row["author"]["did"] for row in rows if isinstance(row.get("author"), dict)})
        return read_all(rows, partial(read_post, opted_out=self._opted_out), lambda row: row["uri"])

    async def _ask_for_wishes(self, ask: Ask, authors: Iterable[str]) -> None:
        """Look at the authors' own descriptions, which listings leave out."""
        unknown = sorted(set(authors) - self._opted_out.keys())
        for at in range(0, len(unknown), _PROFILES):
            some = unknown[at : at + _PROFILES]
            answer = await ask(f"{self._base}/xrpc/app.bsky.actor.getProfiles", {"actors": some})
            profiles = {profile["did"]: profile for profile in answer.payload["profiles"]}
            for did in some:
                profile = profiles.get(did)  # none: deactivated or taken down
                self._opted_out[did] = profile is None or _wishes_no_visit(profile)


def _wishes_no_visit(profile: Mapping[str, Any]) -> bool:
    return _NO_VISITORS in _labels(profile) or asks_for_no_bots(profile.get("description") or "")


def read_post(row: Mapping[str, Any], *, opted_out: Mapping[str, bool]) -> Item:
    """Read an app.bsky.feed.defs#postView. Raises KeyError and ValueError for what is none."""
    uri, record, author = str(row["uri"]), row["record"], row["author"]
    listed_at = to_time(row["indexedAt"])
    reason = str((row.get("reason") or {}).get("$type", ""))
    if reason.endswith("#reasonRepost"):
        at = to_time(row["reason"]["indexedAt"])
        return Refused(f"{uri} repeated {at}", Outcome.SKIPPED, REPOST, at)  # not the original's id: that one may be stored
    if opted_out.get(author["did"], False) or _NO_VISITORS in _labels(author) or _NO_VISITORS in _labels(row):
        return Refused(uri, Outcome.OPTED_OUT, OPTED_OUT, listed_at)
    text = without_facet_mentions(record["text"], record.get("facets") or ())
    if not clean(text):
        return Refused(uri, Outcome.SKIPPED, NO_TEXT, listed_at)
    embed = record.get("embed") or {}
    kind = str(embed.get("$type", "")).removeprefix("app.bsky.embed.")
    media = embed.get("media") or embed if kind == "recordWithMedia" else embed
    languages = record.get("langs") or []
    facets = [feature for facet in record.get("facets") or () for feature in facet.get("features", ())]
    reply = (record.get("reply") or {}).get("parent") or {}
    return Post(
        native_id=uri,
        text=text,
        published_at=min(to_time(record["createdAt"]), listed_at),  # the author's clock may claim the future
        listed_at=None if reason.endswith("#reasonPin") else listed_at,
        url=f"https://bsky.app/profile/{author['did']}/post/{uri.rpartition('/')[2]}",
        lang=languages[0] if len(languages) == 1 else None,
        parent=reply.get("uri"),
        is_quote=kind in ("record", "recordWithMedia"),
        is_sensitive=bool(_ADULT & (_labels(row) | {one["val"] for one in (record.get("labels") or {}).get("values", ())})),
        tags=tuple(str(one["tag"]) for one in facets if "tag" in one),
        links=shared_links([*(one.get("uri") for one in facets), (media.get("external") or {}).get("uri")]),
        media=_media(media),
    )


def _media(embed: Mapping[str, Any]) -> tuple[str, ...]:
    kind = str(embed.get("$type", "")).removeprefix("app.bsky.embed.")
    return {"images": ("image",), "video": ("video",), "external": ("link",)}.get(kind, ())


def _labels(row: Mapping[str, Any]) -> set[str]:
    return {str(label["val"]) for label in row.get("labels") or () if not label.get("neg")}
