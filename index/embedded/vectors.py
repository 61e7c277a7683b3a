"""Document vectors beside a version of the index: 8-bit numbers in flat files, mapped into memory and searched exactly.

Exact search over 200,000 documents costs tens of milliseconds (evaluation/benchmarks/vector_search.py), so there is no
graph to keep, any filter can be applied, and an answer is the same after every update. An update appends a part; the
newest row of a document counts. A vector is made once: what has the same content as before is copied.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from eho.annotation import AnnotatedDocument
from eho.errors import EngineError
from index.embedded.folder import broken
from index.embedding import Embedder, Floats, content_of, document_vectors
from index.entry import hash_of

_MANIFEST = "eho-vectors.json"
_SUFFIXES = ("keys", "digests", "scales", "codes")
_BATCH = 256  # documents encoded at once
_CHUNK = 512  # rows widened at once: 1.5 MB at 768 numbers, which a core's cache holds
_MOST_PARTS = 16


@dataclass(frozen=True, slots=True)
class VectorManifest:
    """What vectors a version holds; `parts` are the files' names with their rows, oldest first."""

    space: str
    width: int
    parts: tuple[tuple[str, int], ...]


class VectorWriter:
    """Writes the vectors of documents that pass through it; nothing of it is seen before `commit`."""

    def __init__(self, version: Path, embedder: Embedder, known: Vectors | None) -> None:
        """`known`: vectors to copy from, those of the version itself or of the one that it is to replace."""
        self._version, self._embedder = version, embedder
        before = read_vector_manifest(version)
        if before is not None and before.space != embedder.space:
            raise EngineError(
                f"The index in {version} holds vectors of {before.space}, the encoder is {embedder.space}. Run eho index build."
            )
        self._parts = () if before is None else before.parts
        self._known = known if known is not None and known.space == embedder.space else None
        self._name = _next_name(version)
        self._rows = 0
        self._files: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        self._files = [_file(self._version, self._name, suffix).open("wb") for suffix in _SUFFIXES]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for file in self._files:
            file.close()

    def passing(self, documents: Iterable[AnnotatedDocument]) -> Iterator[AnnotatedDocument]:
        """Yield the documents as they come, after writing their vectors."""
        rest = iter(documents)
        while batch := list(islice(rest, _BATCH)):
            self._write(batch)
            yield from batch

    def commit(self) -> None:
        """Make what was written part of the version, in one step."""
        for file in self._files:
            file.flush()
            os.fsync(file.fileno())
            file.close()
        parts = (*self._parts, (self._name, self._rows)) if self._rows else self._parts
        manifest = VectorManifest(self._embedder.space, 2 * self._embedder.width, parts)
        if len(parts) > _MOST_PARTS:
            manifest = self._merged(manifest)
        draft = self._version / f"{_MANIFEST}.new"
        draft.write_text(json.dumps(asdict(manifest)), encoding="utf-8")
        draft.replace(self._version / _MANIFEST)
        _remove_others(self._version, {name for name, _ in manifest.parts})

    def _write(self, batch: Sequence[AnnotatedDocument]) -> None:
        documents = [annotated.document for annotated in batch]
        keys = np.array([hash_of(document.id) for document in documents], np.int64)
        digests = np.array([hash_of(content_of(document)) for document in documents], np.int64)
        scales = np.empty(len(batch), np.float32)
        codes = np.empty((len(batch), 2 * self._embedder.width), np.int8)
        new = np.ones(len(batch), bool)
        if self._known is not None:
            new = self._known.copy(keys, digests, scales, codes)
        if new.any():
            made = document_vectors(self._embedder, [documents[at] for at in np.flatnonzero(new)])
            codes[new], scales[new] = to_codes(made)
        self._append(keys, digests, scales, codes)

    def _append(self, *columns: NDArray[Any]) -> None:
        for file, values in zip(self._files, columns, strict=True):
            file.write(np.ascontiguousarray(values).tobytes())
        self._rows += len(columns[0])

    def _merged(self, manifest: VectorManifest) -> VectorManifest:
        """Write all living rows into one part, so that the number of files stays small."""
        old = Vectors(self._version, manifest)
        name = _next_name(self._version)
        rows = np.flatnonzero(old.living)
        for suffix in _SUFFIXES:
            with _file(self._version, name, suffix).open("wb") as file:
                for start in range(0, len(rows), _CHUNK):
                    file.write(old.column(suffix, rows[start : start + _CHUNK]).tobytes())
                file.flush()
                os.fsync(file.fileno())
        return VectorManifest(manifest.space, manifest.width, ((name, len(rows)),))


class Vectors:
    """The vectors of one version, for any number of threads."""

    def __init__(self, version: Path, manifest: VectorManifest) -> None:
        self.space, self.width = manifest.space, manifest.width
        self._columns = [_mapped(version, name, rows, manifest.width) for name, rows in manifest.parts]
        self.keys = self._whole(0, np.int64)
        self._digests = self._whole(1, np.int64)
        self._scales = self._whole(2, np.float32)
        self._sorted, last = np.unique(self.keys[::-1], return_index=True)
        self._newest = len(self.keys) - 1 - last
        self.living = np.zeros(len(self.keys), bool)
        self.living[self._newest] = True

    @classmethod
    def open(cls, version: Path) -> Self | None:
        """Open what a version holds, None where it holds none. Raises EngineError where files are missing or cut short."""
        manifest = read_vector_manifest(version)
        while manifest is not None:
            try:
                return cls(version, manifest)
            except EngineError:
                newer = read_vector_manifest(version)
                if newer == manifest:
                    raise
                manifest = newer  # another process merged the parts meanwhile
        return None

    @property
    def documents(self) -> int:
        """Return how many documents have a vector."""
        return int(self.living.sum())

    def cosines(self, vector: Floats) -> Floats:
        """Return the dot product of every row with a vector; -2, which no cosine is, for superseded rows."""
        found = np.empty(len(self.keys), np.float32)
        wide = np.empty((_CHUNK, self.width), np.float32)
        at = 0
        for *_, codes in self._columns:
            for start in range(0, len(codes), _CHUNK):
                part = codes[start : start + _CHUNK]
                np.copyto(wide[: len(part)], part)
                np.dot(wide[: len(part)], vector, out=found[at : at + len(part)])
                at += len(part)
        found *= self._scales
        found[~self.living] = -2.0
        return found

    def copy(
        self, keys: NDArray[np.int64], digests: NDArray[np.int64], scales: Floats, codes: NDArray[np.int8]
    ) -> NDArray[np.bool_]:
        """Fill in what is known of documents whose content has not changed; return which ones are still to be made."""
        if not len(self._sorted):
            return np.ones(len(keys), bool)
        places = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        rows = self._newest[places]
        same = (self._sorted[places] == keys) & (self._digests[rows] == digests)
        order = np.argsort(rows[same])
        filled = np.flatnonzero(same)[order]
        scales[filled] = self._scales[rows[filled]]
        codes[filled] = self.column("codes", rows[filled])
        made_anew: NDArray[np.bool_] = np.logical_not(same)
        return made_anew

    def column(self, suffix: str, rows: NDArray[np.intp]) -> NDArray[Any]:
        """Return one column of some rows, which are in order."""
        number = _SUFFIXES.index(suffix)
        edges = np.cumsum([0, *(len(part[0]) for part in self._columns)])
        pieces = [
            part[number][rows[(rows >= first) & (rows < last)] - first]
            for part, first, last in zip(self._columns, edges[:-1], edges[1:], strict=True)
        ]
        return np.concatenate(pieces)

    def _whole(self, number: int, kind: type[Any]) -> NDArray[Any]:
        return np.concatenate([np.zeros(0, kind), *(part[number] for part in self._columns)])


def forget_vectors(version: Path) -> None:
    """Leave a version without vectors, as when documents change and no encoder is at hand to follow."""
    (version / _MANIFEST).unlink(missing_ok=True)
    _remove_others(version, set())


def to_codes(vectors: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return rows as whole numbers from -127 to 127 and what one step of each row is worth."""
    most = np.abs(vectors).max(axis=1, initial=0.0)
    scales = np.where(most > 0, most / 127, 1).astype(np.float32)
    return np.round(vectors / scales[:, None]).astype(np.int8), scales


def read_vector_manifest(version: Path) -> VectorManifest | None:
    """Read the manifest, None where there are no vectors. Raises EngineError where it is broken."""
    try:
        row = json.loads((version / _MANIFEST).read_text(encoding="utf-8"))
        return VectorManifest(row["space"], int(row["width"]), tuple((str(name), int(rows)) for name, rows in row["parts"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise broken(version, f"its {_MANIFEST} cannot be read") from error


def _mapped(version: Path, name: str, rows: int, width: int) -> tuple[NDArray[Any], ...]:
    shapes: list[tuple[type[Any], tuple[int, ...]]] = [
        (np.int64, (rows,)),
        (np.int64, (rows,)),
        (np.float32, (rows,)),
        (np.int8, (rows, width)),
    ]
    try:
        return tuple(
            np.memmap(_file(version, name, suffix), kind, "r", shape=shape)
            for suffix, (kind, shape) in zip(_SUFFIXES, shapes, strict=True)
        )
    except (OSError, ValueError) as error:
        raise broken(version, f"its vectors {name} are missing or were cut short") from error


def _file(version: Path, name: str, suffix: str) -> Path:
    return version / f"{name}.{suffix}"


def _next_name(version: Path) -> str:
    numbers = [int(path.stem.rpartition("-")[2]) for path in version.glob("vectors-*.keys")]
    return f"vectors-{max(numbers, default=0) + 1:06d}"


def _remove_others(version: Path, kept: set[str]) -> None:
    for path in version.glob("vectors-*.*"):
        if path.stem not in kept:
            try:
                path.unlink()
            except OSError:  # Windows keeps a file that a reader has mapped; the next commit removes it
                continue
