"""Makes hits, snippets and facets out of what the embedded engine found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import tantivy

from eho.annotation import Annotation
from index.answers import FACETS, Hit, Snippet
from index.embedded.fields import schema
from index.embedded.ranking import Ranked
from index.facts import AnnotationFacts
from index.nodes import AnnotationGroup, Node, Not, children, text_leaves
from index.snippets import Match, best_snippet, find_matches, merge

ALL_BUCKETS = 65_000  # Tantivy's limit for one aggregation, far above the values of any field here

_SHOWN = ("narrative", "stance", "speaker", "reviewed", "score")


class HitMaker:
    """Writes hits for one query."""

    def __init__(self, root: Node, *, include_needs_review: bool) -> None:
        self._leaves = text_leaves(root)
        self._groups = _groups(root)
        self._include_needs_review = include_needs_review

    def make(self, ranked: Ranked, row: Mapping[str, Any], *, by_date: bool, cluster_size: int) -> Hit:
        """Return the hit with its best snippet, marked in the text as stored."""
        annotations = [Annotation.model_validate(one) for one in row["annotations"]]
        shown = [one for one in annotations if self._include_needs_review or not one.needs_review]
        title = row["title"] or ""
        return Hit(
            id=row["id"],
            score=0.0 if by_date else float(ranked.primary),
            url=row["url"],
            source=row["source"],
            kind=row["kind"],
            lang=row["lang"],
            title=row["title"],
            published_at=None if row["published_at"] is None else datetime.fromisoformat(row["published_at"]),
            snippets=(self._snippet(row, shown),),
            annotations=tuple(one.model_dump(mode="json", include=set(_SHOWN)) for one in shown),
            cluster_size=cluster_size,
            title_highlights=merge((match.start, match.end) for match in find_matches(title, self._leaves, "title", row["lang"])),
        )

    def _snippet(self, row: Mapping[str, Any], shown: Sequence[Annotation]) -> Snippet:
        lead = row["lead"] or ""
        matches = find_matches(row["text"], self._leaves, "text", row["lang"])
        if not matches and (in_lead := find_matches(lead, self._leaves, "text", row["lang"])):
            return best_snippet(lead, in_lead)
        return best_snippet(row["text"], matches or self._evidence(shown))

    def _evidence(self, shown: Sequence[Annotation]) -> list[Match]:
        """Return the evidence for the annotations asked for, where no words were asked for or none stand in the text."""
        asked = [
            one for one in shown if any(AnnotationFacts.from_annotation(one).meets(group.expression) for group in self._groups)
        ]
        spans = {(span.start, span.end): number for number, one in enumerate(asked) for span in one.spans if span.field == "text"}
        return [Match(start, end, number) for (start, end), number in sorted(spans.items()) if end > start]


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


def _groups(node: Node) -> list[AnnotationGroup]:
    if isinstance(node, AnnotationGroup):
        return [node]
    return [] if isinstance(node, Not) else [group for child in children(node) for group in _groups(child)]
