"""Makes hits with their snippets out of what an engine keeps of the documents it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from eho.annotation import Annotation
from index.answers import Hit, Snippet
from index.facts import AnnotationFacts
from index.nodes import AnnotationGroup, Node, Not, children, text_leaves
from index.snippets import Match, best_snippet, find_matches, merge

_SHOWN = ("narrative", "stance", "speaker", "reviewed", "score")


class HitMaker:
    """Writes hits for one query."""

    def __init__(self, root: Node, *, include_needs_review: bool) -> None:
        self._leaves = text_leaves(root)
        self._groups = _groups(root)
        self._include_needs_review = include_needs_review

    def make(self, row: Mapping[str, Any], *, score: float, cluster_size: int) -> Hit:
        """Return the hit with its best snippet, marked in the text as stored."""
        annotations = [Annotation.model_validate(one) for one in row["annotations"]]
        shown = [one for one in annotations if self._include_needs_review or not one.needs_review]
        title = row["title"] or ""
        return Hit(
            id=row["id"],
            score=score,
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


def _groups(node: Node) -> list[AnnotationGroup]:
    if isinstance(node, AnnotationGroup):
        return [node]
    return [] if isinstance(node, Not) else [group for child in children(node) for group in _groups(child)]
