"""The store: every document with its versions, tags and cluster, and what became of every address; the index is built from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from sqlalchemy import Row, Select, and_, func, insert, or_, select, update

from eho.annotation import AnnotatedDocument, ModelVersion, Tags
from eho.document import Cluster, Document
from eho.outcome import Outcome, OutcomeRecord
from index.appearances import appearances
from index.calendar import day_of
from index.database import Database
from index.history import History, history_begins, remove_page
from index.rows import CURRENT, put_addresses, put_clusters_page, put_page, put_tags_page, to_annotated, to_document
from index.schema import addresses, documents, outcomes, removed_documents, store_info, superseded_documents
from index.snapshots import SnapshotBook
from index.source_days import CrawlRun, SourceDay, crawled_days, last_runs, put_runs, read_days

T = TypeVar("T")

_PAGE = 500  # rows read or written at once: a page of long articles is about 5 MB, and old SQLite takes 999 variables
_FIRST = frozenset({Outcome.STORED, Outcome.NEW_VERSION})
_REPLACES = frozenset({*_FIRST, Outcome.ERASED})  # of what is erased, nothing says that it was stored
_FAILED = [one.value for one in Outcome if one.is_failure]
_GOOD = [one.value for one in (Outcome.STORED, Outcome.NEW_VERSION, Outcome.UNCHANGED)]


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """How many addresses of a source ended in an outcome on a Belgrade day."""

    source: str
    outcome: Outcome
    day: date
    count: int


class Store:
    """Documents, tags, clusters, addresses and outcomes; every change of a document takes the next sequence number.

    Threads and processes may read while one writes. A change is durable when its method returns.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the store at a SQLAlchemy address, making it where there is none. Raises StoreError."""
        return cls(Database.open(url))

    def close(self) -> None:
        """Release all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # -- documents ------------------------------------------------------------------------------------------------

    def put(self, document: Document) -> Outcome:
        """Store one document: STORED, UNCHANGED, or NEW_VERSION when its title, lead, text or time differ."""
        return self.put_all([document])[0]

    def put_all(self, batch: Iterable[Document]) -> list[Outcome]:
        """Store documents in transactions of a few hundred, far faster than one by one; outcomes in the order given."""
        result: list[Outcome] = []
        for page in _pages_of_distinct(batch):
            with self._database.writing() as connection:
                result += put_page(connection, page)
        return result

    def put_tags(self, document_id: str, tags: Tags) -> None:
        """Set the tags of a stored document; other tags it had are kept as superseded. Raises InputError for an unknown id."""
        self.put_all_tags([(document_id, tags)])

    def put_all_tags(self, pairs: Iterable[tuple[str, Tags]]) -> None:
        """Set the tags of many documents in transactions of a few hundred. Raises InputError for an unknown id."""
        for page in _pages(pairs):
            with self._database.writing() as connection:
                put_tags_page(connection, dict(page))

    def put_clusters(self, memberships: Iterable[tuple[str, Cluster]]) -> int:
        """Set the clusters of stored documents; return how many changed. Raises InputError for an unknown id."""
        changed = 0
        for page in _pages(memberships):
            with self._database.writing() as connection:
                changed += put_clusters_page(connection, dict(page))
        return changed

    def remove(self, document_ids: Iterable[str], reason: Literal["erased", "expired"]) -> int:
        """Delete documents with all their versions and tags, for good; return how many there were.

        They leave every snapshot as well; the index lets go of them when it is next brought up to the store.
        """
        removed = 0
        for page in _pages(document_ids):
            with self._database.writing() as connection:
                removed += remove_page(connection, page, reason)
        return removed

    def last_removal(self) -> int:
        """Return the number of the last removal of a document, 0 where none was removed."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.max(removed_documents.c.removed_seq))) or 0

    def get(self, document_id: str) -> AnnotatedDocument | None:
        """Return the current version of a document with tags and cluster."""
        with self._database.reading() as connection:
            row = connection.execute(CURRENT.where(documents.c.id == document_id)).first()
        return None if row is None else to_annotated(row)

    def get_all(self, document_ids: Sequence[str]) -> dict[str, AnnotatedDocument]:
        """Return the current versions of those ids that are stored."""
        found: dict[str, AnnotatedDocument] = {}
        with self._database.reading() as connection:
            for page in _pages(document_ids):
                rows = connection.execute(CURRENT.where(documents.c.id.in_(page)))
                found |= {row.id: to_annotated(row) for row in rows}
        return found

    def versions(self, document_id: str) -> list[Document]:
        """Return all stored versions of a document, oldest first; the last is the current one."""
        old = superseded_documents
        query = select(old.c.body).where(old.c.document_id == document_id).order_by(old.c.version)
        with self._database.reading() as connection:
            bodies = [row.body for row in connection.execute(query)]
            current = connection.scalar(select(documents.c.body).where(documents.c.id == document_id))
        return [Document.model_validate_json(body) for body in [*bodies, *([] if current is None else [current])]]

    def documents(self, *, since_seq: int = 0) -> Iterator[AnnotatedDocument]:
        """Yield current documents changed after a sequence number, in the order of their last change.

        Read page by page, so writers are never held up; a document that changes meanwhile comes again in its new form.
        """
        for row in self._changed(CURRENT, since_seq):
            yield to_annotated(row)

    def untagged(self, model: ModelVersion) -> Iterator[Document]:
        """Yield current documents without tags of exactly this model, version and codebook; tagging while reading is safe."""
        other = or_(
            documents.c.tags.is_(None),
            documents.c.model != model.name,
            documents.c.model_version != model.version,
            documents.c.codebook != model.codebook,
        )
        for row in self._changed(CURRENT.where(other), 0):
            yield to_document(row)

    def _changed(self, query: Select[Any], since_seq: int) -> Iterator[Row[Any]]:
        while True:
            page_query = query.where(documents.c.seq > since_seq).order_by(documents.c.seq).limit(_PAGE)
            with self._database.reading() as connection:
                page = connection.execute(page_query).all()
            yield from page
            if len(page) < _PAGE:
                return
            since_seq = page[-1].seq

    def count(self) -> int:
        """Return the number of documents, versions counted once."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(documents)) or 0

    def sequence(self) -> int:
        """Return the number of the last change of documents, tags or clusters."""
        with self._database.reading() as connection:
            return connection.scalar(select(store_info.c.value).where(store_info.c.name == "sequence")) or 0

    def history_begins(self) -> int:
        """Return the first number as of which the store can be read; later than 0 where an earlier Eho made it."""
        with self._database.reading() as connection:
            return history_begins(connection)

    def at(self, sequence: int) -> StoreAt:
        """Return the store as of a number, for reading."""
        return StoreAt(self._database, sequence)

    @property
    def snapshots(self) -> SnapshotBook:
        """The snapshot ids given out over this store."""
        return SnapshotBook(self._database)

    # -- addresses and outcomes -----------------------------------------------------------------------------------

    def record(self, record: OutcomeRecord) -> None:
        """Note what became of an address; a second record of it replaces the first, but never hides a stored document."""
        at = record.at or datetime.now(UTC)
        record = record.model_copy(update={"at": at})
        source, key = record.source or "", record.url or f"document:{record.document_id or record.reason or ''}"
        here = and_(outcomes.c.source == source, outcomes.c.key == key)
        day = day_of(at).isoformat()
        values = {"outcome": record.outcome.value, "day": day, "record": record.model_dump_json()}
        with self._database.writing() as connection:
            known = connection.scalar(select(outcomes.c.outcome).where(here).with_for_update())
            if known is None:
                connection.execute(insert(outcomes).values(source=source, key=key, first_day=day, **values))
            elif Outcome(known) not in _FIRST or record.outcome in _REPLACES:
                connection.execute(update(outcomes).where(here).values(**values))
            if record.url and record.document_id:
                put_addresses(connection, {record.url: record.document_id})

    def put_addresses(self, reached: Mapping[str, str]) -> None:
        """Note under which further addresses, or keyed digests of them, documents were reached."""
        if reached:
            with self._database.writing() as connection:
                put_addresses(connection, reached)

    def is_known_url(self, url: str) -> bool:
        """Tell whether this address, as requested or as reached, already ended in a document."""
        with self._database.reading() as connection:
            return connection.scalar(select(addresses.c.document_id).where(addresses.c.url == url)) is not None

    def outcomes(self, source: str | None = None, outcome: Outcome | None = None) -> Iterator[OutcomeRecord]:
        """Yield outcome records, by source and address."""
        query = select(outcomes).order_by(outcomes.c.source, outcomes.c.key)
        if source is not None:
            query = query.where(outcomes.c.source == source)
        if outcome is not None:
            query = query.where(outcomes.c.outcome == outcome.value)
        last: Row[Any] | None = None
        while True:
            page_query = query.limit(_PAGE)
            if last is not None:
                after = and_(outcomes.c.source == last.source, outcomes.c.key > last.key)
                page_query = page_query.where(or_(outcomes.c.source > last.source, after))
            with self._database.reading() as connection:
                page = connection.execute(page_query).all()
            for row in page:
                yield OutcomeRecord.model_validate_json(row.record)
            if len(page) < _PAGE:
                return
            last = page[-1]

    def coverage(self) -> list[CoverageRow]:
        """Count addresses per source, outcome and Belgrade day."""
        columns = (outcomes.c.source, outcomes.c.outcome, outcomes.c.day)
        query = select(*columns, func.count().label("addresses")).group_by(*columns).order_by(*columns)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [CoverageRow(row.source, Outcome(row.outcome), date.fromisoformat(row.day), row.addresses) for row in rows]

    def add_runs(self, runs: Iterable[CrawlRun]) -> None:
        """Note what runs of sources came to."""
        with self._database.writing() as connection:
            put_runs(connection, list(runs))

    def last_runs(self) -> dict[str, CrawlRun]:
        """Return the last run of every source that came to its end."""
        with self._database.reading() as connection:
            return last_runs(connection)

    def crawled_days(self) -> tuple[dict[str, date], dict[str, date]]:
        """Return the first and the last Belgrade day on which anything of each source was dealt with."""
        with self._database.reading() as connection:
            return crawled_days(connection)

    def appearances(self, first: date, last: date) -> dict[str, tuple[int, list[int]]]:
        """Return by source how many documents are dated from first to last, and by UTC hour those whose time of day is known."""
        with self._database.reading() as connection:
            return appearances(connection, first, last)

    def source_days(self, start: date, end: date, lists: Mapping[str, Collection[str]]) -> dict[tuple[str, date], SourceDay]:
        """Count what became of the addresses and documents of every source on every Belgrade day from start to end.

        `lists` are the feeds, sitemaps and sections of the sources, which are no documents' addresses.
        """
        with self._database.reading() as connection:
            return read_days(connection, start, end, lists)

    def failed_days(self, sources: Collection[str]) -> dict[str, frozenset[date]]:
        """Return, by source, the Belgrade days on which addresses failed and none gave a document."""

        def days(outcome: Collection[str]) -> dict[str, set[str]]:
            here = and_(outcomes.c.source.in_(sources), outcomes.c.outcome.in_(outcome))
            found: dict[str, set[str]] = {}
            for row in connection.execute(select(outcomes.c.source, outcomes.c.day).where(here).distinct()):
                found.setdefault(row.source, set()).add(row.day)
            return found

        with self._database.reading() as connection:
            failed, good = days(_FAILED), days(_GOOD)
        lost = {source: own - good.get(source, set()) for source, own in failed.items()}
        return {source: frozenset(map(date.fromisoformat, own)) for source, own in lost.items() if own}


def _pages(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while page := list(islice(rest, _PAGE)):
        yield page


class StoreAt(Store):
    """The documents, tags and clusters of an earlier sequence number; addresses and outcomes are those of now."""

    def __init__(self, database: Database, sequence: int) -> None:
        super().__init__(database)
        self._at = sequence
        self.history = History(database, sequence)

    def get(self, document_id: str) -> AnnotatedDocument | None:
        """Return a document as it was then."""
        return self.history.get_all([document_id]).get(document_id)

    def get_all(self, document_ids: Sequence[str]) -> dict[str, AnnotatedDocument]:
        """Return those of the ids that existed then, as they were."""
        return self.history.get_all(document_ids)

    def versions(self, document_id: str) -> list[Document]:
        """Return the versions of a document up to then, oldest first."""
        return self.history.versions(document_id)

    def documents(self, *, since_seq: int = 0) -> Iterator[AnnotatedDocument]:
        """Yield the documents of then that had changed after `since_seq`; a repeated one has the same form."""
        return self.history.documents(since_seq=since_seq)

    def count(self) -> int:
        """Return how many documents of then are still stored."""
        return self.history.count()

    def sequence(self) -> int:
        """Return the number of then."""
        return self._at


def _pages_of_distinct(batch: Iterable[Document]) -> Iterator[list[Document]]:
    """Cut into pages in which no id stands twice, so that each page compares with what is stored."""
    page: dict[str, Document] = {}
    for document in batch:
        if document.id in page or len(page) == _PAGE:
            yield list(page.values())
            page = {}
        page[document.id] = document
    if page:
        yield list(page.values())
