"""Reads one version of the index, whole or not at all: an answer of part of the shards is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from eho.errors import EngineAwayError
from index.elasticsearch.compiler import Clause
from index.elasticsearch.connection import Connection
from index.elasticsearch.versions import Version

PAGE = 10_000  # the server's own limit for one answer
BY_DATE: tuple[dict[str, str], ...] = ({"published": "desc"}, {"tie": "asc"})
BY_SCORE: tuple[dict[str, str], ...] = ({"_score": "desc"}, *BY_DATE)

_KEEP_ALIVE = "2m"


class Reader:
    """Asks one version; within `at_one_point` all questions see the same state of it."""

    def __init__(self, connection: Connection, version: Version, *, is_sharded: bool) -> None:
        self._connection = connection
        self._is_sharded = is_sharded
        self._point: str | None = None
        self.version = version

    @contextmanager
    def at_one_point(self) -> Iterator[None]:
        """Hold the index still meanwhile (a point in time)."""
        client = self._connection.client
        with self._connection.saying():
            self._point = client.open_point_in_time(index=self.version.name, keep_alive=_KEEP_ALIVE).body["id"]
        try:
            yield
        finally:
            point, self._point = self._point, None
            with self._connection.saying():
                client.options(ignore_status=404).close_point_in_time(id=point)

    def ask(self, **body: Any) -> dict[str, Any]:
        """Return the answer of one search. Raises EngineAwayError where part of the index did not answer."""
        options: dict[str, Any] = {"allow_partial_search_results": False}
        if self._point is not None:
            options["pit"] = {"id": self._point, "keep_alive": _KEEP_ALIVE}
        else:
            options["index"] = self.version.name
        if self._is_sharded and "sort" in body and body["sort"] == list(BY_SCORE):
            options["search_type"] = "dfs_query_then_fetch"  # word statistics of the whole index, so that shards rank alike
        with self._connection.saying():
            answer: dict[str, Any] = self._connection.client.search(**options, **body).body
        if self._point is not None:
            self._point = answer.get("pit_id", self._point)
        shards = answer["_shards"]
        if shards["failed"] or answer["timed_out"]:
            raise EngineAwayError(
                f"{shards['failed']} of {shards['total']} parts of the index at {self._connection.where} did not answer; "
                "look at the server's health, then try again."
            )
        return answer

    def walk(
        self,
        query: Clause,
        sort: Sequence[dict[str, str]],
        *,
        fields: Sequence[str] = (),
        source: Sequence[str] = (),
        size: int = PAGE,
    ) -> Iterator[dict[str, Any]]:
        """Yield all hits in order, page by page, with doc values of some fields and parts of the source."""
        after: list[Any] | None = None
        while True:
            body: dict[str, Any] = {"query": query, "sort": list(sort), "size": size, "docvalue_fields": list(fields)}
            body |= {"source": list(source) or False, "track_total_hits": False}
            hits = self.ask(**body, **({} if after is None else {"search_after": after}))["hits"]["hits"]
            yield from hits
            if len(hits) < size:
                return
            after = hits[-1]["sort"]

    def count(self, query: Clause) -> int:
        """Return how many documents match."""
        return int(self.ask(query=query, size=0, track_total_hits=True)["hits"]["total"]["value"])
