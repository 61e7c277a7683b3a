"""Crawl speed against a bare Scrapy spider: `python -m evaluation.benchmarks.crawl_speed --eho-data PATH`.

Both fetch the same real articles from the same local server in a process of its own, one after the other, with the same
concurrency and no delay. The peer is a Scrapy spider that calls `trafilatura.extract` on every page: no robots.txt, no
WARC, no dates, no store. Eho's crawl does all of that; documents go to a JSON-lines file, flushed one by one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import trafilatura
from scrapy import Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Request, Response
from scrapy.settings import Settings

from crawlers.feeds import read_feed
from crawlers.run import crawl
from eho.document import Document
from eho.outcome import Outcome, OutcomeRecord
from eho.settings import CrawlSettings
from eho.source import load_sources

CONCURRENCY = 16
_FILES = ("text/news_sq.jsonl.gz", "text/news_sr.jsonl.gz")


class LineSink:
    """Writes documents to a JSON-lines file, each flushed before `put` returns."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._ids: set[str] = set()

    def put(self, document: Document) -> Outcome:
        """Append one document."""
        outcome = Outcome.UNCHANGED if document.id in self._ids else Outcome.STORED
        self._ids.add(document.id)
        self._file.write(document.model_dump_json() + "\n")
        self._file.flush()
        return outcome

    def record(self, record: OutcomeRecord) -> None:
        """Count nothing; the summary does."""

    def is_known(self, url: str) -> bool:
        """Start from nothing."""
        return False


class BareSpider(Spider):
    """The peer: sitemaps to pages to trafilatura's text."""

    name = "bare"

    def __init__(self, urls: Sequence[str], proxy: str, tally: dict[str, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.urls, self.proxy, self.tally = urls, proxy, tally

    async def start(self) -> AsyncIterator[Request]:
        """Ask for the sitemaps."""
        for url in self.urls:
            yield Request(url, callback=self.parse_sitemap, meta={"proxy": self.proxy})

    def parse_sitemap(self, response: Response) -> Iterator[Request]:
        """Ask for whatever a sitemap lists."""
        content = read_feed(response.body, url=response.url)
        for entry in content.sitemaps:
            yield Request(entry.url, callback=self.parse_sitemap, meta={"proxy": self.proxy})
        for entry in content.entries:
            yield Request(entry.url, callback=self.parse_page, meta={"proxy": self.proxy})

    def parse_page(self, response: Any) -> None:
        """Extract the text and forget it."""
        self.tally["pages"] += 1
        self.tally["texts"] += bool(trafilatura.extract(response.text))


def run_bare(sources: Path, proxy: str) -> dict[str, float]:
    """Crawl with the peer; returns pages and pages per second."""
    urls = [
        url
        for source in load_sources([sources]).values()
        for url in (*source.sitemaps, *([] if source.sitemaps else source.feeds))
    ]
    tally = {"pages": 0, "texts": 0}
    settings = Settings(
        {
            "CONCURRENT_REQUESTS": CONCURRENCY,
            "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY,
            "ROBOTSTXT_OBEY": False,
            "COOKIES_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "REMOTE_CONTROL_ENABLED": False,
            "LOG_LEVEL": "ERROR",
        }
    )
    process = AsyncCrawlerProcess(settings)
    process.crawl(BareSpider, urls=urls, proxy=proxy, tally=tally)
    started = time.perf_counter()
    process.start()
    elapsed = time.perf_counter() - started
    return {"pages": tally["pages"], "texts": tally["texts"], "pages_per_s": tally["pages"] / elapsed}


def run_eho(sources: Path, proxy: str) -> dict[str, float]:
    """Crawl with Eho; returns pages and pages per second."""
    settings = CrawlSettings(
        proxy=proxy, delay_s=0, autothrottle=False, concurrency=CONCURRENCY, concurrency_per_host=CONCURRENCY
    )
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "documents.jsonl").open("w", encoding="utf-8") as file:
        summary = crawl(list(load_sources([sources]).values()), LineSink(file), settings, captures=Path(folder) / "captures")
    texts = summary.counts.get(Outcome.STORED, 0)
    return {"pages": summary.pages, "texts": texts, "pages_per_s": summary.pages_per_s}


@contextlib.contextmanager
def served(corpora: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Run the mini web over the corpora in a process of its own; yields proxy address and folder of sources."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "evaluation.miniweb", "--port", "0", "--no-hostile", "--sources", folder]
        command += [part for corpus in corpora for part in ("--corpus", str(corpus))]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
        try:
            line = server.stdout.readline() if server.stdout else ""
            yield line.removeprefix("proxy ").strip(), Path(folder)
        finally:
            server.terminate()
            server.communicate()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both speeds and their ratio as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--eho-data", type=Path, help="folder of the public data sets")
    parser.add_argument("--only", choices=("bare", "eho"), help=argparse.SUPPRESS)
    parser.add_argument("--proxy", help=argparse.SUPPRESS)
    parser.add_argument("--sources", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.only:
        measured = (run_bare if chosen.only == "bare" else run_eho)(chosen.sources, chosen.proxy)
        sys.stdout.write(json.dumps(measured) + "\n")
        return 0
    if chosen.eho_data is None:
        parser.error("give the folder of the public data sets with --eho-data PATH")
    results: dict[str, Any] = {}
    with served([chosen.eho_data / name for name in _FILES]) as (proxy, folder):
        for name in ("bare", "eho"):
            command = [
                sys.executable,
                "-m",
                __spec__.name if __spec__ else "",
                "--only",
                name,
                "--proxy",
                proxy,
                "--sources",
                str(folder),
            ]
            output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603
            results[name] = json.loads(output)
    results["ratio"] = round(results["eho"]["pages_per_s"] / results["bare"]["pages_per_s"], 3)
    sys.stdout.write(json.dumps(results) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
