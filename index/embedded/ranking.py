"""Ranks the documents of a query and cuts out one page, in an order that is the same every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tantivy

from index.cursor import Cursor
from index.embedded.fields import schema

_SPARE = 64  # ranked beyond the page, so that most ties at its end are complete at the first try


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document with its sort key."""

    primary: float | int  # score, or time of publication where that is the order
    published: int
    tie: int
    address: tantivy.DocAddress

    @property
    def key(self) -> tuple[float, int, int]:
        """Return the key in sorting order."""
        return (-self.primary, -self.published, self.tie)


def rank(
    searcher: tantivy.Searcher, query: tantivy.Query, *, by_date: bool, after: Cursor | None, needed: int | None
) -> list[Ranked]:
    """Return the next `needed` documents after a cursor (None: all), sorted by score or time, then time, then a fixed number.

    Tantivy breaks ties by place in the index, which changes with every update: equal keys are fetched whole and sorted here.
    """
    total = max(1, searcher.num_docs)
    if by_date and after is not None:
        query = _until(query, int(after.primary))
    size = total if needed is None else min(total, needed + _SPARE + (0 if after is None or by_date else after.shown))
    while True:
        found = _fetch(searcher, query, size, by_date=by_date)
        complete = len(found) < size or size == total
        if not complete:
            found = [one for one in found if one.primary > found[-1].primary]
        found.sort(key=lambda one: one.key)
        page = rest_after(found, after, by_date=by_date, complete=complete)
        if complete or (needed is not None and len(page) >= needed):
            return page[:needed]
        size = min(total, size * 4)


def rest_after(found: list[Ranked], after: Cursor | None, *, by_date: bool, complete: bool = True) -> list[Ranked]:
    """Return what follows the cursor's document.

    Scores shift whenever documents are added, so by relevance the place is that of the document itself; where it is gone,
    as many hits are passed over as were shown.
    """
    if after is None:
        return found
    if by_date:
        return [one for one in found if one.key > after.key]
    place = next((number for number, one in enumerate(found) if one.tie == after.tie), None)
    if place is None:
        return found[after.shown :] if complete else []
    return found[place + 1 :]


def count(searcher: tantivy.Searcher, query: tantivy.Query) -> int:
    """Return how many documents match."""
    found: Any = searcher.search(query, 1)  # its stub leaves out the count
    return int(found.count)


def _until(query: tantivy.Query, published: int) -> tantivy.Query:
    earlier = tantivy.Query.range_query(schema(), "published", tantivy.FieldType.Integer, None, published)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, earlier)])


def _fetch(searcher: tantivy.Searcher, query: tantivy.Query, size: int, *, by_date: bool) -> list[Ranked]:
    found = searcher.search(query, size, count=False, order_by_field="published" if by_date else None).hits
    addresses = [address for _, address in found]
    published = searcher.fast_field_values("published", addresses)
    ties = searcher.fast_field_values("tie", addresses)
    rows = zip(found, published, ties, strict=True)
    return [Ranked(primary, int(at or 0), int(tie or 0), address) for (primary, address), at, tie in rows]
