"""The page of hits that a cursor asks for, in one order: by score or time, then time, then a fixed number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from index.cursor import Cursor
from index.elasticsearch.compiler import Clause
from index.elasticsearch.reading import BY_DATE, BY_SCORE, PAGE, Reader

_PARTITION = 25_000  # documents whose clusters are counted at once


@dataclass(frozen=True, slots=True)
class Found:
    """A document with its sort key and what was asked for of it."""

    primary: float | int  # score, or time of publication where that is the order
    published: int
    tie: int
    hit: Mapping[str, Any]

    @classmethod
    def of(cls, hit: Mapping[str, Any], *, by_date: bool) -> Found:
        """Read a hit."""
        values = hit["sort"]
        if by_date:
            return cls(int(values[0]), int(values[0]), int(values[1]), hit)
        return cls(float(values[0]), int(values[1]), int(values[2]), hit)

    @property
    def key(self) -> tuple[float, int, int]:
        """Return the key in sorting order."""
        return (-self.primary, -self.published, self.tie)


def ordered(query: Clause, *, by_date: bool) -> tuple[Clause, Sequence[dict[str, str]]]:
    """Return the query, without scores where nothing is ranked by them, and the order of its hits."""
    return ({"bool": {"filter": [query]}}, BY_DATE) if by_date else (query, BY_SCORE)


def place_of(reader: Reader, query: Clause, after: Cursor, *, by_date: bool) -> list[Any] | None:
    """Return the sort key behind which the next page begins.

    Scores shift whenever documents are added, so by relevance the place is that of the document itself; where it is gone,
    as many hits are passed over as were shown. None where fewer are left.
    """
    if by_date:
        return [int(after.primary), after.tie]
    own = {"bool": {"must": [query], "filter": [{"term": {"tie": after.tie}}]}}
    hits = reader.ask(query=own, sort=list(BY_SCORE), size=1, source=False)["hits"]["hits"]
    if hits:
        return list(hits[0]["sort"][: len(BY_SCORE)])
    passed = list(islice(reader.walk(query, BY_SCORE, size=min(PAGE, max(1, after.shown))), after.shown))
    return list(passed[-1]["sort"][: len(BY_SCORE)]) if len(passed) == after.shown and passed else None


def collapsed(reader: Reader, query: Clause, *, by_date: bool, after: Cursor | None, needed: int) -> list[Found]:
    """Return the best documents of the next `needed` clusters after a cursor."""
    best = _best(reader, query, by_date=by_date)
    if after is None:
        return list(islice(best, needed))
    if by_date:
        return list(islice((one for one in best if one.key > after.key), needed))
    passed: list[Found] = []
    for one in best:
        if one.tie == after.tie:
            return list(islice(best, needed))
        passed.append(one)
    return passed[after.shown :][:needed]


def count_clusters(reader: Reader, query: Clause, total: int) -> int:
    """Return how many clusters the hits belong to, exactly: each counts once, however many of its documents match."""
    doubled = 0
    parts = total // _PARTITION + 1
    for part in range(parts):
        terms: dict[str, Any] = {"field": "cluster", "min_doc_count": 2, "size": 2 * _PARTITION}
        if parts > 1:
            terms["include"] = {"partition": part, "num_partitions": parts}
        answer = reader.ask(query=query, size=0, track_total_hits=False, aggs={"clusters": {"terms": terms}})
        doubled += sum(bucket["doc_count"] - 1 for bucket in answer["aggregations"]["clusters"]["buckets"])
    return total - doubled


def _best(reader: Reader, query: Clause, *, by_date: bool) -> Iterator[Found]:
    asked, sort = ordered(query, by_date=by_date)
    seen: set[str] = set()
    for hit in reader.walk(asked, sort, fields=("cluster",), size=1_000):
        cluster = hit["fields"]["cluster"][0]
        if cluster not in seen:
            seen.add(cluster)
            yield Found.of(hit, by_date=by_date)
