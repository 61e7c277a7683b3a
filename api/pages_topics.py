"""The pages of topics: those of a query, most surely growing first, and one topic with its documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from api.pages_frame import Frame, query_problem
from api.pages_links import SearchAsked
from api.pages_wording import Wording
from eho.errors import EngineError, InputError, ModelError

_WEEKS_SHOWN = 26


def add(page: Callable[[str, Callable[..., Response]], None]) -> None:
    """Add the routes."""
    page("/topics", _topics)
    page("/topics/{topic_id}", _topic)


def _topics(frame: Frame, request: Request) -> HTMLResponse:
    words = frame.words(request)
    asked = SearchAsked.read(request.query_params)
    given = asked.options()
    filters = {name: given[name] for name in ("start", "end", "source", "lang") if name in given}
    shared: dict[str, Any] = {"t": words, "asked": asked, "error": None, "rows": [], "answer": None}
    if "q" not in request.query_params:  # finding topics takes long: only when a reader asks for it
        return frame.page(request, "topics.html", "topics", **shared)
    try:
        answer = frame.service.topics(asked.q, limit=100, **filters)
    except (InputError, ModelError, EngineError) as error:
        status = 400 if isinstance(error, InputError) else 503
        return frame.page(request, "topics.html", "topics", status=status, **shared | {"error": query_problem(asked.q, error)})
    rows = [_row(topic, words) for topic in answer["topics"]]
    return frame.page(request, "topics.html", "topics", **shared | {"rows": rows, "answer": answer})


def _topic(frame: Frame, request: Request, topic_id: str) -> HTMLResponse:
    words = frame.words(request)
    found = frame.service.topic(topic_id)
    if found is None:
        return frame.error(request, "not_found_topic", status=404)
    topic, answer = found
    sources = frame.source_names()
    documents = [
        {
            **document,
            "source": sources.get(document["source"], document["source"]),
            "published": words.day(document["published_at"]) if document["published_at"] else None,
        }
        for document in topic["documents"]
    ]
    return frame.page(
        request,
        "topic.html",
        "topics",
        t=words,
        row=_row(topic, words),
        query=answer["query"],
        asked_of=answer["snapshot"],
        documents=documents,
        weeks=[point for point in topic["points"] if point["count"]][-_WEEKS_SHOWN:],
    )


def _row(topic: dict[str, Any], words: Wording) -> dict[str, Any]:
    grown = topic["emergence"]
    return {
        "id": topic["id"],
        "labels": [(language, ", ".join(found)) for language, found in topic["label"].items() if found],
        "phrases": {language: [one for one in topic["phrases"] if one["lang"] == language] for language in ("sq", "sr")},
        "size": topic["size"],
        "share": words.percent(topic["share"]),
        "languages": [(language, words.percent(share)) for language, share in topic["languages"].items()],
        "ratio": None if grown["ratio"] is None else words.decimal(grown["ratio"]),
        "interval": _interval(grown, words),
        "flags": grown["flags"],
    }


def _interval(grown: dict[str, Any], words: Wording) -> str | None:
    if grown["low"] is None:
        return None
    high = "∞" if grown["high"] is None else words.decimal(grown["high"])
    return words.interval(words.decimal(grown["low"]), high)
