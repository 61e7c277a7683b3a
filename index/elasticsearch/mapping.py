"""What of a document goes into which field on the server, with every field named beforehand."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import numpy as np

from eho.annotation import AnnotatedDocument, Tags
from eho.document import Document
from eho.folding import fold_text
from index.breaks import tagger_name
from index.calendar import day_of, period_start
from index.embedding import Floats, content_of
from index.entry import NO_SENSE, PERIODS, UNDATED, body_of, document_cluster, hash_of, language_of, microseconds
from index.facts import AnnotationFacts, facts_of
from index.text_fields import TEXT_FIELDS, text_values

LAYOUT = 1  # raise it when a field or the stems change: an index of another layout is refused and built again

_KEYWORDS = ("id", "source", "source_key", "lang", "lang_key", "kind", "sense", "cluster", "tagger", "extractor", "entity")
_FACETS = ("narrative", "stance", "narrative_any", "stance_any")
_CONDITIONS = ("narrative", "stance", "speaker", "target", "reviewed")


def mappings(width: int | None) -> dict[str, Any]:
    """Return the mapping, strict; `width`: numbers of a document's vector, None without vectors.

    Words are cut, folded and stemmed in Python: the server only splits at spaces. Vectors are compared with every document that a
    filter leaves ("flat"), so that an answer is exact and the same after every update.
    """
    fields: dict[str, Any] = {name: {"type": "text", "analyzer": "whitespace"} for name in TEXT_FIELDS}
    fields |= {name: {"type": "keyword"} for name in (*_KEYWORDS, *_FACETS)}
    fields |= {name: {"type": "integer"} for name in PERIODS}
    fields |= {"published": {"type": "long"}, "tie": {"type": "long"}, "copy": {"type": "byte"}}
    conditions: dict[str, Any] = {name: {"type": "keyword"} for name in _CONDITIONS}
    conditions |= {"severity": {"type": "byte"}, "needs_review": {"type": "boolean"}}
    fields["annotations"] = {"type": "nested", "dynamic": "strict", "properties": conditions}
    kept = {"type": "keyword", "index": False, "doc_values": False}
    fields |= {"body": kept, "content": kept, "codes": kept}
    if width is not None:
        options = {"type": "flat"}
        fields["vector"] = {
            "type": "dense_vector",
            "dims": width,
            "index": True,
            "similarity": "max_inner_product",  # a text without words has a vector of zeros, which "cosine" refuses
            "index_options": options,
        }
    return {"dynamic": "strict", "_source": {"includes": ["body", "content", "codes"]}, "properties": fields}


def key_of(document_id: str) -> str:
    """Return the server's id: short whatever the document's is, and the same each time, so that writing twice is writing once."""
    return hashlib.blake2b(document_id.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def content_key(document: Document) -> str:
    """Return what stays the same while a document's vector does."""
    return hashlib.blake2b(content_of(document).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def to_codes(vector: Floats) -> str:
    """Write a vector in half precision."""
    return base64.b64encode(np.asarray(vector, "<f2").tobytes()).decode("ascii")


def from_codes(codes: str) -> Floats:
    """Read what `to_codes` wrote."""
    return np.frombuffer(base64.b64decode(codes), "<f2").astype(np.float32)


def to_entry(annotated: AnnotatedDocument, codes: str | None) -> dict[str, Any]:
    """Return the index entry of a document; `codes`: its vector."""
    document, lang = annotated.document, language_of(annotated)
    cluster = document.cluster
    entry: dict[str, Any] = {
        "id": document.id,
        "source": document.source,
        "source_key": fold_text(document.source),
        "kind": document.kind,
        "cluster": document_cluster(document),
        "copy": int(cluster is not None and cluster.role == "copy"),
        "tie": hash_of(document.id),
        "published": UNDATED if document.published_at is None else microseconds(document.published_at),
        "body": body_of(annotated).decode("utf-8", "surrogatepass"),
    }
    for name, words in text_values(document, lang):
        entry.setdefault(name, []).append(words)
    if lang is not None:
        subtags = lang.lower().split("-")
        entry |= {"lang": lang, "lang_key": ["-".join(subtags[:count]) for count in range(1, len(subtags) + 1)]}
    if document.provenance.extractor is not None:
        entry["extractor"] = document.provenance.extractor
    if document.published_at is not None:
        day = day_of(document.published_at)
        entry |= {period: period_start(day, period).toordinal() for period in PERIODS}
    if annotated.tags is not None:
        entry |= _of_tags(annotated.tags)
    if codes is not None:
        entry |= {"vector": from_codes(codes).tolist(), "codes": codes, "content": content_key(document)}
    return entry


def _of_tags(tags: Tags) -> dict[str, Any]:
    facts = list(facts_of(tags))
    shown = [fact for fact in facts if not fact.needs_review]
    return {
        "tagger": tagger_name(tags.model.name, tags.model.version, tags.model.codebook),
        "sense": NO_SENSE if tags.returnee_sense is None else tags.returnee_sense.value.value,
        "entity": sorted({entity.canonical_id.lower() for entity in tags.entities if entity.canonical_id}),
        "annotations": [_of_facts(fact) for fact in facts],
        **{
            name + suffix: sorted({value for fact in group if (value := getattr(fact, name))})
            for suffix, group in (("", shown), ("_any", facts))
            for name in ("narrative", "stance")
        },
    }


def _of_facts(fact: AnnotationFacts) -> dict[str, Any]:
    values = {"narrative": fact.narrative, "stance": fact.stance, "speaker": fact.speaker, "reviewed": fact.reviewed}
    return {
        **{name: value for name, value in values.items() if value},
        "target": list(fact.targets),
        "severity": fact.severity,
        "needs_review": fact.needs_review,
    }
