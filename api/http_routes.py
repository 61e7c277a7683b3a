"""REST: every question of the command line under /v1, with the same names and the same JSON."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api import http_schemas as schemas
from api import http_source_schemas as source_schemas
from api import http_stories
from api import sources as registry
from api.http_errors import to_json_bytes
from api.http_parts import FromDay, Json, Many, ToDay
from api.http_parts import answers as _answers
from api.rows import Row, read_row
from api.service import Service
from api.tagging import tag_rows
from eho import __version__
from eho.codebook import Codebook
from eho.errors import EngineError, InputError
from eho.source import Source

MAX_TAG_BYTES = 20_000_000
MAX_TAG_ROWS = 1_000
_LINES = "application/x-ndjson"

Q = Annotated[str, Query(description="the query; empty means all documents")]
Stems = Annotated[bool | None, Query(description="also other forms of words without quotation marks; by default as set")]
SnapshotId = Annotated[
    str | None, Query(alias="snapshot", description="the `snapshot` of an earlier answer: ask of its documents")
]
UiLanguage = Annotated[Literal["sq", "sr-Latn", "sr-Cyrl", "en"], Query(description="language of `explained`")]


def router(service: Service) -> APIRouter:
    """Return the routes over one service."""
    routes = APIRouter(prefix="/v1", default_response_class=Json)
    _add_search(routes, service)
    _add_language(routes, service)
    _add_trends(routes, service)
    _add_compare(routes, service)
    _add_topics(routes, service)
    routes.include_router(http_stories.router(service))
    _add_snapshots(routes, service)
    _add_lists(routes, service)
    _add_tagging(routes, service)
    return routes


def _add_search(routes: APIRouter, service: Service) -> None:
    @routes.get("/search", responses=_answers(schemas.SearchAnswer), response_class=Json, tags=["questions"])
    def search(
        q: Q = "",
        start: FromDay = None,
        end: ToDay = None,
        source: Many = [],  # noqa: B006 - FastAPI reads the default, nobody changes it
        lang: Many = [],  # noqa: B006
        narrative: Many = [],  # noqa: B006
        stance: Many = [],  # noqa: B006
        kind: Many = [],  # noqa: B006
        sort: Literal["relevance", "date"] = "relevance",
        limit: Annotated[int, Query(ge=1, le=1000)] = 20,
        cursor: str | None = None,
        collapse: bool = False,
        include_needs_review: bool = False,
        stems: Stems = None,
        language: UiLanguage = "en",
        terms: Annotated[bool, Query(description="also the words that set the hits apart")] = False,
        snapshot: SnapshotId = None,
    ) -> Response:
        """Find documents."""
        return Json(
            service.at(snapshot).search(
                q,
                start=start,
                end=end,
                source=source,
                lang=lang,
                narrative=narrative,
                stance=stance,
                kind=kind,
                sort=sort,
                limit=limit,
                cursor=cursor,
                collapse=collapse,
                include_needs_review=include_needs_review,
                stems=stems,
                language=language,
                terms=terms,
            )
        )

    @routes.get("/documents/{document_id}", responses=_answers(schemas.DocumentAnswer), response_class=Json, tags=["questions"])
    def document(document_id: str, snapshot: SnapshotId = None) -> Response:
        """Return one document with tags, provenance and citation."""
        row = service.at(snapshot).document(document_id)
        if row is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no document {document_id!r}; /v1/search gives the ids.")
        return Json(row)


def _add_language(routes: APIRouter, service: Service) -> None:
    @routes.get("/explain", responses=_answers(schemas.ExplainAnswer), response_class=Json, tags=["questions"])
    def explain(q: Q = "", stems: Stems = None) -> Response:
        """Say what a query asks for, in four languages."""
        return Json(service.queries.explain(q, stems=stems))

    @routes.get("/terms", responses=_answers(schemas.TermListAnswer), response_class=Json, tags=["about"])
    def terms(term: Annotated[str | None, Query(description="only the pairs of this term")] = None) -> Response:
        """Return the paired terms that ~~term searches."""
        return Json(service.queries.term_list(term))


def _add_trends(routes: APIRouter, service: Service) -> None:
    @routes.get("/trends", responses=_answers(schemas.TrendAnswer), response_class=Json, tags=["questions"])
    def trends(
        q: Q = "",
        of: Annotated[str | None, Query(description="of what, such as sense:conflict_zone")] = None,
        narrative: Many = [],  # noqa: B006
        by: Literal["auto", "day", "week", "month", "quarter"] = "auto",
        split: Literal["language", "source", "ownership", "audience", "kind"] | None = None,
        as_: Annotated[Literal["share", "count"], Query(alias="as")] = "share",
        panel: Literal["constant", "all"] = "constant",
        copies: Literal["exclude", "include"] = "exclude",
        changes: bool = False,
        start: FromDay = None,
        end: ToDay = None,
        source: Many = [],  # noqa: B006
        lang: Many = [],  # noqa: B006
        kind: Many = [],  # noqa: B006
        stance: Many = [],  # noqa: B006
        include_needs_review: bool = False,
        stems: Stems = None,
        language: UiLanguage = "en",
        snapshot: SnapshotId = None,
    ) -> Response:
        """Count documents per period."""
        return Json(
            service.at(snapshot).trends(
                q,
                of=of,
                narrative=narrative,
                by=by,
                split=split,
                as_=as_,
                panel=panel,
                copies=copies,
                changes=changes,
                start=start,
                end=end,
                source=source,
                lang=lang,
                kind=kind,
                stance=stance,
                include_needs_review=include_needs_review,
                stems=stems,
                language=language,
            )
        )


def _add_compare(routes: APIRouter, service: Service) -> None:
    @routes.get("/compare", responses=_answers(schemas.Comparison), response_class=Json, tags=["questions"])
    def compare(
        a: Annotated[str, Query(description="a source, a language, a period such as 2026-03, or a query")],
        b: Annotated[str, Query(description="what to compare it with")],
        q: Q = "",
        of: Annotated[str | None, Query(description="of what, such as sense:conflict_zone")] = None,
        narrative: Many = [],  # noqa: B006
        match: Literal["none", "ownership", "audience"] | None = None,
        copies: Literal["exclude", "include"] = "exclude",
        start: FromDay = None,
        end: ToDay = None,
        source: Many = [],  # noqa: B006
        lang: Many = [],  # noqa: B006
        kind: Many = [],  # noqa: B006
        stance: Many = [],  # noqa: B006
        include_needs_review: bool = False,
        stems: Stems = None,
        language: UiLanguage = "en",
    ) -> Response:
        """Compare two sets of documents."""
        return Json(
            service.compare(
                a,
                b,
                q,
                of=of,
                narrative=narrative,
                match=match,
                copies=copies,
                start=start,
                end=end,
                source=source,
                lang=lang,
                kind=kind,
                stance=stance,
                include_needs_review=include_needs_review,
                stems=stems,
                language=language,
            )
        )


def _add_topics(routes: APIRouter, service: Service) -> None:
    @routes.get("/topics", responses=_answers(schemas.TopicAnswer), response_class=Json, tags=["questions"])
    def topics(
        q: Q = "",
        start: FromDay = None,
        end: ToDay = None,
        source: Many = [],  # noqa: B006
        lang: Many = [],  # noqa: B006
        limit: Annotated[int, Query(ge=1, le=1000)] = 20,
        recent: Annotated[int, Query(ge=1, le=12, description="weeks that count as new")] = 2,
    ) -> Response:
        """Find emerging topics; the first answer over new documents takes its time."""
        return Json(service.topics(q, start=start, end=end, source=source, lang=lang, limit=limit, recent=recent))


def _add_snapshots(routes: APIRouter, service: Service) -> None:
    @routes.get("/snapshot", responses=_answers(list[schemas.Snapshot]), response_class=Json, tags=["about"])
    def snapshots(
        all_given: Annotated[bool, Query(alias="all", description="also those that nobody asked to keep")] = False,
    ) -> Response:
        """List the snapshots that persons keep, or all that were given out."""
        return Json(service.snapshots.list(all_given=all_given))

    @routes.get("/snapshot/{snapshot_id}", responses=_answers(schemas.SnapshotDetail), response_class=Json, tags=["about"])
    def snapshot(snapshot_id: str) -> Response:
        """Say what a snapshot holds and what became of it since."""
        return Json(service.snapshots.show(snapshot_id))


def _add_lists(routes: APIRouter, service: Service) -> None:
    @routes.get("/codebook", responses=_answers(Codebook), response_class=Json, tags=["about"])
    def codebook() -> Response:
        """Return every narrative and every value that a tag may take."""
        return Json({**service.codebook.model_dump(mode="json"), "codebook": service.codebook.tag})

    @routes.get("/sources", responses=_answers(list[Source]), response_class=Json, tags=["about"])
    def sources(
        country: Many = [],  # noqa: B006
        lang: Many = [],  # noqa: B006
        kind: Many = [],  # noqa: B006
        medium: Many = [],  # noqa: B006
    ) -> Response:
        """Return every source, or those of a country, language, kind or medium."""
        return Json(registry.select(service.sources(), country=country, lang=lang, kind=kind, medium=medium))

    @routes.get("/sources/check", responses=_answers(schemas.SourcesChecked), response_class=Json, tags=["about"])
    def sources_check() -> Response:
        """Check the sources' files; nothing outside is asked."""
        return Json(registry.check(service.home).to_mapping())

    @routes.get("/sources/coverage", responses=_answers(list[source_schemas.CoverageDay]), response_class=Json, tags=["about"])
    def coverage(source: Many = [], start: FromDay = None, end: ToDay = None) -> Response:  # noqa: B006
        """Count per source and day what was expected, found, fetched, extracted and dropped, and say what is unusual."""
        return Json(service.source_days(source, start=start, end=end).rows())

    @routes.get("/models", responses=_answers(list[dict[str, Any]]), response_class=Json, tags=["about"])
    def models() -> Response:
        """Return the cards of all models."""
        return Json([{**card, "folder": None} for card in service.models()])  # where it lies is the server's own business

    @routes.get("/health", responses=_answers(schemas.Health), response_class=Json, tags=["about"])
    def health() -> Response:
        """Say whether questions can be answered."""
        try:
            documents = service.index_status().documents
        except EngineError:
            documents = None
        row = {
            "status": "ok" if documents is not None else "no_index",
            "version": __version__,
            "documents": documents,
            "snapshot": service.snapshot_id,
            "has_invented_sources": service.has_invented_sources,
        }
        return Json(row)


def _add_tagging(routes: APIRouter, service: Service) -> None:
    rows = {"type": "array", "items": schemas.TagInput.model_json_schema()}
    one = schemas.TagInput.model_json_schema()
    content = {"application/json": {"schema": {"oneOf": [one, rows]}}, _LINES: {"schema": {"type": "string"}}}
    body = {"requestBody": {"required": True, "content": content}}

    @routes.post(
        "/tag",
        responses=_answers(schemas.TagOutput | list[schemas.TagOutput]),
        response_class=Json,
        openapi_extra=body,
        tags=["questions"],
    )
    async def tag(request: Request) -> Response:
        """Tag one row, a list of rows, or JSON lines; the answer has the same form and order. Nothing is stored."""
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        data = await _read_body(request)
        if content_type == _LINES:
            lines = [read_row(line, number) for number, line in enumerate(data.splitlines(), 1)]
            answers = await run_in_threadpool(_tag, service, lines)
            return Response(b"".join(to_json_bytes(row) + b"\n" for row in answers), media_type=_LINES)
        value = _read_json(data)
        answers = await run_in_threadpool(_tag, service, value if isinstance(value, list) else [value])
        if isinstance(value, list):
            return Json(answers)
        if answers[0].get("tags") is None:
            raise InputError(str(answers[0].get("reason")))
        return Json(answers[0])


async def _read_body(request: Request) -> bytes:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_TAG_BYTES:
            message = f"The request is larger than {MAX_TAG_BYTES // 1_000_000} MB; send less at once, or use eho tag."
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
    return bytes(data)


def _read_json(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"The body is no JSON ({' '.join(str(error).split())[:120]}); send an object or a list.", field="body"
        ) from error


def _tag(service: Service, rows: list[Row | InputError]) -> list[dict[str, Any]]:
    if len(rows) > MAX_TAG_ROWS:
        raise InputError(f"{len(rows)} rows at once; send at most {MAX_TAG_ROWS}, or use eho tag.", field="body")
    checked = [row if isinstance(row, dict | InputError) else InputError(f"row is {row!r:.60}, not an object.") for row in rows]
    return list(tag_rows(checked, service.pipeline))
