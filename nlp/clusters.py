"""Near-duplicate clusters across outlets, scripts and ekavian/ijekavian: persistent locality-sensitive hashing.

MinHash (Broder 1997) over folded word 4-grams by datasketch; the band table lies in SQLite, so that memory stays bounded
and a killed process loses nothing. The member published first is the original, the others are copies of it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import numpy as np
from datasketch import MinHash

from eho.document import Cluster, Document, to_utc_text
from eho.errors import StoreError
from eho.folding import fold_text

_PERMUTATIONS = 128
_BANDS = 32  # of 4 rows: pairs at similarity 0.7 are found with probability 1 - (1 - 0.7^4)^32 = 0.9998
_ROWS = _PERMUTATIONS // _BANDS
_WORD = re.compile(r"\w+")
_YAT = re.compile(r"ije|je")  # djeca and deca, vrijeme and vreme become one; both sides are treated alike, so nothing is lost
_NO_DATE = "9999"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS member (
    document_id TEXT PRIMARY KEY, cluster_id TEXT NOT NULL, published_at TEXT NOT NULL, signature BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS member_cluster ON member (cluster_id);
CREATE TABLE IF NOT EXISTS band (number INTEGER NOT NULL, hash BLOB NOT NULL, document_id TEXT NOT NULL,
    PRIMARY KEY (number, hash, document_id)) WITHOUT ROWID;
"""


class ClusterIndex:
    """Groups documents as they come; open for one process at a time (the data folder's lock sees to it)."""

    def __init__(self, path: Path, similarity: float = 0.7) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._similarity = similarity
        try:
            self._connection = sqlite3.connect(path)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA secure_delete=ON")  # signatures of erased texts are overwritten
            self._connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"Cluster file {path} cannot be opened ({error}); delete it, then run eho index build.") from error

    def __enter__(self) -> ClusterIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; everything added is already in it."""
        self._connection.close()

    def add(self, document: Document) -> list[tuple[str, Cluster]]:
        """Put a document into its cluster; return every membership that changed, the document's own always among them.

        Adding a known document again with other text moves it. A text of fewer than eight words joins no cluster: such
        notices are alike by accident.
        """
        signature = _signature(document)
        with self._connection:
            changed = self._remove(document.id)
            published = to_utc_text(document.published_at or document.fetched_at or datetime(9999, 1, 1, tzinfo=UTC))
            if signature is None:
                self._insert(document.id, document.id, published, np.zeros(_PERMUTATIONS, dtype=np.uint64), [])
                return [*changed, (document.id, Cluster(id=document.id, role="original", similarity=1.0))]
            keys = _band_keys(signature)
            cluster_id = self._nearest(signature, keys) or document.id
            self._insert(document.id, cluster_id, published, signature, keys)
            return [*changed, *self._settle(cluster_id)]

    def remove(self, document_ids: Iterable[str]) -> list[tuple[str, Cluster]]:
        """Take documents out of their clusters and forget their signatures; return the memberships that changed by it."""
        gone = list(document_ids)
        changed: dict[str, Cluster] = {}
        with self._connection:
            for document_id in gone:
                changed.update(self._remove(document_id))
        return [(document_id, cluster) for document_id, cluster in changed.items() if document_id not in gone]

    def _remove(self, document_id: str) -> list[tuple[str, Cluster]]:
        row = self._connection.execute("SELECT cluster_id FROM member WHERE document_id = ?", (document_id,)).fetchone()
        if row is None:
            return []
        self._connection.execute("DELETE FROM member WHERE document_id = ?", (document_id,))
        self._connection.execute("DELETE FROM band WHERE document_id = ?", (document_id,))
        return self._settle(row[0])

    def _insert(self, document_id: str, cluster_id: str, published: str, signature: np.ndarray, keys: list[bytes]) -> None:
        self._connection.execute(
            "INSERT INTO member VALUES (?, ?, ?, ?)", (document_id, cluster_id, published, signature.tobytes())
        )
        self._connection.executemany(
            "INSERT INTO band VALUES (?, ?, ?)", [(number, key, document_id) for number, key in enumerate(keys)]
        )

    def _nearest(self, signature: np.ndarray, keys: list[bytes]) -> str | None:
        """Return the cluster of the most similar member at or above the threshold."""
        where = " OR ".join("(number = ? AND hash = ?)" for _ in keys)
        values = [value for number, key in enumerate(keys) for value in (number, key)]
        rows = self._connection.execute(
            f"SELECT DISTINCT m.cluster_id, m.signature FROM band b JOIN member m USING (document_id) WHERE {where} LIMIT 2000",  # noqa: S608
            values,
        )
        best, best_cluster = 0.0, None
        for cluster_id, blob in rows:
            similarity = _jaccard(signature, np.frombuffer(blob, dtype=np.uint64))
            if similarity > best:
                best, best_cluster = similarity, cluster_id
        return best_cluster if best >= self._similarity else None

    def _settle(self, cluster_id: str) -> list[tuple[str, Cluster]]:
        """Name the earliest member the original and the cluster after it; return all memberships."""
        rows = self._connection.execute(
            "SELECT document_id, signature FROM member WHERE cluster_id = ? ORDER BY published_at, document_id", (cluster_id,)
        ).fetchall()
        if not rows:
            return []
        original, first = rows[0][0], np.frombuffer(rows[0][1], dtype=np.uint64)
        memberships = []
        for document_id, blob in rows:
            similarity = _jaccard(first, np.frombuffer(blob, dtype=np.uint64))
            memberships.append(
                (
                    document_id,
                    Cluster(id=original, role="original" if document_id == original else "copy", similarity=round(similarity, 3)),
                )
            )
        self._connection.execute("UPDATE member SET cluster_id = ? WHERE cluster_id = ?", (original, cluster_id))
        return memberships


def _signature(document: Document) -> np.ndarray | None:
    words = _WORD.findall(_YAT.sub("e", fold_text(document.text)))
    if len(words) < 8:
        return None
    sketch = MinHash(num_perm=_PERMUTATIONS, seed=1)
    sketch.update_batch([" ".join(words[at : at + 4]).encode() for at in range(len(words) - 3)])
    return np.asarray(sketch.hashvalues, dtype=np.uint64)


def _band_keys(signature: np.ndarray) -> list[bytes]:
    return [signature[at : at + _ROWS].tobytes() for at in range(0, _PERMUTATIONS, _ROWS)]


def _jaccard(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean(one == other))
