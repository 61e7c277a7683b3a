"""A crawl at size: `python -m evaluation.benchmarks.crawl_scale [--outlets 60] [--pages 500] [--kills 20]`.

Invented outlets, multiplied from the bundled ones and served by a process of its own with a log, are crawled by a bare
Scrapy spider with trafilatura (the peer of crawl_speed), by Eho, by Eho again (what is asked a second time), and by Eho killed
at random moments and started again. Printed as JSON: pages and processor time, memory over the run, the second run's
requests, and whether the killed runs ended in the same documents with none stored twice.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from crawlers.run import crawl
from eho.document import Document
from eho.outcome import Outcome, OutcomeRecord
from eho.settings import CrawlSettings
from eho.source import load_sources
from evaluation.benchmarks.crawl_speed import CONCURRENCY, run_bare
from evaluation.miniweb.content import Article, Outlet, load_originals, load_outlets
from evaluation.miniweb.outlet_site import OutletSite
from evaluation.miniweb.response import Response
from evaluation.miniweb.server import Server
from evaluation.miniweb.web import write_sources


class ForgetfulSite(OutletSite):
    """A site that renders every page anew: tens of thousands of them would not fit into memory."""

    def respond(self, target: str) -> Response | None:
        """Answer, and keep nothing but the feeds."""
        made = super().respond(target)
        if len(self._made) > 100:
            self._made.clear()
        return made


def outlets_of(count: int, pages: int) -> list[tuple[Outlet, list[Article]]]:
    """Multiply the bundled outlets and articles: the same numbers give the same pages."""
    templates = [outlet for outlet in load_outlets().values() if not outlet.mirrored]
    articles = load_originals()
    made = []
    for number in range(count):
        template = templates[number % len(templates)]
        changes: dict[str, Any] = {
            "id": f"{template.id}-{number:02d}",
            "sitemap": "index",
            "crawl_delay_s": None,
            "paywalled": frozenset(),
        }
        outlet = template.model_copy(update=changes | {"robots": "plain", "disallowed": None, "miscoded": frozenset()})
        own = [article for article in articles if article.outlet == template.id] or list(articles)
        made.append((outlet, [_variant(own[place % len(own)], outlet, number, place) for place in range(pages)]))
    return made


def _variant(article: Article, outlet: Outlet, number: int, place: int) -> Article:
    chance = random.Random(f"{number}-{place}")  # noqa: S311 - repeatable on purpose
    paragraphs = [*article.paragraphs, f"{article.paragraphs[0]} ({number}/{place})"]
    chance.shuffle(paragraphs)
    changes: dict[str, Any] = {
        "id": f"{article.id}{place:05d}",
        "outlet": outlet.id,
        "slug": f"{article.slug}-{place}",
        "title": f"{article.title} {place}",
        "paragraphs": tuple(paragraphs),
        "published_at": article.published_at - timedelta(hours=place),
    }
    return article.model_copy(update=changes)


def serve(count: int, pages: int, folder: Path) -> None:
    """Serve until a line comes on standard input; then write the log as JSON lines and end."""
    made = outlets_of(count, pages)
    write_sources([outlet.to_source().model_copy(update={"feeds": []}) for outlet, _ in made], folder / "sources")
    server = Server({outlet.host: ForgetfulSite(outlet, articles) for outlet, articles in made}, Response)
    server.start()
    sys.stdout.write(f"http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        with Path(line.strip()).open("w", encoding="utf-8") as file:
            for asked in list(server.log):
                file.write(json.dumps([asked.host, asked.path, int(asked.status), asked.at.timestamp()]) + "\n")
        server.log.clear()
        sys.stdout.write("written\n")
        sys.stdout.flush()
    server.stop()


class FileSink:
    """Appends a line a document, flushed; knows the addresses of the lines that are there, as a store does."""

    def __init__(self, path: Path) -> None:
        self._known: set[str] = set()
        if path.exists():
            whole = path.read_bytes().rpartition(b"\n")[0]
            path.write_bytes(whole + b"\n" if whole else b"")  # a killed run may have left half a line
            for line in whole.splitlines():
                self._known |= set(json.loads(line)["urls"])
        self._file = path.open("a", encoding="utf-8")

    def put(self, document: Document) -> Outcome:
        """Append one document."""
        urls = [url for url in (document.url, document.canonical_url, document.provenance.requested_url) if url]
        self._file.write(json.dumps({"id": document.id, "urls": urls, "text": document.text}) + "\n")
        self._file.flush()
        self._known.update(urls)
        return Outcome.STORED

    def record(self, record: OutcomeRecord) -> None:
        """Count nothing."""

    def is_known(self, url: str) -> bool:
        """Tell whether a line has this address."""
        return url in self._known


def run_eho(sources: Path, proxy: str, home: Path) -> dict[str, Any]:
    """Crawl into a folder; memory is sampled every half second."""
    samples: list[float] = []
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(0.5):
            samples.append(int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6)

    threading.Thread(target=sample, daemon=True).start()
    settings = CrawlSettings(
        proxy=proxy, delay_s=0, autothrottle=False, concurrency=CONCURRENCY, concurrency_per_host=CONCURRENCY, requests_per_day=0
    )
    before = resource.getrusage(resource.RUSAGE_SELF)
    summary = crawl(
        list(load_sources([sources]).values()),
        FileSink(home / "documents.jsonl"),
        settings,
        captures=home / "captures",
        ledger=home / "crawl.sqlite",
    )
    after = resource.getrusage(resource.RUSAGE_SELF)
    ended.set()
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    fifth = max(1, len(samples) // 5)
    return {
        "pages": summary.pages,
        "outcomes": {outcome.value: count for outcome, count in summary.counts.items()},
        "known": summary.known,
        "pages_per_s": round(summary.pages_per_s, 2),
        "cpu_ms_per_page": round(1000 * cpu_s / max(1, summary.pages), 2),
        "memory_mb_by_fifth": [round(max(samples[start : start + fifth])) for start in range(0, len(samples), fifth)][:5],
    }


def _child(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "evaluation.benchmarks.crawl_scale", *arguments]


def _rows(home: Path) -> list[tuple[str, str]]:
    lines = (home / "documents.jsonl").read_text(encoding="utf-8").splitlines() if (home / "documents.jsonl").exists() else []
    return [(row["id"], row["text"]) for line in lines if line.endswith("}") and (row := json.loads(line))]


def killed(sources: Path, proxy: str, home: Path, kills: int, whole_s: float) -> dict[str, Any]:
    """Kill a run at random moments, then let it end; return what it came to."""
    command = _child("--only", "eho", "--proxy", proxy, "--folder", str(sources), "--home", str(home))
    chance, done = random.Random(7), 0  # noqa: S311 - repeatable on purpose
    for _ in range(kills):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            process.wait(timeout=chance.uniform(1.0, max(2.0, 2 * whole_s / kills)))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            done += 1
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    rows = _rows(home)
    return {"kills": done, "documents": len(rows), "stored_twice": len(rows) - len({id for id, _ in rows}), "set": sorted(rows)}


def _measure(arguments: Sequence[str]) -> dict[str, Any]:
    started = time.perf_counter()
    done = subprocess.run(_child(*arguments), stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return {**json.loads(done.stdout), "elapsed_s": round(time.perf_counter() - started, 1)}


def _gaps(log: Path) -> dict[str, Any]:
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    first = {host: path for host, path, _, _ in reversed(rows)}
    statuses = [status for _, _, status, _ in rows]
    return {
        "requests": len(rows),
        "not_modified": statuses.count(304),
        "hosts_asked_for_robots_txt_first": sum(path == "/robots.txt" for path in first.values()),
        "hosts": len(first),
    }


def compare(outlets: int, pages: int, kills: int) -> dict[str, Any]:
    """Run everything against one server."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = _child("--only", "serve", "--outlets", str(outlets), "--pages", str(pages), "--folder", str(folder))
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        if server.stdin is None or server.stdout is None:
            raise RuntimeError("the server has no pipes")
        proxy, sources = server.stdout.readline().strip(), folder / "sources"

        def log(label: str) -> dict[str, Any]:
            server.stdin.write(f"{folder / label}.jsonl\n")  # type: ignore[union-attr]
            server.stdin.flush()  # type: ignore[union-attr]
            server.stdout.readline()  # type: ignore[union-attr]
            return _gaps(folder / f"{label}.jsonl")

        homes = [folder / "whole", folder / "killed"]
        for home in homes:
            home.mkdir()
        common = ["--proxy", proxy, "--folder", str(sources)]
        try:
            result: dict[str, Any] = {"outlets": outlets, "pages": outlets * pages, "bare": _measure(["--only", "bare", *common])}
            log("bare")
            result["eho"] = _measure(["--only", "eho", *common, "--home", str(homes[0])])
            result["first_log"] = log("first")
            result["again"] = _measure(["--only", "eho", *common, "--home", str(homes[0])])
            result["second_log"] = log("second")
            if kills:
                after = killed(sources, proxy, homes[1], kills, result["eho"]["elapsed_s"])
                result["killed"] = {**after, "set": None, "same_documents": after["set"] == sorted(_rows(homes[0]))}
            result["ratio"] = round(result["eho"]["pages_per_s"] / result["bare"]["pages_per_s"], 3)
        finally:
            server.stdin.close()
            server.wait()
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--outlets", type=int, default=60)
    parser.add_argument("--pages", type=int, default=500, help="documents of each outlet")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--only", choices=("serve", "bare", "eho"), help=argparse.SUPPRESS)
    for hidden in ("--folder", "--home"):
        parser.add_argument(hidden, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--proxy", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.only == "serve":
        serve(chosen.outlets, chosen.pages, chosen.folder)
        return 0
    if chosen.only == "eho":
        measured: dict[str, Any] = run_eho(chosen.folder, chosen.proxy, chosen.home)
    elif chosen.only == "bare":
        before = resource.getrusage(resource.RUSAGE_SELF)
        measured = dict(run_bare(chosen.folder, chosen.proxy))
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        measured["cpu_ms_per_page"] = round(1000 * cpu_s / max(1, measured["pages"]), 2)
    else:
        measured = compare(chosen.outlets, chosen.pages, chosen.kills)
    sys.stdout.write(json.dumps(measured) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
