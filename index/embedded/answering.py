"""Counts, in the embedded index, the clusters of the hits of a page and the facets of all hits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tantivy

from index.asked import facet_request, facets_of
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
    request = facet_request(size=ALL_BUCKETS, include_needs_review=include_needs_review)
    return facets_of(searcher.aggregate(query, request))
