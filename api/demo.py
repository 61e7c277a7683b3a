"""`eho demo`: the whole job on invented outlets that a server on this machine publishes, then the web page."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from api.home_files import make_home, write_source
from api.output import print_line, progress
from api.server import listen, serve_on
from api.service import Service
from eho.errors import InputError
from eho.home import Home
from eho.settings import Settings, load_settings
from eho.source import load_sources
from evaluation.miniweb import MiniWeb


def demo_home() -> Home:
    """Return the folder named by EHO_HOME, else `demo` beside the real data, so that invented text never mixes with it."""
    home = Home.find()
    return home if os.environ.get("EHO_HOME") else Home(home.path / "demo")


def run_demo(*, corpus: Sequence[Path], is_served: bool, host: str | None = None, port: int | None = None) -> None:
    """Crawl, tag and index the demonstration outlets; serve until Ctrl-C unless told otherwise.

    A second run reuses the folder: what is stored is not fetched again. Raises InputError for a taken port before any work,
    and for a data folder that holds real sources.
    """
    for path in corpus:
        if not path.is_file():
            raise InputError(f"--corpus is {path}, which is no file; give JSON lines with id, lang and text.", field="corpus")
    home = demo_home()
    _require_invented(home)
    base = load_settings(home.config)
    address = host or base.serve.host
    with ExitStack() as open_until_end:
        listening = None
        if is_served:
            listening = open_until_end.enter_context(listen(address, base.serve.port if port is None else port))
        make_home(home)
        with MiniWeb(corpus=corpus, hostile=False) as web:
            for source in web.sources:
                write_source(home.sources, source)
            print_line(f"{len(web.sources)} invented outlets publish on this machine; the data folder is {home.path}.")
            with Service.open(home, settings=_over_proxy(base, web.proxy_url)) as service:
                _do_the_job(service, [source.id for source in web.sources])
        if listening is not None:
            with Service.open(home) as service:
                serve_on(service, listening, host=address)


def _do_the_job(service: Service, sources: Sequence[str]) -> None:
    started = time.monotonic()
    with progress() as show:
        summary = service.run(sources, on_progress=show)
    crawled, tagged, indexed = summary["crawl"], summary["tag"], summary["index"]
    stored = sum(crawled["counts"].get(name, 0) for name in ("stored", "new_version"))
    others = {name: count for name, count in crawled["counts"].items() if name not in ("stored", "new_version")}
    rest = "".join(f", {count} {name}" for name, count in sorted(others.items()))
    print_line(
        f"Crawled {crawled['pages']} pages in {crawled['elapsed_s']:.1f} s: {stored} documents stored, "
        f"{crawled['known']} known before{rest}."
    )
    print_line(f"Tagged {sum(tagged['counts'].values())} documents in {tagged['elapsed_s']:.1f} s.")
    print_line(f"Indexed {indexed['written']} documents in {indexed['elapsed_s']:.1f} s; {indexed['documents']} can be searched.")
    found = service.search("", limit=1)["facets"].get("narrative", [])
    if found:
        most = ", ".join(f"{row['value']} ({row['count']})" for row in found[:3])
        print_line(f"Narratives found most often: {most}. A machine's tags: check before you quote.")
    print_line(f"All of it took {time.monotonic() - started:.1f} s. Invented outlets – demonstration.")


def _over_proxy(settings: Settings, proxy: str) -> Settings:
    """Return settings that crawl this machine's outlets without pauses; nobody else's server is asked."""
    crawl = settings.crawl.model_copy(update={"proxy": proxy, "delay_s": 0.0, "autothrottle": False, "allow_live": False})
    return settings.model_copy(update={"crawl": crawl})


def _require_invented(home: Home) -> None:
    sources = load_sources([home.sources]).values() if home.sources.is_dir() else ()
    if any((source.feeds or source.sitemaps) and not source.invented for source in sources):
        raise InputError(f"{home.path} holds real outlets, and invented ones must not mix with them; set EHO_HOME elsewhere.")
