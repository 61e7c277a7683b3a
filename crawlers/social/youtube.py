"""YouTube: comments of named videos or channels, by the Data API v3 with the user's own key.

developers.google.com/youtube/v3/docs: commentThreads.list and comments.list, one unit of quota a call, 10,000 a day unless
granted more. The key travels in a header, so that it stands in no address and no log. YouTube's terms let stored comments
be kept for 30 days unless they are looked up again: social.check_hours does that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crawlers.social.post import NO_TEXT, Item, Post, Refused, to_time
from crawlers.social.reader import Answer, Ask, AskError, Page, Stream, read_all
from crawlers.social.references import Reference
from crawlers.social.text import clean
from eho.outcome import Outcome
from eho.settings import SocialSettings
from eho.source import Platform

API = "https://www.googleapis.com"
_PAGE = 100
_QUOTA = frozenset({"quotaExceeded", "dailyLimitExceeded", "rateLimitExceeded"})


class YoutubeReader:
    """Reads the comments that one source names."""

    batch = 50  # the most ids that comments.list takes

    def __init__(self, platform: Platform, settings: SocialSettings) -> None:
        self._platform = platform
        self._base = f"{(platform.instance or API).rstrip('/')}/youtube/v3"
        self._key = settings.youtube_key

    @property
    def urls(self) -> Sequence[str]:
        return (self._base,)

    @property
    def streams(self) -> Sequence[Stream]:
        channels = [Stream("channel", one) for one in self._platform.accounts]
        return [*channels, *(Stream("video", one) for one in self._platform.videos)]

    async def page(self, ask: Ask, stream: Stream, cursor: str | None) -> Page:
        of = "allThreadsRelatedToChannelId" if stream.kind == "channel" else "videoId"
        asked = {"part": "snippet,replies", of: stream.value, "order": "time", "maxResults": _PAGE, "textFormat": "plainText"}
        payload = (await self._ask(ask, "commentThreads", asked | ({"pageToken": cursor} if cursor else {}))).payload
        rows: list[Any] = []
        for thread in payload["items"]:
            rows.append(thread["snippet"]["topLevelComment"])
            rows += await self._replies(ask, thread)
        return Page(read_all(rows, read_comment, lambda row: row["id"]), payload.get("nextPageToken"))

    async def current(self, ask: Ask, references: Sequence[Reference]) -> Mapping[str, Item | None]:
        ids = [reference.locator for reference in references]
        asked = {"part": "snippet", "id": ",".join(ids), "maxResults": len(ids), "textFormat": "plainText"}
        payload = (await self._ask(ask, "comments", asked)).payload
        found = {item.native_id: item for item in read_all(payload["items"], read_comment, lambda row: row["id"])}
        return {id: found.get(id) for id in ids}

    async def _replies(self, ask: Ask, thread: Mapping[str, Any]) -> list[Any]:
        given = (thread.get("replies") or {}).get("comments") or []
        if thread["snippet"].get("totalReplyCount", 0) <= len(given):
            return list(given)
        rows: list[Any] = []
        token: str | None = None
        while True:
            asked = {"part": "snippet", "parentId": thread["id"], "maxResults": _PAGE, "textFormat": "plainText"}
            payload = (await self._ask(ask, "comments", asked | ({"pageToken": token} if token else {}))).payload
            rows += payload["items"]
            token = payload.get("nextPageToken")
            if token is None:
                return rows

    async def _ask(self, ask: Ask, method: str, parameters: Mapping[str, Any]) -> Answer:
        if self._key is None:
            raise AskError(Outcome.SKIPPED, "YouTube answers those with a key only; set social.youtube_key")
        try:
            headers = {"X-Goog-Api-Key": self._key.get_secret_value()}
            return await ask(f"{self._base}/{method}", parameters, headers=headers, has_key=True)
        except AskError as failed:
            reasons = _reasons(failed.payload)
            if reasons & _QUOTA:
                said = f"the quota of social.youtube_key is used up until {_midnight_pacific():%Y-%m-%d %H:%M} UTC"
                raise AskError(Outcome.RATE_LIMITED, said, status=failed.status) from failed
            if "commentsDisabled" in reasons:
                raise AskError(Outcome.SKIPPED, "comments are switched off there", status=failed.status) from failed
            raise


def read_comment(row: Mapping[str, Any]) -> Item:
    """Read a comment resource."""
    snippet = row["snippet"]
    published_at, updated_at = to_time(snippet["publishedAt"]), to_time(snippet.get("updatedAt") or snippet["publishedAt"])
    text = snippet.get("textOriginal") or snippet["textDisplay"]
    if not clean(text):
        return Refused(str(row["id"]), Outcome.SKIPPED, NO_TEXT, published_at)
    return Post(
        native_id=str(row["id"]),
        text=text,
        kind="comment",
        published_at=published_at,
        edited_at=updated_at if updated_at > published_at else None,
        parent=snippet.get("parentId"),
        url=f"https://www.youtube.com/watch?v={snippet['videoId']}&lc={row['id']}" if snippet.get("videoId") else None,
    )


def _reasons(payload: Any) -> set[str]:
    error = payload.get("error") if isinstance(payload, dict) else None
    rows = error.get("errors") if isinstance(error, dict) else None
    return {str(one.get("reason")) for one in rows or () if isinstance(one, dict)}


def _midnight_pacific() -> datetime:
    """Return when quotas begin anew: midnight in California, taken as 8:00 UTC (in summer it is 7:00)."""
    now = datetime.now(UTC)
    today = now.replace(hour=8, minute=0, second=0, microsecond=0)
    return today if now < today else today + timedelta(days=1)
