"""Words of the web pages, charts and reports: one table in four languages, with its plurals, numbers and dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from eho.codebook import LANGUAGES, Language

Entry = str | dict[str, str]

_LOCAL = ZoneInfo("Europe/Belgrade")  # Pristina and Tirana keep the same time
_SPOKEN: dict[str, Language] = {"sq": "sq", "en": "en", "sr": "sr-Cyrl", "bs": "sr-Latn", "hr": "sr-Latn", "cnr": "sr-Latn"}


@cache
def table() -> dict[str, dict[Language, Entry]]:
    """Read the whole table: key, language, text or plural forms."""
    text = (resources.files("api") / "templates" / "wording.yaml").read_text(encoding="utf-8")
    read: dict[str, dict[Language, Entry]] = yaml.safe_load(text)
    return read


def plural_form(language: Language, n: int) -> str:
    """Return the CLDR plural category of a whole number: one, few (Serbian only) or other."""
    if not language.startswith("sr"):
        return "one" if n == 1 else "other"
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    return "few" if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else "other"


def preferred(accept_language: str) -> Language:
    """Choose the interface language from an Accept-Language header; English where it names none of the four."""
    for part in accept_language.split(","):
        tag = part.split(";")[0].strip()
        if tag.lower().startswith("sr-latn"):
            return "sr-Latn"
        if language := _SPOKEN.get(tag.split("-")[0].lower()):
            return language
    return "en"


class Wording:
    """Everything that is said to a reader in one language; a key that is missing is an error, never another language."""

    def __init__(self, language: Language) -> None:
        if language not in LANGUAGES:
            raise ValueError(f"no interface language {language!r}; use one of {', '.join(LANGUAGES)}")
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of a key with its values filled in; `n` chooses the plural form."""
        entry = table()[key][self.language]
        if isinstance(entry, dict):
            n = values["n"]
            if not isinstance(n, int):
                raise TypeError(f"{key} needs a whole number n, got {n!r}")
            entry = entry[plural_form(self.language, n)]
        said = {name: self.number(value) if type(value) is int else value for name, value in values.items()}
        return entry.format(**said) if values else entry

    def or_id(self, prefix: str, id: str) -> str:
        """Return the text of `prefix_id` where the table has it, else the id itself (a value from outside)."""
        return self(f"{prefix}_{id}") if f"{prefix}_{id}" in table() else id

    def label(self, labels: Mapping[Any, str]) -> str:
        """Return the codebook's text in this language."""
        return labels[self.language]

    def number(self, value: int) -> str:
        """Write a whole number with the language's thousands sign."""
        return f"{value:,}".replace(",", self("thousands_sign"))

    def decimal(self, value: float, digits: int = 2) -> str:
        """Write a number with the language's decimal sign."""
        return f"{value:.{digits}f}".replace(".", self("decimal_sign"))

    def percent(self, share: float) -> str:
        """Write a share between 0 and 1 as a percentage with one digit."""
        return self("percent_format", n=self.decimal(100 * share, 1))

    def interval(self, low: str, high: str) -> str:
        """Write both ends of an interval."""
        return self("interval_format", low=low, high=high)

    def day(self, value: date | str) -> str:
        """Write a day in full."""
        day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
        return self("date_format", day=str(day.day), month=self(f"month_{day.month}"), year=str(day.year))

    def moment(self, value: str, precision: str | None = "minute") -> str:
        """Write a UTC time as a reader in Belgrade, Pristina or Tirana tells it: the day alone where only that is known."""
        local = datetime.fromisoformat(value).astimezone(_LOCAL)
        if precision == "day":
            return self.day(local.date())
        return self("time_format", date=self.day(local.date()), hour=f"{local.hour:02}", minute=f"{local.minute:02}")

    def month(self, value: str) -> str:
        """Write `2026-09` as a month's name and year."""
        year, month = value.split("-")[:2]
        return self("month_format", month=self(f"month_{int(month)}_alone"), year=year)

    def period(self, start_on: str, by: str) -> str:
        """Write a period of a series by its first day."""
        start = date.fromisoformat(start_on)
        if by == "month":
            return self.month(start_on)
        if by == "quarter":
            return self("quarter_format", quarter=str((start.month + 2) // 3), year=str(start.year))
        return self("week_format", date=self.day(start)) if by == "week" else self.day(start)
