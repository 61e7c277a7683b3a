"""Shapes of REST's answers about sources."""

from __future__ import annotations

from api.http_schemas import _Shape


class CoverageAnomaly(_Shape):
    """What is unusual about a source on a day, and what to do."""

    kind: str
    source: str
    day: str
    message: str
    values: dict[str, str | float]


class CoverageDay(_Shape):
    """What became of a source's addresses and documents on a Belgrade day; `published` counts documents by their date."""

    source: str
    day: str
    expected_min: float | None
    expected_max: float | None
    published: int
    runs: int
    found: int
    fetched: int
    extracted: int
    stored: int
    unchanged: int
    dropped: dict[str, int]
    known: int
    outcomes: dict[str, int]
    anomalies: list[CoverageAnomaly]
