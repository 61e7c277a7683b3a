"""Which texts are alike, in SQLite: sketches, the bands by which candidates are found, and the links between copies."""

from __future__ import annotations

import sqlite3

import numpy as np

from nlp.shingles import Sketch, likeness

LAYOUT = 2  # 1 kept 64-bit sketches and bands by document: five times the bytes
LEAST_JACCARD = 0.3  # under a third the longer text is a digest or another story around a quotation
_MOST_CANDIDATES = 64  # verified for one text, those with the most equal bands: templates crowd some bands
_SCHEMA = """
CREATE TABLE text (number INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE, first_at TEXT NOT NULL,
    first_id TEXT NOT NULL, leader INTEGER, shingles INTEGER NOT NULL, numbers BLOB NOT NULL, signature BLOB NOT NULL);
CREATE TABLE band (key INTEGER NOT NULL, text INTEGER NOT NULL, PRIMARY KEY (key, text)) WITHOUT ROWID;
CREATE TABLE link (text INTEGER NOT NULL, other INTEGER NOT NULL, similarity REAL NOT NULL, PRIMARY KEY (text, other))
    WITHOUT ROWID;
CREATE TABLE member (document_id TEXT PRIMARY KEY, text INTEGER NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX member_text ON member (text, at, document_id);
CREATE TABLE unsaved (document_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
_TABLES = ("text", "band", "link", "member", "unsaved", "state")


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables where there are none; those of an older layout are thrown away, and filled again from the store."""
    if connection.execute("PRAGMA user_version").fetchone()[0] == LAYOUT:
        return
    for table in _TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in _SCHEMA.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {LAYOUT}")


class TextLinks:
    """Distinct texts and their links; the caller opens and ends transactions."""

    def __init__(self, connection: sqlite3.Connection, similarity: float) -> None:
        self._connection = connection
        self._similarity = similarity

    def find(self, digest: bytes) -> int | None:
        """Return the number of a text that is equal when folded."""
        row = self._connection.execute("SELECT number FROM text WHERE digest = ?", (digest,)).fetchone()
        return None if row is None else int(row[0])

    def insert(self, digest: bytes, sketch: Sketch | None, at: str, document_id: str) -> int:
        """Keep a text with its links; without a sketch (too short) it has none."""
        parts = (0, b"", b"") if sketch is None else (sketch.shingles, sketch.numbers.tobytes(), sketch.signature.tobytes())
        inserted = self._connection.execute(
            "INSERT INTO text (digest, first_at, first_id, shingles, numbers, signature) VALUES (?, ?, ?, ?, ?, ?)",
            (digest, at, document_id, *parts),
        )
        number = int(inserted.lastrowid or 0)
        if sketch is not None:
            keys = sketch.band_keys()
            links = self._alike(sketch, keys)
            self._connection.executemany("INSERT OR IGNORE INTO band VALUES (?, ?)", [(key, number) for key in keys])
            both_ways = [(number, other, near) for other, near in links] + [(other, number, near) for other, near in links]
            self._connection.executemany("INSERT INTO link VALUES (?, ?, ?)", both_ways)
        return number

    def drop(self, number: int) -> list[int]:
        """Forget a text; return those that it was linked with."""
        linked = self.linked(number)
        row = self._connection.execute(
            "SELECT digest, shingles, numbers, signature FROM text WHERE number = ?", (number,)
        ).fetchone()
        if row[3]:
            keys = _sketch(*row).band_keys()
            self._connection.executemany("DELETE FROM band WHERE key = ? AND text = ?", [(key, number) for key in keys])
        self._connection.execute("DELETE FROM link WHERE text = ?", (number,))
        self._connection.executemany("DELETE FROM link WHERE text = ? AND other = ?", [(other, number) for other in linked])
        self._connection.execute("DELETE FROM text WHERE number = ?", (number,))
        return linked

    def linked(self, number: int) -> list[int]:
        """Return the texts that one is alike."""
        return [row[0] for row in self._connection.execute("SELECT other FROM link WHERE text = ?", (number,))]

    def similarity(self, number: int, other: int) -> float:
        """Return the Jaccard similarity of two linked texts, 1 of a text with itself."""
        if number == other:
            return 1.0
        row = self._connection.execute("SELECT similarity FROM link WHERE text = ? AND other = ?", (number, other)).fetchone()
        return 0.0 if row is None else float(row[0])

    def _alike(self, sketch: Sketch, keys: list[int]) -> list[tuple[int, float]]:
        marks = ",".join("?" * len(keys))
        rows = self._connection.execute(
            f"SELECT number, digest, shingles, numbers, signature FROM text JOIN (SELECT text, COUNT(*) AS bands FROM band"  # noqa: S608 - placeholders only
            f" WHERE key IN ({marks}) GROUP BY text ORDER BY bands DESC, text LIMIT {_MOST_CANDIDATES}) ON text = number",
            keys,
        )
        found = []
        for number, *stored in rows:
            near = likeness(sketch, _sketch(*stored))
            if near.same_numbers and near.containment >= self._similarity and near.jaccard >= LEAST_JACCARD:
                found.append((int(number), round(near.jaccard, 3)))
        return found


def _sketch(digest: bytes, shingles: int, numbers: bytes, signature: bytes) -> Sketch:
    return Sketch(digest, shingles, np.frombuffer(signature, np.uint32), np.frombuffer(numbers, np.uint32))
