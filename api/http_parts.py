"""What all REST routes have in common: parameters, the JSON response and the described answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import JSONResponse

from api import http_schemas as schemas
from api.http_errors import to_json_bytes

FromDay = Annotated[date | None, Query(alias="from", description="first day, in Belgrade")]
ToDay = Annotated[date | None, Query(alias="to", description="last day, included")]
Many = Annotated[list[str], Query()]


class Json(JSONResponse):
    """JSON as the command line prints it."""

    def render(self, content: Any) -> bytes:
        """Write the body."""
        return to_json_bytes(content)


def answers(model: Any) -> dict[int | str, dict[str, Any]]:
    """Describe a route's answers: its own shape, and the one error body."""
    errors: tuple[int, ...] = (404, 405, 422, 500, 503)
    return {200: {"model": model}, **{status: {"model": schemas.ErrorBody} for status in errors}}
