from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
from tests.elasticsearch_node import ON_ONE_WORKER, settings_for, temporary_index

MODEL = ModelVersion(name="baseline", version="1", codebook="0123456789abcdef")

ENGINES = ("embedded", pytest.param("elasticsearch", marks=ON_ONE_WORKER))


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


@contextmanager
def opened(request: pytest.FixtureRequest, folder: Path) -> Iterator[Index]:
    """Open the engine that a fixture's parameter names."""
    if request.param == "embedded":
        with EmbeddedIndex(folder, writer_memory_mb=15) as index:
            yield index
    else:
        server = request.getfixturevalue("elasticsearch_server")
        with temporary_index(settings_for(server.url), folder) as index:
            yield index


@pytest.fixture(params=ENGINES)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    with opened(request, tmp_path / "index") as found:
        yield found
