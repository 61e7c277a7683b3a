"""`eho watch`: crawls every source in its own rhythm, then tags and indexes; what it knows of each is in one small file."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, Protocol

from filelock import FileLock, Timeout

from api import index_jobs, jobs
from crawlers.rhythm import Rhythm, backed_off
from eho.document import to_utc_text
from eho.errors import EhoError, HomeBusyError
from eho.files import replace_text
from eho.home import Home
from index.calendar import day_of

if TYPE_CHECKING:
    from api.wiring import Parts
    from crawlers.run import CrawlSummary
    from eho.source import Source

Emit = Callable[[dict[str, Any]], None]
_LEARNED_DAYS = 28
_RETRY_S = 60.0  # after an error of the folder, the store or the model: what a person may mend meanwhile


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class WallClock:
    """The clock on the wall."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait; a signal ends it."""
        time.sleep(seconds)


@dataclass
class Turn:
    """What is known of a source: when it is due, when it was asked last and how often in a row that failed."""

    due_at: str
    started_at: str | None = None
    ended_at: str | None = None
    interval_s: float | None = None
    per_day: float | None = None
    failures: int = 0
    documents: int = 0


@dataclass
class State:
    """What stands in `watch.json`; `running` names the sources that are being asked."""

    process: int | None = None
    since: str | None = None
    running: list[str] = field(default_factory=list)
    sources: dict[str, Turn] = field(default_factory=dict)

    @classmethod
    def read(cls, home: Home) -> State:
        """Read the file; one that is missing or damaged is made anew from the store's runs."""
        try:
            row = json.loads((home.path / "watch.json").read_text(encoding="utf-8"))
            return cls(row["process"], row["since"], row["running"], {id: Turn(**turn) for id, turn in row["sources"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def write(self, home: Home) -> None:
        """Write the file in one move."""
        replace_text(home.path / "watch.json", json.dumps(asdict(self), indent=1) + "\n")


def status(home: Home) -> dict[str, Any]:
    """Return what a watch knows and does; `alive` says whether one runs, whatever a killed one left in its file."""
    state = State.read(home)
    alive = _is_held(home)
    return {
        "alive": alive,
        "process": state.process if alive else None,
        "since": state.since if alive else None,
        "running": state.running if alive else [],
        "cut_short": [] if alive else state.running,
        "sources": [{"source": id, **asdict(turn)} for id, turn in sorted(state.sources.items(), key=lambda one: one[1].due_at)],
    }


class Watch:
    """Runs what is due, over and over. Holds the watch's lock as long as it runs, the folder's while it crawls."""

    def __init__(self, parts: Parts, *, emit: Emit, clock: Clock | None = None, random: Random | None = None) -> None:
        self._parts, self._emit = parts, emit
        self._clock, self._random = clock or WallClock(), random or SystemRandom()
        self._state = State.read(parts.home)
        self._failed = False

    def once(self) -> bool:
        """Run what is due now; True where part of it failed. Raises HomeBusyError where another watch runs."""
        with self._watching():
            if due := self._due():
                self._run(due)
        return self._failed

    def forever(self) -> None:
        """Run what is due until interrupted. Raises KeyboardInterrupt then, HomeBusyError where another watch runs."""
        with self._watching():
            while True:
                try:
                    if due := self._due():
                        self._run(due)
                except EhoError as error:
                    self._say("error", message=str(error))
                    self._clock.sleep(_RETRY_S)
                    continue
                self._wait()

    # what is due

    def _due(self) -> list[Source]:
        """Return the sources that are due, the longest waiting first, and let go of those that are no longer enabled."""
        now, known = self._clock.now(), {one.id: one for one in jobs.choose_sources(self._parts.sources, ())}
        turns = self._state.sources
        for id in turns.keys() - known.keys():
            del turns[id]
        if new := known.keys() - turns.keys():
            self._plan_new([known[id] for id in sorted(new)])
        due = sorted((turn.due_at, id) for id, turn in turns.items() if turn.due_at <= to_utc_text(now))
        return [known[id] for _, id in due][: self._parts.settings.watch.sources_per_run]

    def _plan_new(self, sources: Sequence[Source]) -> None:
        """Plan sources that the file does not know: at once, or from their last run where the store knows one."""
        last = self._parts.store().last_runs()
        rhythms = self._rhythms()
        for source in sources:
            run = last.get(source.id)
            turn = Turn(due_at=_text(self._clock.now()))
            if run is not None:
                turn = Turn(due_at="", started_at=_text(run.started_at), ended_at=_text(run.ended_at), documents=run.documents)
                self._plan(source, turn, rhythms.get(source.id, Rhythm()), run.ended_at)
            self._state.sources[source.id] = turn

    def _plan(self, source: Source, turn: Turn, rhythm: Rhythm, after: datetime) -> None:
        settings = self._parts.settings
        lists = len(source.feeds) + len(source.sitemaps) + len(source.sections)
        due = rhythm.next_due(after, settings.watch, lists=lists, delay_s=settings.crawl.delay_s)
        due = backed_off(after, due, turn.failures, settings.watch)
        turn.interval_s, turn.per_day = (due - after).total_seconds(), round(rhythm.per_day, 2)
        shift = self._random.uniform(0.0, settings.watch.jitter)  # later only: never below the shortest interval
        turn.due_at = _text(after + (due - after) * (1 + shift))

    def _rhythms(self) -> dict[str, Rhythm]:
        today = day_of(self._clock.now())
        first = today - timedelta(days=_LEARNED_DAYS)
        found = self._parts.store().appearances(first, today)
        return {source: Rhythm.from_counts(n, by_hour, _LEARNED_DAYS) for source, (n, by_hour) in found.items()}

    # running

    def _run(self, due: Sequence[Source]) -> None:
        started = self._clock.now()
        self._state.running = [source.id for source in due]
        self._state.write(self._parts.home)
        self._say("run", sources=self._state.running)
        with self._parts.home.writing("watch", self._parts.settings.home.lock_wait_s):
            crawled = jobs.crawl(self._parts, self._state.running, now=self._clock.now)
            self._planned(due, crawled, started)
            tagged = jobs.tag_new(self._parts)
            indexed = index_jobs.update_index(self._parts)
        self._failed = self._failed or crawled.has_failures
        self._say(
            "done",
            sources=[source.id for source in due],
            counts={outcome.value: count for outcome, count in sorted(crawled.counts.items())},
            tagged=sum(tagged.counts.values()),
            indexed=indexed.written,
            elapsed_s=round((self._clock.now() - started).total_seconds(), 3),
        )

    def _planned(self, due: Sequence[Source], crawled: CrawlSummary, started: datetime) -> None:
        """Write down when each source is due again, before tagging: a kill then costs no second round of requests."""
        rhythms, now, runs = self._rhythms(), self._clock.now(), self._parts.store().last_runs()
        for source in due:
            run = runs[source.id]
            turn = self._state.sources[source.id]
            lost = not run.known and not run.documents and any(outcome.is_failure for outcome in run.outcomes)
            turn.failures = turn.failures + 1 if lost else 0
            turn.started_at, turn.ended_at, turn.documents = _text(started), _text(now), run.documents
            self._plan(source, turn, rhythms.get(source.id, Rhythm()), now)
            self._say("source", source=source.id, **{**asdict(turn), "known": run.known})
        self._state.running = []
        self._state.write(self._parts.home)

    def _wait(self) -> None:
        """Sleep until the next source is due, at most as long as a new source's file may go unnoticed."""
        now = self._clock.now()
        first = min((turn.due_at for turn in self._state.sources.values()), default=_text(now + timedelta(hours=1)))
        until = min(datetime.fromisoformat(first), now + timedelta(minutes=self._parts.settings.watch.shortest_m))
        if until > now:
            self._clock.sleep((until - now).total_seconds())

    @contextmanager
    def _watching(self) -> Iterator[None]:
        home, lock = self._parts.home, _lock(self._parts.home)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise HomeBusyError(f"Another eho watch runs on {home.path}; eho watch --status says which.") from None
        try:
            self._state = State.read(home)
            if self._state.running:
                self._say("resumed", sources=self._state.running)  # a killed watch was asking these
            self._state.process, self._state.since, self._state.running = os.getpid(), _text(self._clock.now()), []
            self._say("started")
            yield
        finally:
            # what an interrupted run was asking stays due; the store knows what it had got
            self._state.process, self._state.running = None, []
            self._state.write(home)
            self._say("stopped")
            lock.release()

    def _say(self, event: str, **values: Any) -> None:
        self._emit({"event": event, "at": _text(self._clock.now()), **values})


def _lock(home: Home) -> FileLock:
    return FileLock(home.path / ".watch-lock")


def _is_held(home: Home) -> bool:
    lock = _lock(home)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _text(moment: datetime) -> str:
    return to_utc_text(moment.replace(microsecond=0))
