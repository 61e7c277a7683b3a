"""Counts documents per period for the trends, all of one answer at one point in time."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

from index.breaks import UNKNOWN
from index.calendar import Period
from index.elasticsearch.compiler import Clause, compile_query
from index.elasticsearch.reading import PAGE, Reader
from index.nodes import DateRange, Node, conjoin
from index.trends import Counts, SplitField

_IDS = 1_000  # documents looked up at once
_MOST_STORIES = 60_000  # below the number of groups that a server returns at once


class Counter:
    """Counts for one answer, of which it keeps what was counted: numerators share their denominators."""

    def __init__(self, reader: Reader, *, include_needs_review: bool) -> None:
        self._reader = reader
        self._include_needs_review = include_needs_review
        self._counted: dict[tuple[Node, Period, SplitField | None], Counts] = {}

    def count_by_period(self, node: Node, by: Period, split: SplitField | None) -> Counts:
        """Return documents per period start and value of `split` ("" without one), originals and copies apart."""
        if (known := self._counted.get((node, by, split))) is not None:
            return known
        originals: Tally[tuple[date, str]] = Tally()
        copied: Tally[tuple[date, str]] = Tally()
        for key, bucket in self._groups(node, by, split, {"copy": {"terms": {"field": "copy"}}}):
            (copied if int(bucket["key"]["copy"]) else originals)[key] += bucket["doc_count"]
        return self._counted.setdefault((node, by, split), Counts(dict(originals), dict(copied)))

    def squared_story_sizes(self, node: Node, by: Period, split: SplitField | None) -> dict[tuple[date, str], int]:
        """Return, per period and value, the sum over stories of the squared number of documents, copies included."""
        squares = Tally(self.count_by_period(node, by, split).total("include"))  # as if each stood alone
        stories = {"stories": {"terms": {"field": "cluster", "size": _MOST_STORIES, "min_doc_count": 2}}}
        for key, bucket in self._groups(node, by, split, {}, stories, size=10):
            sizes = [story["doc_count"] for story in bucket["stories"]["buckets"]]
            squares[key] += sum(size * size - size for size in sizes)
        return dict(squares)

    def matching(self, node: Node, ids: Collection[str]) -> dict[str, bool]:
        """Return those of the documents that match and are dated, and whether each is a copy."""
        compiled = self._compile(conjoin(node, DateRange(None, None)))
        found: dict[str, bool] = {}
        wanted = sorted(ids)
        for some in (wanted[at : at + _IDS] for at in range(0, len(wanted), _IDS)):
            query = {"bool": {"filter": [compiled, {"terms": {"id": some}}]}}
            answer = self._reader.ask(query=query, size=len(some), source=False, docvalue_fields=["id", "copy"])
            fields = [hit["fields"] for hit in answer["hits"]["hits"]]
            found |= {row["id"][0]: bool(row["copy"][0]) for row in fields}
        return found

    def count(self, node: Node) -> int:
        """Return how many documents match, dated or not."""
        return self._reader.count(self._compile(node))

    def _compile(self, node: Node) -> Clause:
        return compile_query(node, include_needs_review=self._include_needs_review)

    def _groups(
        self,
        node: Node,
        by: Period,
        split: SplitField | None,
        more: dict[str, Any],
        within: dict[str, Any] | None = None,
        *,
        size: int = PAGE,
    ) -> Iterator[tuple[tuple[date, str], Any]]:
        """Yield every (period start, value) with its group, page by page; undated documents are in none."""
        sources: list[dict[str, Any]] = [{"start": {"terms": {"field": by}}}]
        if split is not None:
            sources.append({"value": {"terms": {"field": split, "missing_bucket": True}}})
        sources += [{name: source} for name, source in more.items()]
        query, after = self._compile(node), None
        while True:
            composite = {"size": size, "sources": sources, **({} if after is None else {"after": after})}
            aggregation = {"composite": composite, **({"aggs": within} if within else {})}
            answer = self._reader.ask(query=query, size=0, track_total_hits=False, aggs={"groups": aggregation})["aggregations"]
            for bucket in answer["groups"]["buckets"]:
                key = bucket["key"]
                value = "" if split is None else UNKNOWN if key["value"] is None else str(key["value"])
                yield (date.fromordinal(int(key["start"])), value), bucket
            after = answer["groups"].get("after_key")
            if after is None or len(answer["groups"]["buckets"]) < size:
                return
