"""What is wrong or doubtful in the registry's files: broken ones, ids and domains given twice, and fields that can do nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from crawlers.feeds import FeedError, read_feed
from crawlers.selectors import check_selectors
from crawlers.urls import host_of, same_site
from eho.errors import InputError, SourceError
from eho.settings import CrawlSettings
from eho.source import Source, load_source

_STALE_DAYS = 365


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend (error) or to look at (warning)."""

    level: Literal["error", "warning"]
    source: str | None
    field: str | None
    message: str
    file: str | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object that `--json` prints."""
        return asdict(self)


def check_files(paths: Iterable[Path], known: Iterable[Source] = (), *, today: date) -> tuple[list[Source], list[Finding]]:
    """Read the files, each by itself, and check them together; return the sources that could be read and all findings.

    `known` are sources that the files are checked against but that are not checked themselves; a file may replace one
    of them by taking its id.
    """
    sources: dict[str, tuple[Source, Path]] = {}
    findings: list[Finding] = []
    for path in paths:
        try:
            source = load_source(path)
        except SourceError as error:
            findings.append(Finding("error", None, None, str(error).replace(str(path), path.name), path.name))
            continue
        if source.id in sources:
            taken = f"{source.id!r} is taken by {sources[source.id][1].name}; choose another id"
            findings.append(Finding("error", source.id, "id", taken, path.name))
            continue
        sources[source.id] = source, path
        if path.name != f"{source.id}.yaml":
            findings.append(
                Finding("warning", source.id, "id", f"the file is called {path.name}, not {source.id}.yaml", path.name)
            )
        findings += [replace(found, file=path.name) for found in _doubts(source, today)]
    read = [source for source, _ in sources.values()]
    others = [source for source in known if source.id not in sources]
    findings += [
        replace(found, file=sources[found.source][1].name)
        for found in (*_shared_domains(read, others), *_undisclosed([*read, *others]))
        if found.source in sources
    ]
    return read, findings


def check_live(sources: Sequence[Source], settings: CrawlSettings) -> list[Finding]:
    """Ask every feed and sitemap once. Raises CrawlError before any request where one of them may not be asked."""
    from crawlers.guard import LiveGuard
    from crawlers.probe import probe

    LiveGuard.from_settings(settings).check(sources)
    asked = {url: (source, name) for source in sources for name in ("feeds", "sitemaps") for url in getattr(source, name)}
    findings = []
    for url, answer in probe(list(asked), settings).items() if asked else ():
        problem = answer.problem
        if problem is None:
            try:
                read_feed(answer.body, url=answer.final_url)
            except FeedError as error:
                problem = str(error)
        if problem is not None:
            source, name = asked[url]
            findings.append(Finding("error", source.id, name, f"{url}: {problem}"))
    return findings


def domains(source: Source) -> set[str]:
    """Return the domains of a source, without www."""
    own = {host_of(source.home)} if source.home else set()
    return {domain.removeprefix("www.") for domain in (*own, *source.other_domains) if domain}


def _shared_domains(sources: Sequence[Source], others: Sequence[Source]) -> Iterator[Finding]:
    holders: dict[str, list[str]] = defaultdict(list)
    for source in (*others, *sources):
        for domain in sorted(domains(source)):
            holders[domain].append(source.id)
    for domain, ids in holders.items():
        for id in ids[1:]:
            yield Finding("error", id, "home", f"{domain} belongs to source {ids[0]!r} already; one outlet is one file")


def _undisclosed(sources: Sequence[Source]) -> Iterator[Finding]:
    """Where one file discloses a likely user, every file whose owner bears that name must disclose it."""
    users = {source.belongs_to_user for source in sources if source.belongs_to_user}
    for source in sources:
        if source.belongs_to_user is None and source.owner is not None:
            for user in sorted(users):
                if re.search(rf"\b{re.escape(user)}\b", source.owner):
                    message = f"is null, but the owner is {source.owner!r}, and other files disclose {user!r}"
                    yield Finding("error", source.id, "belongs_to_user", message)


def _doubts(source: Source, today: date) -> Iterator[Finding]:
    """Yield what no reader of the file can use or trust."""
    if source.extract is not None:
        try:
            check_selectors(source.extract)
        except InputError as error:
            yield Finding("error", source.id, "extract", str(error))
    for field, message in (*_address_doubts(source), *_fact_doubts(source, today)):
        yield Finding("warning", source.id, field, message)


def _address_doubts(source: Source) -> Iterator[tuple[str, str]]:
    crawled = [*source.feeds, *source.sitemaps]
    addresses = [*crawled, *source.sections]
    if source.enabled and source.home and not crawled and source.platform is None:
        yield "enabled", "is true, but there is neither feed nor sitemap to crawl"
    if source.expect.min and not addresses and source.platform is None:
        yield "expect.min", f"is {source.expect.min:g}, but no address could give a document"
    for address in sorted({one for one in addresses if addresses.count(one) > 1}):
        yield "feeds", f"{address} stands there twice"
    for address in addresses:
        if source.home and not any(same_site(address, f"http://{domain}") for domain in domains(source)):
            yield "feeds", f"{address} is of another site than home; name its domain in other_domains"


def _fact_doubts(source: Source, today: date) -> Iterator[tuple[str, str]]:
    for language in source.languages:
        if language == "sr":
            yield "languages", "sr leaves the script open; write sr-Latn or sr-Cyrl, or both"
        elif language in ("sq", "sr-Latn", "sr-Cyrl") and language not in source.names:
            yield "names", f"has none for {language}, a language it publishes in"
    if not source.languages:
        yield "languages", "is empty; the first is the hint for texts too short to tell"
    status = source.status
    if status.value != "unknown" and (status.checked_on is None or status.evidence is None):
        yield "status", f"is {status.value} without day or evidence"
    if status.checked_on is not None and (today - status.checked_on).days > _STALE_DAYS:
        yield "status.checked_on", f"is {status.checked_on}, more than a year ago; check again"
