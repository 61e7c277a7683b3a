"""The web pages: search, documents, trends, narratives, sources; rendered here, so that they work without any script."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api import pages_mirror, pages_topics
from api.charts import MAX_LINES, Size, to_png, to_svg
from api.pages_codebook import HUMANISING, Names, by_family, carrying
from api.pages_document import document_view
from api.pages_frame import HEADERS, Frame, UnknownTongue, query_problem, results_behind
from api.pages_links import MEASURES, PANELS, PERIODS, SPLITS, SearchAsked, TrendAsked
from api.pages_search import facet_views, filters_in_use, hit_view
from api.pages_share import Share
from api.pages_sources import PAGE_DAYS, source_days, source_views
from api.pages_spans import Mark, pieces
from api.pages_trend import method_lines, point_table
from api.pages_wording import Wording
from api.trend_chart import names_of, spec_of
from eho.annotation import Stance
from eho.errors import CodebookError, EhoError, EngineError, InputError

if TYPE_CHECKING:
    from api.service import Service

_SIZES: tuple[Size, ...] = ("large", "small")
EXAMPLES = ("povratnic*", '"të kthyer"', "sense:conflict_zone", "narrative:returnee_security_threat stance:endorse")
SYNTAX = (
    ("povratnici Sirija", "syntax_words"),
    ('"zona e konfliktit"', "syntax_phrase"),
    ("riintegrim*", "syntax_wildcard"),
    ("(Siri OR Irak) NOT sport", "syntax_boolean"),
    ("narrative:returnee_rejection stance:endorse", "syntax_binding"),
    ("sense:conflict_zone", "syntax_sense"),
)
STATIC = {"eho.css": "text/css", "comfort.js": "text/javascript", "icon.svg": "image/svg+xml"}

Handler = Callable[[Request], Response]


def router(service: Service) -> APIRouter:
    """Return the routes of all pages over one service."""
    frame, routes = Frame(service), APIRouter()
    counts = _stance_counts(service)

    def page(path: str, show: Callable[..., Response], *more: object) -> None:
        routes.add_route(path, _answering(frame, show, *more), methods=["GET"], include_in_schema=False)

    page("/", _search)
    page("/documents/{document_id}", _document)
    page("/trends", _trends)
    page("/trends.svg", _trend_picture, "svg")
    page("/trends.png", _trend_picture, "png")
    page("/narratives", _narratives, counts)
    page("/narratives/{narrative_id}", _narrative, counts)
    pages_topics.add(page)
    pages_mirror.add(page)
    page("/sources", _sources)
    page("/about", _about)
    routes.add_route("/static/{name}", _static, methods=["GET"], include_in_schema=False)
    return routes


def _answering(frame: Frame, show: Callable[..., Response], *more: object) -> Handler:
    """Wrap a page: what goes wrong becomes a page too, never a traceback."""

    def answer(request: Request) -> Response:
        try:
            return show(frame, request, *more, **request.path_params)
        except UnknownTongue as error:
            return frame.unknown_tongue(request, error)
        except EhoError as error:
            status = 400 if isinstance(error, InputError | CodebookError) else 503
            return frame.error(request, "error_title", status=status, detail=str(error))

    return answer


def _search(frame: Frame, request: Request) -> HTMLResponse:
    words, service = frame.words(request), frame.service
    asked = SearchAsked.read(request.query_params)
    shared: dict[str, Any] = {
        "t": words,
        "asked": asked,
        "examples": EXAMPLES,
        "syntax": SYNTAX,
        "error": None,
        "is_empty_store": False,
    }
    try:
        answer = service.search(asked.q, language=words.language, **asked.options())
    except InputError as error:
        return frame.page(request, "search.html", "search", status=400, **shared | {"error": query_problem(asked.q, error)})
    except EngineError:
        return frame.page(request, "search.html", "search", **shared | {"is_empty_store": True})
    names, source_names = Names(service.codebook, words), frame.source_names()
    is_empty = not answer["total"] and not asked.q and not asked.is_filtered
    return frame.page(
        request,
        "search.html",
        "search",
        **shared | {"is_empty_store": is_empty},
        answer=answer,
        hits=[hit_view(hit, service.document(hit["id"]), names, words, source_names) for hit in answer["hits"]],
        facets=facet_views(answer["facets"], asked, names, source_names),
        in_use=filters_in_use(asked, names, words, source_names),
        trend_link=asked.trend_link(),
    )


def _document(frame: Frame, request: Request, document_id: str) -> HTMLResponse:
    words, service = frame.words(request), frame.service
    document = service.document(document_id)
    if document is None:
        return frame.error(request, "not_found_document", status=404)
    source = next((one for one in service.sources() if one["id"] == document["source"]), None)
    source_name = source["name"] if source else document["source"]
    view = document_view(
        document,
        Names(service.codebook, words),
        words,
        source_name=source_name,
        snapshot=document["snapshot"],
        invented=bool(source and source["invented"]),
    )
    return frame.page(
        request,
        "document.html",
        "",
        t=words,
        document={"tags": None, **document},
        view=view,
        source=source,
        source_name=source_name,
        versions=_versions(frame, document, words),
        abstained=_abstained(document, words),
        back=results_behind(request),
    )


def _versions(frame: Frame, document: dict[str, Any], words: Wording) -> list[dict[str, Any]]:
    cluster = document.get("cluster")
    if not cluster:
        return []
    try:
        rows = frame.service.context(document["id"])["versions"]
    except EngineError:
        return []
    source_names, versions = frame.source_names(), []
    for row in rows[:100]:
        if row["id"] == document["id"]:
            continue
        published, title, text = row["published_at"], row["title"] or "", row["text"]
        versions.append(
            {
                **row,
                "pieces": pieces(title, [Mark(start, end, 1) for start, end in row["headline"]["new"]]),
                "source": source_names.get(row["source"], row["source"]),
                "published": words.moment(published, row["published_at_precision"]) if published else None,
                "similarity": words.decimal(row["similarity"]) if row["role"] == "copy" else None,
                "kept": words.percent(text["kept"]) if row["role"] == "copy" and text["kept"] is not None else None,
                "credited": ", ".join(credit["agency"] for credit in row["credits"]),
            }
        )
    return versions


def _abstained(document: dict[str, Any], words: Wording) -> str:
    reason = (document.get("tags") or {}).get("reason") or ""
    if reason.startswith("language:"):
        return words("abstained_language", lang=words.or_id("lang", reason.removeprefix("language:")))
    return str(reason)


def _trends(frame: Frame, request: Request) -> HTMLResponse:
    words, service = frame.words(request), frame.service
    asked = TrendAsked.read(request.query_params)
    shared: dict[str, Any] = {
        "t": words,
        "asked": asked,
        "families": by_family(service.codebook),
        "periods": PERIODS,
        "splits": SPLITS,
        "measures": MEASURES,
        "panels": PANELS,
        "panel": asked.panel or "constant",
        "by": asked.by or "auto",
        "split": asked.split or "none",
        "measure": asked.measure or "share",
        "error": None,
        "chart": None,
    }
    try:
        answer = service.trends(asked.q, language=words.language, **asked.options())
    except InputError as error:
        problem = query_problem(asked.of if asked.of and error.field == "of" else asked.q, error)
        return frame.page(request, "trends.html", "trends", status=400, **shared | {"error": problem})
    if not any(point["denominator"] for one in answer["series"] for point in one["points"]):
        return frame.page(request, "trends.html", "trends", **shared)
    split = asked.options()["split"]
    name, title = names_of(service, answer, words, split)
    large, small = (to_svg(spec_of(service, answer, words, split=split, size=size), words) for size in _SIZES)
    lines = len(answer["series"])
    chart = {"title": title, "large": large, "small": small, "lines": lines, "shown": MAX_LINES, "left_out": lines > MAX_LINES}
    return frame.page(
        request,
        "trends.html",
        "trends",
        **shared | {"chart": chart},
        table=point_table(answer, words, name),
        method_lines=method_lines(answer, Names(service.codebook, words), words, name),
        documents_link=asked.documents_link(),
    )


def _trend_picture(frame: Frame, request: Request, form: str) -> Response:
    words, asked = frame.words(request), TrendAsked.read(request.query_params)
    answer = frame.service.trends(asked.q, language=words.language, **asked.options())
    spec = spec_of(frame.service, answer, words, split=asked.options()["split"])
    content, kind = (to_png(spec, words), "image/png") if form == "png" else (to_svg(spec, words).encode(), "image/svg+xml")
    named = {"Content-Disposition": f'attachment; filename="eho-trend.{form}"'}
    return Response(content, media_type=kind, headers=HEADERS | named)


def _stance_counts(service: Service) -> Callable[[str], dict[str, dict[str, int]]]:
    """Return a function that counts documents by narrative and stance, once for each snapshot."""

    @lru_cache(maxsize=2)
    def counted(snapshot: str) -> dict[str, dict[str, int]]:
        return {
            narrative.id: {
                stance.value: service.search(carrying([narrative], [stance.value]), limit=1)["total"] for stance in Stance
            }
            for narrative in service.codebook.narratives
        }

    return counted


def _narratives(frame: Frame, request: Request, counts: Callable[[str], dict[str, dict[str, int]]]) -> HTMLResponse:
    service = frame.service
    return frame.page(
        request,
        "narratives.html",
        "narratives",
        families=by_family(service.codebook),
        stances=[stance.value for stance in Stance],
        counts=counts(service.snapshot_id),
        total=service.search("", limit=1)["total"],
    )


def _narrative(
    frame: Frame, request: Request, counts: Callable[[str], dict[str, dict[str, int]]], narrative_id: str
) -> HTMLResponse:
    service, words = frame.service, frame.words(request)
    try:
        narrative = service.codebook.narrative(narrative_id)
    except CodebookError as error:
        return frame.error(request, "not_found_narrative", status=404, detail=str(error))
    total = service.search("", limit=1)["total"]
    shares = {stance: Share.of(count, total) for stance, count in counts(service.snapshot_id)[narrative_id].items()}
    rows = [
        {"stance": stance, "count": share.count, "share": share.percent(words), "interval": share.interval(words)}
        for stance, share in shares.items()
    ]
    return frame.page(
        request,
        "narrative.html",
        "narratives",
        t=words,
        narrative=narrative,
        rows=rows,
        total=total,
        harmful=narrative.family != HUMANISING,
        no_mirror=service.codebook.without_mirror.get(narrative_id, ""),
    )


def _sources(frame: Frame, request: Request) -> HTMLResponse:
    service, words = frame.service, frame.words(request)
    days = source_days(service.source_days(days=PAGE_DAYS), words)
    views = source_views(service.sources(), service.coverage())
    return frame.page(request, "sources.html", "sources", sources=views, days=days)


def _about(frame: Frame, request: Request) -> HTMLResponse:
    service = frame.service
    return frame.page(request, "about.html", "about", codebook=service.codebook, total=service.search("", limit=1)["total"])


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        return Response(status_code=404)
    content = (resources.files("api") / "static" / name).read_bytes()
    return Response(content, media_type=STATIC[name], headers=HEADERS | {"Cache-Control": "public, max-age=300"})
