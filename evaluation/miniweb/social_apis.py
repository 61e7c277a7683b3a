"""The invented YouTube and Reddit, and which host answers with which interface."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

from evaluation.miniweb.social_answers import TOKEN, Asked, Replied, cut_page, time_text
from evaluation.miniweb.social_bluesky import bluesky
from evaluation.miniweb.social_mastodon import mastodon
from evaluation.miniweb.social_posts import Entry, SocialState

YOUTUBE_KEY = "AIza-invented-key"
REDDIT_APP = ("invented-app", "invented-secret")


# -- YouTube ------------------------------------------------------------------------------------------------------


def youtube(state: SocialState, asked: Asked, page_size: int) -> Replied:
    """Answer as the Data API v3 does, quota included."""
    if asked.headers.get("x-goog-api-key") != YOUTUBE_KEY:
        return _google_error(400, "badRequest", "API key not valid. Please pass a valid API key.")
    if state.quota_left is not None:
        if state.quota_left <= 0:
            return _google_error(403, "quotaExceeded", "The request cannot be completed because you have exceeded your quota.")
        state.quota_left -= 1
    entries = state.of("youtube")
    if asked.path == "/youtube/v3/commentThreads":
        video = asked.query.get("videoId")
        if video not in {one.video for one in entries}:
            return _google_error(404, "videoNotFound", "The video identified by the videoId parameter could not be found.")
        threads = [one for one in entries if one.reply_to is None and one.video == video]
        page, after = cut_page(threads, asked.query, "pageToken", "maxResults", page_size)
        body = {"kind": "youtube#commentThreadListResponse", "items": [_thread(state, one, entries) for one in page]}
        return Replied(200, body | ({"nextPageToken": after} if after else {}))
    if asked.path == "/youtube/v3/comments":
        if parent := asked.query.get("parentId"):
            rows = [one for one in entries if one.reply_to == parent]
        else:
            wanted = asked.query["id"].split(",")
            rows = [one for one in entries if one.id in wanted]
        return Replied(200, {"kind": "youtube#commentListResponse", "items": [_comment(state, one) for one in rows]})
    return _google_error(404, "notFound", "Not found")


def _google_error(code: int, reason: str, message: str) -> Replied:
    errors = [{"message": message, "domain": "youtube", "reason": reason}]
    return Replied(code, {"error": {"code": code, "message": message, "errors": errors}})


def _thread(state: SocialState, entry: Entry, entries: Sequence[Entry]) -> dict[str, Any]:
    replies = [one for one in entries if one.reply_to == entry.id]
    thread: dict[str, Any] = {
        "kind": "youtube#commentThread",
        "id": entry.id,
        "snippet": {
            "videoId": entry.video,
            "topLevelComment": _comment(state, entry),
            "canReply": True,
            "totalReplyCount": len(replies),
            "isPublic": True,
        },
    }
    if replies:
        thread["replies"] = {"comments": [_comment(state, one) for one in replies[:1]]}  # some of them only, as documented
    return thread


def _comment(state: SocialState, entry: Entry) -> dict[str, Any]:
    snippet: dict[str, Any] = {
        "videoId": entry.video,
        "textDisplay": entry.text,
        "textOriginal": entry.text,
        "authorDisplayName": f"@{entry.account}",
        "authorProfileImageUrl": f"https://yt.test/{entry.account}.jpg",
        "authorChannelId": {"value": f"UC{entry.account}"},
        "canRate": True,
        "viewerRating": "none",
        "likeCount": 4,
        "publishedAt": time_text(entry.at),
        "updatedAt": time_text(entry.edited_at or entry.at),
    }
    if entry.reply_to:
        snippet["parentId"] = entry.reply_to
    return {"kind": "youtube#comment", "id": entry.id, "snippet": snippet}


# -- Reddit -------------------------------------------------------------------------------------------------------


def reddit(state: SocialState, asked: Asked, page_size: int) -> Replied:
    """Answer as the OAuth interface does."""
    if asked.path == "/api/v1/access_token":
        basic = base64.b64encode(":".join(REDDIT_APP).encode()).decode()
        if asked.headers.get("authorization") != f"Basic {basic}" or parse_qs(asked.body.decode()).get("grant_type") is None:
            return Replied(401, {"message": "Unauthorized", "error": 401})
        return Replied(200, {"access_token": TOKEN, "token_type": "bearer", "expires_in": 86400, "scope": "*"})
    if asked.headers.get("authorization") != f"Bearer {TOKEN}":
        return Replied(401, {"message": "Unauthorized", "error": 401})
    entries = state.of("reddit")
    if asked.path == "/api/info":
        wanted = asked.query["id"].split(",")
        return _listing([_thing(state, one) for one in entries if _fullname(one) in wanted], None)
    _, _, community, kind = asked.path.split("/")
    is_comments = kind == "comments"
    rows = [one for one in entries if one.community == community and (one.reply_to is not None) == is_comments]
    names = [_fullname(one) for one in rows]
    start = names.index(asked.query["after"]) + 1 if asked.query.get("after") in names else 0
    size = min(int(asked.query.get("limit", 25)), page_size)
    page = rows[start : start + size]
    return _listing([_thing(state, one) for one in page], _fullname(page[-1]) if start + size < len(rows) else None)


def _fullname(entry: Entry) -> str:
    return f"{'t1' if entry.reply_to else 't3'}_{entry.id}"


def _listing(children: list[dict[str, Any]], after: str | None) -> Replied:
    return Replied(
        200, {"kind": "Listing", "data": {"after": after, "before": None, "dist": len(children), "children": children}}
    )


def _thing(state: SocialState, entry: Entry) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": _fullname(entry),
        "id": entry.id,
        "author": "[deleted]" if entry.gone else entry.account,
        "author_fullname": f"t2_{entry.account}",
        "created_utc": entry.at.timestamp(),
        "edited": entry.edited_at.timestamp() if entry.edited_at else False,
        "subreddit": entry.community,
        "subreddit_type": "public",
        "permalink": f"/r/{entry.community}/comments/{entry.id}/",
        "score": 12,
        "ups": 12,
    }
    if entry.reply_to:
        parent = state.entries[entry.reply_to]
        data |= {"body": entry.text, "parent_id": _fullname(parent), "link_id": _fullname(parent)}
        return {"kind": "t1", "data": data}
    data |= {"title": entry.title, "selftext": entry.text, "is_self": entry.link is None, "over_18": False, "quarantine": False}
    data |= {"url": entry.link or f"https://www.reddit.com{data['permalink']}", "num_comments": 2}
    data |= {"removed_by_category": "deleted" if entry.gone else None}
    return {"kind": "t3", "data": data}


APIS: dict[str, Callable[[SocialState, Asked, int], Replied]] = {
    "bluesky.test": bluesky,
    "mastodon.test": mastodon,
    "youtube.test": youtube,
    "reddit.test": reddit,
}
