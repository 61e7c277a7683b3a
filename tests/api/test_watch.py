"""`eho watch` on the mini web with a clock of its own: rhythm, back-off, stopping, what a killed one leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from api.home_files import make_home
from api.service import Service
from api.watch import State, Watch, status
from eho.errors import HomeBusyError
from eho.home import Home
from eho.settings import Settings
from evaluation.miniweb import MiniWeb

GONE = "puls-portal"
WORKING = "vala-e-re"


class ShortClock:
    """Passes at once; interrupts after so many sleeps, as Ctrl-C would."""

    def __init__(self, sleeps: int) -> None:
        self.moment, self.left = datetime.now(UTC), sleeps

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def sleep(self, seconds: float) -> None:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        self.moment += timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def web() -> Iterator[MiniWeb]:
    with MiniWeb(delay_scale=0.05) as running:
        yield running


def make_watched_home(folder: Path, web: MiniWeb) -> Home:
    """A data folder with two outlets; the feed of one is not there."""
    home = Home(folder)
    make_home(home)
    for source in web.sources:
        if source.id in (GONE, WORKING):
            row = source.model_dump(mode="json", exclude_defaults=True)
            if source.id == GONE:
                row["feeds"], row["sitemaps"] = [f"http://{source.id}.test/no-such-feed.xml"], []
            (home.sources / f"{source.id}.yaml").write_text(yaml.safe_dump(row), encoding="utf-8")
    return home


def settings_of(web: MiniWeb) -> Settings:
    crawl = {"proxy": web.proxy_url, "delay_s": 0, "autothrottle": False, "retries": 0}
    return Settings.model_validate({"crawl": crawl, "watch": {"jitter": 0.0}})


def test_a_watch_finds_its_rhythm_backs_off_and_goes_on_where_it_stopped(web: MiniWeb, tmp_path: Path) -> None:
    home, events = make_watched_home(tmp_path, web), list[dict[str, Any]]()
    clock = ShortClock(sleeps=90)  # of ten minutes each: fifteen hours
    with Service.open(home, settings=settings_of(web)) as service:
        with pytest.raises(KeyboardInterrupt):
            Watch(service._parts, emit=events.append, clock=clock, random=Random(1)).forever()
        assert service._parts.store().count() > 5
        assert service.index_status().documents == service._parts.store().count()
        rows = service.source_days()
        assert {one.source for one in rows.anomalies if one.kind == "feed"} == {GONE}
    assert [events[0]["event"], events[-1]["event"]] == ["started", "stopped"]
    turns = {
        source: [one for one in events if one["event"] == "source" and one["source"] == source] for source in (GONE, WORKING)
    }
    assert [turn["interval_s"] / 3600 for turn in turns[GONE]] == [12, 24]  # of six hours, doubled each time, at most a day
    assert turns[GONE][-1]["failures"] == 2
    assert [turn["failures"] for turn in turns[WORKING]] == [0] * len(turns[WORKING])
    assert turns[WORKING][0]["documents"] > 5 and turns[WORKING][-1]["documents"] == 0
    gaps = [turn["interval_s"] for turn in turns[WORKING]]
    assert len(gaps) >= 3 and all(600 <= gap <= 6 * 3600 for gap in gaps)

    known = status(home)
    assert (known["alive"], known["process"], known["running"]) == (False, None, [])
    assert [turn["source"] for turn in known["sources"]] == [WORKING, GONE]
    again = list[dict[str, Any]]()
    with Service.open(home, settings=settings_of(web)) as service:
        assert not Watch(service._parts, emit=again.append, clock=clock).once()
        assert [one["event"] for one in again] == ["started", "stopped"]  # nothing is due yet
        (home.path / "watch.json").write_text("{", encoding="utf-8")
        clock.left = 10
        damaged = Watch(service._parts, emit=again.append, clock=clock)
        assert not damaged.once()  # the store's runs say when each was asked
    assert State.read(home).sources.keys() == {GONE, WORKING}


def test_only_one_watch_runs_and_the_second_says_so(web: MiniWeb, tmp_path: Path) -> None:
    home = make_watched_home(tmp_path, web)
    with Service.open(home, settings=settings_of(web)) as service:
        first = Watch(service._parts, emit=lambda _: None)
        with first._watching():
            assert status(home)["alive"]
            with pytest.raises(HomeBusyError, match="Another eho watch"):
                Watch(service._parts, emit=lambda _: None).once()
    assert not status(home)["alive"]


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_a_stopped_or_killed_watch_is_told_apart_and_another_goes_on(
    web: MiniWeb, tmp_path: Path, eho: Any, number: signal.Signals, expected: int
) -> None:
    home = make_watched_home(tmp_path, web)
    command = [sys.executable, "-m", "api.cli", "watch", "--json"]
    environ = {**os.environ, "EHO_HOME": str(home.path), "EHO_CRAWL__PROXY": web.proxy_url, "EHO_CRAWL__DELAY_S": "0.3"}
    environ |= {
        "EHO_CRAWL__TIMEOUT_S": "2",
        "EHO_CRAWL__RETRIES": "0",
        "EHO_CRAWL__PATIENCE_S": "0",
    }  # a quiet stop waits for what is under way
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, text=True) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert [line["event"] for line in lines] == ["started", "run"] and status(home)["process"] == process.pid
        time.sleep(1.0)  # some pages in
        process.send_signal(number)
        try:
            rest, said = process.communicate(timeout=60)
        finally:
            process.kill()
    # CPython ends by the signal itself where an interrupt met code that runs from a string, as dataclasses do; shells call it 130 too
    assert process.returncode in (expected, -2 if expected == 130 else expected), said
    assert ("stopped" in rest) == (number is not signal.SIGKILL)
    told = eho("watch", "--status", "--json", home=home.path).json
    assert told["alive"] is False and told["cut_short"] == ([GONE, WORKING] if number is signal.SIGKILL else [])
    if number is signal.SIGKILL:
        assert "Cut short: puls-portal, vala-e-re" in eho("watch", "--status", home=home.path).out
        events = list[dict[str, Any]]()
        with Service.open(home, settings=settings_of(web)) as service:
            assert Watch(service._parts, emit=events.append).once()  # True: one feed is gone
            assert service._parts.store().count() > 5
        assert [one["event"] for one in events][:2] == ["resumed", "started"]
