"""`eho compare A B`: two sources, languages, periods or queries side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from api.choices import choice
from api.own_narratives import check_narrative, counted_stances
from api.trend_knowledge import GROUPS, audited, source_groups
from eho.errors import InputError, QueryError
from eho.folding import fold_text
from index.answers import Filters
from index.comparison import CompareOptions
from index.comparison import compare as compare_sides
from index.nodes import DateRange, Keyword, Query
from index.query import read_days
from index.trends import TrendOptions

if TYPE_CHECKING:
    from api.service import Service
    from api.wiring import Parts

MATCHES = ("none", *GROUPS)

_LANGUAGES = ("sq", "sr", "sr-latn", "sr-cyrl", "bs", "hr", "cnr")


def compare(
    service: Service,
    parts: Parts,
    a: str,
    b: str,
    q: str = "",
    *,
    of: str | None = None,
    narrative: Sequence[str] = (),
    stance: Sequence[str] = (),
    match: str | None = None,
    copies: str = "exclude",
    start: date | None = None,
    end: date | None = None,
    source: Sequence[str] = (),
    lang: Sequence[str] = (),
    kind: Sequence[str] = (),
    include_needs_review: bool = False,
    stems: bool | None = None,
    language: str = "en",
) -> dict[str, Any]:
    """Compare the share of each narrative (of all in the codebook, where neither a query nor one is given) in A and in B.

    Two languages are matched by ownership unless `match` says otherwise. Raises QueryError, InputError, EngineError.
    """
    from api.service import STANCES, UI_LANGUAGES

    def read(text: str) -> Query:
        return service.queries.parse(text, stems=stems)

    asked, sides = read(q), {name: side_of(text, parts, name, read) for name, text in (("a", a), ("b", b))}
    for name in narrative:
        check_narrative(parts, name)
    narratives = tuple(narrative) or (() if q.strip() else tuple(one.id for one in parts.codebook.narratives))
    if match is None:
        match = "ownership" if all(_is_language(side) for side in sides.values()) else "none"
    options = TrendOptions(
        filters=Filters(start, end, tuple(source), tuple(lang), tuple(kind)),
        of=None if of is None else read(of),
        narratives=narratives,
        copies=choice("copies", copies, ("exclude", "include")),
        stances=tuple(choice("stance", one, STANCES) for one in stance) or counted_stances(parts, asked, narratives),
        include_needs_review=include_needs_review,
        model=service.model_version,
        language=choice("language", language, UI_LANGUAGES),
        audited=audited(parts),
    )
    chosen = choice("match", match, MATCHES)
    types = source_groups(parts, chosen) if chosen != "none" else {}
    return compare_sides(parts.index(), sides["a"], sides["b"], asked, CompareOptions(options, chosen, types))


def side_of(text: str, parts: Parts, name: str, read: Callable[[str], Query]) -> Query:
    """Read one side: the id of a source, a language, a period (2026, 2026-03, 2026-03-01..2026-03-20), or any query."""
    text = text.strip()
    if not text:
        raise InputError(f"{name.upper()} is empty; give a source, a language, a period or a query.", field=name)
    if text in parts.sources:
        return Query(text, Keyword("source", fold_text(text)))
    if text.lower() in _LANGUAGES:
        return Query(text, Keyword("lang", fold_text(text)))
    days = _days(text)
    return Query(text, days) if days is not None else read(text)


def _days(text: str) -> DateRange | None:
    first, _, last = text.partition("..")
    try:
        return DateRange(read_days(first)[0], read_days(last or first)[1])
    except QueryError:
        return None


def _is_language(side: Query) -> bool:
    return isinstance(side.root, Keyword) and side.root.field == "lang"
