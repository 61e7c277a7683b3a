"""The service's part about sources: their files, what became of their addresses, and when each is asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from eho.outcome import OutcomeRecord

if TYPE_CHECKING:
    from api.coverage import Coverage
    from api.wiring import Parts


class SourceQuestions:
    """What the service adds its data folder to."""

    _parts: Parts

    def sources(self) -> list[dict[str, Any]]:
        """Return every source as its file says."""
        return [source.model_dump(mode="json") for source in self._parts.sources.values()]

    def coverage(self) -> list[dict[str, Any]]:
        """Return how many addresses of each source ended in which outcome on which Belgrade day."""
        return [
            {"source": row.source, "outcome": row.outcome.value, "day": row.day.isoformat(), "count": row.count}
            for row in self._parts.store().coverage()
        ]

    def source_days(
        self, source: Sequence[str] = (), *, start: date | None = None, end: date | None = None, days: int = 7
    ) -> Coverage:
        """Return every source day by day with what is unusual, by default of `days` days and today. Raises InputError."""
        from api.coverage import coverage

        return coverage(self._parts, source, start=start, end=end, days=days)

    def outcomes(self, source: str | None = None) -> Iterable[OutcomeRecord]:
        """Yield what became of every address."""
        return self._parts.store().outcomes(source)

    def watch(self, emit: Callable[[dict[str, Any]], None], *, once: bool = False) -> bool:
        """Run what is due, once or until interrupted; True where part of it failed. Raises HomeBusyError, KeyboardInterrupt."""
        from api.watch import Watch

        self._parts.pipeline()  # a missing model is said before an hour of crawling
        watch = Watch(self._parts, emit=emit)
        if once:
            return watch.once()
        watch.forever()
        return False

    def watch_status(self) -> dict[str, Any]:
        """Return what a running or the last watch knows."""
        from api.watch import status

        return status(self._parts.home)
