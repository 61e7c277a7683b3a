"""Resolves who it is that returns, with the document's context, before any label that depends on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eho.annotation import Sense, SenseTag
from models.passages import NO_SENSE, PassageModel, PassagePrediction
from nlp.markers import ReturnHints
from nlp.segmentation import Passage

_LEAST_CONFIDENCE = 0.45
_RETURNS_AT = 0.6  # on the dev split 0.952 of the senses right; 0.917 with the word list alone, 0.950 from 0.5 on
_CONTEXT_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Senses:
    """The document's sense (None where nobody returns) and each passage's, by position."""

    document: SenseTag | None
    passages: tuple[SenseTag | None, ...]


def resolve(
    passages: Sequence[Passage],
    predictions: Sequence[PassagePrediction],
    title: str | None,
    model: PassageModel,
    hints: ReturnHints,
) -> Senses:
    """Ask the model, with title and neighbours as context, wherever a return or a conflict zone is mentioned or the passage
    alone sounds like one: guest workers and displaced people come back in words that no list foresees.

    Below the least confidence a sense is `ambiguous`. The document's is conflict_zone if any passage's is, else the
    majority; a passage without a mention of its own takes over the document's sense.
    """
    asked = [
        at
        for at, (passage, prediction) in enumerate(zip(passages, predictions, strict=True))
        if prediction.returns >= _RETURNS_AT or hints.in_text(passage.text)
    ]
    if not asked:
        return Senses(None, (None,) * len(passages))
    answers = model.predict_sense([_with_context(passages, at, title) for at in asked])
    war = any(hints.of_conflict_zone(passage.text) for passage in passages) or hints.of_conflict_zone(title or "")
    tags = {at: tag for at, answer in zip(asked, answers, strict=True) if (tag := _to_tag(answer, war=war)) is not None}
    document = _of_document(list(tags.values()))
    return Senses(document, tuple(tags.get(at, document) for at in range(len(passages))))


def _to_tag(answer: Mapping[str, float], *, war: bool) -> SenseTag | None:
    """Read the model's answer; without any mention of a conflict zone in the document nobody returned from one.

    Taking a guest worker or a displaced Serb for somebody back from Syria is the worst error this step can make.
    """
    if max(answer, key=answer.__getitem__) == NO_SENSE:
        return None
    left = {sense: value for sense, value in answer.items() if sense != NO_SENSE and (war or sense != Sense.CONFLICT_ZONE)}
    best, certain = max(left, key=left.__getitem__), 1.0 - answer.get(NO_SENSE, 0.0)
    confidence = left[best] / certain if certain > 0 else 0.0
    if confidence < _LEAST_CONFIDENCE:
        return SenseTag(value=Sense.AMBIGUOUS, confidence=round(1.0 - confidence, 3))
    return SenseTag(value=Sense(best), confidence=round(confidence, 3))


def _of_document(tags: Sequence[SenseTag]) -> SenseTag | None:
    if not tags:
        return None
    zone = [tag for tag in tags if tag.value is Sense.CONFLICT_ZONE]
    if zone:
        return max(zone, key=lambda tag: tag.confidence)
    counts = Counter(tag.value for tag in tags)
    value = max(counts, key=lambda sense: (counts[sense], max(tag.confidence for tag in tags if tag.value is sense)))
    return max((tag for tag in tags if tag.value is value), key=lambda tag: tag.confidence)


def _with_context(passages: Sequence[Passage], at: int, title: str | None) -> str:
    before = passages[at - 1].text[-_CONTEXT_CHARACTERS:] if at > 0 else ""
    after = passages[at + 1].text[:_CONTEXT_CHARACTERS] if at + 1 < len(passages) else ""
    parts = [title or "", before, passages[at].text, after]
    return "\n".join(dict.fromkeys(part for part in parts if part))
