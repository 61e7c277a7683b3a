"""The codebook as pages, charts and reports show it: names in the reader's language, and which narratives do harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.pages_wording import Wording
from eho.annotation import Stance
from eho.codebook import Codebook, Narrative, Term

HUMANISING = "humanising_counter"
PREVALENT = tuple(stance.value for stance in Stance if stance.counts_in_prevalence)


@dataclass(frozen=True, slots=True)
class Chip:
    """An annotation in short: a narrative never stands without its stance, nor without who says so."""

    narrative: str
    label: str
    family: str
    stance: str
    stance_label: str
    reviewed: str


class Names:
    """Labels of one codebook in one language; an id that the codebook no longer has is shown as it is."""

    def __init__(self, codebook: Codebook, words: Wording) -> None:
        dimensions = codebook.dimensions
        self._words = words
        self._narratives = {narrative.id: narrative for narrative in codebook.narratives}
        self._terms: dict[str, Mapping[str, Term]] = {
            "narrative": self._narratives,
            "family": _by_id(codebook.families),
            "stance": _by_id(dimensions.stances),
            "speaker": _by_id(dimensions.speakers),
            "attribution": _by_id(dimensions.attributions),
            "target": _by_id(dimensions.target_groups),
            "sense": _by_id(dimensions.returnee_senses),
            "exposure": _by_id(dimensions.harm_exposures),
        }
        self._severities = {level.id: level for level in dimensions.severities}

    def __call__(self, kind: str, id: str) -> str:
        """Return the label of a narrative, family, stance, speaker, attribution, target, sense or exposure."""
        term = self._terms[kind].get(id)
        return id if term is None else self._words.label(term.labels)

    def severity(self, level: int) -> str:
        """Say a severity in words and number."""
        return self._words("severity_value", n=level, label=self._words.label(self._severities[level].labels).lower())

    def family_of(self, narrative: str) -> str:
        """Return the family's id; "" for a narrative that the codebook no longer has."""
        known = self._narratives.get(narrative)
        return "" if known is None else known.family

    def is_harmful(self, annotation: Mapping[str, Any]) -> bool:
        """Tell whether evidence of the annotation is blurred: a harmful narrative, unless the text rejects it."""
        return self.family_of(annotation["narrative"]) != HUMANISING and annotation["stance"] != Stance.COUNTER

    def chip(self, annotation: Mapping[str, Any]) -> Chip:
        """Return an annotation in short."""
        narrative, stance = annotation["narrative"], annotation["stance"]
        label, said = self("narrative", narrative), self("stance", stance)
        return Chip(narrative, label, self.family_of(narrative), stance, said, annotation.get("reviewed", "machine"))

    def value(self, facet: str, value: str) -> str:
        """Return what a reader calls a facet's value."""
        if facet in ("narrative", "stance", "sense"):
            return self(facet, value)
        if facet == "month":
            return self._words.month(value)
        return self._words.or_id(facet, value) if facet in ("lang", "kind") else value


def by_family(codebook: Codebook) -> dict[str, list[Narrative]]:
    """Return the narratives of every family, in the codebook's order."""
    return {family.id: [n for n in codebook.narratives if n.family == family.id] for family in codebook.families}


def harmful(codebook: Codebook) -> list[Narrative]:
    """Return the harmful narratives that count in prevalence."""
    return [n for n in codebook.narratives if n.family != HUMANISING and n.counts_in_prevalence]


def carrying(narratives: Sequence[Narrative], stances: Sequence[str] = ()) -> str:
    """Write a query for documents that carry one of the narratives, with one of the stances where they are given."""
    query = f"narrative:({' OR '.join(narrative.id for narrative in narratives)})"
    return f"{query} stance:({' OR '.join(stances)})" if stances else query


def _by_id(terms: Sequence[Term]) -> dict[str, Term]:
    return {term.id: term for term in terms}
