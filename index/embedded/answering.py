"""Counts, in the embedded index, the clusters of the hits of a page and the facets of all hits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import tantivy

from index.answers import FACETS
from index.embedded.fields import schema

ALL_BUCKETS = 65_000  # Tantivy's limit for one aggregation, far above the values of any field here


def cluster_sizes(searcher: tantivy.Searcher, clusters: Sequence[str]) -> dict[str, int]:
    """Return how many documents of each cluster the index holds."""
    query = tantivy.Query.term_set_query(schema(), "cluster", list(clusters))
    request = {"sizes": {"terms": {"field": "cluster", "size": ALL_BUCKETS}}}
    buckets = searcher.aggregate(query, request)["sizes"]["buckets"]
    return {bucket["key"]: bucket["doc_count"] for bucket in buckets}


def facets(searcher: tantivy.Searcher, query: tantivy.Query, *, include_needs_review: bool) -> dict[str, list[dict[str, Any]]]:
    """Count the hits by each facet's values, most frequent first; months in order."""
    fields = {name: f"{name}_any" if include_needs_review and name in ("narrative", "stance") else name for name in FACETS}
    request = {name: {"terms": {"field": field, "size": ALL_BUCKETS}} for name, field in fields.items()}
    answer = searcher.aggregate(query, request)
    result: dict[str, list[dict[str, Any]]] = {}
    for name in FACETS:
        pairs = [(bucket["key"], bucket["doc_count"]) for bucket in answer[name]["buckets"]]
        if name == "month":
            pairs = sorted((date.fromordinal(int(key)).strftime("%Y-%m"), number) for key, number in pairs)
        else:
            pairs.sort(key=lambda pair: (-pair[1], pair[0]))
        result[name] = [{"value": key, "count": number} for key, number in pairs]
    return result
