"""The registry as commands and pages ask for it: a choice of its sources, its check, and a new source from a home page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from api.home_files import source_id, write_source
from crawlers.blocks import BlockFolder
from crawlers.registry import bundled_folder, bundled_sources, load_registry
from crawlers.registry_checks import Finding, check_files, check_live, domains
from crawlers.urls import host_of
from eho.errors import CrawlError, InputError, SourceError
from eho.home import Home
from eho.settings import Settings
from eho.source import Source, StatusNote, load_sources

if TYPE_CHECKING:
    from crawlers.discovery import Discovery

_WRITTEN_IN = frozenset({"sq", "sr-Latn", "sr-Cyrl", "bs", "hr", "cnr", "mk", "en"})
_LEAST_SHARE = 0.15  # of the letters of a home page: below, a language is a quotation or a menu


def select(
    rows: Sequence[dict[str, Any]],
    *,
    country: Sequence[str] = (),
    lang: Sequence[str] = (),
    kind: Sequence[str] = (),
    medium: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Choose sources; the values of one filter mean OR, `sr` means both scripts. Raises InputError for a value that none has."""
    values: dict[str, tuple[list[str], Callable[[dict[str, Any]], list[Any]]]] = {
        "country": ([one.upper() for one in country], lambda row: [row["country"]]),
        "lang": (list(lang), lambda row: [*row["languages"], *(one.partition("-")[0] for one in row["languages"])]),
        "kind": (list(kind), lambda row: [row["kind"]]),
        "medium": (list(medium), lambda row: [row["medium"]]),
    }
    for name, (wanted, of) in values.items():
        known = {value for row in rows for value in of(row) if value is not None}
        for value in wanted:
            if rows and value not in known:
                raise InputError(f"No source has {name} {value!r}; there are {', '.join(sorted(known)) or 'none'}.", field=name)
    return [row for row in rows if all(not wanted or set(wanted) & set(of(row)) for wanted, of in values.values())]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of the registry came to."""

    sources: int
    findings: Sequence[Finding]
    live: bool

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object that `--json` prints."""
        return {"sources": self.sources, "live": self.live, "findings": [finding.to_mapping() for finding in self.findings]}


def check(home: Home, files: Sequence[Path] = (), *, live: Settings | None = None, today: date | None = None) -> Checked:
    """Check the given files against the registry, or by default all files of data folder and package.

    `live` also asks every feed and sitemap, as those settings allow. Raises CrawlError where they do not, InputError for
    a path that is no file.
    """
    for path in files:
        if not path.is_file():
            raise InputError(f"{path} is no file; give a source's YAML file, or none for the whole registry.", field="file")
    own = sorted(home.sources.glob("*.yaml"))
    today = today or datetime.now(UTC).date()
    if files:
        sources, findings = check_files(files, load_registry(home.sources).values(), today=today)
    else:
        sources, findings = check_files(own, today=today)
        if not any(source.invented for source in sources):
            replaced = {source.id for source in sources}
            bundled = [path for path in sorted(bundled_folder().glob("*.yaml")) if path.stem not in replaced]
            sources, findings = check_files([*bundled, *own], today=today)
    if live is not None:
        findings = [*findings, *check_live(sources, live.crawl)]
    return Checked(len(sources), findings, live is not None)


@dataclass(frozen=True, slots=True)
class Added:
    """A source that was found, with where each thing was found, and its file unless none was written."""

    source: Source
    file: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object that `--json` prints."""
        return {
            "source": self.source.model_dump(mode="json"),
            "file": None if self.file is None else str(self.file),
            "origins": dict(self.origins),
            "rejected": dict(self.rejected),
        }


def add(home: Home, address: str, settings: Settings, *, enable: bool = False, dry_run: bool = False) -> Added:
    """Find out about the outlet at an address and write its file; of a bundled outlet, copy the file for editing.

    Raises InputError for what is no address, SourceError for an outlet that the data folder has already, CrawlError where
    its home page may not or cannot be read.
    """
    url = _home_address(address)
    own = load_sources([home.sources])
    _require_new(url, own)
    bundled = _of_domain(url, bundled_sources())
    if bundled is not None:
        added = Added(bundled.model_copy(update={"enabled": enable}), origins={"source": "the file that ships with Eho"})
    else:
        from crawlers.discovery import discover

        found = discover(url, settings.crawl)
        _require_new(found.home, load_registry(home.sources))  # a redirect may lead to an outlet that is known
        added = Added(_described(found, enable=enable), origins=found.origins, rejected=found.rejected)
    if dry_run:
        return added
    return replace(added, file=write_source(home.sources, added.source))


def _of_domain(url: str, sources: Mapping[str, Source]) -> Source | None:
    domain = host_of(url).removeprefix("www.")
    return next((source for source in sources.values() if domain == source.id or domain in domains(source)), None)


def _require_new(url: str, sources: Mapping[str, Source]) -> None:
    """Raise SourceError where the outlet of an address has a file already."""
    if (known := _of_domain(url, sources)) is not None:
        raise SourceError(f"{host_of(url)} is source {known.id!r} already; edit its file {known.id}.yaml.")


def _home_address(address: str) -> str:
    """Return the address with scheme and path. Raises InputError."""
    url = address.strip() if "://" in address else f"https://{address.strip()}"
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in url:
        raise InputError(f"{address!r} is no address of a home page; write https://example.org/.", field="url")
    if parts.username is not None or parts.password is not None:
        raise InputError(f"The address of {parts.hostname} holds a user name or password; leave it out.", field="url")
    return url if parts.path else f"{url}/"


def _described(found: Discovery, *, enable: bool) -> Source:
    host = host_of(found.home).removeprefix("www.")
    if not (found.feeds or found.sitemaps or found.sections):
        tried = ", ".join(found.rejected) or "no address"
        raise CrawlError(f"{found.home} names no feed, sitemap or section that can be read; tried {tried}.")
    languages = _languages(found)
    return Source(
        id=source_id(host),
        name=found.name,
        names={language: found.name for language in languages if _is_in_script(found.name, language)},
        home=found.home,
        languages=languages,
        feeds=found.feeds,
        sitemaps=found.sitemaps,
        sections=found.sections,
        expect=found.expect,
        status=StatusNote(
            value="working" if found.feeds or found.sitemaps else "unknown",
            checked_on=datetime.now(UTC).date(),
            evidence="found from the home page; its addresses answered",
        ),
        first_seen_on=datetime.now(UTC).date(),
        robots_note=found.robots_note,
        invented=host.endswith(".test"),  # RFC 2606: no real outlet can have such a host
        enabled=enable,
    )


def _languages(found: Discovery) -> list[str]:
    """Name the languages that the page is written in, most used first, then those it declares for its other versions.

    What is written counts more than what is declared: themes come with `lang="en"` and nobody changes it.
    """
    from nlp.language import identify

    declared = _known(found.page_language or "")
    letters = Counter[str]()
    for text in found.texts:
        letters[identify(text, declared).code] += len(text)
    written = [code for code, count in letters.most_common() if count >= _LEAST_SHARE * letters.total() and code in _WRITTEN_IN]
    found.origins["languages"] = f"{len(found.texts)} headings and paragraphs of the home page" if written else "lang attribute"
    others = [code for one in found.other_languages if (code := _known(one)) not in (None, "sr")]
    first: list[str | None] = [*written] or [declared]
    return [code for code in dict.fromkeys([*first, *others]) if code is not None]


def _known(declared: str) -> str | None:
    """Return the code that Eho uses for a declared language: `sr_RS@latin`, `sr-Latn-RS`, `SQ-al`."""
    parts = declared.replace("_", "-").replace("@", "-").lower().split("-")
    if parts[0] == "sr":
        script = {"latn": "sr-Latn", "latin": "sr-Latn", "cyrl": "sr-Cyrl", "cyrillic": "sr-Cyrl"}
        return next((script[part] for part in parts if part in script), "sr")
    return parts[0] if parts[0] in _WRITTEN_IN else None


def _is_in_script(name: str, language: str) -> bool:
    is_cyrillic = any("\u0400" <= letter <= "\u04ff" for letter in name)
    return is_cyrillic == (language in ("sr-Cyrl", "mk"))


def blocks(home: Home, source: str) -> list[dict[str, Any]]:
    """Return the blocks learned of a source's pages. Raises InputError for an unknown source or a broken file."""
    _known_source(home, source)
    return [block.to_mapping() for block in BlockFolder(home.blocks).load(source).blocks.values()]


def forget_block(home: Home, source: str, fingerprint: str) -> None:
    """Let a learned block be text again, for good. Raises InputError where it was not learned."""
    _known_source(home, source)
    BlockFolder(home.blocks).refuse(source, fingerprint)


def _known_source(home: Home, source: str) -> None:
    if source not in load_registry(home.sources):
        raise InputError(f"There is no source {source!r}; eho sources list names them.", field="source")
