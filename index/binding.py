"""Binds the annotation conditions of one AND group to one annotation, so that rejecting X and endorsing Y is no hit for both.

A group is what stands side by side, outside further parentheses around an AND. A condition under NOT binds too
(`narrative:X NOT stance:endorse` is an annotation X of another stance), except where that could say nothing: beside a positive
condition on the same single-valued field, and where nothing positive stands, NOT speaks of the whole document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from eho.errors import QueryError
from index.nodes import And, AnnotationGroup, Condition, Node, Not, Or, Paired, SeverityRange, leaves

_SINGLE_VALUED = frozenset({"narrative", "stance", "speaker", "reviewed"})


def bind(node: Node) -> Node:
    """Return the tree with every annotation condition inside an AnnotationGroup. Raises QueryError for two narratives in one."""
    if isinstance(node, And):
        return _bind_and(node.parts)
    if isinstance(node, Or) and not isinstance(node, Paired):
        return Or(tuple(bind(part) for part in node.parts))
    if isinstance(node, Not):
        return Not(bind(node.part))
    return AnnotationGroup(node) if isinstance(node, Condition | SeverityRange) else node


def _bind_and(parts: tuple[Node, ...]) -> Node:
    positive = [part for part in parts if _binds(part) and not isinstance(part, Not)]
    if not positive or _asks_for_several(parts, positive):
        return And(tuple(bind(part) for part in parts))
    fixed = {part.field for part in positive if isinstance(part, Condition) and part.field in _SINGLE_VALUED}
    bound = [part for part in parts if _binds(part) and not (isinstance(part, Not) and _says_nothing(part, fixed))]
    group = AnnotationGroup(bound[0] if len(bound) == 1 else And(tuple(bound)))
    result: list[Node] = []
    for part in parts:
        if part is positive[0]:
            result.append(group)
        elif not any(part is one for one in bound):
            result.append(bind(part))
    return result[0] if len(result) == 1 else And(tuple(result))


def _binds(node: Node) -> bool:
    if isinstance(node, Or):
        return all(_binds(part) for part in node.parts)
    if isinstance(node, Not):
        return _binds(node.part)
    return isinstance(node, Condition | SeverityRange)


def _says_nothing(negation: Not, fixed: Collection[str]) -> bool:
    return all(isinstance(leaf, Condition) and leaf.field in fixed for leaf in leaves(negation))


def _asks_for_several(parts: tuple[Node, ...], positive: Sequence[Node]) -> bool:
    """Tell whether the group is a plain list of narratives (or stances …), each for an annotation of its own."""
    values: dict[str, dict[str, Condition]] = defaultdict(dict)
    for part in positive:
        if isinstance(part, Condition) and part.field in _SINGLE_VALUED and "*" not in part.value:
            values[part.field][part.value] = part
    for name, found in values.items():
        if len(found) < 2:
            continue
        if all(isinstance(part, Condition) and part.field == name for part in positive) and not any(
            isinstance(part, Not) and _binds(part) for part in parts
        ):
            return True
        first, second = list(found.values())[:2]
        hint = f"Put each into parentheses with what belongs to it: ({name}:{first.value} …) ({name}:{second.value} …)."
        raise QueryError(f"One annotation has one {name}, not two", position=second.position, hint=hint)
    return False
