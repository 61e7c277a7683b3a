"""From the model's numbers for passages to a document's annotations: spans, stance, voice, targets, severity, review."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from eho.annotation import Annotation, Sense, SenseTag, Span, Stance
from eho.codebook import Codebook
from eho.document import Document
from models.passages import PassageInput, PassageModel, PassagePrediction
from nlp.quotation import is_quoted, quotations, speaker_of
from nlp.segmentation import Passage

_MOST_PER_PASSAGE = 2  # a passage of 70 words seldom carries more; the likeliest are kept
_TARGET_AT = 0.5


@dataclass(frozen=True, slots=True)
class _Candidate:
    annotation: Annotation
    key: tuple[str, str, str, str]


class NarrativeStep:
    """Applies the codebook's rules to what the model says of each passage and merges passages into annotations.

    `own` are a user's narratives: no border rule, target group or severity is known for them, and they take nothing from
    the codebook's.
    """

    def __init__(self, codebook: Codebook, model: PassageModel, own: Collection[str] = ()) -> None:
        self._model = model
        self._own = frozenset(own)
        self._known = {narrative.id: narrative for narrative in codebook.narratives}

    def annotate(
        self,
        document: Document,
        passages: Sequence[Passage],
        predictions: Sequence[PassagePrediction],
        senses: Sequence[SenseTag | None],
    ) -> tuple[Annotation, ...]:
        """Return the union over passages, merged by (narrative, stance, speaker type, field), best score first."""
        quoted = {field: quotations(getattr(document, field) or "") for field in ("title", "lead", "text")}
        candidates: list[_Candidate] = []
        for passage, prediction, sense in zip(passages, predictions, senses, strict=True):
            listed = [item for item in prediction.stances if self._allowed(item, sense)]
            listed.sort(key=lambda item: -prediction.narratives[item])
            own = [item for item in prediction.stances if item in self._own]
            candidates.extend(
                self._candidate(document, passage, prediction, narrative, quoted)
                for narrative in (*listed[:_MOST_PER_PASSAGE], *own)
            )
        return _headlines_by_their_bodies(_merge(candidates))

    def _allowed(self, narrative: str, sense: SenseTag | None) -> bool:
        required = self._known[narrative].requires_sense if narrative in self._known else None
        return narrative in self._known and (required is None or (sense is not None and sense.value is required))

    def _candidate(
        self,
        document: Document,
        passage: Passage,
        prediction: PassagePrediction,
        narrative: str,
        quoted: Mapping[str, Sequence[tuple[int, int]]],
    ) -> _Candidate:
        text: str = getattr(document, passage.field)
        spans = [(passage.start + start, passage.start + end) for start, end in prediction.evidence[narrative]]
        start, end = spans[0]
        in_quote = is_quoted(quoted[passage.field], start, end)
        in_headline = passage.field == "title"
        speaker = speaker_of(text, start, end, kind=document.kind, in_headline=in_headline, in_quote=in_quote)
        stances = prediction.stances[narrative]
        stance = Stance(max(stances, key=stances.__getitem__))
        score = prediction.narratives[narrative]
        annotation = Annotation(
            narrative=narrative,
            stance=stance,
            score=round(score, 4),
            calibrated=self._model.calibrated,
            spans=tuple(Span(start=first, end=last, field=passage.field) for first, last in spans),
            in_quote=in_quote,
            in_headline=in_headline,
            target_groups=self._targets(narrative, prediction),
            severity=self._severity(narrative, stance, prediction.severity),
            needs_review=score < self._model.thresholds(narrative).show_in(document.kind),
            speaker=speaker,
        )
        return _Candidate(annotation, (narrative, stance.value, speaker.type, passage.field))

    def _targets(self, narrative: str, prediction: PassagePrediction) -> tuple[str, ...]:
        """Return the likely target groups; about returnees at least one (border rule 5)."""
        if narrative in self._own:
            return ()
        found = sorted(target for target, value in prediction.targets.items() if value >= _TARGET_AT)
        about_returnees = self._known[narrative].requires_sense is Sense.CONFLICT_ZONE
        if about_returnees and not any(target.startswith("returnee_") for target in found):
            likeliest = {target: value for target, value in prediction.targets.items() if target.startswith("returnee_")}
            found.append(max(likeliest, key=likeliest.__getitem__) if likeliest else "returnee_families")
        return tuple(found)

    def _severity(self, narrative: str, stance: Stance, severity: int) -> int:
        """Severity rates the passage's own voice (border rule 1)."""
        if narrative in self._own:
            return 0
        if self._known[narrative].family == "humanising_counter" or stance in (Stance.COUNTER, Stance.REPORT_NEUTRAL):
            return 0
        return min(severity, 1) if stance is Stance.UNCLEAR else max(severity, 1)


def document_severity(annotations: Sequence[Annotation]) -> int:
    """Return the highest severity of the document's own voice among what would be shown; 0 where nothing is."""
    return max((annotation.severity for annotation in annotations if not annotation.needs_review), default=0)


def _merge(candidates: Sequence[_Candidate]) -> tuple[Annotation, ...]:
    merged: dict[tuple[str, str, str, str], Annotation] = {}
    for candidate in candidates:
        known = merged.get(candidate.key)
        merged[candidate.key] = candidate.annotation if known is None else _join(known, candidate.annotation)
    return tuple(sorted(merged.values(), key=lambda item: (-item.score, item.narrative)))


def _headlines_by_their_bodies(annotations: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
    """Send a headline's annotation to review unless lead or text carries the narrative too.

    On 17,402 real documents 47 of the 47 headline tags that the baseline showed were wrong: a place name and a verb are
    too little for it to go by. The annotation stays listed.
    """
    carried = {item.narrative for item in annotations if not item.in_headline and not item.needs_review}
    return tuple(
        item.model_copy(update={"needs_review": True}) if item.in_headline and item.narrative not in carried else item
        for item in annotations
    )


def _join(one: Annotation, other: Annotation) -> Annotation:
    best = one if one.score >= other.score else other
    return best.model_copy(
        update={
            "spans": tuple(sorted({*one.spans, *other.spans}, key=lambda span: (span.start, span.end))),
            "target_groups": tuple(sorted({*one.target_groups, *other.target_groups})),
            "severity": max(one.severity, other.severity),
            "needs_review": one.needs_review and other.needs_review,
        }
    )


def passage_inputs(passages: Sequence[Passage], title: str | None) -> list[PassageInput]:
    """Return what the model reads: each passage with the headline as context."""
    return [PassageInput(passage.text, context="" if passage.field == "title" else title or "") for passage in passages]
