"""The Elasticsearch engine: builds, updates and reads versions of an index on a search server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TypeVar

from eho.annotation import AnnotatedDocument
from eho.errors import EngineAwayError, EngineError
from eho.settings import IndexSettings
from index.answers import (
    Frequencies,
    Hit,
    IndexStats,
    IndexStatus,
    Near,
    NearestOptions,
    SearchAnswer,
    SearchOptions,
)
from index.asked import Asked, facet_request, facets_of
from index.checking import Findings, compare
from index.elasticsearch.compiler import Clause, compile_query, everything
from index.elasticsearch.connection import Connection, GoneError
from index.elasticsearch.counting import Counter
from index.elasticsearch.ranking import Found, collapsed, count_clusters, ordered, place_of
from index.elasticsearch.reading import PAGE, Reader
from index.elasticsearch.spool import Spool
from index.elasticsearch.versions import Version, Versions
from index.elasticsearch.writing import BulkWriter, Written, batches_of
from index.embedding import Embedder, Floats
from index.filters import with_filters
from index.hits import HitMaker
from index.nodes import Everything, Query
from index.trends import TrendAnswer, TrendOptions, trend_answer
from index.vocabulary import Vocabulary

T = TypeVar("T")

_LOOKS = 4  # at the alias, while builds replace the version that an answer began with
_FACET_VALUES = 9_000  # of one facet; all seven stay below the number of groups that a server returns
_SPARE = 64
_ALIKE = 500  # words counted in one request


class ElasticsearchIndex:
    """The index behind `settings.name` on a server; threads share it. `spool`: the folder of what waits for the server."""

    def __init__(
        self,
        settings: IndexSettings,
        *,
        spool: Path,
        vocabulary: Vocabulary | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self._settings = settings
        self._connection = Connection(settings)
        self._versions = Versions(self._connection, settings)
        self._writer = BulkWriter(self._connection, embedder, bulk_mb=settings.bulk_mb)
        self._spool = Spool(spool)
        self._vocabulary = vocabulary or Vocabulary()
        self._embedder = embedder

    def __enter__(self) -> ElasticsearchIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    # -- writing --------------------------------------------------------------------------------------------------

    def rebuild(self, documents: Iterable[AnnotatedDocument], *, sequence: int) -> IndexStats:
        """Build a new version and switch to it at once; the old one answers until then. A repeated id replaces the earlier.

        Nothing waits in the spool afterwards: the store, from which this builds, has it. Raises EngineAwayError.
        """
        started = time.monotonic()
        self._spool.clear()
        known = self._known_vectors()
        space, width = (None, None) if self._embedder is None else (self._embedder.space, 2 * self._embedder.width)
        version = self._versions.create(sequence=sequence, space=space, width=width)
        name, written = version.name, Written()
        try:
            for batch in batches_of(documents):
                self._writer.write(name, batch, written, known=known)
            self._versions.refresh(name)
            number = Reader(self._connection, version, is_sharded=False).count(everything())
            if number != len(written.keys):
                raise EngineError(
                    f"The new index {name} holds {number} documents, {len(written.keys)} were written; another program may "
                    "write to it. The old one stays in use. Run eho index build again."
                )
            self._versions.switch(version)
        except BaseException:
            with suppress(EngineError):
                self._versions.delete(name)
            raise
        self._spool.note(sequence)
        return IndexStats(name, number, len(written.keys), time.monotonic() - started, tuple(written.failures))

    def update(self, documents: Iterable[AnnotatedDocument], *, sequence: int) -> IndexStats:
        """Add documents, replacing those of the same id; what waits in the spool goes first.

        Where the server is away the documents are kept in the spool and the stats say so. Raises EngineError where nothing was
        built yet, and EngineAwayError where nobody knows whether something was.
        """
        started, written = time.monotonic(), Written()
        batches = batches_of(documents)
        try:
            version = self._writable()
            for waiting in self._spool.batches():
                for batch in batches_of(waiting.read()):
                    self._writer.write(version.name, batch, written, known=version.name)
                version = self._done(version, waiting.sequence)
                self._spool.remove(waiting)
            written.keys.clear()
            for batch in batches:
                try:
                    self._writer.write(version.name, batch, written, known=version.name)
                except EngineAwayError:
                    batches = chain([batch], batches)  # part of it may stand there already; it is written again
                    raise
            version = self._done(version, sequence)
            number = self._reader(version).count(everything())
        except EngineAwayError:
            if self._spool.sequence() is None:
                raise
            kept = self._spool.append((one for batch in batches for one in batch.documents), sequence)
            failures = tuple(written.failures)
            return IndexStats("", 0, len(written.keys), time.monotonic() - started, failures, spooled=kept)
        return IndexStats(version.name, number, len(written.keys), time.monotonic() - started, tuple(written.failures))

    def _writable(self) -> Version:
        version = self._versions.current()
        if self._embedder is not None and version.space != self._embedder.space:
            held = "no vectors" if version.space is None else f"vectors of {version.space}"
            raise EngineError(
                f"The index {version.name} holds {held}, the encoder is {self._embedder.space}. Run eho index build."
            )
        if self._embedder is None and version.space is not None:
            version = replace(version, space=None)  # changed texts would keep the vectors of the old ones
            self._versions.note(version)
        self._spool.note(version.sequence)
        return version

    def _done(self, version: Version, sequence: int) -> Version:
        """Make what was written visible and say up to where it goes."""
        self._versions.refresh(version.name)
        version = replace(version, sequence=max(sequence, version.sequence))
        self._versions.note(version)
        self._spool.note(version.sequence)
        return version

    def _known_vectors(self) -> str | None:
        """Return the version whose vectors spare the encoder what has not changed."""
        if self._embedder is None:
            return None
        try:
            version = self._versions.current()
        except EngineAwayError:
            raise
        except EngineError:
            return None
        return version.name if version.space == self._embedder.space else None

    # -- reading --------------------------------------------------------------------------------------------------

    def search(self, query: Query, options: SearchOptions) -> SearchAnswer:
        """Find documents. Raises EngineError, or InputError for options that cannot be met."""
        asked = Asked.read(query, options, self._vocabulary)
        compiled = compile_query(asked.root, include_needs_review=options.include_needs_review)

        def answer(reader: Reader) -> SearchAnswer:
            with reader.at_one_point():
                total, found, counted = self._page(reader, compiled, asked)
                return asked.answer(
                    found, lambda page: _hits(reader, asked, page), total=total, facets=counted, sequence=reader.version.sequence
                )

        return self._reading(answer)

    def _page(self, reader: Reader, compiled: Clause, asked: Asked) -> tuple[int, list[Found], dict[str, list[dict[str, Any]]]]:
        """Return the total, one hit more than the page holds where there are more, and the facets."""
        options, by_date, after = asked.options, asked.by_date, asked.after
        query, sort = ordered(compiled, by_date=by_date)
        body: dict[str, Any] = {"query": query, "track_total_hits": True, "size": 0}
        if options.facets:
            body["aggs"] = facet_request(size=_FACET_VALUES, include_needs_review=options.include_needs_review)
        if not options.collapse:
            body |= {"size": options.limit + 1, "sort": list(sort), "source": ["body"]}
            if after is not None:
                place = place_of(reader, compiled, after, by_date=by_date)
                body |= {"size": 0} if place is None else {"search_after": place}
        answer = reader.ask(**body)
        total = int(answer["hits"]["total"]["value"])
        page = [Found.of(hit, by_date=by_date) for hit in answer["hits"]["hits"]]
        if options.collapse:
            page = collapsed(reader, compiled, by_date=by_date, after=after, needed=options.limit + 1)
            page = _with_bodies(reader, page)
            total = count_clusters(reader, query, total)
        return total, page, facets_of(answer["aggregations"]) if options.facets else {}

    def trends(self, query: Query, options: TrendOptions) -> TrendAnswer:
        """Count documents per period. Raises as `search`."""

        def answer(reader: Reader) -> TrendAnswer:
            counter = Counter(reader, include_needs_review=options.include_needs_review)
            with reader.at_one_point():
                sequence = reader.version.sequence
                return trend_answer(query, options, counter, sequence=sequence, vocabulary=self._vocabulary)

        return self._reading(answer)

    def nearest(self, vector: Floats, options: NearestOptions) -> tuple[Near, ...]:
        """Find the documents nearest to a vector of `index.embedding`. Raises EngineError where it holds none of this space."""
        root = with_filters(Everything(), options.filters, self._vocabulary)
        compiled = compile_query(root, include_needs_review=False)
        most = min(PAGE, options.limit + _SPARE)

        def answer(reader: Reader) -> tuple[Near, ...]:
            space = reader.version.space
            if space != options.space:
                held = "no vectors" if space is None else f"vectors of {space}"
                raise EngineError(f"The index holds {held}, the encoder is {options.space}. Run eho index build.")
            knn = {"field": "vector", "query_vector": [float(one) for one in vector], "k": most, "num_candidates": most}
            found = reader.ask(knn={**knn, "filter": compiled}, size=most, source=False, docvalue_fields=["id", "tie"])
            rows = [(_cosine(hit["_score"]), hit["fields"]) for hit in found["hits"]["hits"]]
            rows.sort(key=lambda row: (-row[0], row[1]["tie"][0]))
            return tuple(Near(fields["id"][0], round(cosine, 4)) for cosine, fields in rows[: options.limit])

        return self._reading(answer)

    def frequencies(self, field: Literal["text", "entity"], values: Collection[str]) -> Frequencies:
        """Count the documents that hold each folded word, or each entity's id. Raises EngineError."""
        wanted = sorted(set(values))

        def answer(reader: Reader) -> Frequencies:
            counts: dict[str, int] = {}
            for some in (wanted[at : at + _ALIKE] for at in range(0, len(wanted), _ALIKE)):
                filters = {str(number): {"term": {field: value}} for number, value in enumerate(some)}
                found = reader.ask(query=everything(), size=0, aggs={"counts": {"filters": {"filters": filters}}})
                buckets = found["aggregations"]["counts"]["buckets"]
                counts |= {value: buckets[str(number)]["doc_count"] for number, value in enumerate(some)}
            return Frequencies(reader.count(everything()), counts)

        return self._reading(answer)

    def status(self) -> IndexStatus:
        """Say what the index holds. Raises EngineError where nothing was built yet, EngineAwayError as `update`."""
        try:
            return self._reading(self._status)
        except EngineAwayError as error:
            raise EngineAwayError(str(error), sequence=self._spool.sequence()) from error

    def _status(self, reader: Reader) -> IndexStatus:
        version = reader.version
        with self._connection.saying():
            stats = self._connection.client.indices.stats(index=version.name, metric="store").body["_all"]["total"]
        waiting = self._spool.batches()
        return IndexStatus(
            engine="elasticsearch",
            version=version.name,
            documents=reader.count(everything()),
            sequence=version.sequence,
            size_bytes=int(stats["store"]["size_in_bytes"]),
            created_at=datetime.fromisoformat(version.created_at),
            vectors=0 if version.space is None else reader.count({"exists": {"field": "vector"}}),
            vector_space=version.space,
            extra={"url": self._connection.where, "spooled": sum(batch.documents for batch in waiting)},
        )

    def check(self, store: Callable[[int], Iterable[AnnotatedDocument]]) -> Findings:
        """Compare every entry with the documents as of the index's sequence number. Raises EngineError."""

        def answer(reader: Reader) -> Findings:
            with reader.at_one_point():
                hits = reader.walk(everything(), [{"tie": "asc"}], source=["body"], size=500)
                bodies = (hit["_source"]["body"].encode("utf-8") for hit in hits)
                return compare(bodies, store(reader.version.sequence))

        return self._reading(answer)

    def _reader(self, version: Version) -> Reader:
        return Reader(self._connection, version, is_sharded=self._settings.shards > 1)

    def _reading(self, answer: Callable[[Reader], T]) -> T:
        """Answer from the version in use; where a build replaced it meanwhile, answer anew from the next."""
        version = self._versions.current()
        for _ in range(_LOOKS):
            try:
                return answer(self._reader(version))
            except GoneError:
                latest = self._versions.current()
                if latest.name == version.name:
                    raise
                version = latest
        return answer(self._reader(version))


def _hits(reader: Reader, asked: Asked, page: Sequence[Found]) -> Iterator[Hit]:
    maker = HitMaker(asked.root, include_needs_review=asked.options.include_needs_review)
    rows = [json.loads(one.hit["_source"]["body"]) for one in page]
    sizes = _cluster_sizes(reader, sorted({row["cluster"] for row in rows})) if page else {}
    for one, row in zip(page, rows, strict=True):
        score = 0.0 if asked.by_date else float(one.primary)
        yield maker.make(row, score=score, cluster_size=sizes.get(row["cluster"], 1))


def _cluster_sizes(reader: Reader, clusters: list[str]) -> dict[str, int]:
    """Return how many documents of each cluster the index holds."""
    terms = {"sizes": {"terms": {"field": "cluster", "size": len(clusters), "include": clusters}}}
    answer = reader.ask(query={"terms": {"cluster": clusters}}, size=0, track_total_hits=False, aggs=terms)
    return {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["sizes"]["buckets"]}


def _with_bodies(reader: Reader, page: list[Found]) -> list[Found]:
    if not page:
        return []
    ids = {"ids": {"values": [one.hit["_id"] for one in page]}}
    found = reader.ask(query=ids, size=len(page), source=["body"], track_total_hits=False)["hits"]["hits"]
    by_id = {hit["_id"]: hit for hit in found}
    return [replace(one, hit=by_id[one.hit["_id"]]) for one in page]


def _cosine(score: float) -> float:
    """Undo the server's scale for inner products, which has no negative scores."""
    return score - 1 if score >= 1 else 1 - 1 / score
