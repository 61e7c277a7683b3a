"""What the page of one document shows: its text with numbered evidence, the annotations beside it, and a citation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.pages_codebook import Chip, Names
from api.pages_spans import Mark, Piece, paragraphs, pieces
from api.pages_wording import Wording


@dataclass(frozen=True, slots=True)
class Evidence:
    """One quotation of the text, and the field it stands in."""

    text: str
    field: str


@dataclass(frozen=True, slots=True)
class AnnotationView:
    """One annotation in full."""

    number: int
    chip: Chip
    severity: str
    speaker: str
    attribution: str
    targets: list[str]
    score: str
    is_veiled: bool
    in_quote: bool
    evidence: list[Evidence]


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One document as the page writes it."""

    title: list[Piece]
    lead: list[Piece]
    paragraphs: list[list[Piece]]
    shown: list[AnnotationView]
    for_review: list[AnnotationView]
    has_veil: bool
    has_house_style: bool
    sense: str | None
    language: str
    citation: str


def document_view(
    document: Mapping[str, Any], names: Names, words: Wording, *, source_name: str, snapshot: str, invented: bool
) -> DocumentView:
    """Prepare one document (JSON of the interface, tags included where it has any)."""
    tags = document.get("tags") or {}
    annotations: Sequence[Mapping[str, Any]] = tags.get("annotations") or ()
    certain = [annotation for annotation in annotations if not annotation["needs_review"]]
    unsure = [annotation for annotation in annotations if annotation["needs_review"]]
    shown = [_annotation_view(one, number, document, names, words) for number, one in enumerate(certain, 1)]
    waiting = [_annotation_view(one, number, document, names, words) for number, one in enumerate(unsure, len(shown) + 1)]
    house = [Mark(span["start"], span["end"], 0) for span in tags.get("register_markers", ()) if _field(span) == "text"]

    def marks(field: str) -> list[Mark]:
        return [
            Mark(span["start"], span["end"], number, names.is_harmful(annotation))
            for number, annotation in enumerate(certain, 1)
            for span in annotation["spans"]
            if _field(span) == field
        ]

    text, lead = document["text"], document.get("lead") or ""
    return DocumentView(
        title=pieces(document.get("title") or words("no_title"), marks("title") if document.get("title") else ()),
        lead=[] if not lead or text.startswith(lead) else pieces(lead, marks("lead")),
        paragraphs=paragraphs(text, [*marks("text"), *house]),
        shown=shown,
        for_review=waiting,
        has_veil=any(names.is_harmful(annotation) for annotation in annotations),
        has_house_style=bool(house),
        sense=_sense(tags, names, words),
        language=_language(document, tags, words),
        citation=_citation(document, words, source_name=source_name, snapshot=snapshot, invented=invented),
    )


def _annotation_view(
    annotation: Mapping[str, Any], number: int, document: Mapping[str, Any], names: Names, words: Wording
) -> AnnotationView:
    speaker = annotation.get("speaker") or {}
    spans = [(span, document.get(_field(span)) or "") for span in annotation["spans"]]
    return AnnotationView(
        number=number,
        chip=names.chip(annotation),
        severity=names.severity(annotation.get("severity", 0)),
        speaker=names("speaker", speaker.get("type", "unknown")),
        attribution=names("attribution", speaker.get("attribution", "none")).lower(),
        targets=[names("target", target) for target in annotation.get("target_groups", ())],
        score=_score(annotation, words),
        is_veiled=names.is_harmful(annotation),
        in_quote=bool(annotation.get("in_quote")),
        evidence=[Evidence(field[span["start"] : span["end"]], _field(span)) for span, field in spans],
    )


def _score(annotation: Mapping[str, Any], words: Wording) -> str:
    score = float(annotation["score"])
    steps = ((0.9, "score_high"), (0.7, "score_good"), (0.5, "score_fair"))
    word = words(next((key for least, key in steps if score >= least), "score_low"))
    doubt = "" if annotation.get("calibrated") else f"; {words('uncalibrated')}"
    return f"{word} ({words.decimal(score)}{doubt})"


def _field(span: Mapping[str, Any]) -> str:
    return str(span.get("field", "text"))


def _sense(tags: Mapping[str, Any], names: Names, words: Wording) -> str | None:
    sense = tags.get("returnee_sense")
    if sense is None:
        return None
    return f"{names('sense', sense['value'])} ({words('confidence', p=words.decimal(sense['confidence']))})"


def _language(document: Mapping[str, Any], tags: Mapping[str, Any], words: Wording) -> str:
    language = tags.get("language") or {"code": document.get("lang")}
    if not language.get("code"):
        return words("unknown")
    said = words.or_id("lang", language["code"])
    variety = language.get("variety")
    return f"{said} ({words.or_id('variety', variety)})" if variety else said


def _citation(document: Mapping[str, Any], words: Wording, *, source_name: str, snapshot: str, invented: bool) -> str:
    published_at, fetched_at = document.get("published_at"), document.get("fetched_at")
    parts = [
        source_name,
        words("quoted", text=document.get("title") or words("no_title")),
        words.moment(published_at, document.get("published_at_precision")) if published_at else words("no_date"),
        document.get("url"),
        words("retrieved_on", date=words.moment(fetched_at)) if fetched_at else None,
        f"Eho, {words('snapshot').lower()} {snapshot}",
        words("invented_mark") if invented else None,
    ]
    return ". ".join(part.rstrip(".") for part in parts if part) + "."
