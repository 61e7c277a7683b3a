from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from eho.annotation import (
    AnnotatedDocument,
    Annotation,
    Entity,
    Language,
    ModelVersion,
    Sense,
    SenseTag,
    Span,
    Speaker,
    Stance,
    Tags,
)
from eho.document import Document
from index.embedded import EmbeddedIndex
from index.protocol import Index

MODEL = ModelVersion(name="baseline", version="1", codebook="0123456789abcdef")

ENGINES: Mapping[str, Callable[[Path], Index]] = {"embedded": lambda folder: EmbeddedIndex(folder, writer_memory_mb=15)}


def annotation(narrative: str, stance: str = "endorse", **values: Any) -> Annotation:
    speaker = Speaker(type=values.pop("speaker", "unknown"))
    defaults: dict[str, Any] = {"score": 0.9, "spans": (Span(start=0, end=4),), "needs_review": False}
    return Annotation(narrative=narrative, stance=Stance(stance), speaker=speaker, **(defaults | values))


def annotated(
    document_id: str,
    text: str = "tekst",
    *annotations: Annotation,
    lang: str = "sr-Latn",
    sense: str | None = None,
    severity: int = 0,
    entities: tuple[str, ...] = (),
    published_at: datetime | str | None = "2026-03-10T12:00:00Z",
    **values: Any,
) -> AnnotatedDocument:
    row = {"id": document_id, "text": text, "source": "vala", "published_at": published_at, **values}
    tags = Tags(
        language=Language(code=lang, confidence=1.0),
        returnee_sense=None if sense is None else SenseTag(value=Sense(sense), confidence=0.9),
        annotations=annotations,
        severity=severity,
        entities=tuple(Entity(start=0, end=1, type="LOC", canonical_id=name) for name in entities),
        model=MODEL,
    )
    return AnnotatedDocument(document=Document.model_validate(row), tags=tags)


@pytest.fixture(params=sorted(ENGINES))
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    engine = ENGINES[request.param](tmp_path / "index")
    yield engine
    engine.close()
