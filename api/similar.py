"""`eho similar`: documents like one document, or like a text that nobody stores, in both languages, and why they are alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from api.stories import READ_KINDS, cluster_of, cluster_size, document_row, entity_rows, language_code, stored
from eho.annotation import AnnotatedDocument
from eho.document import Document
from eho.errors import InputError
from index.answers import Filters
from index.embedding import document_vectors, text_vector
from index.same_event import entity_ids
from index.similarity import POOLS, RRF_K, Similar, SimilarText, similar, telling_words
from nlp.language import TAGGED, identify
from nlp.shared_words import ordinary_words, shared_words

if TYPE_CHECKING:
    from api.wiring import Parts

MAX_LIMIT = 100
MAX_TEXT = 200_000  # characters; the encoder reads the first 2,048 words
LEAST_COSINE = 0.15  # below it nothing is called similar, whatever words it shares
_READABLE = TAGGED | {"en", "und"}
_SURE_FROM = 0.9  # of the language of a text: short ones are given the benefit of the doubt
_WORDS_WEIGHED = 200


def similar_documents(
    parts: Parts,
    *,
    id: str | None,
    text: str | None,
    filters: Filters,
    limit: int,
    copies: bool,
) -> dict[str, Any]:
    """Answer as `eho similar --json`, without the snapshot. Raises InputError, EngineError, ModelError."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"limit is {limit}; give 1 to {MAX_LIMIT}.", field="limit")
    if (id is None) == (text is None):
        raise InputError("Give the id of a document, or a text: one of both.", field="id")
    asked = _tagged(parts, text) if id is None else _checked(stored(parts, id))
    question = _question(parts, asked, is_text=id is None)
    found = similar(parts.index(), parts.store().get_all, question, filters)
    near = [one for one in found if one.cosine is None or one.cosine >= LEAST_COSINE]
    documents = parts.store().get_all([one.id for one in near])
    chosen = _chosen(near, documents, None if id is None else asked, copies=copies)[:limit]
    why = _Reasons(parts, question)
    return {
        "to": {"id": id, "title": asked.document.title, "lang": language_code(asked)},
        "documents": [{**_row(one, documents[one.id]), **why.row(documents[one.id])} for one in chosen],
        "method": {
            "fusion": {"name": "reciprocal rank fusion", "k": RRF_K, "places": POOLS},
            "encoder": question.space,
            "least_cosine": LEAST_COSINE,
            "copies": "all" if copies else "one of each cluster",
            "kinds": list(filters.kinds),
        },
    }


def filters_of(
    start: date | None,
    end: date | None,
    source: Sequence[str],
    lang: Sequence[str],
    kind: Sequence[str],
    narrative: Sequence[str],
    stance: Sequence[str],
) -> Filters:
    """Return the filters of search; without a kind, comments stay out."""
    kinds = tuple(kind) or READ_KINDS
    return Filters(start, end, tuple(source), tuple(lang), kinds, tuple(narrative), tuple(stance))


def _checked(asked: AnnotatedDocument) -> AnnotatedDocument:
    code = language_code(asked)
    if code is not None and code not in _READABLE:
        raise InputError(f"Document {asked.document.id!r} is in {code!r}; Albanian, Serbian and English are read.", field="id")
    return asked


def _tagged(parts: Parts, text: str | None) -> AnnotatedDocument:
    """Tag a text as if it were a document, for the names in it; nothing of it is stored."""
    if text is None or not text.strip():
        raise InputError("The text is empty; give some words, or the id of a document.", field="text")
    if len(text) > MAX_TEXT:
        raise InputError(f"The text has {len(text)} characters; give at most {MAX_TEXT}.", field="text")
    language = identify(text)
    if language.code not in _READABLE and language.confidence >= _SURE_FROM:
        raise InputError(f"The text is in {language.code!r}; Albanian, Serbian and English are read.", field="text")
    return next(parts.pipeline().tag([Document(id="text", source="input", text=text)]))


def _question(parts: Parts, asked: AnnotatedDocument, *, is_text: bool) -> SimilarText:
    document = asked.document
    text = "\n".join(part for part in (document.title, document.lead, document.text) if part)
    vector = text_vector(parts.encoder, text) if is_text else document_vectors(parts.encoder, [document])[0]
    return SimilarText(text, vector, parts.encoder.space, entity_ids(asked))


def _chosen(
    near: Sequence[Similar],
    documents: dict[str, AnnotatedDocument],
    asked: AnnotatedDocument | None,
    *,
    copies: bool,
) -> list[Similar]:
    """Leave out the document itself and, unless asked for, all but the first of each cluster, its own among them."""
    own = None if asked is None else asked.document.id
    seen = set() if asked is None or copies else {cluster_of(asked)}
    chosen = []
    for one in near:
        if one.id == own or one.id not in documents:
            continue
        cluster = cluster_of(documents[one.id])
        if cluster in seen:
            continue
        if not copies:
            seen.add(cluster)
        chosen.append(one)
    return chosen


def _row(one: Similar, annotated: AnnotatedDocument) -> dict[str, Any]:
    return {
        **document_row(annotated),
        "score": one.score,
        "cosine": one.cosine,
        "ranks": {name: one.ranks.get(name) for name in POOLS},
    }


class _Reasons:
    """Why a document is like what was asked: entities and words that both hold."""

    def __init__(self, parts: Parts, question: SimilarText) -> None:
        self._parts = parts
        self._words = ordinary_words(question.text)
        self._weights = telling_words(parts.index(), question.text, _WORDS_WEIGHED)
        self._entities = question.entities

    def row(self, annotated: AnnotatedDocument) -> dict[str, Any]:
        """Return the reasons, and how many documents stand behind a row where copies are shown once."""
        document = annotated.document
        body = "" if document.kind == "comment" else f"{document.title or ''}\n{document.lead or ''}\n{document.text}"
        shared = self._entities & entity_ids(annotated)
        rarity = self._parts.index().frequencies("entity", shared).rarity
        return {
            "shared": {
                "entities": entity_rows(sorted(shared, key=lambda id: (-rarity(id), id))),
                "words": shared_words(self._words, ordinary_words(body), self._weights),
            },
            "cluster_size": cluster_size(self._parts, cluster_of(annotated)),
        }
