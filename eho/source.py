"""A source: one outlet or account with its addresses, languages, ownership and what is expected of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from eho.errors import SourceError

Status = Literal["working", "listed", "blocked", "unknown"]


class Expect(BaseModel):
    """Documents expected per day; fewer than `min` is a failing source, more than `max` a suspicious one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min: float = Field(default=0, ge=0)
    max: float | None = Field(default=None, ge=0)


class StatusNote(BaseModel):
    """What is known of the source being reachable, with the day and the kind of evidence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Status = "unknown"
    checked_on: str | None = None
    evidence: str | None = None


class Source(BaseModel):
    """One outlet, as its YAML file says. Facts without a source (ownership above all) stay null."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    name: str
    names: dict[str, str] = Field(default_factory=dict)  # language code -> name
    kind: Literal["article", "post", "comment"] = "article"
    home: str | None = None
    languages: list[str] = Field(default_factory=list)  # BCP-47
    country: str | None = None  # ISO 3166-1 alpha-2, XK for Kosovo
    region: str | None = None
    owner: str | None = None
    ownership: str | None = None  # public, private, non_profit, state_foreign, agency …
    ownership_source: str | None = None
    audience: str | None = None
    feeds: list[str] = Field(default_factory=list)
    sitemaps: list[str] = Field(default_factory=list)
    expect: Expect = Expect()
    status: StatusNote = StatusNote()
    first_seen_on: str | None = None
    licence: str | None = None
    robots_note: str | None = None
    belongs_to_user: str | None = None  # disclosed on every comparison
    invented: bool = False  # demonstration outlets: every screen that shows them says so
    enabled: bool = True
    notes: str | None = None

    @field_validator("feeds", "sitemaps")
    @classmethod
    def _are_urls(cls, value: list[str]) -> list[str]:
        for url in value:
            if not url.startswith(("http://", "https://")):
                raise ValueError(f"{url!r} is no http(s) address")
        return value


def load_source(path: Path) -> Source:
    """Read one YAML file. Raises SourceError with file, field, value and remedy in one line."""
    try:
        row: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SourceError(f"Source file {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(row, dict):
        raise SourceError(f"Source file {path} holds {type(row).__name__}, not a mapping of fields; see docs/operator.md.")
    try:
        return Source.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise SourceError(f"Source file {path}: {field} is {first.get('input')!r}: {first['msg']}.") from error


def load_sources(folders: Iterable[Path]) -> dict[str, Source]:
    """Read all `*.yaml` below the folders, by id. Raises SourceError for a broken file or an id given twice."""
    sources: dict[str, Source] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            source = load_source(path)
            if source.id in sources:
                raise SourceError(f"Source file {path}: id {source.id!r} is taken by another file; choose another id.")
            sources[source.id] = source
    return sources
