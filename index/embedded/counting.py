"""Counts documents per period for the trends, with one aggregation for each question."""

from __future__ import annotations

import json
from collections import Counter as Tally
from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

import tantivy

from index.breaks import UNKNOWN
from index.calendar import Period
from index.embedded.answering import ALL_BUCKETS
from index.embedded.compiler import Compiler
from index.embedded.fields import schema
from index.embedded.ranking import count
from index.nodes import DateRange, Node, conjoin
from index.trends import Counts, SplitField

_KEPT = 64  # counts of one state of the index


class Counter:
    """Counts in one state of the index, of which it keeps what was counted: most trends stand on the same denominators."""

    def __init__(self, searcher: tantivy.Searcher, compiler: Compiler) -> None:
        self._searcher = searcher
        self._compiler = compiler
        self._counted: dict[tuple[Node, Period, SplitField | None], Counts] = {}
        self._squared: dict[tuple[Node, Period, SplitField | None], dict[tuple[date, str], int]] = {}

    def count_by_period(self, node: Node, by: Period, split: SplitField | None) -> Counts:
        """Return documents per period start and value of `split` ("" without one), originals and copies apart."""
        if (known := self._counted.get((node, by, split))) is not None:
            return known
        copies = {"copies": {"terms": {"field": "copy", "size": 2}}}
        originals: Tally[tuple[date, str]] = Tally()
        copied: Tally[tuple[date, str]] = Tally()
        for key, group in self._periods(node, by, split, copies):
            for part in group["copies"]["buckets"]:
                (copied if int(part["key"]) else originals)[key] += part["doc_count"]
        if len(self._counted) >= _KEPT:
            self._counted.clear()
        return self._counted.setdefault((node, by, split), Counts(dict(originals), dict(copied)))

    def _periods(
        self, node: Node, by: Period, split: SplitField | None, within: dict[str, Any]
    ) -> Iterator[tuple[tuple[date, str], Any]]:
        """Yield every (period start, value) with its part of one aggregation."""
        request: dict[str, Any] = {"periods": {"terms": {"field": by, "size": ALL_BUCKETS}, "aggs": within}}
        if split is not None:
            request = {"values": {"terms": {"field": split, "size": ALL_BUCKETS, "missing": UNKNOWN}, "aggs": request}}
        answer = self._searcher.aggregate(self._compiler.compile(node), request)
        groups = [("", answer)] if split is None else [(bucket["key"], bucket) for bucket in answer["values"]["buckets"]]
        for value, group in groups:
            for bucket in group["periods"]["buckets"]:
                yield (date.fromordinal(int(bucket["key"])), value), bucket

    def squared_story_sizes(self, node: Node, by: Period, split: SplitField | None) -> dict[tuple[date, str], int]:
        """Return, per period and value, the sum over stories of the squared number of documents, copies included."""
        if (known := self._squared.get((node, by, split))) is not None:
            return known
        documents = self.count_by_period(node, by, split).total("include")
        stories = {"stories": {"terms": {"field": "cluster_key", "size": ALL_BUCKETS, "min_doc_count": 2}}}
        squares = Tally(documents)  # as if each stood alone; those that do not are put right below
        for key, group in self._periods(node, by, split, stories):
            sizes = [bucket["doc_count"] for bucket in group["stories"]["buckets"]]
            squares[key] += sum(size * size - size for size in sizes)
        if len(self._squared) >= _KEPT:
            self._squared.clear()
        return self._squared.setdefault((node, by, split), dict(squares))

    def matching(self, node: Node, ids: Collection[str]) -> dict[str, bool]:
        """Return those of the documents that match and are dated, and whether each is a copy."""
        if not ids:
            return {}
        compiled = self._compiler.compile(conjoin(node, DateRange(None, None)))
        among = tantivy.Query.term_set_query(schema(), "id", sorted(ids))
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, compiled), (tantivy.Occur.Must, among)])
        addresses = [address for _, address in self._searcher.search(query, len(ids), count=False).hits]
        copies = self._searcher.fast_field_values("copy", addresses)
        bodies = (json.loads(bytes(self._searcher.doc(address).get_first("body") or b"{}")) for address in addresses)
        return {body["id"]: bool(is_copy) for body, is_copy in zip(bodies, copies, strict=True)}

    def count(self, node: Node) -> int:
        """Return how many documents match, dated or not."""
        return count(self._searcher, self._compiler.compile(node))
