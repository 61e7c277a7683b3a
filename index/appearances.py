"""How many documents each source published in a period, and at what hours: what the rhythm of crawling is learned from."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, and_, func, select

from index.schema import document_facts

_MIDNIGHTS = ("T22:00:00Z", "T23:00:00Z")  # Belgrade's in UTC: the time of documents of which only the day is known


def appearances(connection: Connection, first: date, last: date) -> dict[str, tuple[int, list[int]]]:
    """Return by source how many documents are dated from first to last, and by UTC hour those whose time of day is known."""
    facts = document_facts.c
    here = facts.published_on.between(first.isoformat(), last.isoformat())
    query = select(facts.source, func.count().label("n")).where(here).group_by(facts.source)
    found = {row.source: (row.n, [0] * 24) for row in connection.execute(query)}
    hour = func.substr(facts.published_at, 12, 2)
    timed = and_(here, *(facts.published_at.not_like(f"%{midnight}") for midnight in _MIDNIGHTS))
    for row in connection.execute(
        select(facts.source, hour.label("hour"), func.count().label("n")).where(timed).group_by(facts.source, hour)
    ):
        found[row.source][1][int(row.hour)] = row.n
    return found
