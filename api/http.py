"""The web application: REST under /v1 and the pages, over one service."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from api import http_routes
from api.http_errors import Guard, add_error_handlers
from api.service import Service
from eho import __version__

_GZIP_FROM_BYTES = 1_000


def create_app(service: Service, *, hosts: Iterable[str] = ()) -> FastAPI:
    """Return the application; `hosts` are the names that requests may address it by (empty: any)."""
    app = FastAPI(
        title="Eho",
        version=__version__,
        summary="Narratives in Albanian- and Serbian-language media: the command line's answers over HTTP.",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # both pages of FastAPI load scripts from elsewhere
        redoc_url=None,
    )
    add_error_handlers(app)
    app.include_router(http_routes.router(service))
    if find_spec("api.pages") is not None:
        from api import pages

        app.include_router(pages.router(service), include_in_schema=False)
    app.add_middleware(GZipMiddleware, minimum_size=_GZIP_FROM_BYTES)
    app.add_middleware(Guard, hosts=tuple(hosts))
    return app
