"""The values that a query's fields may take: fixed ones here, narratives and others from the codebook in use."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

from eho.annotation import Reviewed, Sense, Stance
from eho.codebook import Codebook
from eho.document import Kind
from eho.errors import QueryError
from index.nodes import pattern_of
from index.term_list import TermList

_FIXED: dict[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "stance": tuple(stance.value for stance in Stance),
    "sense": tuple(sense.value for sense in Sense),
    "reviewed": get_args(Reviewed),
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Known values per field, and their names per language; a field without values takes any."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # language -> value -> name
    term_list: Callable[[], TermList] = TermList.bundled  # read when a query first asks for a pair

    @classmethod
    def from_codebook(
        cls, codebook: Codebook, *, sources: Iterable[str] = (), term_list: Callable[[], TermList] = TermList.bundled
    ) -> Vocabulary:
        """Take narratives, speakers and targets of a codebook, and sources where they are to be checked."""
        dimensions = codebook.dimensions
        terms = [*codebook.narratives, *dimensions.stances, *dimensions.speakers, *dimensions.target_groups]
        labels: dict[str, dict[str, str]] = {}
        for term in [*terms, *dimensions.returnee_senses]:
            for language, name in term.labels.items():
                labels.setdefault(language, {})[term.id] = name
        values = {
            "narrative": tuple(narrative.id for narrative in codebook.narratives),
            "speaker": tuple(speaker.id for speaker in dimensions.speakers),
            "target": tuple(group.id for group in dimensions.target_groups),
            "source": tuple(sources),
        }
        return cls(values, labels, term_list)

    def with_narratives(self, names: Mapping[str, Mapping[str, str]]) -> Vocabulary:
        """Return a vocabulary that also knows these narratives: id -> language -> name."""
        if not names:
            return self
        labels = {language: dict(known) for language, known in self.labels.items()}
        for id, titles in names.items():
            for language, title in titles.items():
                labels.setdefault(language, {})[id] = title
        known = {**self.values, "narrative": (*self.values.get("narrative", ()), *sorted(names))}
        return replace(self, values=known, labels=labels)

    def check(self, name: str, value: str, position: int | None) -> None:
        """Raise QueryError with the nearest known value unless the field takes the value."""
        known = _FIXED.get(name) or self.values.get(name) or ()
        pattern = pattern_of(value)
        if not known or any(pattern.fullmatch(one) for one in known):
            return
        close = difflib.get_close_matches(value, known, n=1, cutoff=0.5)
        hint = (
            f"Did you mean {name}:{close[0]}?" if close else f"Known values: {', '.join(known[:12])}{' …' if known[12:] else ''}."
        )
        raise QueryError(f"There is no {name} {value!r}", position=position, hint=hint)
