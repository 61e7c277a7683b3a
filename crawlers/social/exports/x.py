"""X: answers of its API v2, as one JSON file, a list of posts, or JSON lines of posts or of whole answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crawlers.social.exports.files import SuppliedFile, json_rows, refuse_other_forms
from crawlers.social.post import NO_TEXT, REPOST, Item, Post, Refused, to_time
from crawlers.social.text import clean, shared_links
from eho.errors import InputError
from eho.outcome import Outcome

_WANTED = "give the JSON that X's API v2 answered, with tweet.fields=created_at,lang,entities,referenced_tweets"
_AN_EARLIER_FORM = "an earlier form of a post that was edited later"


def read_x(file: SuppliedFile, name: str, facts: dict[str, Any]) -> Iterator[tuple[str, Item | InputError]]:
    """Yield the posts of a file; what stands under `includes` is not imported. Raises InputError for another file."""
    refuse_other_forms(file.head, name, _WANTED)
    for place, row in json_rows(file, name, ["data"], facts):
        yield place, row if isinstance(row, InputError) else _read(row)


def _read(row: Mapping[str, Any]) -> Item | InputError:
    id = str(row.get("id") or "")
    if not id or not isinstance(row.get("text"), str):
        return InputError(f"id is {row.get('id')!r}, text is {row.get('text')!r:.40}; {_WANTED}.")
    history = [str(one) for one in row.get("edit_history_tweet_ids") or [id]]
    if history[-1] != id:
        return Refused(id, Outcome.SKIPPED, _AN_EARLIER_FORM)
    referenced = {str(one.get("type")): str(one.get("id")) for one in row.get("referenced_tweets") or ()}
    if "retweeted" in referenced:
        return Refused(id, Outcome.SKIPPED, REPOST)
    if "created_at" not in row:
        return InputError(f"post {id} has no created_at; ask the API for tweet.fields=created_at.")
    entities = row.get("entities") or {}
    text = str((row.get("note_tweet") or {}).get("text") or row["text"])
    urls = entities.get("urls") or []
    for url in urls:  # t.co says nothing of where a link leads
        if url.get("url") and url.get("expanded_url"):
            text = text.replace(str(url["url"]), str(url["expanded_url"]))
    if not clean(text):
        return Refused(id, Outcome.SKIPPED, NO_TEXT)
    try:
        published_at = to_time(row["created_at"])
    except ValueError as error:
        return InputError(f"post {id}: created_at cannot be read ({error}).")
    lang = str(row.get("lang") or "")
    return Post(
        native_id=history[0],  # the same through all edits
        text=text,
        published_at=published_at,
        edited_at=published_at if len(history) > 1 else None,
        url=f"https://x.com/i/status/{id}",
        lang=lang if lang.isalpha() and lang not in ("und", "zxx", "qme", "qht", "qam", "qst") else None,
        parent=referenced.get("replied_to"),
        is_quote="quoted" in referenced,
        is_sensitive=bool(row.get("possibly_sensitive")),
        tags=tuple(str(tag.get("tag")) for tag in entities.get("hashtags") or ()),
        links=shared_links(str(url.get("unwound_url") or url.get("expanded_url") or "") for url in urls),
        media=("image",) if (row.get("attachments") or {}).get("media_keys") else (),
    )
