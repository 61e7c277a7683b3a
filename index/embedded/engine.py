"""The embedded engine: builds, updates and reads versions of a Tantivy index in a folder."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import tantivy

from eho.annotation import AnnotatedDocument
from eho.errors import EhoError, EngineError, QueryError
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
from index.asked import Asked
from index.checking import Findings, compare
from index.cursor import Cursor
from index.embedded import counting
from index.embedded.answering import cluster_sizes, facets
from index.embedded.compiler import Compiler
from index.embedded.fields import schema, to_tantivy
from index.embedded.folder import (
    IndexFolder,
    Manifest,
    announce,
    broken,
    check_contents,
    check_files,
    clear_unfinished,
    committed,
    manifest_stamp,
    read_manifest,
    size_of,
    write_manifest,
)
from index.embedded.nearest import nearest
from index.embedded.ranking import Ranked, count, rank, rest_after
from index.embedded.vectors import Vectors, VectorWriter, forget_vectors
from index.embedding import Embedder, Floats
from index.filters import with_filters
from index.hits import HitMaker
from index.nodes import Everything, Query
from index.trends import TrendAnswer, TrendOptions, trend_answer
from index.vocabulary import Vocabulary

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class _Opened:
    """One state of one version, as all parts of one answer see it."""

    version: Path
    stamp: tuple[int, int]
    manifest: Manifest
    searcher: tantivy.Searcher
    vectors: Vectors | None
    compilers: Mapping[bool, Compiler] = field(default_factory=dict)
    counters: Mapping[bool, counting.Counter] = field(default_factory=dict)


class EmbeddedIndex:
    """The index in `folder`; threads share it, and other processes may read while one writes."""

    def __init__(
        self,
        folder: Path,
        *,
        vocabulary: Vocabulary | None = None,
        embedder: Embedder | None = None,
        writer_memory_mb: int = 64,
        lock_wait_s: float = 10.0,
    ) -> None:
        self._folder = IndexFolder(folder, lock_wait_s=lock_wait_s)
        self._vocabulary = vocabulary or Vocabulary()
        self._embedder = embedder
        self._heap = max(15, writer_memory_mb) * _MEGABYTE
        self._lock = threading.Lock()
        self._state: _Opened | None = None

    def __enter__(self) -> EmbeddedIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._state = None

    # -- writing --------------------------------------------------------------------------------------------------

    def rebuild(self, documents: Iterable[AnnotatedDocument], *, sequence: int) -> IndexStats:
        """Build a new version and switch to it at once; the old one answers until then. A repeated id replaces the earlier."""
        with self._folder.writing():
            known = self._known_vectors()
            version = self._folder.new()
            try:
                stats = self._write(version, documents, sequence, None, known)
            except BaseException:
                shutil.rmtree(version, ignore_errors=True)
                raise
            self._folder.switch(version)
            return stats

    def update(self, documents: Iterable[AnnotatedDocument], *, sequence: int) -> IndexStats:
        """Add documents, replacing those of the same id. Raises EngineError where nothing was built yet."""
        with self._folder.writing():
            version = self._folder.current()
            check_files(version)
            clear_unfinished(version)
            return self._write(version, documents, sequence, read_manifest(version), self._known_vectors())

    def _known_vectors(self) -> Vectors | None:
        """Return the vectors of the version in use, which spare the encoder what has not changed."""
        try:
            return None if self._embedder is None else Vectors.open(self._folder.current())
        except EngineError:
            return None  # nothing was built yet, or it is broken: then all are made anew

    def _write(
        self,
        version: Path,
        documents: Iterable[AnnotatedDocument],
        sequence: int,
        manifest: Manifest | None,
        known: Vectors | None,
    ) -> IndexStats:
        started = time.monotonic()
        created_at = None if manifest is None else manifest.created_at
        with _saying(version):
            index = tantivy.Index(schema(), path=str(version), reuse=manifest is not None)
            writer = index.writer(self._heap, 1)  # one thread: no more memory than set, and one segment for small updates
            with ExitStack() as closing:
                vectors = None
                if self._embedder is None:
                    forget_vectors(version)
                else:
                    vectors = closing.enter_context(VectorWriter(version, self._embedder, known))
                    documents = vectors.passing(documents)
                written = _add_all(writer, documents, replace_all=manifest is not None)
                announce(version, sequence=sequence, created_at=created_at)
                opstamp = writer.commit()
                if vectors is not None:
                    vectors.commit()
            writer.wait_merging_threads()
            index.reload()
            number = index.searcher().num_docs
        write_manifest(version, documents=number, sequence=sequence, opstamp=opstamp, created_at=created_at)
        return IndexStats(version.name, number, written, time.monotonic() - started)

    # -- reading --------------------------------------------------------------------------------------------------

    def search(self, query: Query, options: SearchOptions) -> SearchAnswer:
        """Find documents. Raises EngineError, or InputError for options that cannot be met."""
        asked = Asked.read(query, options, self._vocabulary)
        with self._reading() as opened:
            searcher = opened.searcher
            compiled = opened.compilers[options.include_needs_review].compile(asked.root)
            if options.collapse:
                total, found = _collapsed(searcher, compiled, by_date=asked.by_date, after=asked.after, limit=options.limit)
            else:
                total = count(searcher, compiled)
                found = rank(searcher, compiled, by_date=asked.by_date, after=asked.after, needed=options.limit + 1)
            counted = facets(searcher, compiled, include_needs_review=options.include_needs_review) if options.facets else {}
            return asked.answer(
                found,
                lambda page: _hits(searcher, asked, page),
                total=total,
                facets=counted,
                sequence=opened.manifest.sequence,
            )

    def trends(self, query: Query, options: TrendOptions) -> TrendAnswer:
        """Count documents per period. Raises as `search`."""
        with self._reading() as opened:
            counter = opened.counters[options.include_needs_review]
            return trend_answer(query, options, counter, sequence=opened.manifest.sequence, vocabulary=self._vocabulary)

    def nearest(self, vector: Floats, options: NearestOptions) -> tuple[Near, ...]:
        """Find the documents nearest to a vector of `index.embedding`. Raises EngineError where it holds none of this space."""
        with self._reading() as opened:
            vectors = opened.vectors
            if vectors is None or vectors.space != options.space:
                held = "no vectors" if vectors is None else f"vectors of {vectors.space}"
                raise EngineError(f"The index holds {held}, the encoder is {options.space}. Run eho index build.")
            root = with_filters(Everything(), options.filters, self._vocabulary)
            return nearest(opened.searcher, opened.compilers[False].compile(root), vectors, vector, options.limit)

    def frequencies(self, field: Literal["text", "entity"], values: Collection[str]) -> Frequencies:
        """Count the documents that hold each folded word, or each entity's id. Raises EngineError."""
        with self._reading() as opened:
            searcher = opened.searcher
            return Frequencies(searcher.num_docs, {value: searcher.doc_freq(field, value) for value in values})

    def status(self) -> IndexStatus:
        """Say what the index holds. Raises EngineError where nothing was built yet."""
        with self._reading() as opened:
            manifest, vectors = opened.manifest, opened.vectors
            return IndexStatus(
                engine="embedded",
                version=opened.version.name,
                documents=opened.searcher.num_docs,
                sequence=manifest.sequence,
                size_bytes=size_of(opened.version),
                created_at=datetime.fromisoformat(manifest.created_at),
                vectors=0 if vectors is None else vectors.documents,
                vector_space=None if vectors is None else vectors.space,
            )

    def check(self, store: Callable[[int], Iterable[AnnotatedDocument]]) -> Findings:
        """Compare every entry with the documents as of the index's sequence number; read all files. Raises EngineError."""
        with self._reading() as opened:
            check_contents(opened.version)
            return compare(_bodies(opened.searcher), store(opened.manifest.sequence))

    @contextmanager
    def _reading(self) -> Iterator[_Opened]:
        opened = self._current()
        with _saying(opened.version):
            yield opened

    def _current(self) -> _Opened:
        """Return the newest committed state, opening it where a build or an update happened since."""
        with self._lock:
            version = self._folder.current()
            try:
                self._state = self._open(version)
            except EngineError:
                # Another process may have switched between the look at the pointer and the opening of the files.
                latest = self._folder.current()
                if latest == version:
                    raise
                self._state = self._open(latest)
            return self._state

    def _open(self, version: Path) -> _Opened:
        stamp = manifest_stamp(version)
        if self._state is not None and (self._state.version, self._state.stamp) == (version, stamp):
            return self._state
        while True:
            manifest = read_manifest(version)
            check_files(version)
            with _saying(version):
                index = tantivy.Index(schema(), path=str(version))
                index.config_reader("manual")  # the manifest says when to look again; no thread that watches the folder
                index.reload()
                searcher = index.searcher()
                vectors = Vectors.open(version)
                tokens = [token for token, _ in searcher.terms_with_prefix("annotation", "")]
            if manifest.opstamp in (-1, committed(version)):
                break  # else a writer committed meanwhile, and the manifest may speak of what stood before
        compilers = {shown: Compiler(tokens, include_needs_review=shown, searcher=searcher) for shown in (False, True)}
        counters = {shown: counting.Counter(searcher, compiler) for shown, compiler in compilers.items()}
        return _Opened(version, stamp, manifest, searcher, vectors, compilers, counters)


def _add_all(writer: tantivy.IndexWriter, documents: Iterable[AnnotatedDocument], *, replace_all: bool) -> int:
    seen: set[str] = set()
    for annotated in documents:
        document_id = annotated.document.id
        if replace_all or document_id in seen:
            writer.delete_documents_by_term("id", document_id)
        writer.add_document(to_tantivy(annotated))
        seen.add(document_id)
    return len(seen)


def _collapsed(
    searcher: tantivy.Searcher, query: tantivy.Query, *, by_date: bool, after: Cursor | None, limit: int
) -> tuple[int, list[Ranked]]:
    """Return the number of clusters and the page of their best documents."""
    ranked = rank(searcher, query, by_date=by_date, after=None, needed=None)
    keys = searcher.fast_field_values("cluster_key", [one.address for one in ranked])
    best: dict[object, Ranked] = {}
    for one, key in zip(ranked, keys, strict=True):
        best.setdefault(key, one)
    return len(best), rest_after(list(best.values()), after, by_date=by_date)[: limit + 1]


def _hits(searcher: tantivy.Searcher, asked: Asked, page: Sequence[Ranked]) -> Iterator[Hit]:
    maker = HitMaker(asked.root, include_needs_review=asked.options.include_needs_review)
    rows = [json.loads(bytes(searcher.doc(one.address).get_first("body") or b"{}")) for one in page]
    sizes = cluster_sizes(searcher, [row["cluster"] for row in rows]) if page else {}
    for one, row in zip(page, rows, strict=True):
        score = 0.0 if asked.by_date else float(one.primary)
        yield maker.make(row, score=score, cluster_size=sizes.get(row["cluster"], 1))


def _bodies(searcher: tantivy.Searcher) -> Iterator[bytes]:
    hits = searcher.search(tantivy.Query.all_query(), max(1, searcher.num_docs), count=False).hits
    for _, address in hits:
        yield bytes(searcher.doc(address).get_first("body") or b"")


@contextmanager
def _saying(version: Path) -> Iterator[None]:
    """Turn what Tantivy raises on a damaged index into one line; its panics are no Exception."""
    try:
        yield
    except EhoError:
        raise
    except (ValueError, OSError) as error:
        if "max expansions" in str(error):
            hint = "Write more letters beside the *."
            raise QueryError("A * inside a phrase stands for more words than can be searched", hint=hint) from error
        raise broken(version, str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise broken(version, str(error)) from None
