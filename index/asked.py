"""What a search asks, read once for every engine: its tree, its order, where the page begins; and the answer made of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, Self, TypeVar

from eho.errors import InputError
from index.answers import FACETS, MAX_LIMIT, Hit, SearchAnswer, SearchOptions, snapshot_id
from index.cursor import Cursor, digest_of, read_cursor
from index.explanation import explain
from index.filters import with_filters
from index.nodes import Node, Phrase, Query, Term, format_query, text_leaves
from index.vocabulary import Vocabulary


class Placed(Protocol):
    """A document found, with its sort key; see `index.cursor.Cursor`."""

    @property
    def primary(self) -> float | int: ...

    @property
    def published(self) -> int: ...

    @property
    def tie(self) -> int: ...


P = TypeVar("P", bound=Placed)


@dataclass(frozen=True, slots=True)
class Asked:
    """A search. `by_date`: newest first, because it was asked for or there is nothing to rank by; `after`: the last hit shown."""

    query: Query
    options: SearchOptions
    vocabulary: Vocabulary | None
    root: Node
    by_date: bool
    digest: str
    after: Cursor | None

    @classmethod
    def read(cls, query: Query, options: SearchOptions, vocabulary: Vocabulary | None) -> Self:
        """Read a search. Raises InputError for options that cannot be met."""
        if not 1 <= options.limit <= MAX_LIMIT:
            raise InputError(f"limit is {options.limit}; give a number from 1 to {MAX_LIMIT}.", field="limit")
        root = with_filters(query.root, options.filters, vocabulary)
        by_date = options.sort == "date" or not any(isinstance(leaf, Term | Phrase) for leaf in text_leaves(root))
        digest = digest_of(format_query(root), by_date, options.collapse, options.include_needs_review)
        after = None if options.cursor is None else read_cursor(options.cursor, digest)
        return cls(query, options, vocabulary, root, by_date, digest, after)

    def answer(
        self,
        found: Sequence[P],
        hits: Callable[[Sequence[P]], Iterable[Hit]],
        *,
        total: int,
        facets: Mapping[str, list[dict[str, Any]]],
        sequence: int,
    ) -> SearchAnswer:
        """Return the answer: `found` is the page, and one document more where it is not the last; `hits` shows a page."""
        options, page = self.options, found[: self.options.limit]
        return SearchAnswer(
            query=self.query.text,
            explained=explain(self.root, options.language, self.vocabulary, include_needs_review=options.include_needs_review),
            total=total,
            hits=tuple(hits(page)),
            facets=facets,
            snapshot=snapshot_id(sequence, options.model),
            next=self._next(page) if len(found) > options.limit else None,
        )

    def _next(self, page: Sequence[Placed]) -> str:
        last, before = page[-1], 0 if self.after is None else self.after.shown
        return Cursor(last.primary, last.published, last.tie, before + len(page), self.digest).to_text()


def facet_request(*, size: int, include_needs_review: bool) -> dict[str, Any]:
    """Return the aggregations that count hits by each facet's values, `size` values at most; both engines read this form."""
    fields = {name: f"{name}_any" if include_needs_review and name in ("narrative", "stance") else name for name in FACETS}
    return {name: {"terms": {"field": field, "size": size}} for name, field in fields.items()}


def facets_of(aggregations: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return each facet's values out of an engine's answer, most frequent first; months in order."""
    result: dict[str, list[dict[str, Any]]] = {}
    for name in FACETS:
        pairs = [(bucket["key"], bucket["doc_count"]) for bucket in aggregations[name]["buckets"]]
        if name == "month":
            pairs = sorted((date.fromordinal(int(key)).strftime("%Y-%m"), number) for key, number in pairs)
        else:
            pairs.sort(key=lambda pair: (-pair[1], pair[0]))
        result[name] = [{"value": key, "count": number} for key, number in pairs]
    return result
