"""What every search engine offers; both engines answer the same queries with the same counts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Literal, Protocol

from eho.annotation import AnnotatedDocument
from index.answers import Frequencies, IndexStats, IndexStatus, Near, NearestOptions, SearchAnswer, SearchOptions
from index.checking import Findings
from index.embedding import Floats
from index.nodes import Query
from index.trends import TrendAnswer, TrendOptions


class Index(Protocol):
    """A search index built from the store."""

    def rebuild(self, documents: Iterable[AnnotatedDocument], *, sequence: int) -> IndexStats:
        """Build a new version and switch to it at once; the old one answers until then. A repeated id replaces the earlier."""
        ...

    def update(self, documents: Iterable[AnnotatedDocument], *, sequence: int) -> IndexStats:
        """Add documents, replacing those of the same id. Raises EngineError where nothing was built yet."""
        ...

    def search(self, query: Query, options: SearchOptions) -> SearchAnswer:
        """Find documents. Raises EngineError, or InputError for options that cannot be met."""
        ...

    def trends(self, query: Query, options: TrendOptions) -> TrendAnswer:
        """Count documents per period. Raises as `search`."""
        ...

    def nearest(self, vector: Floats, options: NearestOptions) -> tuple[Near, ...]:
        """Find the documents nearest to a vector of `index.embedding`. Raises EngineError where it holds none of this space."""
        ...

    def frequencies(self, field: Literal["text", "entity"], values: Collection[str]) -> Frequencies:
        """Count the documents that hold each folded word, or each entity's id. Raises EngineError."""
        ...

    def status(self) -> IndexStatus:
        """Say what the index holds. Raises EngineError where nothing was built yet."""
        ...

    def check(self, store: Callable[[int], Iterable[AnnotatedDocument]]) -> Findings:
        """Compare every entry with the documents as of the index's sequence number. Raises EngineError."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...
