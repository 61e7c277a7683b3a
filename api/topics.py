"""Emerging topics of the documents that a query finds: vectors, groups, phrases, growth, ids that last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log2
from typing import TYPE_CHECKING, Any

from api.topic_growth import SMALL_N, WEEKS_BEFORE, Growth, Periods, growth, weekly
from api.topic_memory import TopicMemory
from eho.errors import InputError
from index.calendar import day_of
from models.topics.grouping import OUTLIER, GroupingOptions, Groups, group, require_libraries
from models.topics.identity import MATCH
from models.topics.terms import distinct, rank_terms
from models.vectors import Floats
from nlp.gazetteer import NameLanguage
from nlp.phrases import PhraseBook

if TYPE_CHECKING:
    from api.service import Service
    from api.wiring import Parts
    from eho.annotation import AnnotatedDocument

FEWEST = 20  # documents, below which there is nothing to group
MOST = 20_000  # documents; UMAP on one thread takes minutes beyond
SMALLEST_SHOWN = 5
_PAGE = 1000
_PHRASES, _IN_LABEL, _MEMBERS = 8, 4, 50
_SOUTH_SLAVIC = ("sr", "bs", "hr", "cnr", "hbs")


@dataclass(frozen=True, slots=True)
class TopicText:
    """What a topic needs of a document."""

    id: str
    text: str
    language: NameLanguage
    title: str | None = None
    url: str | None = None
    source: str = ""
    day: date | None = None
    published_at: str | None = None

    @property
    def whole(self) -> str:
        """Title and text."""
        return f"{self.title}\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Found:
    """Topics in order of emergence with their centroids, and how many documents belong to none."""

    topics: list[dict[str, Any]]
    centroids: Floats
    outliers: int


def topics(
    service: Service,
    parts: Parts,
    q: str = "",
    *,
    start: date | None = None,
    end: date | None = None,
    source: Sequence[str] = (),
    lang: Sequence[str] = (),
    limit: int = 20,
    recent: int = 2,
) -> dict[str, Any]:
    """Answer as `eho topics --json`. Raises InputError for too few or too many documents, ModelError for what is missing."""
    if not 1 <= limit <= 1000:
        raise InputError(f"limit is {limit}; give 1 to 1000.", field="limit")
    if not 1 <= recent <= WEEKS_BEFORE:
        raise InputError(f"recent is {recent} weeks; give 1 to {WEEKS_BEFORE}.", field="recent")
    from models.sentence.loading import load_sentence_encoder

    require_libraries()
    encoder = load_sentence_encoder(folders=[parts.home.models])
    memory = _memory(parts)
    space = f"{encoder.name} {encoder.version}"
    question = "\n".join([q, *sorted(source), *sorted(lang)])
    asked: dict[str, Any] = {
        "q": q,
        "source": sorted(source),
        "lang": sorted(lang),
        "from": start and start.isoformat(),
        "to": end and end.isoformat(),
        "recent": recent,
        "snapshot": service.snapshot_id,
        "encoder": space,
    }
    with memory.writing():
        answer = memory.answer(asked)
        if answer is None:
            documents, left_out = _documents(service, parts, q, start=start, end=end, source=source, lang=lang)
            vectors = encoder.encode([document.whole for document in documents])
            options = GroupingOptions()
            found = find_topics(documents, vectors, options, recent=recent, until=end)
            ids = memory.assign(question, space, found.centroids)
            answer = {
                "query": q,
                "topics": [{"id": id, **topic} for id, topic in zip(ids, found.topics, strict=True)],
                "outliers": found.outliers,
                "method": _method(documents, left_out, options, asked, recent),
                "snapshot": asked["snapshot"],
            }
            memory.keep(question, asked, answer)
    return {**answer, "topics": answer["topics"][:limit], "total": len(answer["topics"])}


def topic(parts: Parts, topic_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return a topic of the last answers, and its answer; None where no last answer has one of this id."""
    return _memory(parts).find(topic_id)


def _memory(parts: Parts) -> TopicMemory:
    return TopicMemory(parts.home.path / "topics", parts.settings.home.lock_wait_s)


def find_topics(
    documents: Sequence[TopicText], vectors: Floats, options: GroupingOptions, *, recent: int = 2, until: date | None = None
) -> Found:
    """Group documents and describe the groups, most surely growing first; topics of fewer than 5 documents are not shown."""
    languages: list[NameLanguage] = [document.language for document in documents]
    book = PhraseBook([document.whole for document in documents], languages)
    terms = book.terms()
    groups = group([" ".join(row) or "_" for row in terms], vectors, languages, options)
    days = [document.day for document in documents if document.day is not None]
    periods = Periods.until(until or max(days), recent) if days else None
    ranked = rank_terms(terms, groups.topics, languages)
    chosen = {key: distinct(found, _PHRASES) for key, found in _flat(ranked).items()}
    spellings = book.spellings({term for found in chosen.values() for term, _ in found})
    rows: list[tuple[Growth, int, dict[str, Any]]] = []
    for number in sorted(ranked):
        members = [at for at, one in enumerate(groups.topics) if one == number]
        if len(members) < SMALLEST_SHOWN:
            continue
        phrases = [
            {"text": spellings[term, language], "lang": language, "score": round(score, 4)}
            for language in ("sq", "sr")
            for term, score in chosen.get((number, language), ())
        ]
        grown = _growth(documents, members, days, periods)
        rows.append((grown, number, _topic_row(documents, members, groups, phrases, grown, days, book)))
    rows.sort(key=lambda row: (row[0].order, -row[2]["size"], row[1]))
    centroids = groups.centroids[[number for _, number, _ in rows]]
    return Found([row for _, _, row in rows], centroids, groups.topics.count(OUTLIER))


def _topic_row(
    documents: Sequence[TopicText],
    members: Sequence[int],
    groups: Groups,
    phrases: Sequence[Mapping[str, Any]],
    grown: Growth,
    days: Sequence[date],
    book: PhraseBook,
) -> dict[str, Any]:
    languages = Counter(documents[at].language for at in members)
    shares = {language: number / len(members) for language, number in sorted(languages.items())}
    order = sorted(members, key=lambda at: (-groups.closeness[at], documents[at].id))
    return {
        "label": {
            language: [str(phrase["text"]) for phrase in phrases if phrase["lang"] == language][:_IN_LABEL]
            for language in ("sq", "sr")
        },
        "size": len(members),
        "share": round(len(members) / len(documents), 4),
        "languages": {language: round(share, 4) for language, share in shares.items()},
        "language_entropy": round(-sum(share * log2(share) for share in shares.values()) + 0.0, 4),
        "emergence": grown.to_mapping(),
        "points": weekly([day for at in members if (day := documents[at].day)], days),
        "phrases": list(phrases),
        "documents": [_document_row(documents[at], book) for at in order[:_MEMBERS]],
    }


def _document_row(document: TopicText, book: PhraseBook) -> dict[str, Any]:
    """Return a document as a topic lists it; a title that may name a private person is not repeated here."""
    title = document.title
    return {
        "id": document.id,
        "title": None if title is None or book.names_somebody(title, document.language) else title,
        "url": document.url,
        "lang": document.language,
        "published_at": document.published_at,
        "source": document.source,
    }


def _growth(documents: Sequence[TopicText], members: Sequence[int], days: Sequence[date], periods: Periods | None) -> Growth:
    if periods is None:
        return Growth(None, None, None, ("gap",))
    return growth([day for at in members if (day := documents[at].day)], days, periods)


def _flat(ranked: Mapping[int, Mapping[str, Any]]) -> dict[tuple[int, str], list[tuple[str, float]]]:
    return {(number, language): found for number, row in ranked.items() for language, found in row.items()}


def _documents(service: Service, parts: Parts, q: str, **filters: Any) -> tuple[list[TopicText], dict[str, int]]:
    ids: list[str] = []
    cursor: str | None = None
    while True:
        page = service.search(q, sort="date", limit=_PAGE, cursor=cursor, include_needs_review=True, **filters)
        if page["total"] > MOST:
            raise InputError(
                f"{page['total']} documents found; topics take at most {MOST}. Narrow the query or the days.", field="q"
            )
        ids += [hit["id"] for hit in page["hits"]]
        cursor = page["next"]
        if cursor is None:
            break
    stored = parts.store().get_all(ids)
    documents, left_out = [], Counter({"copies": 0, "other_languages": 0})
    for id in ids:
        found = stored.get(id)
        if found is None:
            continue
        language = _language(found)
        if found.document.cluster is not None and found.document.cluster.role == "copy":
            left_out["copies"] += 1
        elif language is None:
            left_out["other_languages"] += 1
        else:
            documents.append(_text(found, language))
    if len(documents) < FEWEST:
        raise InputError(
            f"{len(documents)} documents in Albanian or Serbian found, copies left out; topics need at least {FEWEST}. "
            "Widen the query or the days.",
            field="q",
        )
    return documents, dict(left_out)


def _language(found: AnnotatedDocument) -> NameLanguage | None:
    code = found.tags.language.code if found.tags is not None else found.document.lang or ""
    base = code.split("-")[0]
    return "sq" if base == "sq" else "sr" if base in _SOUTH_SLAVIC else None


def _text(found: AnnotatedDocument, language: NameLanguage) -> TopicText:
    document = found.document
    published = document.published_at
    return TopicText(
        id=document.id,
        text=document.text,
        language=language,
        title=document.title,
        url=document.url,
        source=document.source,
        day=None if published is None else day_of(published),
        published_at=document.model_dump(mode="json", include={"published_at"})["published_at"],
    )


def _method(
    documents: Sequence[TopicText], left_out: Mapping[str, int], options: GroupingOptions, asked: Mapping[str, Any], recent: int
) -> dict[str, Any]:
    languages = Counter(document.language for document in documents)
    return {
        "documents": len(documents),
        "languages": dict(sorted(languages.items())),
        "left_out": dict(left_out),
        "undated": sum(document.day is None for document in documents),
        "from": asked["from"],
        "to": asked["to"],
        "encoder": asked["encoder"],
        "grouping": {"method": "BERTopic: UMAP, HDBSCAN, c-TF-IDF", **options.to_mapping(len(documents))},
        "emergence": {
            "recent_weeks": recent,
            "weeks_before": WEEKS_BEFORE,
            "of": "all documents found in the same weeks",
            "interval": {"method": "wilson, of the share of recent documents", "confidence": 0.95},
            "small_n_below": SMALL_N,
        },
        "smallest_shown": SMALLEST_SHOWN,
        "same_topic_from_cosine": MATCH,
    }
