"""Tags of a document: language, sense of "returnee", narrative annotations with evidence, entities (interface: Tags)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eho.document import Document
from eho.outcome import Outcome

FieldName = Literal["text", "title", "lead"]
Reviewed = Literal["machine", "one", "two"]


class Stance(StrEnum):
    """The passage's attitude to the narrative it carries."""

    ENDORSE = "endorse"
    AMPLIFY_UNCRITICAL = "amplify_uncritical"
    REPORT_NEUTRAL = "report_neutral"
    COUNTER = "counter"
    UNCLEAR = "unclear"

    @property
    def counts_in_prevalence(self) -> bool:
        """True for the stances that count when a narrative's prevalence is stated; the others are shown apart."""
        return self in (Stance.ENDORSE, Stance.AMPLIFY_UNCRITICAL)


class Sense(StrEnum):
    """Who it is that returns."""

    CONFLICT_ZONE = "conflict_zone"
    DISPLACED_RETURN = "displaced_return"
    READMISSION = "readmission"
    LABOUR_DIASPORA = "labour_diaspora"
    OTHER = "other"
    AMBIGUOUS = "ambiguous"


class HarmExposure(StrEnum):
    """What in the text could lead a stranger to a person at risk; computed before masking."""

    IDENTIFIABLE_MINOR = "identifiable_minor"
    IDENTIFIABLE_PRIVATE_ADULT = "identifiable_private_adult"
    ADDRESS_OR_SCHOOL = "address_or_school"
    NONE = "none"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Span(_Model):
    """A stretch `[start, end)` in code points of one field of the stored document."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    field: FieldName = "text"

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.end < self.start:
            raise ValueError(f"span ends at {self.end} before it starts at {self.start}")
        return self


class Speaker(_Model):
    """Whose voice carries the narrative."""

    type: str = "unknown"
    attribution: Literal["explicit", "implicit", "none"] = "none"


class Annotation(_Model):
    """One narrative in one document with one stance; `score` is the probability that the narrative is present at all."""

    narrative: str
    stance: Stance
    score: float = Field(ge=0, le=1)
    calibrated: bool = False
    spans: tuple[Span, ...] = Field(min_length=1)
    in_quote: bool = False
    in_headline: bool = False
    target_groups: tuple[str, ...] = ()
    severity: int = Field(default=0, ge=0, le=6)
    needs_review: bool = True
    speaker: Speaker = Speaker()
    reviewed: Reviewed = "machine"


class Entity(_Model):
    """A named entity; `canonical_id` joins the names of one thing in both languages."""

    start: int
    end: int
    field: FieldName = "text"
    type: str
    canonical_id: str | None = None


class Language(_Model):
    """Language and script as BCP-47, variety where it shows, confidence 0 to 1."""

    code: str
    variety: str | None = None
    confidence: float = Field(ge=0, le=1)


class SenseTag(_Model):
    """The resolved sense of "returnee" with its confidence."""

    value: Sense
    confidence: float = Field(ge=0, le=1)


class ModelVersion(_Model):
    """Which model tagged with which codebook."""

    name: str
    version: str
    codebook: str


class Tags(_Model):
    """All tags of one document, in the shape of the interface; `reason` says why where the outcome is abstained."""

    language: Language
    returnee_sense: SenseTag | None = None
    annotations: tuple[Annotation, ...] = ()
    severity: int = Field(default=0, ge=0, le=6)  # of the document's own voice, narrative or not
    harm_exposure: HarmExposure = HarmExposure.NONE
    entities: tuple[Entity, ...] = ()
    register_markers: tuple[Span, ...] = ()
    outcome: Outcome = Outcome.TAGGED
    reason: str | None = None
    model: ModelVersion

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object of the interface; `reason` stands only where there is one."""
        row = self.model_dump(mode="json")
        if row["reason"] is None:
            del row["reason"]
        return row


class AnnotatedDocument(_Model):
    """A document on its way through the steps, with the tags found so far."""

    document: Document
    tags: Tags | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Return the document's JSON object with `tags` beside its other fields."""
        row = self.document.to_mapping()
        if self.tags is not None:
            row["tags"] = self.tags.to_mapping()
        return row
