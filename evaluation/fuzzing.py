"""Fuzzing of what reads the web: seeded mutations of pages and feeds, in processes that are ended when a case hangs.

    python -m evaluation.fuzzing --cases 50000

A case that raises anything but the errors its reader promises, or takes more than LIMIT_S, is named by its number; the same
number gives the same bytes again (`--from N --cases 1`).
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from crawlers.encoding import decode
from crawlers.extraction import extract
from crawlers.feeds import FeedError, read_feed
from crawlers.listing import read_listing
from crawlers.robots import RobotsRules
from evaluation.miniweb.content import by_outlet, load_articles, load_outlets
from evaluation.miniweb.outlet_site import build_sites

LIMIT_S = 10.0
_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
_URL = "http://proba.test/vesti/2026/11/12/proba-vesti-iz-grada"
_FEEDS = ("/feed.xml", "/sitemap.xml", "/sitemap-1.xml", "/sitemap-1.xml.gz", "/robots.txt")
_JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Proba",
        "items": [{"id": "1", "url": f"{_URL}-1", "date_published": "2026-11-12T08:00:00+01:00"}, {"id": f"{_URL}-2"}],
    }
).encode()
_SPICES = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<!DOCTYPE x [", b"<!ENTITY a 'b'>", b"&a;",
    b"&#0;",
    b"&#x110000;", b"<script>", b"</script>", b"<div>" * 400, b"</p></div>" * 50, b"<table><tr><td>" * 60, b"<a href='http://['>x</a>",
    b"<base href='javascript:1'>", b"<meta charset=utf-7>", b"<meta charset='utf-16'>", b"<time datetime='9999-99-99T99:99'>",
    b"<link rel=canonical href='//'>", b'<script type="application/ld+json">{"@graph":[[[[{"@type":"NewsArticle"',
    b"\xcc\x81" * 200,
    "\u202e\u2066\ufeff".encode(), b"9" * 400, b" " * 3000, b"<p>" * 500, b"http://a:b@127.0.0.1/", b"%00%ff%2e%2e",
    b"\r\r\n\n\x85",
)  # fmt: skip


@dataclass(slots=True)
class Report:
    """What a run found: outcomes by kind, and the numbers of the cases that failed or hung with why."""

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: dict[int, str] = field(default_factory=dict)
    hangs: list[int] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: int | None = None


@cache
def seeds() -> tuple[tuple[str, bytes], ...]:
    """Return the bodies that are mutated, by kind: pages of the layouts and of the invented outlets, and their feeds."""
    found: list[tuple[str, bytes]] = [("feed", _JSON_FEED)]
    for site in build_sites(load_outlets().values(), by_outlet(load_articles()), delay_scale=0.0).values():
        articles = [site.articles[place].path(site.outlet) for place in (0, len(site.articles) // 2) if site.articles]
        for target in (*articles, "/", *_FEEDS):
            if (response := site.respond(target)) is not None and response.status == 200:
                kind = "robots" if target == "/robots.txt" else "feed" if target in _FEEDS else "page"
                found.append((kind, response.body))
    layouts = resources.files("evaluation") / "layouts"
    if layouts.is_dir():
        pages = (folder / "page.html" for folder in sorted(layouts.iterdir(), key=lambda entry: entry.name))
        found += [("page", page.read_bytes()) for page in pages if page.is_file()]
    return tuple(found)


def case(number: int) -> tuple[str, bytes]:
    """Return the kind and the mutated body of one case; the same number gives the same bytes."""
    chance = random.Random(number)  # noqa: S311 - repeatable on purpose
    kind, body = chance.choice(seeds())
    if body.startswith(b"\x1f\x8b") and chance.random() < 0.5:
        body = gzip.decompress(body)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        body = chance.choice(_MUTATIONS)(body, chance)
    return kind, body[:400_000]


def _flip(body: bytes, chance: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.choice((1, 10, 200)) if changed else 0):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _drop(body: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(body) + 1)
    return body[:start] + body[start + chance.choice((1, 20, 500, 5_000)) :]


def _repeat(body: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(body) + 1)
    part = body[start : start + chance.choice((3, 30, 300))]
    return body[:start] + part * chance.choice((2, 20, 300)) + body[start:]


def _spice(body: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(body) + 1)
    return body[:start] + chance.choice(_SPICES) + body[start:]


def _tag(body: bytes, chance: random.Random) -> bytes:
    """Damage markup where it is: at a bracket."""
    places = [place for place, byte in enumerate(body[:60_000]) if byte in b"<>\"'"]
    if not places:
        return body
    place = chance.choice(places)
    return body[:place] + chance.choice((b"", b"<", b">", b'"', b"<x:y ", b"/>")) + body[place + 1 :]


def _splice(body: bytes, chance: random.Random) -> bytes:
    other = chance.choice(seeds())[1]
    return body[: chance.randrange(len(body) + 1)] + other[chance.randrange(len(other) + 1) :]


def _recode(body: bytes, chance: random.Random) -> bytes:
    text = body.decode("utf-8", "replace")
    return text.encode(chance.choice(("utf-16", "utf-16-be", "windows-1250", "windows-1251", "utf-32", "iso8859-2")), "replace")


_MUTATIONS = (_flip, _cut, _drop, _repeat, _spice, _spice, _tag, _tag, _splice, _recode)


def run_case(number: int) -> str:
    """Read one mutated body as a crawl would and return what became of it. Raises what no reader may raise."""
    kind, body = case(number)
    if kind == "robots":
        RobotsRules.read(body, "EhoBot").allows(_URL)
        return "robots"
    if kind == "feed":
        try:
            return "feed" if read_feed(body, url=_URL).entries else "sitemaps"
        except FeedError:
            return "bad_feed"
    read_listing(decode(body).text, url=_URL)
    found: Any = extract(body, url=_URL, source="proba", fetched_at=_AT)
    outcome = getattr(found, "outcome", None)
    if outcome is not None and outcome.value == "extraction_error":
        raise RuntimeError(found.reason)  # it has an outcome, but it is a fault of ours all the same
    return "document" if outcome is None else str(outcome.value)


def fuzz(cases: int, *, first: int = 0, processes: int = 1) -> Report:
    """Run cases `first` to `first + cases - 1`, shared out over processes of their own."""
    report, context = Report(), multiprocessing.get_context("spawn")
    share = -(-cases // processes)
    waiting = [(start, min(start + share, first + cases)) for start in range(first, first + cases, share)]
    running: list[_Worker] = [_Worker(context, *span) for span in waiting]
    while running:
        for worker in list(running):
            worker.read(report)
            if worker.is_done:
                running.remove(worker)
            elif (hung := worker.hung()) is not None:
                report.hangs.append(hung)
                worker.end()
                running.remove(worker)
                if hung + 1 < worker.stop:
                    running.append(_Worker(context, hung + 1, worker.stop))
        time.sleep(0.05)
    return report


class _Worker:
    def __init__(self, context: Any, start: int, stop: int) -> None:
        self.start, self.stop, self.is_done = start, stop, False
        self._at, self._since = start, time.monotonic() + 60.0  # importing takes its time
        self._pipe, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_work, args=(theirs, start, stop), daemon=True)
        self._process.start()
        theirs.close()

    def read(self, report: Report) -> None:
        """Take over what the process has sent."""
        try:
            while self._pipe.poll():
                number, outcome, took_s, error = self._pipe.recv()
                self._at, self._since = number + 1, time.monotonic()
                report.cases += 1
                if error is not None:
                    report.crashes[number] = error
                else:
                    report.outcomes[outcome] += 1
                if took_s > report.slowest_s:
                    report.slowest_s, report.slowest = took_s, number
        except EOFError:
            if self._at < self.stop:
                report.crashes[self._at] = "the process died"
            self.end()
            self.is_done = True

    def hung(self) -> int | None:
        return self._at if time.monotonic() - self._since > 2 * LIMIT_S else None

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _work(pipe: Any, start: int, stop: int) -> None:
    import warnings

    warnings.simplefilter("ignore")
    for number in range(start, stop):
        began = time.process_time()
        try:
            outcome, error = run_case(number), None
        except Exception:  # noqa: BLE001 - any of them is a finding
            outcome, error = "", traceback.format_exc(limit=-3)
        pipe.send((number, outcome, time.process_time() - began, error))
    pipe.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report as JSON; status 1 where a case crashed, hung or took more than LIMIT_S of processor time."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--from", type=int, default=0, dest="first", metavar="N", help="number of the first case")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args(arguments)
    report = fuzz(chosen.cases, first=chosen.first, processes=chosen.processes)
    rows = {name: getattr(report, name) for name in ("cases", "outcomes", "crashes", "hangs", "slowest_s", "slowest")}
    sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    return int(bool(report.crashes or report.hangs or report.slowest_s > LIMIT_S))


if __name__ == "__main__":
    sys.exit(main())
