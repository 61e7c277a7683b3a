"""What every engine keeps of a document beside its words: what a hit shows, what is counted, and the numbers that order hits."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from eho.annotation import AnnotatedDocument, Annotation
from eho.document import Document
from index.calendar import Period

PERIODS: tuple[Period, ...] = ("day", "week", "month", "quarter")
UNDATED = -(2**60)  # sorts after every date, newest first
NO_SENSE = "none"


def language_of(annotated: AnnotatedDocument) -> str | None:
    """Return the identified language, else the one the document came with."""
    return annotated.document.lang if annotated.tags is None else annotated.tags.language.code


def document_cluster(document: Document) -> str:
    """Return the cluster's id; a document alone is a cluster of its own."""
    return document.id if document.cluster is None else document.cluster.id


def microseconds(moment: datetime) -> int:
    """Return the whole microseconds since 1970."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def body_of(annotated: AnnotatedDocument) -> bytes:
    """Return what a hit shows: kept beside the index so that an answer needs no other file."""
    row = annotated.document.model_dump(
        mode="json", include={"id", "url", "source", "kind", "title", "lead", "text", "published_at"}
    )
    row["lang"] = language_of(annotated)
    row["cluster"] = document_cluster(annotated.document)
    row["annotations"] = [] if annotated.tags is None else [_annotation(one) for one in annotated.tags.annotations]
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _annotation(annotation: Annotation) -> dict[str, Any]:
    return annotation.model_dump(mode="json")


def hash_of(text: str) -> int:
    """Return 60 bits that stand for an id where numbers are compared."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) >> 4
