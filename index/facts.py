"""One annotation as the index knows it, and whether it meets a query's expression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eho.annotation import Annotation, Tags
from index.nodes import And, Condition, Node, Not, Or, SeverityRange, pattern_of

_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class AnnotationFacts:
    """What conditions may ask of one annotation; as a token it holds all targets, so that NOT target: can be answered too."""

    narrative: str
    stance: str
    speaker: str
    targets: tuple[str, ...]
    severity: int
    reviewed: str
    needs_review: bool

    @classmethod
    def from_annotation(cls, annotation: Annotation) -> AnnotationFacts:
        """Take the facts of a tag's annotation."""
        return cls(
            narrative=annotation.narrative,
            stance=annotation.stance.value,
            speaker=annotation.speaker.type,
            targets=tuple(sorted(set(annotation.target_groups))),
            severity=annotation.severity,
            reviewed=annotation.reviewed,
            needs_review=annotation.needs_review,
        )

    @classmethod
    def from_token(cls, token: str) -> AnnotationFacts:
        """Read what `to_token` wrote."""
        narrative, stance, speaker, targets, severity, reviewed, needs_review = token.split(_SEPARATOR)
        names = tuple(targets.split(",")) if targets else ()
        return cls(narrative, stance, speaker, names, int(severity), reviewed, needs_review == "1")

    def to_token(self) -> str:
        """Write all facts into one index term."""
        flags = (str(self.severity), self.reviewed, "1" if self.needs_review else "0")
        return _SEPARATOR.join((self.narrative, self.stance, self.speaker, ",".join(self.targets), *flags))

    def meets(self, expression: Node) -> bool:
        """Tell whether this annotation meets an AnnotationGroup's expression."""
        if isinstance(expression, And):
            return all(self.meets(part) for part in expression.parts)
        if isinstance(expression, Or):
            return any(self.meets(part) for part in expression.parts)
        if isinstance(expression, Not):
            return not self.meets(expression.part)
        if isinstance(expression, SeverityRange):
            return expression.low <= self.severity <= expression.high
        return isinstance(expression, Condition) and self._meets_condition(expression)

    def _meets_condition(self, condition: Condition) -> bool:
        values = self.targets if condition.field == "target" else (str(getattr(self, condition.field)),)
        if "*" not in condition.value:
            return condition.value in values
        pattern = pattern_of(condition.value)
        return any(value and pattern.fullmatch(value) for value in values)


def facts_of(tags: Tags) -> Iterator[AnnotationFacts]:
    """Yield the facts of all annotations; an insult without a narrative stands as one that has a severity and nothing else."""
    for annotation in tags.annotations:
        yield AnnotationFacts.from_annotation(annotation)
    if tags.severity and all(annotation.severity < tags.severity for annotation in tags.annotations):
        yield AnnotationFacts("", "", "", (), tags.severity, "machine", needs_review=False)
