"""What of a document goes into which field of the Tantivy index."""

from __future__ import annotations

from functools import cache

import tantivy

from eho.annotation import AnnotatedDocument
from eho.document import Document
from eho.folding import fold_text
from index.breaks import tagger_name
from index.calendar import day_of, period_start
from index.entry import NO_SENSE, PERIODS, UNDATED, body_of, document_cluster, hash_of, language_of, microseconds
from index.facts import facts_of
from index.text_fields import TEXT_FIELDS, text_values

LAYOUT = 4  # raise it when a field or the stems change: an index of another layout is refused and built again

_RAW = ("id", "source_key", "lang_key", "entity", "annotation")
_COUNTED = ("source", "lang", "kind", "sense", "cluster", "narrative", "stance", "narrative_any", "stance_any")
_VERSIONS = ("tagger", "extractor")
_NUMBERS = (*PERIODS, "published", "tie", "cluster_key", "copy")


@cache
def schema() -> tantivy.Schema:
    """Return the schema; words are cut and folded in Python, so Tantivy only splits at spaces."""
    builder = tantivy.SchemaBuilder()
    for name in TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in _RAW:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in (*_COUNTED, *_VERSIONS):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in _NUMBERS:
        builder.add_integer_field(name, indexed=True, fast=True)
    builder.add_bytes_field("body", stored=True)
    return builder.build()


def to_tantivy(annotated: AnnotatedDocument) -> tantivy.Document:
    """Return the index entry of a document."""
    document = annotated.document
    entry = tantivy.Document()
    for name, words in text_values(document, language_of(annotated)):
        entry.add_text(name, words)
    _add_source(entry, annotated)
    _add_dates(entry, document)
    _add_tags(entry, annotated)
    entry.add_bytes("body", body_of(annotated))
    return entry


def _add_source(entry: tantivy.Document, annotated: AnnotatedDocument) -> None:
    document, cluster, lang = annotated.document, annotated.document.cluster, language_of(annotated)
    entry.add_text("id", document.id)
    entry.add_text("source", document.source)
    entry.add_text("source_key", fold_text(document.source))
    entry.add_text("kind", document.kind)
    if lang is not None:
        entry.add_text("lang", lang)
        subtags = lang.lower().split("-")
        for count in range(1, len(subtags) + 1):
            entry.add_text("lang_key", "-".join(subtags[:count]))
    entry.add_text("cluster", document_cluster(document))
    entry.add_integer("cluster_key", hash_of(document_cluster(document)))
    entry.add_integer("copy", int(cluster is not None and cluster.role == "copy"))
    entry.add_integer("tie", hash_of(document.id))
    if document.provenance.extractor is not None:
        entry.add_text("extractor", document.provenance.extractor)


def _add_dates(entry: tantivy.Document, document: Document) -> None:
    published_at = document.published_at
    entry.add_integer("published", UNDATED if published_at is None else microseconds(published_at))
    if published_at is not None:
        day = day_of(published_at)
        for period in PERIODS:
            entry.add_integer(period, period_start(day, period).toordinal())


def _add_tags(entry: tantivy.Document, annotated: AnnotatedDocument) -> None:
    tags = annotated.tags
    if tags is None:
        return
    entry.add_text("tagger", tagger_name(tags.model.name, tags.model.version, tags.model.codebook))
    entry.add_text("sense", NO_SENSE if tags.returnee_sense is None else tags.returnee_sense.value.value)
    for entity in sorted({entity.canonical_id.lower() for entity in tags.entities if entity.canonical_id}):
        entry.add_text("entity", entity)
    facts = list(facts_of(tags))
    for token in sorted({fact.to_token() for fact in facts}):
        entry.add_text("annotation", token)
    shown = [fact for fact in facts if not fact.needs_review]
    for suffix, group in (("", shown), ("_any", facts)):
        for name in ("narrative", "stance"):
            for value in sorted({value for fact in group if (value := getattr(fact, name))}):
                entry.add_text(name + suffix, value)
