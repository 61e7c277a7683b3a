"""What a crawl remembers from run to run: validators, robots.txt, hosts to leave alone, requests of the day, pages to see again.

One SQLite file beside the captures. Losing it costs politeness, not documents: feeds are asked for whole again.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

_FLUSH_S = 1.0
_TABLES = """
CREATE TABLE IF NOT EXISTS lists (url TEXT PRIMARY KEY, etag TEXT, modified TEXT, read_at REAL, children TEXT,
  documents INTEGER, witness TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS robots (origin TEXT PRIMARY KEY, etag TEXT, modified TEXT, read_at REAL, body BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rests (host TEXT PRIMARY KEY, until REAL, reason TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (host TEXT, day TEXT, count INTEGER, PRIMARY KEY (host, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS visits (url TEXT PRIMARY KEY, source TEXT, document TEXT, published_at REAL, seen_at REAL,
  times INTEGER, due_at REAL, etag TEXT, modified TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS visits_due ON visits (source, due_at) WHERE due_at IS NOT NULL;
"""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask later whether anything changed (RFC 9110, 8.8)."""

    etag: str | None = None
    modified: str | None = None

    def __bool__(self) -> bool:
        return self.etag is not None or self.modified is not None

    @property
    def headers(self) -> dict[str, str]:
        """The request headers of a conditional GET."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class KeptList:
    """A feed or sitemap that was read to its end; `children` are the sitemaps that an index named, with their days of change.

    `documents` counts the addresses on it that became one and stood on no other list;
    `witness` is one of them: a store that does not know it is another one.
    """

    validators: Validators
    read_at: datetime
    children: list[tuple[str, str | None]] = field(default_factory=list)
    documents: int = 0
    witness: str | None = None


@dataclass(frozen=True, slots=True)
class KeptRobots:
    """A robots.txt as last fetched."""

    body: bytes
    validators: Validators
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that ended in a document: when it was seen, how often, and when it is due again."""

    url: str
    source: str
    document_id: str
    published_at: datetime | None
    seen_at: datetime
    times: int = 1
    due_at: datetime | None = None
    validators: Validators = field(default_factory=Validators)


class Ledger:
    """The file; writes are gathered and flushed about once a second, so that a kill costs a second of memory."""

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=30)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_TABLES)
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []
        self._asked: Counter[tuple[str, str]] = Counter()
        self._counts: dict[tuple[str, str], int] = {}
        self._rests: dict[str, tuple[float, str]] = {
            host: (until, reason)
            for host, until, reason in self._database.execute("SELECT host, until, reason FROM rests WHERE until > ?", (_now(),))
        }
        self._flushed_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what waits and close the file."""
        self.flush()
        self._database.close()

    def flush(self) -> None:
        """Write what waits, in one transaction."""
        self._flushed_at = time.monotonic()
        if not self._waiting and not self._asked:
            return
        asked = [(host, day, count) for (host, day), count in self._asked.items()]
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            for statement, values in self._waiting:
                self._database.execute(statement, values)
            self._database.executemany(
                "INSERT INTO requests VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count", asked
            )
        self._waiting.clear()
        self._asked.clear()

    def _write(self, statement: str, *values: Any) -> None:
        self._waiting.append((statement, values))
        if time.monotonic() - self._flushed_at > _FLUSH_S:
            self.flush()

    # feeds, sitemaps, section pages

    def kept_list(self, url: str) -> KeptList | None:
        """Return what is known of a feed or sitemap that was read to its end."""
        row = self._database.execute(
            "SELECT etag, modified, read_at, children, documents, witness FROM lists WHERE url = ?", (url,)
        ).fetchone()
        if row is None:
            return None
        children = [(each[0], each[1]) for each in json.loads(row[3] or "[]")]
        return KeptList(Validators(row[0], row[1]), _at(row[2]), children, row[4], row[5])

    def keep_list(self, url: str, kept: KeptList) -> None:
        """Remember that a feed or sitemap was read, and everything it listed dealt with."""
        values = kept.validators
        self._write(
            "INSERT OR REPLACE INTO lists VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(
                url,
                values.etag,
                values.modified,
                kept.read_at.timestamp(),
                json.dumps(kept.children),
                kept.documents,
                kept.witness,
            ),
        )

    # robots.txt

    def kept_robots(self, origin: str) -> KeptRobots | None:
        """Return an origin's robots.txt as last fetched."""
        row = self._database.execute("SELECT body, etag, modified, read_at FROM robots WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else KeptRobots(row[0], Validators(row[1], row[2]), _at(row[3]))

    def keep_robots(self, origin: str, kept: KeptRobots) -> None:
        """Remember an origin's robots.txt."""
        values = kept.validators
        self._write(
            "INSERT OR REPLACE INTO robots VALUES (?, ?, ?, ?, ?)",
            *(origin, values.etag, values.modified, kept.read_at.timestamp(), kept.body),
        )

    # hosts that asked to be left alone, and what was asked of them

    def rest(self, host: str, until: datetime, reason: str) -> None:
        """Leave a host alone until then, in this run and the next ones; written at once."""
        known = self._rests.get(host)
        if known is not None and known[0] >= until.timestamp():
            return
        self._rests[host] = (until.timestamp(), reason)
        self._write("INSERT OR REPLACE INTO rests VALUES (?, ?, ?)", host, until.timestamp(), reason)
        self.flush()

    def resting(self, host: str) -> tuple[datetime, str] | None:
        """Return until when a host is to be left alone, and why; None where it may be asked."""
        found = self._rests.get(host)
        return None if found is None or found[0] <= _now() else (_at(found[0]), found[1])

    def count_request(self, host: str) -> int:
        """Count one request to a host and return how many there were today (UTC)."""
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        count = self.requests_today(host) + 1
        self._counts[host, day] = count
        self._asked[host, day] += 1
        if time.monotonic() - self._flushed_at > _FLUSH_S:
            self.flush()
        return count

    def requests_today(self, host: str) -> int:
        """Return how often a host was asked today (UTC), over all runs."""
        key = (host, f"{datetime.now(UTC):%Y-%m-%d}")
        if key not in self._counts:
            row = self._database.execute("SELECT count FROM requests WHERE host = ? AND day = ?", key).fetchone()
            self._counts[key] = row[0] if row else 0
        return self._counts[key]

    # pages

    def visit(self, url: str) -> Visit | None:
        """Return when a page was last seen."""
        row = self._database.execute("SELECT * FROM visits WHERE url = ?", (url,)).fetchone()
        return None if row is None else _visit(row)

    def keep_visit(self, visit: Visit) -> None:
        """Remember that a page was seen, and when it is due again."""
        self._write(
            "INSERT OR REPLACE INTO visits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            visit.url,
            visit.source,
            visit.document_id,
            visit.published_at.timestamp() if visit.published_at else None,
            visit.seen_at.timestamp(),
            visit.times,
            visit.due_at.timestamp() if visit.due_at else None,
            visit.validators.etag,
            visit.validators.modified,
        )

    def forget_visit(self, url: str) -> None:
        """Look at a page no more."""
        self._write("DELETE FROM visits WHERE url = ?", url)

    def due(self, source: str, limit: int) -> Iterable[Visit]:
        """Return the pages of a source that are due to be seen again, the longest due first."""
        query = "SELECT * FROM visits WHERE source = ? AND due_at <= ? ORDER BY due_at LIMIT ?"
        return [_visit(row) for row in self._database.execute(query, (source, _now(), limit))]


def _visit(row: tuple[Any, ...]) -> Visit:
    url, source, document, published, seen, times, due, etag, modified = row
    return Visit(
        url=url,
        source=source,
        document_id=document,
        published_at=None if published is None else _at(published),
        seen_at=_at(seen),
        times=times,
        due_at=None if due is None else _at(due),
        validators=Validators(etag, modified),
    )


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
