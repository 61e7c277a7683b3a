"""Copies of one text across outlets, scripts and ekavian/ijekavian: persistent locality-sensitive hashing.

Texts that are equal when folded are one; others are candidates where a band of their MinHashes is equal, and copies where most
of the shorter one stands in the longer. A document is a copy of an earlier original that it is like, never of a copy, so
that a chain of small changes or a digest of several texts does not make one story of many. Everything lies in SQLite:
memory stays bounded, a killed process loses nothing, and what the store has not been told yet is kept until it has.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from eho.document import Cluster, Document, to_utc_text
from eho.errors import StoreError
from nlp.shingles import sketch
from nlp.text_links import TextLinks, prepare

_LOCAL = ZoneInfo("Europe/Belgrade")  # Pristina and Tirana keep the same time
_NO_DATE = datetime(9999, 1, 1, tzinfo=UTC)

Membership = tuple[str, Cluster]
Order = tuple[str, str]  # not later than, document id


class ClusterIndex:
    """Groups documents as they come; open for one process at a time (the data folder's lock sees to it).

    The groups do not depend on the order in which documents come, but where more than 64 texts crowd the same bands.
    """

    def __init__(self, path: Path, similarity: float = 0.55, *, cache_mb: int = 64) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA wal_autocheckpoint=16384")  # a batch touches thousands of pages at random
            self._connection.execute("PRAGMA secure_delete=ON")  # what is erased leaves no sketch behind
            self._connection.execute(f"PRAGMA cache_size=-{cache_mb * 1024}")
            with self._writing():
                prepare(self._connection)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"Cluster file {path} cannot be opened ({error}); delete it, then run eho run.") from error
        self._texts = TextLinks(self._connection, similarity)

    def __enter__(self) -> ClusterIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; everything added is already in it."""
        self._connection.close()

    def state(self, name: str) -> int:
        """Return a number that `note` kept; 0 in a file that is new or was of an older layout."""
        row = self._connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def note(self, name: str, value: int) -> None:
        """Keep a number, such as up to where the store was read."""
        self._connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))

    def add(self, document: Document) -> list[Membership]:
        """Put a document into its group; return every membership that changed, the document's own always among them."""
        return self.add_all([document])

    def add_all(self, documents: Iterable[Document]) -> list[Membership]:
        """Put documents into their groups in one transaction; return what `unsaved` holds then.

        Adding a known document again with other text moves it. A text of fewer than eight words joins no group.
        """
        with self._writing():
            for document in documents:
                self._add(document)
        return self.unsaved()

    def remove(self, document_ids: Iterable[str]) -> list[Membership]:
        """Forget documents and their sketches; return what `unsaved` holds then."""
        with self._writing():
            for document_id in document_ids:
                self._settle(self._take_out(document_id))
                self._connection.execute("DELETE FROM unsaved WHERE document_id = ?", (document_id,))
        return self.unsaved()

    def document_ids(self) -> Iterator[str]:
        """Yield the ids of all members."""
        for (document_id,) in self._connection.execute("SELECT document_id FROM member ORDER BY document_id"):
            yield str(document_id)

    def unsaved(self) -> list[Membership]:
        """Return the memberships that changed since `saved` was called for them, also by an earlier process."""
        rows = self._connection.execute("SELECT document_id FROM unsaved ORDER BY document_id").fetchall()
        return [(row[0], self.membership(row[0])) for row in rows]

    def saved(self, document_ids: Iterable[str]) -> None:
        """Take note that the store knows these memberships."""
        with self._writing():
            self._connection.executemany("DELETE FROM unsaved WHERE document_id = ?", [(one,) for one in document_ids])

    def membership(self, document_id: str) -> Cluster:
        """Return the group of a member, named after its original. Raises KeyError for a document that is none."""
        row = self._connection.execute(
            "SELECT member.text, mine.leader, theirs.first_id FROM member JOIN text AS mine ON mine.number = member.text"
            " JOIN text AS theirs ON theirs.number = mine.leader WHERE member.document_id = ?",
            (document_id,),
        ).fetchone()
        if row is None:
            raise KeyError(document_id)
        text, leader, original = row
        role = "original" if document_id == original else "copy"
        return Cluster(id=original, role=role, similarity=self._texts.similarity(text, leader))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _add(self, document: Document) -> None:
        found, at = sketch(document.text), to_utc_text(no_later_than(document))
        digest = blake2b(document.id.encode(), digest_size=16).digest() if found is None else found.digest
        known = self._connection.execute(
            "SELECT digest, at FROM member JOIN text ON number = text WHERE document_id = ?", (document.id,)
        ).fetchone()
        self._connection.execute("INSERT OR IGNORE INTO unsaved VALUES (?)", (document.id,))
        if known == (digest, at):
            return
        touched = self._take_out(document.id)
        text = self._texts.find(digest)
        if text is None:
            text = self._texts.insert(digest, found, at, document.id)
        self._connection.execute("INSERT INTO member VALUES (?, ?, ?)", (document.id, text, at))
        self._settle([*touched, text, *self._order_anew(text)])

    def _take_out(self, document_id: str) -> list[int]:
        """Remove a member, and its text where nobody else has it; return the texts whose place may have changed."""
        row = self._connection.execute("SELECT text FROM member WHERE document_id = ?", (document_id,)).fetchone()
        if row is None:
            return []
        self._connection.execute("DELETE FROM member WHERE document_id = ?", (document_id,))
        if self._connection.execute("SELECT 1 FROM member WHERE text = ? LIMIT 1", row).fetchone() is None:
            return self._texts.drop(row[0])
        return self._order_anew(row[0])

    def _order_anew(self, text: int) -> list[int]:
        """Note which member of a text is the earliest; return the texts whose place depends on it where it changed."""
        first = self._connection.execute(
            "SELECT at, document_id FROM member WHERE text = ? ORDER BY at, document_id LIMIT 1", (text,)
        ).fetchone()
        before = self._order(text)
        if first == before:
            return []
        self._connection.execute("UPDATE text SET first_at = ?, first_id = ? WHERE number = ?", (*first, text))
        linked = self._texts.linked(text)
        if first[1] != before[1]:  # groups are named after their original
            self._mark_changed([one for one in (text, *linked) if self._leader(one) == text])
        return [text, *linked]

    def _settle(self, texts: Sequence[int]) -> None:
        """Decide in order of time who is an original: a text that is alike no earlier original (greedy independent set)."""
        known = set(texts)
        queue = [(*order, text) for text in known if (order := self._order_or_none(text)) is not None]
        heapq.heapify(queue)
        while queue:
            at, first_id, text = heapq.heappop(queue)
            before, linked = self._leader(text), self._links(text)
            earlier = [
                (-round(near, 2), order, other)
                for other, near, order, leader in linked
                if order < (at, first_id) and leader == other
            ]
            leader = min(earlier)[2] if earlier else text
            if leader == before:
                continue
            self._connection.execute("UPDATE text SET leader = ? WHERE number = ?", (leader, text))
            self._mark_changed([text])
            if (leader == text) == (before == text):
                continue
            for other, _, order, _ in linked:
                if order > (at, first_id) and other not in known:
                    known.add(other)
                    heapq.heappush(queue, (*order, other))

    def _links(self, text: int) -> list[tuple[int, float, Order, int | None]]:
        rows = self._connection.execute(
            "SELECT other, similarity, first_at, first_id, leader FROM link JOIN text ON number = other WHERE link.text = ?",
            (text,),
        )
        return [(other, near, (at, first_id), leader) for other, near, at, first_id, leader in rows]

    def _order(self, text: int) -> Order:
        order = self._order_or_none(text)
        if order is None:
            raise StoreError(f"The cluster file names text {text} and does not hold it; delete it, then run eho run.")
        return order

    def _order_or_none(self, text: int) -> Order | None:
        row = self._connection.execute("SELECT first_at, first_id FROM text WHERE number = ?", (text,)).fetchone()
        return None if row is None else (row[0], row[1])

    def _leader(self, text: int) -> int | None:
        row = self._connection.execute("SELECT leader FROM text WHERE number = ?", (text,)).fetchone()
        return None if row is None else row[0]

    def _mark_changed(self, texts: Sequence[int]) -> None:
        for text in texts:
            self._connection.execute("INSERT OR IGNORE INTO unsaved SELECT document_id FROM member WHERE text = ?", (text,))


def no_later_than(document: Document) -> datetime:
    """Return the latest moment at which a document can have been published.

    A day without an hour ends at midnight in Belgrade, Pristina and Tirana, so that it precedes nothing of the same day that
    is known to the minute; nothing was published after it was fetched.
    """
    latest = document.published_at or _NO_DATE
    if document.published_at is not None and document.published_at_precision == "day":
        day = document.published_at.astimezone(_LOCAL).date()
        latest = datetime.combine(day + timedelta(days=1), time(), _LOCAL).astimezone(UTC) - timedelta(seconds=1)
    return min(latest, document.fetched_at) if document.fetched_at is not None else latest
