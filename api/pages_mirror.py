"""The page that sets one event side by side: what each language's outlets wrote, whom they quote, what only one side has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from api.pages_codebook import Names
from api.pages_frame import Frame, query_problem
from api.pages_search import hit_view
from api.pages_wording import Wording
from eho.errors import EngineError, InputError, ModelError
from evaluation.miniweb.script import to_cyrillic
from index.same_event import SIDES, Side

_MOST_ASKED = 2_000
_TITLES: Mapping[Side, str] = {"sq": "mirror_in_sq", "sr": "mirror_in_sr"}
_LONE: Mapping[Side, str] = {"sq": "mirror_not_in_sr", "sr": "mirror_not_in_sq"}  # each side's own, not found in the other
_REASONS = {
    "no_hits": "mirror_no_hits",
    "no_date": "mirror_no_date",
    "no_entities": "mirror_no_entities",
    "no_partner": "mirror_no_partner",
}


def add(page: Callable[[str, Callable[..., Response]], None]) -> None:
    """Add the route."""
    page("/mirror", _mirror)


def _mirror(frame: Frame, request: Request) -> HTMLResponse:
    words = frame.words(request)
    asked = request.query_params.get("q", "").strip()[:_MOST_ASKED]
    shared: dict[str, Any] = {"t": words, "asked": asked, "error": None, "events": [], "reason": None}
    if not asked:
        return frame.page(request, "mirror.html", "mirror", **shared)
    try:
        answer = frame.service.mirror(asked)
    except (InputError, ModelError, EngineError) as error:
        status = 400 if isinstance(error, InputError) else 503
        return frame.page(request, "mirror.html", "mirror", status=status, **shared | {"error": query_problem(asked, error)})
    events = [_event_view(event, answer, frame, words) for event in answer["events"]]
    reason = words(_REASONS[answer["reason"]]) if answer["reason"] else None
    return frame.page(request, "mirror.html", "mirror", **shared | {"events": events, "reason": reason})


def _event_view(event: dict[str, Any], answer: dict[str, Any], frame: Frame, words: Wording) -> dict[str, Any]:
    names, sources = Names(frame.service.codebook, words), frame.source_names()
    score, threshold = (words.decimal(value) for value in (event["score"], answer["method"]["threshold"]))
    return {
        "period": words("mirror_period", first=words.moment(event["first_at"]), last=words.moment(event["last_at"])),
        "shared": words("mirror_both_name", names=", ".join(entity_names(event["shared"]["entities"], words))),
        "score": words("mirror_score", score=score, threshold=threshold),
        "sides": [_side_view(side, event, frame, names, words, sources) for side in SIDES],
    }


def _side_view(
    side: Side, event: dict[str, Any], frame: Frame, names: Names, words: Wording, sources: Mapping[str, str]
) -> dict[str, Any]:
    row = event["sides"][side]
    other = event["sides"]["sr" if side == "sq" else "sq"]
    lone = row["not_in_other"]
    return {
        "code": side,
        "title": words(_TITLES[side]),
        "hits": [
            hit_view({**one, "title_highlights": [], "snippets": []}, frame.service.document(one["id"]), names, words, sources)
            for one in row["documents"]
        ],
        "more": event["left_out"][side],
        "voices": [(names("speaker", one["speaker"]), one["quotes"]) for one in row["voices"]],
        "stances": [_stance_view(one, names) for one in row["stances"]],
        "lone_title": words(_LONE[side], n=len(other["documents"])),
        "lone_names": entity_names(lone["entities"], words),
        "lone_stances": [_stance_view(one, names) for one in lone["narratives"]],
        "lone_roles": [names("speaker", one) for one in lone["speakers"]],
    }


def _stance_view(row: Mapping[str, Any], names: Names) -> dict[str, Any]:
    reviewed = "one" if row["reviewed"] == row["documents"] else "machine"
    return {"chip": names.chip({**row, "reviewed": reviewed}), "documents": row["documents"]}


def entity_names(entities: list[dict[str, Any]], words: Wording) -> list[str]:
    """Name entities in the reader's language; English names neither side's name first by right, so it gives both."""
    return [_in_language(entity["names"], words) for entity in entities]


def _in_language(names: Mapping[str, str], words: Wording) -> str:
    if words.language == "sr-Cyrl":
        return to_cyrillic(names["sr"])
    if words.language == "en":
        return names["sq"] if names["sq"] == names["sr"] else f"{names['sq']}/{names['sr']}"
    return names["sq" if words.language == "sq" else "sr"]
