"""A source: one outlet or account with its addresses, languages, ownership and what is expected of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from eho.errors import SourceError

Status = Literal["working", "listed", "blocked", "unknown"]
Medium = Literal["agency", "broadcaster", "newspaper", "magazine", "portal", "investigative", "fact_checker", "think_tank"]
Ownership = Literal["public", "state", "private", "non_profit", "state_foreign", "agency"]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, and the registry has more than a hundred files
_GUIDE = "docs/sources.md"


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f"{value!r} is no http(s) address")
    return value


WebAddress = Annotated[str, AfterValidator(_web_address)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")]


class Expect(BaseModel):
    """Documents expected per day; fewer than `min` is a failing source, more than `max` a suspicious one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min: float = Field(default=0, ge=0, description="fewer documents a day than this: the source fails")
    max: float | None = Field(default=None, ge=0, description="more documents a day than this: look what it is")
    basis: Literal["estimate", "feed", "measured"] | None = Field(
        default=None, description="estimate: of a person; feed: dates in the feed when it was added; measured: a crawl"
    )

    @field_validator("max")
    @classmethod
    def _is_no_less_than_min(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and value < info.data.get("min", 0):
            raise ValueError(f"max is below min, which is {info.data['min']:g}")
        return value


PlatformName = Literal["bluesky", "mastodon", "youtube", "reddit"]
# What may be named of each platform: accounts of outlets and institutions, subjects, and places, never lists of persons.
_PLATFORM_FIELDS: dict[str, frozenset[str]] = {
    "bluesky": frozenset({"accounts", "tags", "queries"}),
    "mastodon": frozenset({"accounts", "tags", "timeline"}),
    "youtube": frozenset({"accounts", "videos"}),
    "reddit": frozenset({"communities"}),
}
_NEEDS_INSTANCE = frozenset({"mastodon"})


class Platform(BaseModel):
    """Where public posts are read: a platform and what is followed there. Keys stand in the settings, never here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: PlatformName = Field(description="bluesky, mastodon, youtube or reddit")
    instance: WebAddress | None = Field(default=None, description="server; of Mastodon required, of the others the usual one")
    accounts: list[str] = Field(default_factory=list, description="of outlets and institutions; of YouTube, channel ids")
    tags: list[str] = Field(default_factory=list, description="hashtags without #; on Bluesky with the user's own key only")
    queries: list[str] = Field(default_factory=list, description="Bluesky searches, with the user's own key only")
    timeline: Literal["local", "public"] | None = Field(default=None, description="Mastodon: all public posts of the server")
    videos: list[str] = Field(default_factory=list, description="YouTube: video ids whose comments are read")
    communities: list[str] = Field(default_factory=list, description="Reddit: names without r/")
    replies: bool = Field(default=False, description="Bluesky and Mastodon accounts: their replies too; Reddit: comments too")

    @field_validator("accounts", "tags", "communities", "videos")
    @classmethod
    def _has_plain_names(cls, value: list[str]) -> list[str]:
        for one in value:
            if not one.strip() or one != one.strip() or one[0] in "@#" or any(sign in one for sign in "/?& "):
                raise ValueError(f"{one!r} is no plain name; leave out @, # and r/, and give no address")
        return value

    @model_validator(mode="after")
    def _fits_its_platform(self) -> Self:
        followed = {name for names in _PLATFORM_FIELDS.values() for name in names if getattr(self, name)}
        allowed = _PLATFORM_FIELDS[self.name]
        if strangers := sorted(followed - allowed):
            raise ValueError(f"{strangers[0]} is nothing that {self.name} has; give {', '.join(sorted(allowed))}")
        if not followed:
            raise ValueError(f"nothing is followed; give {' or '.join(sorted(allowed))}")
        if self.name in _NEEDS_INSTANCE and self.instance is None:
            raise ValueError("instance is missing; give the server's address, such as https://mastodon.example")
        return self


class StatusNote(BaseModel):
    """What is known of the source being reachable, with the day and the kind of evidence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Status = Field(
        default="unknown", description="working: somebody saw its addresses answer; listed: only named; blocked: refuses"
    )
    checked_on: date | None = Field(default=None, description="day on which this was noted")
    evidence: str | None = Field(default=None, description="how it is known, such as: from published lists, not checked live")


class ExtractRules(BaseModel):
    """Where things stand on the outlet's pages, as CSS selectors, for what the general rules get wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body: str | None = Field(default=None, description="the body; all elements that match, in the page's order")
    remove: list[str] = Field(default_factory=list, description="what is no part of the article, wherever it stands")
    title: str | None = Field(default=None, description="the headline")
    lead: str | None = Field(default=None, description="the lead")
    authors: str | None = Field(default=None, description="one element an author, or a byline; labels are stripped")
    date: str | None = Field(default=None, description="date of publication: its datetime or content, else its words")
    comments: bool = Field(
        default=False, description="true: readers' comments are kept as documents of kind comment, without their authors"
    )
    comment: str | None = Field(default=None, description="one comment each; schema.org/Comment without it")
    comment_text: str | None = Field(default=None, description="its text, within the element of `comment`")


class Source(BaseModel):
    """One outlet, as its YAML file says. Facts without a source (ownership above all) stay null."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="name of the file; of an outlet, its domain")
    name: str = Field(min_length=1, description="as the outlet writes it")
    names: dict[Language, str] = Field(default_factory=dict, description="language code to name in that language and script")
    kind: Literal["article", "post", "comment"] = Field(default="article", description="what its documents are")
    medium: Medium | None = Field(default=None, description="what the outlet is")
    home: WebAddress | None = Field(default=None, description="address of the home page")
    other_domains: list[str] = Field(default_factory=list, description="domains it also uses or used before")
    languages: list[Language] = Field(default_factory=list, description="BCP-47 with the script of Serbian, most used first")
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2, XK for Kosovo")
    region: str | None = Field(default=None, description="town or area that a local outlet is for")
    owner: str | None = Field(default=None, description="only with ownership_source")
    ownership: Ownership | None = Field(default=None, description="only with ownership_source; shown in trends")
    ownership_source: str | None = Field(
        default=None, validate_default=True, description="who says so: a law, register or report, with its date or address"
    )
    audience: str | None = Field(
        default=None, pattern=r"^[a-z][a-z0-9_]*$", description="community and place that it is made for; shown in trends"
    )
    feeds: list[WebAddress] = Field(default_factory=list, description="RSS, Atom")
    sitemaps: list[WebAddress] = Field(default_factory=list, description="sitemaps, sitemap indexes, news sitemaps")
    sections: list[WebAddress] = Field(default_factory=list, description="pages that list articles, for outlets without a feed")
    platform: Platform | None = Field(default=None, description="public posts instead of pages; kind is then post or comment")
    unverified: list[str] = Field(
        default_factory=list, description="those of the addresses above that nobody has seen answer, such as a CMS's usual one"
    )
    extract: ExtractRules | None = Field(default=None, description="CSS selectors for pages that the general rules misread")
    expect: Expect = Expect()
    status: StatusNote = StatusNote()
    first_seen_on: date | None = Field(default=None, description="day on which it came into a registry")
    licence: str | None = Field(default=None, description="under which its texts may be used; null: not known, so none")
    robots_note: str | None = Field(default=None, description="what is known of its robots.txt and of blocking")
    belongs_to_user: str | None = Field(
        default=None, description="a likely user of Eho it belongs to; shown with every comparison"
    )
    invented: bool = Field(default=False, description="demonstration outlets: every screen that shows them says so")
    priority: int = Field(default=0, ge=-9, le=9, description="rank among sources: pages of higher ones are asked for first")
    enabled: bool = Field(default=True, description="false: crawled only when somebody enables it")
    notes: str | None = None

    @field_validator("ownership_source")
    @classmethod
    def _owner_has_a_source(cls, value: str | None, info: ValidationInfo) -> str | None:
        claimed = [name for name in ("owner", "ownership") if info.data.get(name) is not None]
        if claimed and not (value or "").strip():
            raise ValueError(f"{' and '.join(claimed)} must be null without it, or name who says so")
        return value

    @field_validator("platform")
    @classmethod
    def _is_no_article(cls, value: Platform | None, info: ValidationInfo) -> Platform | None:
        if value is not None and info.data.get("kind") == "article":
            raise ValueError("a source with a platform gives posts; write kind: post (or comment)")
        if value is not None and any(info.data.get(name) for name in ("feeds", "sitemaps", "sections")):
            raise ValueError("a source has either pages or a platform; write two files")
        return value

    @field_validator("unverified")
    @classmethod
    def _is_of_its_addresses(cls, value: list[str], info: ValidationInfo) -> list[str]:
        known = {address for name in ("feeds", "sitemaps", "sections") for address in info.data.get(name, ())}
        if strangers := [address for address in value if address not in known]:
            raise ValueError(f"{strangers[0]!r} is none of its feeds, sitemaps and sections")
        return value

    @classmethod
    def from_mapping(cls, row: Any, place: str) -> Self:
        """Read what stood in a file. Raises SourceError with place, field, value and remedy in one line."""
        if not isinstance(row, dict):
            raise SourceError(f"{place} holds {type(row).__name__}, not a mapping of fields; see {_GUIDE}.")
        try:
            return cls.model_validate(row)
        except ValidationError as error:
            raise SourceError(f"{place}: {_problem(error)}") from error


def _problem(error: ValidationError) -> str:
    """Say the first problem in one line, with what was probably meant."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "file"
    if first["type"] == "missing":
        return f"{field} is missing; see {_GUIDE}."
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(field, Source.model_fields, n=1)
        return f"{field} is no field of a source{f'; {close[0]} is' if close else ''}. See {_GUIDE}."
    return f"{field} is {first.get('input')!r:.80}: {first['msg'].removeprefix('Value error, ')}."


def load_source(path: Path) -> Source:
    """Read one YAML file. Raises SourceError with file, field, value and remedy in one line."""
    try:
        row: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader in both cases
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SourceError(f"Source file {path} cannot be read: {' '.join(str(error).split())}") from error
    return Source.from_mapping(row, f"Source file {path}")


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
