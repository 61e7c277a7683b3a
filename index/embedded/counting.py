"""Counts documents per period for the trends, with one aggregation for each question."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import date
from typing import Any

import tantivy

from index.calendar import Period
from index.embedded.answering import ALL_BUCKETS
from index.embedded.compiler import Compiler
from index.embedded.ranking import count
from index.nodes import Node
from index.trends import Counts, SplitField

_NO_VALUE = "unknown"


class Counter:
    """Counts in one state of the index."""

    def __init__(self, searcher: tantivy.Searcher, compiler: Compiler) -> None:
        self._searcher = searcher
        self._compiler = compiler

    def count_by_period(self, node: Node, by: Period, split: SplitField | None) -> Counts:
        """Return documents per period start and value of `split` ("" without one), originals and copies apart."""
        copies = {"copies": {"terms": {"field": "copy", "size": 2}}}
        request: dict[str, Any] = {"periods": {"terms": {"field": by, "size": ALL_BUCKETS}, "aggs": copies}}
        if split is not None:
            request = {"values": {"terms": {"field": split, "size": ALL_BUCKETS, "missing": _NO_VALUE}, "aggs": request}}
        answer = self._searcher.aggregate(self._compiler.compile(node), request)
        groups = [("", answer)] if split is None else [(bucket["key"], bucket) for bucket in answer["values"]["buckets"]]
        originals: Tally[tuple[date, str]] = Tally()
        copied: Tally[tuple[date, str]] = Tally()
        for value, group in groups:
            for bucket in group["periods"]["buckets"]:
                key = (date.fromordinal(int(bucket["key"])), value)
                for part in bucket["copies"]["buckets"]:
                    (copied if int(part["key"]) else originals)[key] += part["doc_count"]
        return Counts(dict(originals), dict(copied))

    def count(self, node: Node) -> int:
        """Return how many documents match, dated or not."""
        return count(self._searcher, self._compiler.compile(node))
