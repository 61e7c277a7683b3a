"""The frontier of one run: which addresses are due, in which order, and that each is asked once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from crawlers.dates import Stamp
from crawlers.feeds import FeedEntry
from crawlers.urls import canonical_url
from eho.source import Source


@dataclass(slots=True)
class Seed:
    """One address to fetch, with what its feed said of it; a second feed may add the date that the first lacks."""

    url: str
    canonical: str
    source: Source
    published: Stamp | None = None
    changed_on: date | None = None

    @property
    def newest_on(self) -> date | None:
        """The latest day on which the page can have appeared, as far as its feeds know."""
        return self.published.on if self.published else self.changed_on

    @property
    def lang_hint(self) -> str | None:
        """The source's language, where it has one only."""
        return self.source.languages[0] if len(self.source.languages) == 1 else None

    @property
    def priority(self) -> int:
        """Newest first; pages without a date come last."""
        return self.newest_on.toordinal() if self.newest_on else 0


@dataclass(slots=True)
class Frontier:
    """Seeds by canonical URL, and the canonical URLs under which this run already has a document."""

    since: date | None = None
    max_pages: int | None = None
    seeds: dict[str, Seed] = field(default_factory=dict)
    held: list[Seed] = field(default_factory=list)
    stored: dict[str, str] = field(default_factory=dict)  # canonical URL -> document id
    pages: int = 0

    def claim(self, entry: FeedEntry, source: Source) -> Seed | None:
        """Return a new seed, or None where this run has the address already. Raises InputError for no http(s) address."""
        canonical = canonical_url(entry.url)
        known = self.seeds.get(canonical)
        if known is not None:
            known.published = known.published or entry.published
            return None
        seed = Seed(entry.url, canonical, source, entry.published, entry.changed_on)
        self.seeds[canonical] = seed
        return seed

    def is_too_old(self, on: date | None) -> bool:
        """Tell whether a day lies before the period that was asked for."""
        return self.since is not None and on is not None and on < self.since

    def take_held(self) -> tuple[list[Seed], list[Seed]]:
        """Split the seeds held back for `max_pages` into the newest that fit and the rest; none are held afterwards."""
        due = sorted(self.held, key=lambda seed: -seed.priority)
        self.held = []
        room = len(due) if self.max_pages is None else max(0, self.max_pages - self.pages)
        return due[:room], due[room:]
