"""`eho mirror`: one event in both languages side by side, or nothing: below a measured threshold nobody is paired.

A document's partners are those of the other language within 72 hours whose score reaches the threshold
(`index.same_event`). Documents of its own language join it where they pair with one of these partners by the same score,
so that nothing stands on a page that was not found across the languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from api.mirror_sides import side_rows
from api.stories import READ_KINDS, cluster_of, entity_rows, language_code, stored, time_text
from eho.annotation import AnnotatedDocument
from eho.errors import InputError
from index.answers import Filters, NearestOptions
from index.calendar import day_of
from index.embedding import Floats, document_vectors
from index.same_event import (
    SIDE_LANGUAGES,
    SIDES,
    THRESHOLD,
    WINDOW,
    PairScore,
    Side,
    combined,
    entity_cosine,
    entity_ids,
    rarity_of,
    sharing_entities,
    side_of,
)

if TYPE_CHECKING:
    from api.wiring import Parts

MAX_EVENTS = 20
_SEEDS = 30  # best hits of a query that are asked for partners
_WINDOW_DOCUMENTS = 1000  # compared in one window, the nearest first
_CANDIDATES = 100  # read from the store
_STEPPING_STONES = 5  # partners that are asked for companions of the own language
_PER_SIDE = 8

REASONS = {
    "no_hits": "No document is found by this query; nothing is set side by side.",
    "no_date": "The document has no date, so no other can be looked for within 72 hours of it.",
    "no_entities": "The document names no place, body or office holder known in both languages; nothing is set side by side.",
    "no_partner": "No document in the other language within 72 hours is surely about the same event; nothing is paired.",
}


@dataclass(frozen=True, slots=True)
class _Seen:
    """A document as it is compared, with its score against the one that found it."""

    annotated: AnnotatedDocument
    side: Side
    published_at: datetime
    score: PairScore | None = None

    @property
    def id(self) -> str:
        return self.annotated.document.id


def mirror(parts: Parts, *, id: str | None, hits: Iterable[str] = (), limit: int = 5) -> dict[str, Any]:
    """Answer as `eho mirror --json`, without query and snapshot: the event of a document, or events of hits in their order.

    Raises InputError for an unknown id or a language of neither side, EngineError, ModelError.
    """
    if not 1 <= limit <= MAX_EVENTS:
        raise InputError(f"limit is {limit}; give 1 to {MAX_EVENTS}.", field="limit")
    finder = _Finder(parts)
    if id is not None:
        seeds = [_checked(stored(parts, id))]
    else:
        ids = list(hits)[:_SEEDS]
        known = parts.store().get_all(ids)
        seeds = [known[one] for one in ids if one in known]
    events: list[dict[str, Any]] = []
    used: set[str] = set()
    reason = "no_hits"
    for seed in seeds:
        if seed.document.id in used:
            continue
        event, reason = finder.event(seed)
        if event is not None:
            used |= {row["id"] for side in SIDES for row in event["sides"][side]["documents"]}
            events.append(event)
            if len(events) == limit:
                break
    reason = "" if events else reason if id is not None or not seeds else "no_partner"
    return {
        "events": events,
        "reason": reason or None,
        "message": REASONS.get(reason),
        "method": {
            "threshold": THRESHOLD,
            "window_hours": int(WINDOW.total_seconds() // 3600),
            "score": "cosine of vectors + half the damped cosine of entities",
            "encoder": parts.encoder.space,
            "seeds": len(seeds),
        },
    }


def _checked(annotated: AnnotatedDocument) -> AnnotatedDocument:
    if annotated.document.kind not in READ_KINDS:
        raise InputError(f"Document {annotated.document.id!r} is a comment; a mirror takes articles and posts.", field="id")
    if side_of(annotated) is None:
        code = language_code(annotated)
        raise InputError(f"Document {annotated.document.id!r} is in {code!r}; a mirror needs Albanian or Serbian.", field="id")
    return annotated


class _Finder:
    """Finds the event of a document."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def event(self, annotated: AnnotatedDocument) -> tuple[dict[str, Any] | None, str]:
        """Return the event around a document, or None and why."""
        side, published_at = side_of(annotated), annotated.document.published_at
        if side is None:
            return None, "no_partner"
        if published_at is None:
            return None, "no_date"
        if not entity_ids(annotated):
            return None, "no_entities"
        seed = _Seen(annotated, side, published_at)
        partners = self._partners(seed, seed)
        if not partners:
            return None, "no_partner"
        own = {seed.id: seed}
        for partner in partners[:_STEPPING_STONES]:
            for companion in self._partners(partner, seed):
                own.setdefault(companion.id, companion)
        best = partners[0].score
        own[seed.id] = _Seen(annotated, side, published_at, best)
        companions = [own.pop(seed.id), *_one_of_each_cluster(_best_first(own.values()), but=cluster_of(annotated))]
        return self._row(seed, {side: companions, partners[0].side: _one_of_each_cluster(partners)}), ""

    def _partners(self, of: _Seen, seed: _Seen) -> list[_Seen]:
        """Return the documents of the other side that pair with `of`, within the window of the seed, best first."""
        other: Side = "sr" if of.side == "sq" else "sq"
        vector = document_vectors(self._parts.encoder, [of.annotated.document])[0]
        cosines = self._candidates(of, other, vector)
        best = sorted(cosines, key=lambda id: (-cosines[id], id))[:_CANDIDATES]
        named = entity_ids(of.annotated)
        found = self._parts.store().get_all(best)
        rarity = rarity_of(self._parts.index().frequencies("entity", named | _ids_of(found.values())))
        partners = []
        for id in best:
            annotated = found.get(id)
            published_at = None if annotated is None else annotated.document.published_at
            if annotated is None or published_at is None or side_of(annotated) != other:
                continue
            score = combined(cosines[id], entity_cosine(named, entity_ids(annotated), rarity))
            near = abs(published_at - of.published_at) <= WINDOW and abs(published_at - seed.published_at) <= WINDOW
            if near and score.total >= THRESHOLD:
                partners.append(_Seen(annotated, other, published_at, score))
        return _best_first(partners)

    def _candidates(self, of: _Seen, other: Side, vector: Floats) -> dict[str, float]:
        """Return the cosines of documents of the other side that share an entity and the days; a score needs both."""
        filters = Filters(
            day_of(of.published_at - WINDOW), day_of(of.published_at + WINDOW), langs=SIDE_LANGUAGES[other], kinds=READ_KINDS
        )
        index = self._parts.index()
        sharing = set(sharing_entities(index, entity_ids(of.annotated), filters, _WINDOW_DOCUMENTS))
        near = index.nearest(vector, NearestOptions(self._parts.encoder.space, filters, _WINDOW_DOCUMENTS))
        return {one.id: one.cosine for one in near if one.id in sharing}

    def _row(self, seed: _Seen, sides: dict[Side, list[_Seen]]) -> dict[str, Any]:
        shown = {side: seen[:_PER_SIDE] for side, seen in sides.items()}
        named = {side: _ids_of(one.annotated for one in seen) for side, seen in shown.items()}
        rarity = self._parts.index().frequencies("entity", named["sq"] | named["sr"]).rarity
        shared = sorted(named["sq"] & named["sr"], key=lambda id: (-rarity(id), id))
        times = sorted(time_text(one.annotated) or "" for seen in shown.values() for one in seen)
        documents = {side: [(one.annotated, one.score) for one in seen] for side, seen in shown.items()}
        return {
            "seed": seed.id,
            "score": round(max(one.score.total for seen in shown.values() for one in seen if one.score is not None), 3),
            "first_at": times[0],
            "last_at": times[-1],
            "shared": {"entities": entity_rows(shared)},
            "sides": side_rows(self._parts, documents),
            "left_out": {side: max(0, len(sides[side]) - _PER_SIDE) for side in SIDES},
        }


def _ids_of(documents: Iterable[AnnotatedDocument]) -> set[str]:
    return {id for one in documents for id in entity_ids(one)}


def _best_first(seen: Iterable[_Seen]) -> list[_Seen]:
    return sorted(seen, key=lambda one: (-(one.score.total if one.score else 0), one.id))


def _one_of_each_cluster(seen: Sequence[_Seen], but: str | None = None) -> list[_Seen]:
    """Let one document stand for each cluster, the original where it was found: copies are counted beside it, not shown."""
    chosen: dict[str, _Seen] = {}
    for one in seen:
        cluster = cluster_of(one.annotated)
        if cluster != but and (cluster not in chosen or one.id == cluster):
            chosen[cluster] = one
    return list(chosen.values())
