"""The documents nearest to a vector among those that a query finds: exact, whatever the filter."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import tantivy
from numpy.typing import NDArray

from index.answers import Near
from index.embedded.fields import schema
from index.embedded.ranking import count
from index.embedded.vectors import Vectors
from index.embedding import Floats

_FEW = 20_000  # documents that a filter leaves, up to which all of them are looked up before ranking


def nearest(searcher: tantivy.Searcher, query: tantivy.Query, vectors: Vectors, vector: Floats, limit: int) -> tuple[Near, ...]:
    """Return the `limit` nearest documents that the query finds, equal ones by key.

    A narrow filter is applied before ranking; a wide one afterwards, to the best rows and then to ever more of them.
    """
    cosines = vectors.cosines(vector)
    total = count(searcher, query)
    if total <= _FEW:
        found = _addresses(searcher, query, max(total, 1))
        rows = np.flatnonzero(np.isin(vectors.keys, np.fromiter(found, np.int64, len(found))) & vectors.living)
        best = _best(rows, cosines, vectors.keys)[:limit]
    else:
        best, found = _walk(searcher, query, vectors, cosines, limit)
    return tuple(Near(_id(searcher, found[int(vectors.keys[row])]), round(float(cosines[row]), 4)) for row in best)


def _walk(
    searcher: tantivy.Searcher, query: tantivy.Query, vectors: Vectors, cosines: Floats, limit: int
) -> tuple[NDArray[np.intp], dict[int, tantivy.DocAddress]]:
    size = 4 * limit
    while True:
        size = min(size, len(cosines))
        rows = np.argpartition(-cosines, size - 1)[:size]
        rows = rows[vectors.living[rows]]
        these = tantivy.Query.term_set_query(schema(), "tie", vectors.keys[rows].tolist())
        both = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, these)])
        found = _addresses(searcher, both, size)
        if len(found) >= limit or size == len(cosines):
            kept = rows[[int(key) in found for key in vectors.keys[rows]]]
            return _best(kept, cosines, vectors.keys)[:limit], found
        size *= 8


def _best(rows: NDArray[np.intp], cosines: Floats, keys: NDArray[np.int64]) -> NDArray[np.intp]:
    return rows[np.lexsort((keys[rows], -cosines[rows]))]


def _addresses(searcher: tantivy.Searcher, query: tantivy.Query, size: int) -> dict[int, tantivy.DocAddress]:
    addresses = [address for _, address in searcher.search(query, size, count=False).hits]
    return dict(zip(_ties(searcher, addresses), addresses, strict=True))


def _ties(searcher: tantivy.Searcher, addresses: list[tantivy.DocAddress]) -> Iterator[int]:
    return (int(value or 0) for value in searcher.fast_field_values("tie", addresses))


def _id(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> str:
    return str(json.loads(bytes(searcher.doc(address).get_first("body") or b"{}"))["id"])
