"""Documents that people read at random, as the correction of a series needs them; whoever read them, they outlive every model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from index.facts import AnnotationFacts
from index.nodes import And, AnnotationGroup, Condition, Keyword, Node, SeverityRange, conjoin, leaves

LEAST_READ = 300  # documents; below it the interval of a rare narrative spans most of the scale
LEAST_OF_EACH = 30  # with the machine's label, and as many without

NO_TAG = "beside the denominator no tag is asked for: words, sources and dates are found without error"
NONE_READ = "no documents were read at random; see eho evaluate audit documents"

_READ = ("narrative", "stance")


@dataclass(frozen=True, slots=True)
class AuditedDocument:
    """A document drawn with a known probability, of which `weight` is the inverse, and what a person found in it.

    `narratives` are those that the person was asked about; `annotations` those found, with the stance.
    """

    id: str
    weight: float
    narratives: frozenset[str]
    annotations: tuple[tuple[str, str], ...]

    def carries(self, expression: Node) -> bool:
        """Tell whether one annotation that the person found meets the expression."""
        facts = (AnnotationFacts(narrative, stance, "", (), 0, "two", False) for narrative, stance in self.annotations)
        return any(one.meets(expression) for one in facts)


@dataclass(frozen=True, slots=True)
class Read:
    """One document that a person read: whether the machine found it, whether it is one, and how many it stands for."""

    found: bool
    carries: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """A series' query taken apart: the one annotation asked for, and the rest, in which the machine cannot err."""

    group: AnnotationGroup
    rest: Node
    narratives: frozenset[str]


def question_of(root: Node, base: Node) -> Question | str:
    """Take a query apart; where its errors cannot be corrected, say why.

    What restricts the denominator too is taken as given, even a sense that the machine found: the share is one of its documents.
    """
    given = base.parts if isinstance(base, And) else (base,)
    parts = [part for part in (root.parts if isinstance(root, And) else (root,)) if part not in given]
    if not any(_uses_tags(part) for part in parts):
        return NO_TAG
    groups = [part for part in parts if isinstance(part, AnnotationGroup)]
    rest = conjoin(*(part for part in parts if not isinstance(part, AnnotationGroup)))
    if len(groups) != 1 or _uses_tags(rest):
        return "more than one annotation, or the sense, is asked for"
    asked = leaves(groups[0])
    if any(isinstance(leaf, SeverityRange) or (isinstance(leaf, Condition) and leaf.field not in _READ) for leaf in asked):
        return "people who read at random note narrative and stance only"
    narratives = frozenset(leaf.value for leaf in asked if isinstance(leaf, Condition) and leaf.field == "narrative")
    if not narratives or any("*" in name for name in narratives):
        return "no narrative is named"
    return Question(groups[0], rest, narratives)


def read_documents(
    question: Question, audited: Sequence[AuditedDocument], inside: Collection[str], rest: Collection[str], found: Collection[str]
) -> list[Read]:
    """Return the documents of the series' base that were read for its narratives, with the machine's answer and the person's."""
    asked = {one.id: one for one in audited if one.id in inside and question.narratives <= one.narratives}
    return [
        Read(one.id in found, one.id in rest and one.carries(question.group.expression), one.weight) for one in asked.values()
    ]


def why_not(read: Sequence[Read]) -> str | None:
    """Say why these documents do not suffice for a correction; None where they do."""
    if not read:
        return NONE_READ
    if len(read) < LEAST_READ:
        return f"{len(read)} documents of the series were read at random, {LEAST_READ} are needed"
    found = sum(one.found for one in read)
    for number, label in ((found, "with"), (len(read) - found, "without")):
        if number < LEAST_OF_EACH:
            return f"{number} of the {len(read)} documents read are {label} the machine's label, {LEAST_OF_EACH} are needed"
    return None


def _uses_tags(node: Node) -> bool:
    return any(
        isinstance(leaf, Condition | SeverityRange) or (isinstance(leaf, Keyword) and leaf.field in ("sense", "entity"))
        for leaf in leaves(node)
    )
