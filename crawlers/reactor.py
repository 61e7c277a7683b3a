"""Runs Scrapy on the caller's thread, as often as it is asked: Twisted's reactor starts once, its loop runs per crawl.

`reactor.run()` cannot be called twice in a process, but `eho watch` and `eho serve` crawl many times. The asyncio
reactor only needs to have been started; its event loop can then be run until a coroutine is done.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scrapy.utils.reactor import is_asyncio_reactor_installed, is_reactor_installed

from eho.errors import CrawlError
from eho.settings import CrawlSettings

if TYPE_CHECKING:
    from scrapy import Spider

_BUSY = threading.Lock()
_NOISY = ("scrapy", "twisted", "trafilatura", "htmldate", "py.warnings", "protego")


def run_spider(load: Callable[[], type[Spider]], settings: CrawlSettings, **arguments: Any) -> bool:
    """Run one spider to its end under the crawl's rules: guard, robots.txt, pauses, limits; True where it was interrupted.

    `load` imports the spider's class late: Scrapy's modules settle on a reactor when they are imported, and other
    commands start faster. `arguments` go to the spider. Raises CrawlError where another crawl runs in this process.
    """
    crawlers: list[Any] = []
    stopping: set[asyncio.Task[None]] = set()
    ended = asyncio.Event()

    async def run() -> None:
        from scrapy.crawler import Crawler
        from scrapy.settings import Settings

        from crawlers.scrapy_settings import scrapy_settings

        crawler = Crawler(load(), Settings(scrapy_settings(settings)), init_reactor=False)
        crawlers.append(crawler)
        try:
            await crawler.crawl_async(**arguments)
        finally:
            ended.set()

    async def end(crawler: Any) -> None:
        while not ended.is_set() and not (crawler.engine is not None and crawler.engine.running):
            await asyncio.sleep(0.05)  # Scrapy forgets to stop an engine that is only being started
        if not ended.is_set():
            await crawler.stop_async()

    def stop() -> None:
        for crawler in crawlers:
            stopping.add(asyncio.get_running_loop().create_task(end(crawler)))

    with _quiet_libraries():
        return run_until_complete(run, on_interrupt=stop, settings=settings)


def run_until_complete(
    coroutine: Callable[[], Coroutine[Any, Any, None]], *, on_interrupt: Callable[[], None], settings: CrawlSettings
) -> bool:
    """Run a coroutine function to its end; True where SIGINT or SIGTERM came in between and `on_interrupt` was called.

    Names are resolved under the guard meanwhile.

    A second signal takes its usual way. Raises CrawlError where another crawl runs in this process.
    """
    if not _BUSY.acquire(blocking=False):
        raise CrawlError("Another crawl runs in this process; let it finish first.")
    try:
        loop = _started_loop()
        with _guarded_names(settings), _interrupts(loop, on_interrupt) as seen:
            loop.run_until_complete(coroutine())
        return bool(seen)
    finally:
        _stop_threads()
        _BUSY.release()


def _started_loop() -> asyncio.AbstractEventLoop:
    if not is_reactor_installed():
        from twisted.internet import asyncioreactor

        loop = asyncio.SelectorEventLoop()  # Twisted needs it on Windows, where the default loop is another
        asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
        atexit.register(loop.close)
    elif not is_asyncio_reactor_installed():
        raise CrawlError("A Twisted reactor without asyncio is installed in this process; crawl in a process of its own.")
    from twisted.internet import reactor

    started: Any = reactor
    if not started.running:
        started.startRunning(installSignalHandlers=False)
    running: asyncio.AbstractEventLoop = started._asyncioEventloop
    if running.is_running():
        raise CrawlError("A crawl cannot run inside a running event loop; call it from a thread of its own.")
    return running


def _stop_threads() -> None:
    """Stop Twisted's resolver threads, which would keep the process alive; the next crawl starts its own."""
    from twisted.internet import reactor

    started: Any = reactor
    if getattr(started, "threadpool", None) is not None:
        started._stopThreadPool()


@contextmanager
def _guarded_names(settings: CrawlSettings) -> Iterator[None]:
    from twisted.internet import reactor

    from crawlers.guard import LiveGuard
    from crawlers.resolver import GuardedResolver

    installed: Any = reactor
    before = installed.nameResolver
    installed.installNameResolver(GuardedResolver(before, LiveGuard.from_settings(settings).admits))
    try:
        yield
    finally:
        installed.installNameResolver(before)


@contextmanager
def _interrupts(loop: asyncio.AbstractEventLoop, on_interrupt: Callable[[], None]) -> Iterator[list[int]]:
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.getsignal(number) for number in numbers}

    def stop(number: int, _frame: Any) -> None:
        seen.append(number)
        for one in numbers:
            signal.signal(one, before[one])
        loop.call_soon_threadsafe(on_interrupt)

    for number in numbers:
        signal.signal(number, stop)
    try:
        yield seen
    finally:
        for number in numbers:
            signal.signal(number, before[number])


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Silence the libraries' logs: what they report of a page stands in its Outcome, with a reason for people."""
    loggers = [logging.getLogger(name) for name in _NOISY]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
