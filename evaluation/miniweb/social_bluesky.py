"""The interface of the invented Bluesky: views and facets as its lexicons give them."""

from __future__ import annotations

import json
from typing import Any

from evaluation.miniweb.social_answers import TOKEN, Asked, Replied, cut_page, time_text, values_of
from evaluation.miniweb.social_posts import Account, Entry, SocialState

APP_PASSWORD = "abcd-efgh-ijkl-mnop"  # noqa: S105 - opens an invented platform on loopback


def bluesky(state: SocialState, asked: Asked, page_size: int) -> Replied:
    """Answer as the AppView and a PDS do."""
    method = asked.path.removeprefix("/xrpc/")
    entries = state.of("bluesky")
    if method == "com.atproto.server.createSession":
        given = json.loads(asked.body or b"{}")
        if given.get("password") != APP_PASSWORD:
            return Replied(401, {"error": "AuthenticationRequired", "message": "Invalid identifier or password"})
        return Replied(200, {"accessJwt": TOKEN, "refreshJwt": "r", "handle": given["identifier"], "did": "did:plc:own"})
    if method == "app.bsky.feed.getAuthorFeed":
        name = asked.query["actor"].removesuffix(".test")
        if name not in state.accounts:
            return Replied(400, {"error": "InvalidRequest", "message": "Profile not found"})
        own = [one for one in entries if one.account == name]
        if asked.query.get("filter") == "posts_no_replies":
            own = [one for one in own if one.reply_to is None]
        page, after = cut_page(own, asked.query, "cursor", "limit", page_size)
        return Replied(200, {"feed": [_feed_view(state, one) for one in page]} | ({"cursor": after} if after else {}))
    if method == "app.bsky.feed.searchPosts":
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Replied(403, {"error": "Forbidden", "message": "Authentication required"})
        word = asked.query.get("tag") or asked.query["q"].lstrip("#")
        found = [one for one in entries if not one.repost_of and (word in one.tags or word in one.text)]
        page, after = cut_page(found, asked.query, "cursor", "limit", page_size)
        body = {"posts": [_post_view(state, one) for one in page], "hitsTotal": len(found)}
        return Replied(200, body | ({"cursor": after} if after else {}))
    if method == "app.bsky.feed.getPosts":
        wanted = values_of(asked.query, "uris")
        if len(wanted) > 25:
            return Replied(400, {"error": "InvalidRequest", "message": "uris must not have more than 25 elements"})
        return Replied(200, {"posts": [_post_view(state, one) for one in entries if _uri(state, one) in wanted]})
    if method == "app.bsky.actor.getProfiles":
        wanted = values_of(asked.query, "actors")
        return Replied(200, {"profiles": [_profile(one, whole=True) for one in state.accounts.values() if one.did in wanted]})
    return Replied(501, {"error": "MethodNotImplemented", "message": f"Method Not Implemented: {method}"})


def _uri(state: SocialState, entry: Entry) -> str:
    return f"at://{state.accounts[entry.account].did}/app.bsky.feed.post/{entry.id}"


def _profile(account: Account, *, whole: bool = False) -> dict[str, Any]:
    label = {"src": account.did, "uri": f"at://{account.did}/app.bsky.actor.profile/self", "val": "!no-unauthenticated"}
    basic = {
        "did": account.did,
        "handle": f"{account.name}.test",
        "displayName": account.name.title(),
        "avatar": f"https://cdn.bluesky.test/avatar/{account.did}",
        "labels": [label] if account.opted_out == "visitors" else [],
        "createdAt": "2024-03-01T09:00:00.000Z",
    }
    return basic | ({"description": account.says, "followersCount": 812, "followsCount": 77, "postsCount": 41} if whole else {})


def _feed_view(state: SocialState, entry: Entry) -> dict[str, Any]:
    if entry.repost_of:
        by = _profile(state.accounts[entry.account])
        reason = {"$type": "app.bsky.feed.defs#reasonRepost", "by": by, "indexedAt": time_text(entry.at)}
        return {"post": _post_view(state, state.entries[entry.repost_of]), "reason": reason}
    return {"post": _post_view(state, entry)}


def _post_view(state: SocialState, entry: Entry) -> dict[str, Any]:
    record: dict[str, Any] = {
        "$type": "app.bsky.feed.post",
        "createdAt": time_text(entry.at),
        "text": entry.written(),
        "langs": [entry.lang] if entry.lang else [],
        "facets": _facets(state, entry),
    }
    if entry.reply_to:
        parent = {"uri": _uri(state, state.entries[entry.reply_to]), "cid": "bafyparent"}
        record["reply"] = {"root": parent, "parent": parent}
    if entry.media:
        record["embed"] = {"$type": "app.bsky.embed.images", "images": [{"alt": "slika", "image": {"mimeType": "image/jpeg"}}]}
    elif entry.link:
        external = {"uri": entry.link, "title": "t", "description": "d"}
        record["embed"] = {"$type": "app.bsky.embed.external", "external": external}
    return {
        "uri": _uri(state, entry),
        "cid": f"bafy{abs(hash(entry.text)):x}",
        "author": _profile(state.accounts[entry.account]),
        "record": record,
        "replyCount": 3,
        "repostCount": 5,
        "likeCount": 21,
        "quoteCount": 0,
        "indexedAt": time_text(entry.at),
        "labels": [],
    }


def _facets(state: SocialState, entry: Entry) -> list[dict[str, Any]]:
    """Mark mentions, hashtags and links by byte offsets, as Bluesky's clients do."""
    facets, text = [], entry.written()
    for part, name in entry.pieces():
        if name:
            did = state.accounts[name].did
            facets.append(_facet(text, f"@{part}.test", {"$type": "app.bsky.richtext.facet#mention", "did": did}))
    facets += [_facet(text, f"#{tag}", {"$type": "app.bsky.richtext.facet#tag", "tag": tag}) for tag in entry.tags]
    if entry.link and "https://" in text:
        shown = next(word for word in text.split() if word.startswith("https://"))
        facets.append(_facet(text, shown, {"$type": "app.bsky.richtext.facet#link", "uri": entry.link}))
    return facets


def _facet(text: str, part: str, feature: dict[str, Any]) -> dict[str, Any]:
    start = len(text[: text.index(part)].encode())
    return {"index": {"byteStart": start, "byteEnd": start + len(part.encode())}, "features": [feature]}
