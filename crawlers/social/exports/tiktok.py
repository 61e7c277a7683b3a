"""TikTok: answers of its Research API, videos (description and transcript) or comments, as JSON or JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crawlers.social.exports.files import SuppliedFile, json_rows, refuse_other_forms
from crawlers.social.post import NO_TEXT, Item, Post, Refused, to_time
from crawlers.social.text import clean
from eho.errors import InputError
from eho.outcome import Outcome

_WANTED = "give the JSON that TikTok's Research API answered, with fields id, create_time and video_description or text"


def read_tiktok(file: SuppliedFile, name: str, facts: dict[str, Any]) -> Iterator[tuple[str, Item | InputError]]:
    """Yield videos as posts and comments as comments. Raises InputError for another file."""
    refuse_other_forms(file.head, name, _WANTED)
    for place, row in json_rows(file, name, ["data.videos", "data.comments", "videos", "comments"], facts):
        yield place, row if isinstance(row, InputError) else _read(row)


def _read(row: Mapping[str, Any]) -> Item | InputError:
    if "id" not in row or "create_time" not in row or not ({"video_description", "text"} & row.keys()):
        return InputError(f"fields are {', '.join(sorted(map(str, row)))[:80]}; {_WANTED}.")
    is_comment = "video_description" not in row
    native_id = f"{'comment' if is_comment else 'video'}/{row['id']}"
    try:
        published_at = to_time(row["create_time"])
    except (ValueError, OverflowError, OSError) as error:
        return InputError(f"create_time is {row['create_time']!r} ({error}).")
    spoken = str(row.get("voice_to_text") or "")
    text = str(row["text"]) if is_comment else "\n\n".join(filter(None, [str(row["video_description"] or ""), spoken]))
    if not clean(text):
        return Refused(native_id, Outcome.SKIPPED, NO_TEXT)
    # a reply names the comment it answers, any other comment its video
    parent = row.get("parent_comment_id")
    if not is_comment:
        answers = None
    elif parent and parent != row.get("video_id"):
        answers = f"comment/{parent}"
    else:
        answers = f"video/{row.get('video_id')}"
    return Post(
        native_id=native_id,
        text=text,
        kind="comment" if is_comment else "post",
        published_at=published_at,
        parent=answers,
        tags=tuple(str(tag) for tag in row.get("hashtag_names") or ()),
        media=() if is_comment else ("video",),
    )
