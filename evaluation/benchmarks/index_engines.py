"""The engines that the benchmark of the index compares: ours behind its protocol, and SQLite FTS5 as its peer.

FTS5 runs twice: with the fields that we index (folded and exact words, cut in Python, and what a hit shows), and bare, with
the text as it is under its own tokenizer, which finds neither the other script nor every spelling.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from eho.annotation import AnnotatedDocument
from index.answers import SearchOptions
from index.calendar import day_of, period_start
from index.entry import body_of
from index.protocol import Index
from index.query import parse
from index.tokens import exact_words, folded_words
from index.trends import TrendOptions

PAGE = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the mix, as Eho's query language and as FTS5's; `source` filters in both."""

    kind: str
    eho: str
    fts: str
    source: str | None = None


class Engine(Protocol):
    """What is measured of every engine."""

    def build(self, documents: Iterable[AnnotatedDocument]) -> None:
        """Index from nothing; searchable and durable when it returns."""
        ...

    def update(self, documents: Iterable[AnnotatedDocument]) -> None:
        """Replace documents; searchable when it returns."""
        ...

    def ask(self, asked: Asked) -> int:
        """Fetch the first page with what a hit shows; return how many documents match in all."""
        ...

    def weekly(self, asked: Asked) -> int:
        """Count matches and all documents by week; return the matches."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class Eho:
    """An index behind our protocol."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._sequence = 0

    def build(self, documents: Iterable[AnnotatedDocument]) -> None:
        self._index.rebuild(documents, sequence=self._sequence)

    def update(self, documents: Iterable[AnnotatedDocument]) -> None:
        self._sequence += 1
        self._index.update(documents, sequence=self._sequence)

    def ask(self, asked: Asked) -> int:
        text = asked.eho if asked.source is None else f"{asked.eho} source:{asked.source}"
        return self._index.search(parse(text, stems=False), SearchOptions(limit=PAGE, facets=False)).total

    def size_bytes(self) -> int:
        """Return the bytes on disk, wherever the index lies."""
        return self._index.status().size_bytes

    def weekly(self, asked: Asked) -> int:
        answer = self._index.trends(parse(asked.eho, stems=False), TrendOptions(by="week", copies="include"))
        return sum(point.count for series in answer.series for point in series.points)

    def close(self) -> None:
        self._index.close()


class Fts5:
    """SQLite FTS5 in one file, written in transactions of a thousand documents."""

    def __init__(self, path: Path, *, bare: bool) -> None:
        self._bare = bare
        self._connection = sqlite3.connect(path, isolation_level=None)
        tokenizer = "unicode61 remove_diacritics 2" if bare else "unicode61 remove_diacritics 0"
        self._columns = "title, text" if bare else "title, text, title_exact, text_exact"
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=NORMAL",
            "PRAGMA cache_size=-65536",  # as much memory as our writer takes
            "CREATE TABLE IF NOT EXISTS documents (row INTEGER PRIMARY KEY, id TEXT UNIQUE, source TEXT, lang TEXT, week INTEGER,"
            " body BLOB)",
            "CREATE INDEX IF NOT EXISTS by_source ON documents (source)",
            "CREATE INDEX IF NOT EXISTS by_week ON documents (week)",
            f"CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5({self._columns}, content='', tokenize='{tokenizer}')",
        ):
            self._connection.execute(statement)

    def build(self, documents: Iterable[AnnotatedDocument]) -> None:
        self._write(documents)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def update(self, documents: Iterable[AnnotatedDocument]) -> None:
        self._write(documents)

    def ask(self, asked: Asked) -> int:
        where, values = "words MATCH ?", [asked.fts]
        if asked.source is not None:
            where, values = f"{where} AND source = ?", [asked.fts, asked.source]
        joined = "FROM words JOIN documents ON documents.row = words.rowid WHERE"
        page = f"SELECT body {joined} {where} ORDER BY rank LIMIT {PAGE}"
        self._connection.execute(page, values).fetchall()
        table = joined if asked.source is not None else "FROM words WHERE"
        return int(self._connection.execute(f"SELECT count(*) {table} {where}", values).fetchone()[0])

    def weekly(self, asked: Asked) -> int:
        matched = (
            "SELECT week, count(*) FROM words JOIN documents ON documents.row = words.rowid WHERE words MATCH ? GROUP BY week"
        )
        rows = self._connection.execute(matched, (asked.fts,)).fetchall()
        self._connection.execute("SELECT week, count(*) FROM documents GROUP BY week").fetchall()
        return sum(count for _, count in rows)

    def close(self) -> None:
        self._connection.close()

    def _write(self, documents: Iterable[AnnotatedDocument]) -> None:
        for page in _pages(documents):
            self._connection.execute("BEGIN")
            for item in page:
                self._put(item)
            self._connection.execute("COMMIT")

    def _put(self, item: AnnotatedDocument) -> None:
        document = item.document
        known = self._connection.execute("SELECT row, body FROM documents WHERE id = ?", (document.id,)).fetchone()
        if known is not None:
            row, body = known[0], json.loads(known[1])
            self._insert("words, rowid", ["delete", row], self._cut(body["title"] or "", body["text"]))
            self._connection.execute("DELETE FROM documents WHERE row = ?", (row,))
        week = None if document.published_at is None else period_start(day_of(document.published_at), "week").toordinal()
        values = (document.id, document.source, document.lang, week, body_of(item))
        added = self._connection.execute("INSERT INTO documents (id, source, lang, week, body) VALUES (?, ?, ?, ?, ?)", values)
        self._insert("rowid", [added.lastrowid], self._cut(document.title or "", document.text))

    def _insert(self, first: str, values: list[object], cut: list[str]) -> None:
        marks = ", ".join("?" * (len(values) + len(cut)))
        self._connection.execute(f"INSERT INTO words ({first}, {self._columns}) VALUES ({marks})", (*values, *cut))  # noqa: S608

    def _cut(self, title: str, text: str) -> list[str]:
        if self._bare:
            return [title, text]
        return [" ".join(words(part)) for words in (folded_words, exact_words) for part in (title, text)]


class Timed:
    """Documents as they are made, with the time, and the processor's time, that the making takes."""

    def __init__(self, documents: Iterable[AnnotatedDocument]) -> None:
        self._documents = iter(documents)
        self.made_s = 0.0
        self.made_work_s = 0.0

    def __iter__(self) -> Iterator[AnnotatedDocument]:
        return self

    def __next__(self) -> AnnotatedDocument:
        started, worked = time.perf_counter(), time.process_time()
        try:
            return next(self._documents)
        finally:
            self.made_s += time.perf_counter() - started
            self.made_work_s += time.process_time() - worked


def _pages(documents: Iterable[AnnotatedDocument]) -> Iterator[list[AnnotatedDocument]]:
    page: list[AnnotatedDocument] = []
    for item in documents:
        page.append(item)
        if len(page) == 1000:
            yield page
            page = []
    if page:
        yield page
