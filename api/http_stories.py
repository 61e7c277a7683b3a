"""REST: similar documents, versions of one text, one event in both languages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api import http_story_schemas as schemas
from api.http_parts import FromDay, Json, Many, ToDay, answers
from api.service import Service

Limit = Annotated[int, Query(ge=1, le=100, description="documents shown")]


class SimilarText(BaseModel):
    """A text to compare with; it stays out of addresses, and nothing of it is stored."""

    text: str = Field(max_length=200_000)


def router(service: Service) -> APIRouter:
    """Return the routes over one service."""
    routes = APIRouter(default_response_class=Json, tags=["questions"])
    _add_similar(routes, service)

    @routes.get("/context", responses=answers(schemas.ContextAnswer), response_class=Json)
    def context(id: Annotated[str, Query(description="a document's id")]) -> Response:
        """Show other outlets' versions of one text."""
        return Json(service.context(id))

    @routes.get("/documents/{document_id}/versions", responses=answers(schemas.VersionsAnswer), response_class=Json)
    def versions(document_id: str) -> Response:
        """Return all versions of one document, with what changed from each to the next."""
        return Json(service.versions(document_id))

    @routes.get("/mirror", responses=answers(schemas.MirrorAnswer), response_class=Json)
    def mirror(
        q: Annotated[str, Query(description="a document's id, or a query")],
        limit: Annotated[int, Query(ge=1, le=20, description="events shown")] = 5,
    ) -> Response:
        """Set one event side by side in both languages."""
        return Json(service.mirror(q, limit=limit))

    return routes


def _add_similar(routes: APIRouter, service: Service) -> None:
    @routes.get("/similar", responses=answers(schemas.SimilarAnswer), response_class=Json)
    def similar(
        id: Annotated[str | None, Query(description="a document's id")] = None,
        text: Annotated[str | None, Query(max_length=2_000, description="a text instead; send longer ones by POST")] = None,
        start: FromDay = None,
        end: ToDay = None,
        source: Many = [],  # noqa: B006 - FastAPI reads the default, nobody changes it
        lang: Many = [],  # noqa: B006
        narrative: Many = [],  # noqa: B006
        stance: Many = [],  # noqa: B006
        kind: Many = [],  # noqa: B006
        limit: Limit = 10,
        copies: bool = False,
    ) -> Response:
        """Find documents like one document or text."""
        return Json(
            service.similar(
                id,
                text=text,
                start=start,
                end=end,
                source=source,
                lang=lang,
                narrative=narrative,
                stance=stance,
                kind=kind,
                limit=limit,
                copies=copies,
            )
        )

    @routes.post("/similar", responses=answers(schemas.SimilarAnswer), response_class=Json)
    def similar_to_text(
        body: SimilarText,
        lang: Many = [],  # noqa: B006
        limit: Limit = 10,
        copies: bool = False,
    ) -> Response:
        """Find documents like a text that stays out of addresses and logs."""
        return Json(service.similar(text=body.text, lang=lang, limit=limit, copies=copies))
