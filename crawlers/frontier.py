"""The frontier of one run: which addresses are due, in which order, and that each is asked once."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from crawlers.dates import Stamp
from crawlers.feeds import FeedEntry
from crawlers.ledger import Visit
from crawlers.lists import ListTask
from crawlers.urls import canonical_url, host_of
from eho.source import Source

_RANK = 4_000_000  # more than the number of any day: date.max is day 3,652,059


@dataclass(slots=True)
class Seed:
    """One address to fetch, with what its feed said of it; a second feed may add the date that the first lacks."""

    url: str
    canonical: str
    source: Source
    published: Stamp | None = None
    changed_on: date | None = None
    visit: Visit | None = None  # of a document that is looked at again
    lists: list[ListTask] = field(default_factory=list)  # those that wait for its outcome

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
        """Newest first; pages without a date come last, then pages seen before; the source's own rank before all."""
        day = 0 if self.visit is not None or self.newest_on is None else self.newest_on.toordinal()
        return self.source.priority * _RANK + day + (self.visit is None)

    @property
    def host(self) -> str:
        """The host whose queue it waits in."""
        return host_of(self.url)


@dataclass(slots=True)
class Frontier:
    """Seeds by canonical URL, those that wait by host, and the canonical URLs under which this run already has a document."""

    since: date | None = None
    max_pages: int | None = None
    seeds: dict[str, Seed] = field(default_factory=dict)
    held: list[Seed] = field(default_factory=list)
    stored: dict[str, str] = field(default_factory=dict)  # canonical URL -> document id
    claimed: Counter[str] = field(default_factory=Counter)  # source -> addresses taken
    open: Counter[str] = field(default_factory=Counter)  # host -> pages under way
    pages: int = 0
    _queues: dict[str, list[tuple[int, int, Seed]]] = field(default_factory=dict)
    _pushed: int = 0

    def claim(self, entry: FeedEntry, source: Source) -> Seed | None:
        """Return a new seed, or None where this run has the address already. Raises InputError for no http(s) address."""
        canonical = canonical_url(entry.url)
        known = self.seeds.get(canonical)
        if known is not None:
            known.published = known.published or entry.published
            return None
        seed = Seed(entry.url, canonical, source, entry.published, entry.changed_on)
        self.seeds[canonical] = seed
        self.claimed[source.id] += 1
        return seed

    def is_too_old(self, on: date | None) -> bool:
        """Tell whether a day lies before the period that was asked for."""
        return self.since is not None and on is not None and on < self.since

    @property
    def hosts(self) -> Iterable[str]:
        """The hosts for which a seed ever waited."""
        return self._queues

    def push(self, seed: Seed) -> None:
        """Let a seed wait for its host."""
        self._pushed += 1
        heapq.heappush(self._queues.setdefault(seed.host, []), (-seed.priority, self._pushed, seed))

    def release(self, host: str, room: int) -> list[Seed]:
        """Take the first seeds of a host, as many as bring the pages under way there to `room`."""
        queue, taken = self._queues.get(host), []
        while queue and self.open[host] < room:
            taken.append(heapq.heappop(queue)[2])
            self.open[host] += 1
        return taken

    def take_held(self) -> tuple[list[Seed], list[Seed]]:
        """Split the seeds held back for `max_pages` into the first that fit and the rest; none are held afterwards."""
        due = sorted(self.held, key=lambda seed: -seed.priority)
        self.held = []
        room = len(due) if self.max_pages is None else max(0, self.max_pages - self.pages)
        return due[:room], due[room:]
