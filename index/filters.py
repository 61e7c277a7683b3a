"""Restrictions given beside a query, joined to it as if they had been typed."""

from __future__ import annotations

from collections.abc import Sequence

from eho.errors import InputError
from eho.folding import fold_text
from index.answers import Filters
from index.nodes import And, AnnotationGroup, Condition, ConditionField, DateRange, Keyword, KeywordField, Node, Or, conjoin
from index.vocabulary import Vocabulary


def with_filters(root: Node, filters: Filters, vocabulary: Vocabulary | None = None) -> Node:
    """Return the query with the filters; narrative and stance bind to the same annotation as those typed. Raises InputError."""
    if filters.from_on and filters.to_on and filters.from_on > filters.to_on:
        raise InputError(
            f"The period ends on {filters.to_on} before it begins on {filters.from_on}; swap both days.", field="from"
        )
    known = vocabulary or Vocabulary()
    parts = [
        part
        for part in (
            _keywords("source", filters.sources, known),
            _keywords("lang", filters.langs, known),
            _keywords("kind", filters.kinds, known),
        )
        if part is not None
    ]
    if filters.from_on or filters.to_on:
        parts.append(DateRange(filters.from_on, filters.to_on))
    for conditions in (_conditions("narrative", filters.narratives, known), _conditions("stance", filters.stances, known)):
        if conditions is not None:
            root = narrow(root, conditions)
    return conjoin(root, *parts)


def narrow(root: Node, expression: Node) -> Node:
    """Bind one more expression to the query's annotation group: to its only one at the top, else to a group of its own."""
    parts = root.parts if isinstance(root, And) else (root,)
    groups = [part for part in parts if isinstance(part, AnnotationGroup)]
    if len(groups) != 1:
        return conjoin(root, AnnotationGroup(expression))
    group = AnnotationGroup(conjoin(groups[0].expression, expression))
    return conjoin(*(group if part is groups[0] else part for part in parts))


def any_of(parts: Sequence[Node]) -> Node:
    """Return the OR of parts, or the only one."""
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _keywords(name: KeywordField, values: Sequence[str], vocabulary: Vocabulary) -> Node | None:
    folded = [fold_text(value.strip()) for value in values]
    for value in folded:
        vocabulary.check(name, value, None)
    return any_of([Keyword(name, value) for value in folded]) if folded else None


def _conditions(name: ConditionField, values: Sequence[str], vocabulary: Vocabulary) -> Node | None:
    for value in values:
        vocabulary.check(name, value, None)
    return any_of([Condition(name, value) for value in values]) if values else None
