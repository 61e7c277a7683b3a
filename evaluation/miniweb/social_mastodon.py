"""The interface of the invented Mastodon server: Status and Account entities, the Link header, HTML bodies."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from evaluation.miniweb.social_answers import Asked, Replied, time_text, values_of
from evaluation.miniweb.social_posts import Account, Entry, SocialState


def mastodon(state: SocialState, asked: Asked, page_size: int) -> Replied:
    """Answer as a server of version 4.3 does, or an older one where `state.batches` is off."""
    entries = [one for one in state.of("mastodon") if one.visibility in ("public", "unlisted")]
    parts = asked.path.removeprefix("/api/v1/").split("/")
    if parts[:2] == ["timelines", "tag"]:
        return _mastodon_page(state, asked, [one for one in entries if parts[2] in one.tags], page_size)
    if parts[:2] == ["timelines", "public"]:
        return _mastodon_page(state, asked, [one for one in entries if not one.repost_of], page_size)
    if parts == ["accounts", "lookup"]:
        account = state.accounts.get(asked.query["acct"])
        return Replied(404, {"error": "Record not found"}) if account is None else Replied(200, _mastodon_account(account))
    if parts[0] == "accounts" and parts[2:] == ["statuses"]:
        own = [one for one in entries if _mastodon_account(state.accounts[one.account])["id"] == parts[1]]
        if asked.query.get("exclude_replies") == "true":
            own = [one for one in own if one.reply_to is None]
        if asked.query.get("exclude_reblogs") == "true":
            own = [one for one in own if one.repost_of is None]
        return _mastodon_page(state, asked, own, page_size)
    if parts == ["statuses"] and state.batches:
        wanted = values_of(asked.query, "id[]")
        return Replied(200, [_status(state, one) for one in entries if one.number in wanted])
    if parts[0] == "statuses" and len(parts) == 2:
        found = next((one for one in entries if one.number == parts[1]), None)
        return Replied(404, {"error": "Record not found"}) if found is None else Replied(200, _status(state, found))
    return Replied(404, {"error": "The page you are looking for isn't here."})


def _mastodon_page(state: SocialState, asked: Asked, entries: Sequence[Entry], page_size: int) -> Replied:
    before = int(asked.query.get("max_id", 2**63))
    left = [one for one in entries if int(one.number) < before]
    page = left[: min(int(asked.query.get("limit", 20)), page_size)]
    base = f"http://mastodon.test{asked.path}?limit={page_size}"
    links = [f'<{base}&max_id={page[-1].number}>; rel="next"', f'<{base}&min_id={page[0].number}>; rel="prev"'] if page else []
    return Replied(200, [_status(state, one) for one in page], {"Link": ", ".join(links)} if links else {})


def _mastodon_account(account: Account) -> dict[str, Any]:
    return {
        "id": str(sum(account.name.encode()) * 1009),
        "username": account.name,
        "acct": account.name,
        "display_name": account.name.title(),
        "url": f"https://mastodon.test/@{account.name}",
        "note": f"<p>{escape(account.says)}</p>",
        "avatar": f"https://mastodon.test/avatars/{account.name}.png",
        "locked": account.opted_out == "locked",
        "bot": False,
        "discoverable": True,
        "indexable": account.opted_out != "indexable",
        "noindex": account.opted_out == "noindex",
        "followers_count": 812,
        "following_count": 40,
        "statuses_count": 99,
        "fields": [],
        "emojis": [],
    }


def _status(state: SocialState, entry: Entry) -> dict[str, Any]:
    url = f"https://mastodon.test/@{entry.account}/{entry.number}"
    parent = state.entries.get(entry.reply_to or "")
    return {
        "id": entry.number,
        "created_at": time_text(entry.at),
        "in_reply_to_id": parent.number if parent else None,
        "in_reply_to_account_id": None,
        "sensitive": entry.warning is not None,
        "spoiler_text": entry.warning or "",
        "visibility": entry.visibility,
        "language": entry.lang,
        "uri": f"https://mastodon.test/users/{entry.account}/statuses/{entry.number}",
        "url": url,
        "replies_count": 1,
        "reblogs_count": 4,
        "favourites_count": 9,
        "edited_at": time_text(entry.edited_at) if entry.edited_at else None,
        "content": "" if entry.repost_of else _markup(entry),
        "reblog": _status(state, state.entries[entry.repost_of]) if entry.repost_of else None,
        "account": _mastodon_account(state.accounts[entry.account]),
        "media_attachments": [{"id": "1", "type": "image", "description": "opis"}] if entry.media else [],
        "mentions": [{"id": "1", "username": name, "acct": name} for _, name in entry.pieces() if name],
        "tags": [{"name": tag, "url": f"https://mastodon.test/tags/{tag}"} for tag in entry.tags],
        "card": {"url": entry.link, "title": "t", "type": "link"} if entry.link else None,
        "poll": None,
        "emojis": [],
    }


def _markup(entry: Entry) -> str:
    out = []
    for part, name in entry.pieces():
        if name:
            link = f'<a href="https://mastodon.test/@{name}" class="u-url mention">@<span>{name}</span></a>'
            out.append(f'<span class="h-card">{link}</span>')
            continue
        html = escape(part, quote=False)
        for tag in entry.tags:
            link = f'<a href="https://mastodon.test/tags/{tag}" class="mention hashtag" rel="tag">#<span>{tag}</span></a>'
            html = html.replace(f"#{tag}", link)
        if entry.link:
            bare = entry.link.removeprefix("https://")
            shown = f'<span class="ellipsis">{bare[:20]}</span><span class="invisible">{bare[20:]}</span>'
            shown = f'<span class="invisible">https://</span>{shown}'
            html = html.replace(entry.link, f'<a href="{entry.link}" rel="nofollow noopener" target="_blank">{shown}</a>')
        out.append(html)
    paragraphs = "".join(out).split("\n\n")
    return "".join(f"<p>{one.replace(chr(10), '<br />')}</p>" for one in paragraphs) if entry.text else ""
