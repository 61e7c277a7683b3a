"""Settings: one table of sections; each field has a type, a default and a help line, and an environment override.

Order of precedence: `EHO_SECTION__NAME` in the environment, then `EHO_HOME/config.toml`, then the default.
`EHO_HOME` (data folder) and `EHO_DATA` (public data sets, no default) are the two bare variables.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from eho.errors import SettingsError

_BARE = frozenset({"EHO_HOME", "EHO_DATA"})

Seconds = Annotated[float, Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CrawlSettings(_Section):
    """How pages are fetched."""

    user_agent: str = Field(
        default="EhoBot/0.1 (media research; set crawl.user_agent to name your project and a contact)",
        min_length=8,
        description="sent with every request; name your project and a contact address",
    )
    allow_live: bool = Field(
        default=False,
        description="crawl outlets outside this machine; their pages are masked before storage and sealed as fetched",
    )
    proxy: str | None = Field(default=None, description="HTTP proxy for all requests, such as http://127.0.0.1:8099")
    concurrency: int = Field(default=16, ge=1, description="requests under way at once, over all hosts")
    concurrency_per_host: int = Field(default=2, ge=1, description="requests under way at once to one host")
    delay_s: Seconds = Field(default=1.0, description="least pause between two requests to one host; robots.txt may ask for more")
    autothrottle: bool = Field(default=True, description="slow down with a host that answers slowly")
    timeout_s: Annotated[float, Field(gt=0)] = Field(default=30.0, description="give up on one response after this time")
    max_page_mb: Annotated[float, Field(gt=0)] = Field(default=10.0, description="largest response kept")
    max_redirects: int = Field(default=6, ge=0, description="redirects followed for one address")
    retries: int = Field(default=2, ge=0, description="further tries after a temporary failure")
    connect_timeout_s: Annotated[float, Field(gt=0)] = Field(default=10.0, description="give up on a connection after this time")
    least_bytes_per_s: int = Field(
        default=200, ge=0, description="give up on a response that comes more slowly for ten seconds; 0 waits for timeout_s"
    )
    requests_per_day: int = Field(
        default=20_000, ge=0, description="most requests to one host a day (UTC), over all runs; 0: any"
    )
    patience_s: Seconds = Field(
        default=60.0, description="wait so long where a server says when to come back; for longer its pages go to a later run"
    )
    cool_down_s: Seconds = Field(
        default=900.0, description="leave a host alone so long that answers 429 again and again without saying until when"
    )
    robots_max_age_s: Annotated[float, Field(gt=0)] = Field(
        default=3600.0, description="ask for robots.txt again in a run after this time"
    )
    revisits: int = Field(default=3, ge=0, description="how often a document's page is looked at again for corrections; 0: never")
    revisit_after_h: Annotated[float, Field(ge=0)] = Field(
        default=2.0, description="the first time after so many hours, then ever later"
    )
    revisit_days: Annotated[float, Field(ge=0)] = Field(default=7.0, description="pages older than this are not looked at again")
    revisits_per_run: int = Field(default=100, ge=0, description="most pages of one source looked at again in one run")
    pages_per_source: int = Field(
        default=100_000, ge=1, description="most new addresses taken from one source in one run, against sites without end"
    )
    listing_pages: int = Field(default=500, ge=1, description="most pages of one section or feed followed by --backfill")
    allow_private: bool = Field(
        default=False, description="let live crawls reach private addresses; for tests on this machine only"
    )
    http_cache: str | None = Field(
        default=None, description="folder of kept answers for development: what is there is never asked again"
    )
    frontier: str | None = Field(
        default=None,
        pattern=r"^(rediss?|unix)://",
        description="Redis address of the frontier that several workers share: redis://127.0.0.1:6379/0",
    )
    lease_s: Annotated[float, Field(ge=1)] = Field(
        default=120.0, description="time after which a page of a worker that went silent is given to another"
    )


class StoreSettings(_Section):
    """Where documents and tags are kept."""

    url: str | None = Field(
        default=None, description="SQLAlchemy address of the store; a SQLite file in the data folder by default"
    )


class WatchSettings(_Section):
    """When `eho watch` asks each source again."""

    documents_per_run: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="ask a source again when so many new documents can be expected of it"
    )
    shortest_m: Annotated[float, Field(gt=0)] = Field(default=10.0, description="least minutes between two runs of a source")
    longest_h: Annotated[float, Field(gt=0)] = Field(default=6.0, description="most hours between two runs of a source")
    jitter: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.1, description="share by which an interval is lengthened at random, so that sources do not fall into step"
    )
    sources_per_run: int = Field(default=50, ge=1, description="most sources crawled together before tagging and indexing")


class TagSettings(_Section):
    """Which model tags, and what is shown."""

    model: str = Field(default="tagger", description="name of a shipped model, or the folder of your own")
    near_duplicate_similarity: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.55, description="share of the shorter text's word triples from which two texts are copies"
    )


class IndexSettings(_Section):
    """The search index."""

    engine: Literal["embedded", "elasticsearch"] = Field(
        default="embedded", description="search engine: embedded, or elasticsearch on a server"
    )
    url: str | None = Field(default=None, description="address of the search server; several nodes with commas between")
    name: str = Field(
        default="eho",
        pattern=r"^[a-z][a-z0-9_-]{0,60}$",
        description="alias of the index on the server; its versions begin with it",
    )
    api_key: SecretStr | None = Field(default=None, description="API key for the server, as it was issued (Base64)")
    user: str | None = Field(default=None, description="user for the server, where there is no API key")
    password: SecretStr | None = Field(default=None, description="password of that user")
    ca_fingerprint: str | None = Field(
        default=None, description="SHA-256 fingerprint of the server's certificate authority; without it the system's are trusted"
    )
    timeout_s: Annotated[float, Field(gt=0)] = Field(
        default=30.0, description="give up on an answer of the server after this time"
    )
    shards: int = Field(default=1, ge=1, le=1024, description="primary shards of an index on the server")
    replicas: int = Field(default=0, ge=0, le=20, description="copies of each shard on other nodes")
    refresh_s: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="also make changes visible in this interval, not only when an update ends"
    )
    bulk_mb: Annotated[float, Field(gt=0, le=90)] = Field(default=8.0, description="largest request when writing to the server")
    writer_memory_mb: int = Field(default=64, ge=15, description="memory of the index writer")
    encoder: str = Field(
        default="sentence", min_length=1, description="sentence encoder of the vectors: a name, a folder, or owner/name of a hub"
    )
    snapshots_kept: int = Field(
        default=4, ge=0, description="earlier states of the index kept at hand, beside those that eho snapshot create keeps"
    )


class SearchSettings(_Section):
    """How queries are read."""

    stems: bool = Field(default=True, description="a word typed without quotation marks also finds its other forms")


class PrivacySettings(_Section):
    """What is masked and sealed."""

    key_file: str | None = Field(
        default=None, description="key of the sealed captures; raw.key in the data folder by default, better on another disk"
    )


class ServeSettings(_Section):
    """The web server."""

    host: str = Field(default="127.0.0.1", description="address that the server listens on")
    port: int = Field(default=8765, ge=0, le=65535, description="port that the server listens on")


class SocialSettings(_Section):
    """Public social posts: the user's own keys, how far back, how often deletions are looked for."""

    bluesky_identifier: str | None = Field(default=None, description="your Bluesky account, for searches and hashtags there")
    bluesky_app_password: SecretStr | None = Field(default=None, description="an app password of that account, never its own")
    youtube_key: SecretStr | None = Field(default=None, description="your key of the YouTube Data API v3, for comments")
    reddit_client_id: str | None = Field(default=None, description="id of your own Reddit app")
    reddit_client_secret: SecretStr | None = Field(default=None, description="secret of your own Reddit app")
    first_days: Annotated[int, Field(ge=0)] = Field(default=7, description="how many days back the first visit of a source goes")
    max_pages: Annotated[int, Field(ge=1)] = Field(default=50, description="listing pages read of one account or tag in a run")
    check_hours: Annotated[float, Field(ge=0)] = Field(
        default=24.0,
        description="posts are looked up again after so many hours: deleted ones are erased, edited ones renewed",
    )
    max_wait_s: Seconds = Field(default=300.0, description="longest wait for a rate limit; beyond, the next run goes on")
    rotate_days: Annotated[int, Field(ge=1)] = Field(
        default=90, description="after so many days post ids are hashed with a new key, and the old key is forgotten"
    )
    mastodon_indexable_only: bool = Field(
        default=True, description="leave out Mastodon authors who did not allow search of their posts, unless the file names them"
    )
    key_file: str | None = Field(
        default=None, description="key that seals post ids and addresses; keys/social.key in the data folder by default"
    )


class HomeSettings(_Section):
    """The data folder."""

    lock_wait_s: Seconds = Field(
        default=10.0, description="how long a second process waits for the data folder before it gives up"
    )


class Settings(_Section):
    """All settings, by section."""

    crawl: CrawlSettings = CrawlSettings()
    watch: WatchSettings = WatchSettings()
    store: StoreSettings = StoreSettings()
    tag: TagSettings = TagSettings()
    index: IndexSettings = IndexSettings()
    search: SearchSettings = SearchSettings()
    privacy: PrivacySettings = PrivacySettings()
    serve: ServeSettings = ServeSettings()
    social: SocialSettings = SocialSettings()
    home: HomeSettings = HomeSettings()


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of `eho settings`."""

    name: str
    value: Any
    default: Any
    type: str
    origin: str
    help: str


def load_settings(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read defaults, then the TOML file where there is one, then the environment.

    Raises SettingsError with name, value and remedy in one line.
    """
    return _load(config, os.environ if environ is None else environ)[0]


def list_settings(config: Path | None = None, environ: Mapping[str, str] | None = None) -> list[SettingRow]:
    """Return every setting with value, default, type, origin (default, config.toml or the variable) and help."""
    loaded, origins = _load(config, os.environ if environ is None else environ)
    rows = []
    for section, field in Settings.model_fields.items():
        values, defaults = getattr(loaded, section), field.get_default()
        for name, setting in type(defaults).model_fields.items():
            key = f"{section}.{name}"
            kind = getattr(setting.annotation, "__name__", str(setting.annotation))
            rows.append(
                SettingRow(
                    name=key,
                    value=_shown(getattr(values, name)),
                    default=getattr(defaults, name),
                    type=str(setting.annotation) if kind in ("Annotated", "Literal") or "|" in str(setting.annotation) else kind,
                    origin=origins.get(key, "default"),
                    help=setting.description or "",
                )
            )
    return rows


def _shown(value: Any) -> Any:
    return "(set)" if isinstance(value, SecretStr) else value


def setting_names() -> list[str]:
    """Return all names, `section.name`."""
    return [
        f"{section}.{name}" for section, field in Settings.model_fields.items() for name in type(field.get_default()).model_fields
    ]


def _load(config: Path | None, environ: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    merged: dict[str, dict[str, Any]] = {}
    origins: dict[str, str] = {}
    for name, value in _from_toml(config).items():
        _put(merged, origins, name, value, str(config))
    for variable, text in environ.items():
        if variable.startswith("EHO_") and variable not in _BARE:
            name = variable.removeprefix("EHO_").lower().replace("__", ".", 1)
            _put(merged, origins, name, _from_text(text), variable)
    try:
        return Settings.model_validate(merged), origins
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][:2])
        said = _said(name, first.get("input"))
        raise SettingsError(
            f"Setting {name} is {said} (from {origins.get(name, 'default')}): {first['msg']}. See eho settings."
        ) from error


def _said(name: str, value: Any) -> str:
    """Quote a wrong value, unless it may be a secret."""
    section, _, field = name.partition(".")
    kind = type(Settings.model_fields[section].get_default()).model_fields[field].annotation if field else None
    return "not what it should be" if "SecretStr" in str(kind) else repr(value)


def _from_toml(config: Path | None) -> dict[str, Any]:
    if config is None or not config.exists():
        return {}
    try:
        table = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{config} cannot be read: {error}. Mend the file, or remove it to use the defaults.") from error
    flat: dict[str, Any] = {}
    for section, values in table.items():
        if not isinstance(values, dict):
            raise SettingsError(f"{config}: {section} = {values!r} stands outside a section; write it under [section].")
        flat |= {f"{section}.{name}": value for name, value in values.items()}
    return flat


def _put(merged: dict[str, dict[str, Any]], origins: dict[str, str], name: str, value: Any, origin: str) -> None:
    if name not in setting_names():
        close = difflib.get_close_matches(name, setting_names(), n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise SettingsError(f"There is no setting {name!r} (from {origin}).{hint} See eho settings.")
    section, _, field = name.partition(".")
    merged.setdefault(section, {})[field] = value
    origins[name] = origin


def _from_text(text: str) -> Any:
    return None if text.strip().lower() in ("", "none", "null") else text
