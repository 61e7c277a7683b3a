"""Coverage as commands and pages ask for it: every source day by day, with what is unusual about it and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from api.pages_wording import Wording
from eho.errors import InputError
from eho.outcome import Outcome
from eho.source import Source
from index.anomalies import HISTORY_DAYS, Anomaly, Watched, anomalies
from index.calendar import day_of
from index.source_days import CrawlRun, SourceDay

if TYPE_CHECKING:
    from api.wiring import Parts
    from crawlers.run import CrawlSummary

COLUMNS = (
    *("source", "day", "expected_min", "expected_max", "published", "runs", "found", "fetched", "extracted", "stored"),
    *("unchanged", "dropped", "known", "anomalies"),
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every source and day of a period on which something was expected or happened, and what is unusual."""

    start: date
    end: date
    days: Sequence[SourceDay]
    anomalies: Sequence[Anomaly]
    sources: Mapping[str, Source]

    def rows(self, words: Wording | None = None) -> list[dict[str, Any]]:
        """Return a row a source and day, as `--json` prints it."""
        unusual: dict[tuple[str, date], list[dict[str, Any]]] = {}
        for one in self.anomalies:
            unusual.setdefault((one.source, one.day), []).append(to_row(one, words))
        return [self._row(day, unusual.get((day.source, day.day), [])) for day in self.days]

    def _row(self, day: SourceDay, unusual: Sequence[dict[str, Any]]) -> dict[str, Any]:
        source = self.sources.get(day.source)
        return {
            "source": day.source,
            "day": day.day.isoformat(),
            "expected_min": None if source is None else source.expect.min,
            "expected_max": None if source is None else source.expect.max,
            "published": day.published,
            "runs": day.runs,
            "found": day.found,
            "fetched": day.fetched,
            "extracted": day.extracted,
            "stored": day.stored,
            "unchanged": day.asked[Outcome.UNCHANGED],
            "dropped": {outcome.value: n for outcome, n in day.dropped.items()},
            "known": day.known,
            "outcomes": {outcome.value: n for outcome, n in day.outcomes.most_common()},
            "anomalies": list(unusual),
        }


def to_row(anomaly: Anomaly, words: Wording | None = None) -> dict[str, Any]:
    """Return an anomaly with its sentence, in English by default."""
    return {
        "kind": anomaly.kind,
        "source": anomaly.source,
        "day": anomaly.day.isoformat(),
        "message": sentence(anomaly, words or Wording("en")),
        "values": dict(anomaly.values),
    }


def sentence(anomaly: Anomaly, words: Wording) -> str:
    """Say what is unusual and what to do, in one line."""
    said = {name: _said(name, value, words) for name, value in anomaly.values.items()}
    return words(f"anomaly_{anomaly.kind}", **said)


def _said(name: str, value: str | float, words: Wording) -> str:
    if isinstance(value, str):
        return words.day(value) if name in ("last", "date") else words.or_id("lang", value) if name == "lang" else value
    if name.endswith("share"):
        return words.percent(value)
    return words.number(int(value)) if float(value).is_integer() else words.decimal(value, 1)


def coverage(
    parts: Parts,
    sources: Sequence[str] = (),
    *,
    start: date | None = None,
    end: date | None = None,
    days: int = 7,
    today: date | None = None,
) -> Coverage:
    """Count every source's days, by default the last seven and today. Raises InputError for an unknown source, days backwards."""
    today = today or day_of(datetime.now(UTC))
    end = min(end or today, today)
    start = start or end - timedelta(days=days)
    if start > end:
        raise InputError(f"from {start} lies after to {end}; exchange them, or leave one out.", field="from")
    known, store = parts.sources, parts.store()
    lists = {source.id: (*source.feeds, *source.sitemaps, *source.sections) for source in known.values()}
    counts = store.source_days(start - timedelta(days=HISTORY_DAYS), end, lists)
    for name in sources:
        if name not in known and not any(source == name for source, _ in counts):
            raise InputError(f"There is no source {name!r}; see eho sources list.", field="source")
    first, last = store.crawled_days()
    watched = [
        Watched(one.id, one.expect.min, one.expect.max, one.languages, first.get(one.id), last.get(one.id))
        for one in known.values()
        if one.enabled and (lists[one.id] or one.platform)
    ]
    watched += [Watched(name) for name in {source for source, _ in counts} - {one.source for one in watched} if name]
    found = anomalies(watched, counts, start, end, today=today)
    chosen = frozenset(sources)
    shown = {key: day for key, day in counts.items() if key[1] >= start and not day.is_empty}
    for unusual in found:
        shown.setdefault((unusual.source, unusual.day), SourceDay(unusual.source, unusual.day))
    return Coverage(
        start,
        end,
        [day for key, day in sorted(shown.items()) if not chosen or key[0] in chosen],
        [one for one in found if not chosen or one.source in chosen],
        known,
    )


def runs_of(summary: CrawlSummary, sources: Iterable[Source], started_at: datetime, ended_at: datetime) -> list[CrawlRun]:
    """Return what a crawl came to, a run a source, for the store."""
    runs = []
    for source in sources:
        lists = {*source.feeds, *source.sitemaps, *source.sections}
        failed = {
            record.url: record.reason or record.outcome.value
            for record in summary.failures
            if record.source == source.id and record.url in lists
        }
        runs.append(
            CrawlRun(
                source=source.id,
                started_at=started_at.replace(microsecond=0),
                ended_at=ended_at.replace(microsecond=0),
                known=summary.known_by_source.get(source.id, 0),
                outcomes={outcome: n for outcome, n in summary.by_source.get(source.id, {}).items() if n},
                lists_failed={url: reason for url, reason in failed.items() if url is not None},
            )
        )
    return runs
