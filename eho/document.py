"""The Document: one published text with where it came from; the unit of everything in Eho."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer, field_validator

from eho.errors import InputError

Kind = Literal["article", "post", "comment"]
Precision = Literal["second", "minute", "day"]


class Capture(BaseModel):
    """Where the page as fetched lies: a WARC file (relative to the data folder) and the record's byte offset."""

    model_config = ConfigDict(frozen=True)

    file: str
    offset: int = Field(ge=0)


class Provenance(BaseModel):
    """How a document was obtained; never changed after capture."""

    model_config = ConfigDict(frozen=True)

    requested_url: str | None = None
    final_url: str | None = None
    capture: Capture | None = None
    html_sha256: str | None = None
    extractor: str | None = None


class Cluster(BaseModel):
    """Membership in a group of near-identical texts: copies are kept and counted apart, never dropped."""

    model_config = ConfigDict(frozen=True)

    id: str
    role: Literal["original", "copy"]
    similarity: float = Field(ge=0, le=1)  # estimated Jaccard similarity of folded word shingles to the original


class Document(BaseModel):
    """One published text. Times are UTC; `text` is NFC; offsets elsewhere are code points into these fields as stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    url: str | None = None
    canonical_url: str | None = None
    source: str
    kind: Kind = "article"
    lang: str | None = None
    title: str | None = None
    text: str
    lead: str | None = None
    authors: list[str] | None = None
    published_at: datetime | None = None
    published_at_precision: Precision | None = None
    published_at_from: str | None = None
    updated_at: datetime | None = None
    fetched_at: datetime | None = None
    cluster: Cluster | None = None
    provenance: Provenance = Provenance()
    parent_id: str | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    @field_validator("published_at", "updated_at", "fetched_at")
    @classmethod
    def _to_utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    @field_serializer("published_at", "updated_at", "fetched_at")
    def _utc_text(self, value: datetime | None) -> str | None:
        return None if value is None else to_utc_text(value)

    @classmethod
    def from_mapping(cls, row: Mapping[str, Any]) -> Self:
        """Read one JSON object; unknown fields are carried under `extra`, incoming `tags` under `extra.tags`.

        A missing `id` is derived from the content (see `document_id`). Raises InputError naming field and value.
        """
        known = {key: value for key, value in row.items() if key in cls.model_fields}
        unknown = {key: value for key, value in row.items() if key not in cls.model_fields}
        if "extra" in known and not isinstance(known["extra"], dict):
            raise InputError(f"extra is {known['extra']!r}; give a JSON object, or leave it out.", field="extra")
        known["extra"] = {**(known.get("extra") or {}), **unknown}
        for name in ("source", "text"):
            if not isinstance(known.get(name), str) or not known[name].strip():
                raise InputError(f"{name} is {known.get(name)!r}; give a non-empty string.", field=name)
        if not known.get("id"):
            known["id"] = document_id(
                canonical_url=known.get("canonical_url"),
                source=known["source"],
                published_at=str(known.get("published_at") or ""),
                title=known.get("title") or "",
                text=known["text"],
            )
        try:
            return cls.model_validate(known)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{field} is {first.get('input')!r}: {first['msg']}.", field=field) from error

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object of the interface, times as UTC ISO-8601 ending in Z."""
        return self.model_dump(mode="json")


def document_id(*, canonical_url: str | None, source: str = "", published_at: str = "", title: str = "", text: str = "") -> str:
    """Return the sha256 (hex) of the canonical URL, else of (source, published_at, title, text) joined by U+001F."""
    key = canonical_url or "\x1f".join((source, published_at, title, text))
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def to_utc_text(value: datetime) -> str:
    """Write a timezone-aware time as `2026-09-03T05:40:00Z` (microseconds only where there are any)."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
