"""Telegram: the JSON export of one public channel (`result.json` of Telegram Desktop: Export chat history, format JSON)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from crawlers.dates import BELGRADE
from crawlers.social.exports.files import SuppliedFile, json_rows, refuse_other_forms
from crawlers.social.post import NO_TEXT, Item, Post, Refused, to_time
from crawlers.social.text import HANDLE, clean, shared_links
from eho.errors import InputError
from eho.outcome import Outcome

_WANTED = "in Telegram Desktop open a public channel, choose Export chat history, and as format JSON"
_PEOPLE = frozenset({"mention", "mention_name"})
_MEDIA = {"video_file": "video", "animation": "video", "video_message": "video", "voice_message": "audio", "audio_file": "audio"}


def read_telegram(file: SuppliedFile, name: str, facts: dict[str, Any]) -> Iterator[tuple[str, Item | InputError]]:
    """Yield the messages of a channel; `facts` gets its name. Raises InputError for a chat that is not public."""
    refuse_other_forms(file.head, name, _WANTED)
    if file.head.lstrip()[:1] == b"[":
        raise InputError(f"{name} is a list, not a chat's export; {_WANTED}.")
    is_checked = False
    for place, row in json_rows(file, name, ["messages", "chats.list"], facts):
        if not is_checked:
            _check(facts, row, name)
            is_checked = True
        yield place, row if isinstance(row, InputError) else _read(row, facts)
    if not is_checked:
        _check(facts, {}, name)


def _check(facts: Mapping[str, Any], row: Any, name: str) -> None:
    if isinstance(row, dict) and "messages" in row:
        raise InputError(f"{name} holds all chats of an account; {_WANTED}.")
    kind = facts.get("type")
    if kind is None:
        raise InputError(f"{name} does not say which chat it is (type is missing before the messages); {_WANTED}.")
    if kind != "public_channel":
        raise InputError(f"{name} holds a chat of type {kind!r}; only public channels are imported, no groups, no private chats.")


def _read(row: Mapping[str, Any], facts: Mapping[str, Any]) -> Item | InputError:
    native_id = f"{facts.get('id', '')}/{row.get('id', '')}"
    if row.get("type") != "message":
        return Refused(native_id, Outcome.SKIPPED, "a note of the service, such as a pinned message")
    try:
        published_at = _time(row, "date")
        edited_at = _time(row, "edited") if row.get("edited") else None
    except (KeyError, ValueError) as error:
        return InputError(f"message {row.get('id')}: its date cannot be read ({error}).")
    parts = row.get("text_entities") or row.get("text") or ""
    parts = [parts] if isinstance(parts, str | dict) else parts
    if not isinstance(parts, list) or not all(isinstance(part, str | dict) for part in parts):
        return InputError(f"message {row.get('id')}: text is {parts!r:.60}; expected a string or a list of parts.")
    text = "".join(_part(part) for part in parts)
    if not clean(text):
        return Refused(native_id, Outcome.SKIPPED, NO_TEXT)
    marked = [part for part in parts if isinstance(part, dict)]
    media = (
        *(("image",) if "photo" in row else ()),
        *((_MEDIA.get(str(row["media_type"]), "image"),) if "media_type" in row else ()),
        *(("poll",) if "poll" in row else ()),
    )
    return Post(
        native_id=native_id,
        text=text,
        published_at=published_at,
        edited_at=edited_at,
        parent=f"{facts.get('id', '')}/{row['reply_to_message_id']}" if "reply_to_message_id" in row else None,
        is_quote="forwarded_from" in row,
        tags=tuple(str(part["text"]).lstrip("#") for part in marked if part.get("type") == "hashtag"),
        links=shared_links(
            str(part.get("href") or part.get("text")) for part in marked if part.get("type") in ("link", "text_link")
        ),
        media=media,
    )


def _part(part: str | Mapping[str, Any]) -> str:
    if isinstance(part, str):
        return part
    return HANDLE if part.get("type") in _PEOPLE else str(part.get("text", ""))


def _time(row: Mapping[str, Any], field: str) -> datetime:
    """Read a time; without its seconds since 1970 it is the exporting computer's local time, taken for Belgrade's."""
    if f"{field}_unixtime" in row:
        return to_time(str(row[f"{field}_unixtime"]))
    return datetime.fromisoformat(str(row[field])).replace(tzinfo=BELGRADE).astimezone(UTC)
