"""Rewritings of training passages: the metamorphic relations, taught instead of only measured.

Each keeps what a passage says and changes how: peoples exchanged (labels become their mirrors), ijekavian, Gheg.
"""

from __future__ import annotations

from dataclasses import replace

from eho.codebook import Codebook
from evaluation.variants import Rewrite, to_gheg, to_ijekavian, with_peoples_exchanged
from models.corpus import LabelledAnnotation, LabelledPassage
from models.tagger.sources import Rewriting

_PEOPLES, _IJEKAVIAN, _GHEG = 0.5, 0.15, 0.15  # shares of the passages that each is tried on
_EXCHANGED = {"albanians": "serbs", "serbs": "albanians"}


def rewritings(codebook: Codebook) -> list[tuple[Rewriting, float]]:
    """Return the rewritings that training uses, each with the share of passages it is tried on."""

    def exchanged(row: LabelledPassage) -> LabelledPassage | None:
        mirrors = [codebook.mirror_of(one.narrative) for one in row.annotations]
        if None in mirrors or (other := _rewritten(row, with_peoples_exchanged)) is None:
            return None
        annotations = [
            replace(one, narrative=str(mirror), target_groups=tuple(_EXCHANGED.get(group, group) for group in one.target_groups))
            for one, mirror in zip(other.annotations, mirrors, strict=True)
        ]
        return replace(other, annotations=tuple(annotations))

    return [
        (exchanged, _PEOPLES),
        (lambda row: _rewritten(row, to_ijekavian), _IJEKAVIAN),
        (lambda row: _rewritten(row, to_gheg), _GHEG),
    ]


def _rewritten(row: LabelledPassage, rewrite: Rewrite) -> LabelledPassage | None:
    """Rewrite text and title; None where nothing changes. Evidence that cannot be followed is not known any more."""
    text = rewrite(row.text, row.lang)
    if text == row.text:
        return None
    title = rewrite(row.title, row.lang) if row.title else row.title
    annotations = tuple(_moved(one, row, text, rewrite) for one in row.annotations)
    return replace(row, text=text, title=title, annotations=annotations)


def _moved(one: LabelledAnnotation, row: LabelledPassage, text: str, rewrite: Rewrite) -> LabelledAnnotation:
    spans = []
    for start, end in one.evidence:
        piece = rewrite(row.text[start:end], row.lang)
        first = len(rewrite(row.text[:start], row.lang))
        if text[first : first + len(piece)] != piece:
            return replace(one, evidence=())
        spans.append((first, first + len(piece)))
    return replace(one, evidence=tuple(spans))
