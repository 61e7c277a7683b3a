"""The sealed reference store: which post of which platform a document is, and how far each listing was read.

Everything that leads back to a post (its id, its address, cursors) is encrypted with AES-256-GCM; the key lies in a file that
its owner alone may read. A post is found again by a keyed hash (HMAC-SHA-256) whose key is replaced from time to time: a
hash written down elsewhere then means nothing any more. Documents have random ids, which say nothing about the post.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crawlers.social.post import Post
from eho.document import to_utc_text
from eho.errors import StoreError

_KEY_BYTES, _NONCE_BYTES = 32, 12
_SCHEMA = """
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value BLOB NOT NULL, made_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS post (lookup BLOB PRIMARY KEY, document_id TEXT NOT NULL UNIQUE, source TEXT NOT NULL,
    sealed BLOB NOT NULL, checked_at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS post_by_check ON post (source, checked_at);
CREATE TABLE IF NOT EXISTS mark (name BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Reference:
    """Which post a document is."""

    document_id: str
    source: str
    platform: str
    native_id: str
    locator: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The document that a post is, and the source under which it was first seen."""

    document_id: str
    source: str


class References:
    """One file; for one process at a time (the data folder's lock sees to it). Every change is durable when it returns."""

    def __init__(self, path: Path, key_file: Path) -> None:
        self._path, self._key_file = path, key_file
        path.parent.mkdir(parents=True, exist_ok=True)
        self._sealer = AESGCM(_load_key(key_file, may_make=not path.exists()))
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA secure_delete=ON")  # what is forgotten is overwritten
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"Reference store {path} cannot be opened ({error}); restore it from a backup.") from error
        path.chmod(0o600)
        self._hash_key = self._load_hash_key()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # -- posts ----------------------------------------------------------------------------------------------------

    def claim(self, source: str, platform: str, posts: Sequence[Post], *, at: datetime | None = None) -> dict[str, Claim]:
        """Return, by native id, the documents that these posts are; new ones get a random id that is kept from now on."""
        found: dict[str, Claim] = {}
        seen_at = _stamp(at)
        with self._writing():
            for post in posts:
                lookup = self._lookup(platform, post.native_id)
                row = self._connection.execute("SELECT document_id, source FROM post WHERE lookup = ?", (lookup,)).fetchone()
                document_id, owner = row or (secrets.token_hex(32), source)
                sealed = self._seal([platform, post.native_id, post.locator or post.native_id, post.url], document_id)
                self._connection.execute(
                    "INSERT INTO post VALUES (?, ?, ?, ?, ?) ON CONFLICT (lookup) DO UPDATE SET checked_at = excluded.checked_at",
                    (lookup, document_id, owner, sealed, seen_at),
                )
                found[post.native_id] = Claim(document_id, owner)
        return found

    def find(self, platform: str, native_id: str) -> str | None:
        """Return the document that a post is, None where it was never stored or is forgotten."""
        lookup = self._lookup(platform, native_id)
        row = self._connection.execute("SELECT document_id FROM post WHERE lookup = ?", (lookup,)).fetchone()
        return None if row is None else str(row[0])

    def get(self, document_id: str) -> Reference | None:
        """Open the reference of a document. Whoever calls this for a person writes down who asked and why."""
        row = self._connection.execute(
            "SELECT document_id, source, sealed FROM post WHERE document_id = ?", (document_id,)
        ).fetchone()
        return None if row is None else self._reference(row)

    def due(self, source: str, before: datetime) -> list[Reference]:
        """Return the posts of a source that were last seen in public before a time, the longest unseen first."""
        rows = self._connection.execute(
            "SELECT document_id, source, sealed FROM post WHERE source = ? AND checked_at <= ? ORDER BY checked_at",
            (source, _stamp(before)),
        )
        return [self._reference(row) for row in rows.fetchall()]

    def checked(self, document_ids: Iterable[str], *, at: datetime | None = None) -> None:
        """Note that these were seen in public."""
        seen_at = _stamp(at)
        with self._writing():
            self._connection.executemany(
                "UPDATE post SET checked_at = ? WHERE document_id = ?", [(seen_at, one) for one in document_ids]
            )

    def forget(self, document_ids: Iterable[str]) -> None:
        """Delete references for good; do this last, for an erasure that was cut is found again by its reference."""
        with self._writing():
            self._connection.executemany("DELETE FROM post WHERE document_id = ?", [(one,) for one in document_ids])

    def count(self) -> int:
        """Return how many posts are known."""
        return int(self._connection.execute("SELECT count(*) FROM post").fetchone()[0])

    def number(self, platform: str, native_id: str) -> str:
        """Return the name under which the outcome of a post that is not stored is counted: a hash of the present key."""
        return f"post:{self._lookup(platform, native_id).hex()[:24]}"

    # -- cursors --------------------------------------------------------------------------------------------------

    def mark(self, *name: str) -> Any:
        """Return what was noted under a name, None where nothing was."""
        key = self._mark_name(name)
        row = self._connection.execute("SELECT sealed FROM mark WHERE name = ?", (key,)).fetchone()
        return None if row is None else self._open(row[0], key.hex())

    def set_mark(self, *name: str, value: Any) -> None:
        """Note a JSON value under a name; None forgets it."""
        key = self._mark_name(name)
        with self._writing():
            self._connection.execute("DELETE FROM mark WHERE name = ?", (key,))
            if value is not None:
                self._connection.execute("INSERT INTO mark VALUES (?, ?)", (key, self._seal(value, key.hex())))

    @staticmethod
    def _mark_name(name: Sequence[str]) -> bytes:
        return hashlib.sha256("\x1f".join(name).encode()).digest()

    # -- keys -----------------------------------------------------------------------------------------------------

    def rotate(self, *, after: timedelta = timedelta(0), now: datetime | None = None) -> bool:
        """Hash every post with a new key where the present one is older than `after`, and forget the old key; in one step."""
        now = now or datetime.now(UTC)
        made_at = self._connection.execute("SELECT made_at FROM secret WHERE name = 'hash'").fetchone()[0]
        if now - datetime.fromisoformat(made_at.replace("Z", "+00:00")) < after:
            return False
        new_key = secrets.token_bytes(_KEY_BYTES)
        with self._writing():
            rows = self._connection.execute("SELECT document_id, source, sealed, checked_at FROM post").fetchall()
            self._connection.execute("DELETE FROM post")
            for document_id, source, sealed, checked_at in rows:
                reference = self._reference((document_id, source, sealed))
                lookup = _hash(new_key, reference.platform, reference.native_id)
                self._connection.execute(
                    "INSERT INTO post VALUES (?, ?, ?, ?, ?)", (lookup, document_id, source, sealed, checked_at)
                )
            self._put_hash_key(new_key, now)
        self._hash_key = new_key
        return True

    def _load_hash_key(self) -> bytes:
        row = self._connection.execute("SELECT value FROM secret WHERE name = 'hash'").fetchone()
        if row is not None:
            return bytes.fromhex(self._open(row[0], "hash"))
        key = secrets.token_bytes(_KEY_BYTES)
        with self._writing():
            self._put_hash_key(key, datetime.now(UTC))
        return key

    def _put_hash_key(self, key: bytes, at: datetime) -> None:
        self._connection.execute("DELETE FROM secret WHERE name = 'hash'")
        self._connection.execute("INSERT INTO secret VALUES ('hash', ?, ?)", (self._seal(key.hex(), "hash"), _stamp(at)))

    def _lookup(self, platform: str, native_id: str) -> bytes:
        return _hash(self._hash_key, platform, native_id)

    # -- sealing --------------------------------------------------------------------------------------------------

    def _seal(self, value: Any, bound_to: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._sealer.encrypt(nonce, json.dumps(value).encode(), bound_to.encode())

    def _open(self, sealed: bytes, bound_to: str) -> Any:
        try:
            return json.loads(self._sealer.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode()))
        except (InvalidTag, ValueError) as error:
            raise StoreError(
                f"Reference store {self._path} was sealed with another key than {self._key_file}, or is damaged; "
                "restore both from one backup."
            ) from error

    def _reference(self, row: tuple[str, str, bytes]) -> Reference:
        document_id, source, sealed = row
        platform, native_id, locator, url = self._open(sealed, document_id)
        return Reference(document_id, source, platform, native_id, locator, url)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


@dataclass(slots=True)
class Mark:
    """How far one listing was read: everything up to `floor`; of a walk that was cut, its newest post and the next page."""

    floor: str | None = None
    top: str | None = None
    next: str | None = None

    @classmethod
    def load(cls, references: References, *name: str) -> Mark:
        """Read a mark, an empty one where there is none."""
        value = references.mark(*name)
        return cls(**value) if isinstance(value, dict) else cls()

    def save(self, references: References, *name: str) -> None:
        """Note the mark."""
        references.set_mark(*name, value=asdict(self))


def _hash(key: bytes, platform: str, native_id: str) -> bytes:
    return hmac.new(key, f"{platform}\x1f{native_id}".encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _stamp(at: datetime | None) -> str:
    return to_utc_text((at or datetime.now(UTC)).replace(microsecond=0))


def _load_key(path: Path, *, may_make: bool) -> bytes:
    """Read the key, or make it for a new store. Raises StoreError where it is missing, broken or readable by others."""
    if not path.exists():
        if not may_make:
            raise StoreError(f"The key {path} of the reference store is missing; restore it, or set social.key_file.")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_name(f"{path.name}.partial")
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise StoreError(f"The key {path} can be read by others; run chmod 600 {path}.")
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise StoreError(f"The key {path} has {len(key)} bytes instead of {_KEY_BYTES}; restore it from a backup.")
    return key
