"""What all pages have in common: the reader's language, the template engine, headers, and answers to what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.pages_codebook import Names
from api.pages_search import error_place
from api.pages_wording import Wording, preferred, table
from eho.codebook import LANGUAGES, Language
from eho.errors import EhoError, QueryError

if TYPE_CHECKING:
    from api.service import Service

POLICY = "default-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
_COOKIE = "ui"
_YEAR_S = 365 * 24 * 3600


class UnknownTongue(Exception):  # noqa: N818 - a page's own answer, never seen by a caller
    """The address asks for an interface language that does not exist."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class Frame:
    """Renders pages of one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._environment = environment()

    def page(self, request: Request, template: str, page: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Render a template; the language asked for in the address is remembered in a cookie that holds nothing else."""
        words = values.pop("t", None) or self.words(request)
        context = {
            "t": words,
            "names": Names(self.service.codebook, words),
            "page": page,
            "tongues": [(code, _own_name(code), _in_language(request, code)) for code in LANGUAGES],
            "invented": self.service.has_invented_sources,
            "snapshot": self.service.snapshot_id,
        }
        html = self._environment.get_template(template).render(context | values)
        response = HTMLResponse(html, status_code=status, headers=HEADERS | {"Content-Language": words.language})
        if request.query_params.get("ui") == words.language:
            response.set_cookie(_COOKIE, words.language, max_age=_YEAR_S, samesite="lax", httponly=True)
        return response

    def words(self, request: Request) -> Wording:
        """Choose the language: address, cookie, the browser's wish, English. Raises UnknownTongue for a wrong one asked for."""
        asked = request.query_params.get("ui")
        if asked is not None:
            if (language := _language(asked)) is None:
                raise UnknownTongue(asked)
            return Wording(language)
        remembered = _language(request.cookies.get(_COOKIE, ""))
        return Wording(remembered or preferred(request.headers.get("accept-language", "")))

    def error(self, request: Request, key: str, *, status: int, detail: str | None = None) -> HTMLResponse:
        """Render a page that says what went wrong."""
        return self.page(request, "error.html", "", status=status, message=self.words(request)(key), detail=detail)

    def unknown_tongue(self, request: Request, error: UnknownTongue) -> HTMLResponse:
        """Say which languages there are, in the language that the browser wishes."""
        words = Wording(preferred(request.headers.get("accept-language", "")))
        message = words("ui_unknown", value=error.value[:40], choices=", ".join(LANGUAGES))
        return self.page(request, "error.html", "", t=words, status=400, message=message, detail=None)

    def source_names(self) -> dict[str, str]:
        """Return the name of every source by id."""
        return {source["id"]: source["name"] for source in self.service.sources()}


def environment() -> Environment:
    """Return the template engine: everything escaped, an unknown name is an error."""
    folder = Path(str(resources.files("api"))) / "templates"
    env = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters["search_link"] = search_link
    env.globals["web_address"] = web_address
    return env


def search_link(query: str) -> str:
    """Return the search page's address for a query."""
    return f"/?{urlencode({'q': query})}" if query else "/"


def web_address(url: str) -> Markup:
    """Write an address as a link where it leads to the web; imported rows may hold other schemes, which stay text."""
    if urlsplit(url).scheme not in ("http", "https"):
        return Markup("<span>{}</span>").format(url)
    return Markup('<a href="{}" rel="noreferrer noopener">{}</a>').format(url, url)


def query_problem(query: str, error: EhoError, *, shift: int = 0) -> dict[str, Any]:
    """Return what a page shows of a refused query: the line, and the place where there is one."""
    if isinstance(error, QueryError) and error.position is not None:
        error.position = max(error.position - shift, 0)
    return {"message": str(error), "place": error_place(query, error) if isinstance(error, QueryError) else None}


def results_behind(request: Request) -> str:
    """Return the search page from which a reader came, else the plain one."""
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc == request.url.netloc and came.path == "/" and came.query:
        return f"/?{came.query}"
    return "/"


def _language(value: str) -> Language | None:
    return next((language for language in LANGUAGES if language == value), None)


def _own_name(language: Language) -> str:
    entry: Mapping[Any, Any] = table()["language_name"]
    return str(entry[language])


def _in_language(request: Request, language: str) -> str:
    parameters = [(name, value) for name, value in request.query_params.multi_items() if name != "ui"]
    return f"{request.url.path}?{urlencode([*parameters, ('ui', language)])}"
