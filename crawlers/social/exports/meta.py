"""Facebook and Instagram: files of the Meta Content Library (CSV, JSON) and CSV files of the former CrowdTangle."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from crawlers.social.exports.files import SuppliedFile, json_rows, refuse_other_forms, table_rows
from crawlers.social.post import NO_TEXT, Item, Post, Refused, to_time
from crawlers.social.text import clean, shared_links
from eho.errors import InputError
from eho.outcome import Outcome

_WANTED = "give a CSV or JSON file of the Meta Content Library, or a CSV file of CrowdTangle"
# Field -> names in the Content Library's files, then in CrowdTangle's of Facebook and of Instagram.
_COLUMNS = {
    "id": ("id", "post_id", "URL", "Link"),
    "text": ("text", "Message", "Description"),
    "published_at": ("creation_time", "Post Created", "Created"),
    "edited_at": ("modified_time",),
    "lang": ("lang",),
    "url": ("mcl_url", "url", "URL"),
    "link": ("link_attachment.link", "Final Link", "Link"),
    "form": ("content_type", "media_type", "Type"),
    "hashtags": ("hashtags",),
    "shared": ("shared_post_id",),
}
_ZONES = {"UTC": 0, "GMT": 0, "CET": 1, "CEST": 2, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "PST": -8, "PDT": -7}
_WITH_ZONE = re.compile(r"(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}) ([A-Z]{3,4})")


def read_meta(file: SuppliedFile, name: str, facts: dict[str, Any]) -> Iterator[tuple[str, Item | InputError]]:
    """Yield the posts of a file. Raises InputError for another file."""
    refuse_other_forms(file.head, name, _WANTED)
    if file.head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        rows = json_rows(file, name, ["data", "posts"], facts)
    else:
        columns, rows = table_rows(file, name)
        for field in ("text", "published_at"):
            if not set(_COLUMNS[field]) & set(columns):
                wanted = " or ".join(_COLUMNS[field])
                raise InputError(f"{name} has no column {wanted} (it has {', '.join(columns)[:80]}); {_WANTED}.")
    for place, row in rows:
        yield place, row if isinstance(row, InputError) else _read(_flat(row))


def _flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested objects under names with dots, as the CSV files have them."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return flat


def _read(row: Mapping[str, Any]) -> Item | InputError:
    given = {field: next((row[name] for name in names if row.get(name)), None) for field, names in _COLUMNS.items()}
    text = str(given["text"] or "")
    native_id = str(given["id"] or hashlib.sha256(f"{given['published_at']}\x1f{text}".encode()).hexdigest())
    if not clean(text):
        return Refused(native_id, Outcome.SKIPPED, NO_TEXT)
    if given["published_at"] is None:
        return InputError(f"a post without time of publication (none of {', '.join(_COLUMNS['published_at'])}).")
    try:
        published_at = _time(given["published_at"])
        edited_at = _time(given["edited_at"]) if given["edited_at"] else None
    except ValueError as error:
        return InputError(f"a time cannot be read: {error}.")
    tags = given["hashtags"] or []
    tags = re.findall(r"[\w]+", tags) if isinstance(tags, str) else tags
    form = str(given["form"] or "").lower()
    return Post(
        native_id=native_id,
        text=text,
        published_at=published_at,
        edited_at=edited_at if edited_at and edited_at > published_at else None,
        url=str(given["url"]) if given["url"] else None,
        lang=str(given["lang"]) if given["lang"] else None,
        is_quote=given["shared"] is not None,
        tags=tuple(str(tag).lstrip("#") for tag in tags),
        links=shared_links([str(given["link"])] if given["link"] else []),
        media=tuple(kind for kind, words in _FORMS.items() if any(word in form for word in words)),
    )


_FORMS = {"image": ("photo", "image", "album", "carousel"), "video": ("video", "reel", "live"), "link": ("link",)}


def _time(value: object) -> datetime:
    """Read a time; CrowdTangle writes the zone as a word. Raises ValueError."""
    if isinstance(value, str) and (found := _WITH_ZONE.fullmatch(value.strip())):
        if found[2] not in _ZONES:
            raise ValueError(f"{value!r} has an unknown time zone")
        zone = timezone(timedelta(hours=_ZONES[found[2]]))
        return datetime.fromisoformat(found[1]).replace(tzinfo=zone).astimezone(UTC)
    if isinstance(value, str) and re.fullmatch(r".*[+-]\d{4}", value.strip()):
        value = f"{value.strip()[:-2]}:{value.strip()[-2:]}"
    return to_time(value)
