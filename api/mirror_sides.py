"""The two sides of an event: whose voice, which stance to which narrative, and what one side has that the other has not.

"Not in the other" means: not found by Eho in the documents shown on the other side. It says nothing of what else these
outlets published, and nothing of intent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.stories import cluster_of, cluster_size, document_row, entity_rows, shown_annotations
from eho.annotation import AnnotatedDocument
from index.same_event import SIDES, PairScore, Side, entity_ids
from index.tokens import folded_words
from nlp.quotation import quotations, speaker_of

if TYPE_CHECKING:
    from api.wiring import Parts

_SHORTEST_QUOTE = 3  # words; shorter ones are names and irony
_UNATTRIBUTED = frozenset({"unknown", "outlet_body", "outlet_headline", "platform_user"})

Documents = Mapping[Side, Sequence[tuple[AnnotatedDocument, PairScore | None]]]


def side_rows(parts: Parts, documents: Documents) -> dict[str, Any]:
    """Return both sides, each with what was not found on the other."""
    entities = {side: {id for one, _ in documents[side] for id in entity_ids(one)} for side in SIDES}
    voices = {side: [_quoted(one) for one, _ in documents[side]] for side in SIDES}
    stances = {side: _stances([one for one, _ in documents[side]]) for side in SIDES}
    rows: dict[str, Any] = {}
    for side in SIDES:
        other: Side = "sr" if side == "sq" else "sq"
        speakers = {
            name: {speaker for voice in voices[name] for speaker in voice if speaker not in _UNATTRIBUTED} for name in SIDES
        }
        narratives = {name: {row["narrative"] for row in stances[name]} for name in SIDES}
        rows[side] = {
            "documents": [_document(parts, one, score) for one, score in documents[side]],
            "voices": _voices(voices[side]),
            "stances": stances[side],
            "not_in_other": {
                "entities": entity_rows(sorted(entities[side] - entities[other])),
                "narratives": [row for row in stances[side] if row["narrative"] not in narratives[other]],
                "speakers": sorted(speakers[side] - speakers[other]),
            },
        }
    return rows


def _document(parts: Parts, annotated: AnnotatedDocument, score: PairScore | None) -> dict[str, Any]:
    return {
        **document_row(annotated),
        "score": None if score is None else round(score.total, 3),
        "cosine": None if score is None else round(score.cosine, 3),
        "cluster_size": cluster_size(parts, cluster_of(annotated)),
        "headline_annotations": shown_annotations(annotated, field="title"),
    }


def _quoted(annotated: AnnotatedDocument) -> Counter[str]:
    """Count the quotations of a text by the public role of who is named beside them; nobody is named."""
    document = annotated.document
    text = document.text
    spans = [(start, end) for start, end in quotations(text) if len(folded_words(text[start:end])) >= _SHORTEST_QUOTE]
    return Counter(
        speaker_of(text, start, end, kind=document.kind, in_headline=False, in_quote=True).type for start, end in spans
    )


def _voices(quoted: Sequence[Counter[str]]) -> list[dict[str, Any]]:
    total: Counter[str] = sum(quoted, Counter())
    rows = [
        {"speaker": speaker, "quotes": number, "documents": sum(speaker in one for one in quoted)}
        for speaker, number in total.items()
    ]
    return sorted(rows, key=lambda row: (-row["quotes"], row["speaker"]))


def _stances(documents: Sequence[AnnotatedDocument]) -> list[dict[str, Any]]:
    """Count documents by narrative and stance; how many of them a person has reviewed stands beside."""
    shown = [{(a["narrative"], a["stance"]): a["reviewed"] for a in shown_annotations(one)} for one in documents]
    pairs = sorted({pair for row in shown for pair in row})
    return [
        {
            "narrative": narrative,
            "stance": stance,
            "documents": sum((narrative, stance) in row for row in shown),
            "reviewed": sum(row.get((narrative, stance), "machine") != "machine" for row in shown),
        }
        for narrative, stance in pairs
    ]
