"""Periods in which a source was silent or failed: marked, and left out of the line where it misses too much of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median

from index.calendar import Period, next_start

MASKED_FROM = 0.2  # usual part of the documents that is missing: from here on the share is another media's
_USUAL_AT_LEAST = 7  # documents a period: a source of this size is silent by chance once in a thousand periods (Poisson)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of the sources beside their documents: least documents per day, and days on which every fetch failed."""

    expected: Mapping[str, float] = field(default_factory=dict)
    failed: Mapping[str, frozenset[date]] = field(default_factory=dict)


def silent_sources(
    counts: Mapping[tuple[date, str], int], starts: Sequence[date], partial: Collection[date], by: Period, coverage: Coverage
) -> dict[date, list[str]]:
    """Return the sources that were silent or failing in each period; `counts` are all their documents, copies included.

    A period that the range cuts or that is not over yet is only looked at for failures.
    """
    found: dict[date, list[str]] = {}
    lengths = [(next_start(start, by) - start).days for start in starts]
    for source in sorted({source for _, source in counts} | coverage.failed.keys()):
        numbers = [counts.get((start, source), 0) for start in starts]
        usual = median([number for number in numbers if number] or [0])
        expected, failed_on = coverage.expected.get(source, 0), coverage.failed.get(source, frozenset())
        for start, days, number in zip(starts, lengths, numbers, strict=True):
            failed = sum(start + timedelta(days=day) in failed_on for day in range(days)) if failed_on else 0
            too_few = (number < expected * days or (not number and usual >= _USUAL_AT_LEAST)) and start not in partial
            if too_few or (2 * failed >= days and 2 * number < usual):
                found.setdefault(start, []).append(source)
    return found
