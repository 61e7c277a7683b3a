"""What the search page shows: hits with chips and blurred evidence, facets as links, and a query error at its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.pages_codebook import Chip, Names
from api.pages_links import FACETS, SearchAsked
from api.pages_spans import Mark, Piece, pieces
from api.pages_wording import Wording
from eho.errors import QueryError

SHOWN_VALUES = 6


@dataclass(frozen=True, slots=True)
class HitView:
    """One hit as the page writes it."""

    id: str
    lang: str | None
    source: str
    kind: str
    published: str | None
    title: list[Piece]
    snippets: list[list[Piece]]
    has_veil: bool
    chips: list[Chip]
    copies: int


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet: its link chooses it, or takes the choice away."""

    label: str
    count: int
    link: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One facet: the first values, and the rest behind a summary."""

    name: str
    first: Sequence[FacetValue]
    rest: Sequence[FacetValue]


@dataclass(frozen=True, slots=True)
class FilterInUse:
    """A filter that narrows the results, with the address without it."""

    label: str
    link: str


def hit_view(
    hit: Mapping[str, Any], document: Mapping[str, Any] | None, names: Names, words: Wording, source_names: Mapping[str, str]
) -> HitView:
    """Prepare a hit; the document, where it is at hand, tells which words are evidence and what its date means."""
    document = document or {}
    title = _pieces(hit["title"] or words("no_title"), hit["title_highlights"], _evidence(document, "title", names))
    snippets = [_snippet(snippet, hit, document, names) for snippet in hit["snippets"]]
    published_at = hit["published_at"]
    return HitView(
        id=hit["id"],
        lang=hit["lang"],
        source=source_names.get(hit["source"], hit["source"]),
        kind=hit["kind"],
        published=words.moment(published_at, document.get("published_at_precision")) if published_at else None,
        title=title,
        snippets=snippets,
        has_veil=any(piece.veiled for cut in (title, *snippets) for piece in cut),
        chips=distinct([names.chip(annotation) for annotation in hit["annotations"]]),
        copies=max(hit["cluster_size"] - 1, 0),
    )


def _snippet(snippet: Mapping[str, Any], hit: Mapping[str, Any], document: Mapping[str, Any], names: Names) -> list[Piece]:
    """Cut a snippet at its highlights and blur the evidence in it; all of it where its place cannot be told."""
    text: str = snippet["text"]
    for field in ("text", "lead"):
        at = (document.get(field) or "").find(text)
        if at >= 0:
            spans = [(start - at, end - at) for start, end in _evidence(document, field, names)]
            before = [Piece("… ")] if at else []
            after = [] if at + len(text) >= len(document[field].rstrip()) else [Piece(" …")]
            return [*before, *_pieces(text, snippet["highlights"], spans), *after]
    is_harmful = any(names.is_harmful(annotation) for annotation in hit["annotations"])
    return _pieces(text, snippet["highlights"], [(0, len(text))] if is_harmful else [])


def _pieces(text: str, highlights: Sequence[Sequence[int]], veiled: Sequence[tuple[int, int]]) -> list[Piece]:
    marks = [Mark(start, end, 1) for start, end in highlights]
    return pieces(text, [*marks, *(Mark(start, end, 0, veiled=True) for start, end in veiled)])


def _evidence(document: Mapping[str, Any], field: str, names: Names) -> list[tuple[int, int]]:
    """Return where the evidence of the harmful narratives lies that are shown; a blur without a chip explains nothing."""
    annotations = [one for one in (document.get("tags") or {}).get("annotations", ()) if not one["needs_review"]]
    spans = (span for annotation in annotations if names.is_harmful(annotation) for span in annotation["spans"])
    return [(span["start"], span["end"]) for span in spans if span["field"] == field]


def distinct(chips: Sequence[Chip]) -> list[Chip]:
    """Return chips once each: two speakers of one narrative with one stance look the same in short."""
    return list(dict.fromkeys(chips))


def facet_views(
    facets: Mapping[str, Sequence[Mapping[str, Any]]], asked: SearchAsked, names: Names, source_names: Mapping[str, str]
) -> list[Facet]:
    """Prepare the facets that have values, months from the newest."""
    views = []
    for name in FACETS:
        rows = (
            sorted(facets.get(name, ()), key=lambda row: row["value"], reverse=True) if name == "month" else facets.get(name, ())
        )
        chosen = asked.chosen(name)
        values = [
            FacetValue(
                label=source_names.get(row["value"], row["value"]) if name == "source" else names.value(name, row["value"]),
                count=row["count"],
                link=asked.facet_link(name, "" if row["value"] == chosen else row["value"]),
                is_chosen=row["value"] == chosen,
            )
            for row in rows
            if (name, row["value"]) != ("sense", "none")  # a count, but no value that a query may name
        ]
        values.sort(key=lambda value: not value.is_chosen)
        if values:
            views.append(Facet(name, values[:SHOWN_VALUES], values[SHOWN_VALUES:]))
    return views


def filters_in_use(asked: SearchAsked, names: Names, words: Wording, source_names: Mapping[str, str]) -> list[FilterInUse]:
    """List what narrows the results beside the words."""
    found = []
    for name in FACETS:
        if name != "month" and (value := asked.chosen(name)):
            label = source_names.get(value, value) if name == "source" else names.value(name, value)
            found.append(FilterInUse(f"{words(f'facet_{name}')}: {label}", asked.facet_link(name, "")))
    for name, value in (("start", asked.start), ("end", asked.end)):
        if value:
            side = words("date_from" if name == "start" else "date_to")
            found.append(FilterInUse(f"{side}: {words.day(value)}", asked.link("/", **{name: "", "cursor": ""})))
    return found


def error_place(query: str, error: QueryError) -> tuple[str, str, str] | None:
    """Cut the query before and after the place at which reading stopped; None where the error has no place."""
    if error.position is None:
        return None
    at = min(max(error.position, 0), len(query))
    end = at
    while end < len(query) and query[end].isalnum():
        end += 1
    end = min(max(end, at + 1), len(query))
    return query[:at], query[at:end] or " ", query[end:]
