"""What a reader asked for, as it stands in the address of a page: read from it, changed by links, passed on to the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from eho.errors import InputError

FACETS = ("narrative", "stance", "sense", "source", "lang", "kind", "month")
SORTS = ("relevance", "date")
PERIODS = ("auto", "day", "week", "month", "quarter")
SPLITS = ("none", "language", "source", "ownership", "audience", "kind")
MEASURES = ("share", "count")
PANELS = ("constant", "all")
_SWITCH = ("true", "false")


@dataclass(frozen=True, slots=True)
class _Asked:
    """Fields are parameters of the address; an empty one is left out of it. `start` and `end` are `from` and `to` there."""

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> Self:
        """Read an address; parameters it does not know (`ui` among them) are left alone. Raises InputError for a bad value."""
        named = {field.name: parameters.get(_ADDRESS.get(field.name, field.name), "").strip() for field in fields(cls)}
        asked = cls(**named)
        asked.check()
        return asked

    def check(self) -> None:
        """Raise InputError naming the first parameter that has no allowed value."""

    def to_mapping(self) -> dict[str, str]:
        """Return the parameters that are set, by their name in the address."""
        values = {_ADDRESS.get(field.name, field.name): getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value}

    def link(self, path: str, **changes: str) -> str:
        """Return an address on `path` with the same parameters except for the changes ("" removes one)."""
        parameters = replace(self, **changes).to_mapping()
        return f"{path}?{urlencode(parameters)}" if parameters else path


_ADDRESS = {"start": "from", "end": "to"}


@dataclass(frozen=True, slots=True)
class SearchAsked(_Asked):
    """The search page's address."""

    q: str = ""
    narrative: str = ""
    stance: str = ""
    sense: str = ""
    source: str = ""
    lang: str = ""
    kind: str = ""
    start: str = ""
    end: str = ""
    sort: str = ""
    copies: str = ""
    stems: str = ""
    cursor: str = ""

    def check(self) -> None:
        """Raise InputError for a date, order or choice that does not exist."""
        _check_days(self.start, self.end)
        _check_choice("sort", self.sort, SORTS)
        _check_choice("copies", self.copies, ("all",))
        _check_choice("stems", self.stems, _SWITCH)

    @property
    def is_filtered(self) -> bool:
        """True where anything but the words narrows the results."""
        return any((self.narrative, self.stance, self.sense, self.source, self.lang, self.kind, self.start, self.end))

    def facet_link(self, facet: str, value: str) -> str:
        """Return the address with one facet value chosen; "" takes the choice away. Every choice starts at the first page."""
        if facet == "month":
            start, end = month_days(value) if value else ("", "")
            return self.link("/", start=start, end=end, cursor="")
        return self.link("/", **{facet: value, "cursor": ""})

    def options(self) -> dict[str, Any]:
        """Return the options of `service.search`; copies are shown once unless asked for."""
        chosen = {
            name: [value] for name in ("narrative", "stance", "sense", "source", "lang", "kind") if (value := getattr(self, name))
        }
        return {
            **chosen,
            "start": _day(self.start),
            "end": _day(self.end),
            "sort": self.sort or "relevance",
            "cursor": self.cursor or None,
            "collapse": self.copies != "all",
            "stems": _switched(self.stems),
        }

    def trend_link(self) -> str:
        """Return the trend page's address for what is searched; the trend page takes most filters as part of the query."""
        fields_typed = [
            f"{name}:{value}" for name in ("sense", "source", "lang", "kind", "stance") if (value := getattr(self, name))
        ]
        typed = f"({self.q})" if self.q and fields_typed else self.q
        q = " ".join([*([typed] if typed else []), *fields_typed])
        return TrendAsked(q=q, narrative=self.narrative, start=self.start, end=self.end, stems=self.stems).link("/trends")

    def chosen(self, facet: str) -> str:
        """Return the value chosen in a facet."""
        if facet != "month":
            return str(getattr(self, facet))
        return self.start[:7] if self.start and month_days(self.start[:7]) == (self.start, self.end) else ""


@dataclass(frozen=True, slots=True)
class TrendAsked(_Asked):
    """The trend page's address."""

    q: str = ""
    narrative: str = ""
    of: str = ""
    by: str = ""
    split: str = ""
    measure: str = ""
    panel: str = ""
    start: str = ""
    end: str = ""
    stems: str = ""

    def check(self) -> None:
        """Raise InputError for a date or choice that does not exist."""
        _check_days(self.start, self.end)
        _check_choice("by", self.by, PERIODS)
        _check_choice("split", self.split, SPLITS)
        _check_choice("measure", self.measure, MEASURES)
        _check_choice("panel", self.panel, PANELS)
        _check_choice("stems", self.stems, _SWITCH)

    def options(self) -> dict[str, Any]:
        """Return the options of `service.trends`."""
        return {
            "by": self.by or "auto",
            "split": None if self.split in ("", "none") else self.split,
            "as_": self.measure or "share",
            "panel": self.panel or "constant",
            "changes": True,
            "of": self.of or None,
            "narrative": [self.narrative] if self.narrative else [],
            "start": _day(self.start),
            "end": _day(self.end),
            "stems": _switched(self.stems),
        }

    def documents_link(self) -> str:
        """Return the search page's address for the documents that are counted, stances aside."""
        return SearchAsked(q=self.q, narrative=self.narrative, start=self.start, end=self.end, stems=self.stems).link("/")


def month_days(month: str) -> tuple[str, str]:
    """Return the first and last day of `2026-09` as text. Raises InputError."""
    first = _checked_day("month", f"{month}-01")
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first.isoformat(), date.fromordinal(following.toordinal() - 1).isoformat()


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _check_days(start: str, end: str) -> None:
    days = [_checked_day(name, text) for name, text in (("from", start), ("to", end)) if text]
    if len(days) == 2 and days[0] > days[1]:
        raise InputError(f"from is {start}, after to, {end}; change one of the two days.", field="from")


def _checked_day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name} is {text!r}; write a day like 2026-09-03.", field=name) from None


def _switched(text: str) -> bool | None:
    return None if not text else text == "true"


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value and value not in choices:
        raise InputError(f"{name} is {value!r}; use one of {', '.join(choices)}.", field=name)
