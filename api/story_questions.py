"""The service's questions about stories: similar documents, versions of one text, one event in both languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from eho.errors import InputError

if TYPE_CHECKING:
    from api.wiring import Parts

_HITS = 30
_LOOKS_LIKE_ID = re.compile(r"[0-9a-f]{64}")


class StoryQuestions:
    """What the service adds its data folder to."""

    _parts: Parts

    @property
    def snapshot_id(self) -> str:
        raise NotImplementedError

    def similar(
        self,
        id: str | None = None,
        *,
        text: str | None = None,
        start: date | None = None,
        end: date | None = None,
        source: Sequence[str] = (),
        lang: Sequence[str] = (),
        kind: Sequence[str] = (),
        narrative: Sequence[str] = (),
        stance: Sequence[str] = (),
        limit: int = 10,
        copies: bool = False,
    ) -> dict[str, Any]:
        """Answer as `eho similar --json`. Raises InputError, EngineError, ModelError."""
        from api.similar import filters_of, similar_documents

        filters = filters_of(start, end, source, lang, kind, narrative, stance)
        answer = similar_documents(self._parts, id=id, text=text, filters=filters, limit=limit, copies=copies)
        return {**answer, "snapshot": self.snapshot_id}

    def context(self, id: str) -> dict[str, Any]:
        """Answer as `eho context --json`. Raises InputError for an unknown id, EngineError."""
        from api.context import context

        return {**context(self._parts, id), "snapshot": self.snapshot_id}

    def versions(self, id: str) -> dict[str, Any]:
        """Answer as `eho show ID --versions --json`. Raises InputError for an unknown id."""
        from api.versions import versions_of

        versions = self._parts.store().versions(id)
        if not versions:
            raise InputError(f"There is no document {id!r}; eho search prints the ids.", field="id")
        return {**versions_of(versions), "snapshot": self.snapshot_id}

    def mirror(self, asked: str, *, limit: int = 5) -> dict[str, Any]:
        """Answer as `eho mirror --json`: of a document where `asked` is the id of one, else of what the query finds.

        Raises QueryError, InputError, EngineError, ModelError.
        """
        from api.mirror import mirror
        from api.stories import READ_KINDS
        from index.answers import Filters, SearchOptions
        from index.query import parse

        if not asked.strip():
            raise InputError("Nothing is asked; give the id of a document, or a query.", field="q")
        if self._parts.store().get(asked) is not None:
            answer = mirror(self._parts, id=asked, limit=limit)
            return {"asked": {"id": asked, "query": None}, **answer, "snapshot": self.snapshot_id}
        if _LOOKS_LIKE_ID.fullmatch(asked):
            raise InputError(f"There is no document {asked!r}; eho search prints the ids.", field="id")
        query = parse(asked, self._parts.vocabulary)
        options = SearchOptions(filters=Filters(kinds=READ_KINDS), limit=_HITS, collapse=True, facets=False)
        hits = [hit.id for hit in self._parts.index().search(query, options).hits]
        answer = mirror(self._parts, id=None, hits=hits, limit=limit)
        return {"asked": {"id": None, "query": asked}, **answer, "snapshot": self.snapshot_id}
