"""What became of a source's addresses and documents on one Belgrade day, counted from outcomes, runs and facts of documents."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Float, Row, and_, cast, delete, func, insert, select

from eho.document import to_utc_text
from eho.outcome import Outcome
from index.calendar import day_of
from index.schema import crawl_runs, document_facts, outcomes

_PAGE = 500
_EXTRACTED = frozenset({Outcome.STORED, Outcome.NEW_VERSION, Outcome.UNCHANGED})
# Outcomes that a page has whose body came: paywalled and so on are told from what was fetched.
_FETCHED = _EXTRACTED | {
    Outcome.PAYWALLED,
    Outcome.NO_TEXT,
    Outcome.EMPTY,
    Outcome.NOT_HTML,
    Outcome.TRUNCATED,
    Outcome.EXTRACTION_ERROR,
}


@dataclass(frozen=True, slots=True)
class CrawlRun:
    """One run of one source that came to its end; `lists_failed` are feeds, sitemaps and sections with the reason."""

    source: str
    started_at: datetime
    ended_at: datetime
    known: int = 0  # addresses not asked again, because they ended in a document before
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    lists_failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def documents(self) -> int:
        """How many documents were new or had new text."""
        return self.outcomes.get(Outcome.STORED, 0) + self.outcomes.get(Outcome.NEW_VERSION, 0)

    @property
    def day(self) -> date:
        """The Belgrade day on which it ended."""
        return day_of(self.ended_at)


@dataclass(slots=True)
class SourceDay:
    """One source on one day.

    `outcomes` are of the addresses first found on the day, as known now; `asked` of all addresses dealt with by the day's
    runs. `published` counts the documents that are dated on the day, and those without a date that were stored on it. The
    other numbers are of the documents stored on the day.
    """

    source: str
    day: date
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    asked: Counter[Outcome] = field(default_factory=Counter)
    runs: int = 0
    known: int = 0
    lists_failed: dict[str, str] = field(default_factory=dict)  # by the day's last run
    published: int = 0
    stored: int = 0
    dates: int = 0  # different days of publication
    moments: int = 0  # different times of publication
    undated: int = 0
    dated_on: date | None = None  # the latest day of publication
    characters: int = 0
    characters_squared: float = 0.0
    languages: Counter[str] = field(default_factory=Counter)

    @property
    def found(self) -> int:
        """Addresses that feeds, sitemaps and sections named for the first time."""
        return self.outcomes.total()

    @property
    def fetched(self) -> int:
        """Those of them whose page came; redirected and skipped ones are not counted, as it may not have come."""
        return sum(self.outcomes[one] for one in _FETCHED)

    @property
    def extracted(self) -> int:
        """Those of them that gave a document."""
        return sum(self.outcomes[one] for one in _EXTRACTED)

    @property
    def dropped(self) -> dict[Outcome, int]:
        """Those of them that gave none, by reason, the most frequent first."""
        return {one: n for one, n in self.outcomes.most_common() if one not in _EXTRACTED}

    @property
    def is_empty(self) -> bool:
        """True where nothing at all happened."""
        return not (self.outcomes or self.asked or self.runs or self.published or self.stored)


def put_runs(connection: Connection, runs: Sequence[CrawlRun]) -> None:
    """Note runs; one with the source and start of another replaces it."""
    for run in runs:
        started_at = to_utc_text(run.started_at)
        here = and_(crawl_runs.c.source == run.source, crawl_runs.c.started_at == started_at)
        body = {
            "known": run.known,
            "outcomes": {outcome.value: count for outcome, count in run.outcomes.items()},
            "lists_failed": dict(run.lists_failed),
        }
        connection.execute(delete(crawl_runs).where(here))
        connection.execute(
            insert(crawl_runs).values(
                source=run.source,
                started_at=started_at,
                ended_at=to_utc_text(run.ended_at),
                day=run.day.isoformat(),
                body=json.dumps(body, ensure_ascii=False),
            )
        )


def last_runs(connection: Connection) -> dict[str, CrawlRun]:
    """Return the last run of every source."""
    last = select(crawl_runs.c.source, func.max(crawl_runs.c.started_at).label("at")).group_by(crawl_runs.c.source).subquery()
    query = select(crawl_runs).join(last, and_(crawl_runs.c.source == last.c.source, crawl_runs.c.started_at == last.c.at))
    return {row.source: _to_run(row) for row in connection.execute(query)}


def crawled_days(connection: Connection) -> tuple[dict[str, date], dict[str, date]]:
    """Return the first and the last day on which anything of each source was dealt with, by runs and outcomes."""
    first: dict[str, date] = {}
    last: dict[str, date] = {}
    for table, begins, ends in (
        (outcomes, outcomes.c.first_day, outcomes.c.day),
        (crawl_runs, crawl_runs.c.day, crawl_runs.c.day),
    ):
        query = select(table.c.source, func.min(begins).label("first"), func.max(ends).label("last")).group_by(table.c.source)
        for row in connection.execute(query):
            first[row.source] = min(first.get(row.source, date.max), date.fromisoformat(row.first))
            last[row.source] = max(last.get(row.source, date.min), date.fromisoformat(row.last))
    return first, last


def read_days(
    connection: Connection, start: date, end: date, lists: Mapping[str, Collection[str]]
) -> dict[tuple[str, date], SourceDay]:
    """Count by source and day, from start to end; days on which nothing happened are left out."""
    days: dict[tuple[str, date], SourceDay] = {}

    def at(source: str, day: str) -> SourceDay:
        key = (source, date.fromisoformat(day))
        if key not in days:
            days[key] = SourceDay(*key)
        return days[key]

    first, last = start.isoformat(), end.isoformat()
    columns = (outcomes.c.source, outcomes.c.first_day, outcomes.c.outcome)
    query = select(*columns, func.count().label("n")).where(outcomes.c.first_day.between(first, last)).group_by(*columns)
    for row in connection.execute(query):
        at(row.source, row.first_day).outcomes[Outcome(row.outcome)] = row.n
    for row in _of_lists(connection, lists):
        if first <= row.first_day <= last:
            counts = at(row.source, row.first_day).outcomes
            counts.subtract([Outcome(row.outcome)])
            counts += Counter()  # drops what is zero
    runs = select(crawl_runs).where(crawl_runs.c.day.between(first, last)).order_by(crawl_runs.c.started_at)
    for row in connection.execute(runs):
        _add_run(at(row.source, row.day), _to_run(row))
    _read_facts(connection, first, last, at)
    return days


def _read_facts(connection: Connection, first: str, last: str, at: Any) -> None:
    facts = document_facts.c
    counted_on = func.coalesce(facts.published_on, facts.stored_on)
    query = select(facts.source, counted_on.label("day"), func.count().label("n")).where(counted_on.between(first, last))
    for row in connection.execute(query.group_by(facts.source, counted_on)):
        at(row.source, row.day).published = row.n
    here = facts.stored_on.between(first, last)
    length = cast(facts.characters, Float)
    numbers = (
        func.count().label("stored"),
        func.count(facts.published_on.distinct()).label("dates"),
        func.count(facts.published_at.distinct()).label("moments"),
        func.count(facts.published_on).label("dated"),
        func.max(facts.published_on).label("dated_on"),
        func.sum(facts.characters).label("characters"),
        func.sum(length * length).label("squared"),
    )
    for row in connection.execute(
        select(facts.source, facts.stored_on, *numbers).where(here).group_by(facts.source, facts.stored_on)
    ):
        one = at(row.source, row.stored_on)
        one.stored, one.dates, one.moments, one.undated = row.stored, row.dates, row.moments, row.stored - row.dated
        one.dated_on = None if row.dated_on is None else date.fromisoformat(row.dated_on)
        one.characters, one.characters_squared = int(row.characters), float(row.squared)
    columns = (facts.source, facts.stored_on, facts.lang)
    for row in connection.execute(select(*columns, func.count().label("n")).where(here).group_by(*columns)):
        if row.lang is not None:
            at(row.source, row.stored_on).languages[row.lang] = row.n


def _of_lists(connection: Connection, lists: Mapping[str, Collection[str]]) -> Iterable[Row[Any]]:
    """Yield the outcomes of feeds, sitemaps and sections themselves."""
    keys = sorted({address for addresses in lists.values() for address in addresses})
    for at in range(0, len(keys), _PAGE):
        yield from connection.execute(select(outcomes).where(outcomes.c.key.in_(keys[at : at + _PAGE])))


def _add_run(day: SourceDay, run: CrawlRun) -> None:
    day.runs += 1
    day.known += run.known
    day.asked.update(run.outcomes)
    day.lists_failed = dict(run.lists_failed)


def _to_run(row: Row[Any]) -> CrawlRun:
    body = json.loads(row.body)
    return CrawlRun(
        source=row.source,
        started_at=datetime.fromisoformat(row.started_at).astimezone(UTC),
        ended_at=datetime.fromisoformat(row.ended_at).astimezone(UTC),
        known=body["known"],
        outcomes={Outcome(name): count for name, count in body["outcomes"].items()},
        lists_failed=body["lists_failed"],
    )
