"""The captures' index: where each page's records lie, found by a digest of its address (an address may name a person)."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from eho.document import to_utc_text

INDEX_NAME = "index.sqlite"
_TABLE = """
CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, url TEXT, at TEXT, kind TEXT, digest TEXT, file TEXT, place INTEGER,
  length INTEGER, refers_to TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS records_url ON records (url, digest);
"""


@dataclass(frozen=True, slots=True)
class IndexedRecord:
    """One record: its WARC-Record-ID, kind (response or revisit), payload digest and place; `file` is a name in the folder."""

    id: str
    at: datetime
    kind: str
    digest: str
    file: str
    offset: int
    length: int
    refers_to: str | None = None  # of a revisit: the id of the record that holds the payload


class CaptureIndex:
    """SQLite beside the WARC files. It can be made again from them; losing it costs identical copies, never a page."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(folder / INDEX_NAME, isolation_level=None, timeout=30)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")  # what a power cut loses can be made again
        self._database.executescript(_TABLE)

    @classmethod
    def if_present(cls, folder: Path) -> CaptureIndex | None:
        """Open the index of a folder that has one; read-only folders included."""
        path = folder / INDEX_NAME
        if not path.exists():
            return None
        index = cls.__new__(cls)
        index._database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
        return index

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def add(self, url: str, record: IndexedRecord) -> None:
        """Note a record that was written; a second note of it changes nothing."""
        self._database.execute(
            "INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record.id,
                _key(url),
                to_utc_text(record.at),
                record.kind,
                record.digest,
                record.file,
                record.offset,
                record.length,
                record.refers_to,
            ),
        )

    def same_payload(self, url: str, digest: str) -> IndexedRecord | None:
        """Return the response of this address with this payload, where there is one."""
        query = "SELECT * FROM records WHERE url = ? AND digest = ? AND kind = 'response' ORDER BY at LIMIT 1"
        row = self._database.execute(query, (_key(url), digest)).fetchone()
        return None if row is None else _record(row)

    def latest(self, url: str) -> IndexedRecord | None:
        """Return the latest response of an address."""
        return next((record for record in reversed(list(self.find(url))) if record.kind == "response"), None)

    def find(self, url: str) -> Iterator[IndexedRecord]:
        """Yield all records of an address, oldest first."""
        for row in self._database.execute("SELECT * FROM records WHERE url = ? ORDER BY at, place", (_key(url),)):
            yield _record(row)

    def get(self, record_id: str) -> IndexedRecord | None:
        """Return the record of this id."""
        row = self._database.execute("SELECT * FROM records WHERE id = ?", (record_id,)).fetchone()
        return None if row is None else _record(row)


def _key(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


def _record(row: tuple[str, str, str, str, str, str, int, int, str | None]) -> IndexedRecord:
    record_id, _, at, kind, digest, file, offset, length, refers_to = row
    return IndexedRecord(
        record_id, datetime.fromisoformat(at.replace("Z", "+00:00")), kind, digest, file, offset, length, refers_to
    )
