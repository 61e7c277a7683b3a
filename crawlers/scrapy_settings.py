"""Scrapy's settings for a crawl, all of them here, made from the `crawl` section of Eho's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eho.settings import CrawlSettings

# Failures of the moment; anything else would fail again. 429 and 503 with Retry-After are not asked again in this run.
RETRY_CODES = [408, 429, 500, 502, 503, 504, 522, 524]
MAX_DELAY_S = 60.0


_DOWNLOADER_MIDDLEWARES: dict[str, int | None] = {
    "crawlers.middlewares.LiveGuardMiddleware": 90,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawlers.patience.RestMiddleware": 95,
    "crawlers.robots.RobotsMiddleware": 100,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawlers.patience.PatientRetryMiddleware": 550,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "crawlers.middlewares.SiteRedirectMiddleware": 600,
    "crawlers.middlewares.CaptureMiddleware": 870,  # nearest to the wire: the body is still compressed
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": 900,  # below the capture; off unless crawl.http_cache is set
}
_EXTENSIONS: dict[str, int | None] = {
    "scrapy.extensions.telnet.TelnetConsole": None,
    "scrapy.extensions.memusage.MemoryUsage": None,
    "scrapy.extensions.logstats.LogStats": None,
    "scrapy.extensions.feedexport.FeedExporter": None,
    "scrapy.extensions.throttle.AutoThrottle": None,
    "crawlers.patience.HostThrottle": 0,
}
_SPIDER_MIDDLEWARES: dict[str, int | None] = {
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
}
# No other scheme has a handler: what is asked for is http or https, whatever a page or a redirect says.
_HANDLERS: dict[str, str | None] = {
    "http": "crawlers.wire.PoliteHttpHandler",
    "https": "crawlers.wire.PoliteHttpHandler",
    **dict.fromkeys(("file", "ftp", "s3", "data")),
}


def scrapy_settings(settings: CrawlSettings) -> dict[str, Any]:
    """Map the crawl settings to Scrapy's: politeness, limits, and everything off that a crawl does not use."""
    return {
        "BOT_NAME": "eho",
        "USER_AGENT": settings.user_agent,
        "ROBOTSTXT_OBEY": False,  # crawlers.robots does it
        "EHO_ROBOTS_MAX_AGE_S": settings.robots_max_age_s,
        # politeness
        "CONCURRENT_REQUESTS": settings.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": settings.concurrency_per_host,
        "DOWNLOAD_DELAY": settings.delay_s,
        "DOWNLOAD_DELAY_JITTER": 0,  # it would shorten the pause that the setting calls the least
        "AUTOTHROTTLE_ENABLED": settings.autothrottle,
        "AUTOTHROTTLE_START_DELAY": settings.delay_s,
        "AUTOTHROTTLE_MAX_DELAY": max(MAX_DELAY_S, settings.delay_s),
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(settings.concurrency_per_host),
        # limits
        "DOWNLOAD_TIMEOUT": settings.timeout_s,
        "EHO_CONNECT_TIMEOUT_S": settings.connect_timeout_s,
        "EHO_LEAST_BYTES_PER_S": settings.least_bytes_per_s,
        "URLLENGTH_LIMIT": 0,  # the guard says so with an outcome; Scrapy would drop the request in silence
        "DOWNLOAD_MAXSIZE": int(settings.max_page_mb * 1024 * 1024),
        "DOWNLOAD_WARNSIZE": 0,
        "REDIRECT_MAX_TIMES": settings.max_redirects,
        "RETRY_TIMES": settings.retries,
        "RETRY_HTTP_CODES": RETRY_CODES,
        "HTTPERROR_ALLOW_ALL": True,  # the spider records every status itself
        # what a page says in its own language, in the order in which the region's sites choose
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": "sq,sr;q=0.9,*;q=0.5",
        },
        "DOWNLOAD_HANDLERS": _HANDLERS,
        **_cache(settings),
        "SCHEDULER_PRIORITY_QUEUE": "crawlers.queues.RankedQueue",
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        "DOWNLOADER_MIDDLEWARES": _DOWNLOADER_MIDDLEWARES,
        "EXTENSIONS": _EXTENSIONS,
        "SPIDER_MIDDLEWARES": _SPIDER_MIDDLEWARES,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "COOKIES_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "REFERER_ENABLED": False,
        "LOG_ENABLED": False,
        "STATS_DUMP": False,
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
    }


def _cache(settings: CrawlSettings) -> dict[str, Any]:
    if settings.http_cache is None:
        return {"HTTPCACHE_ENABLED": False}
    return {
        "HTTPCACHE_ENABLED": True,
        "HTTPCACHE_DIR": str(Path(settings.http_cache).expanduser().absolute()),
        "HTTPCACHE_STORAGE": "crawlers.http_cache.FolderStorage",
        "HTTPCACHE_IGNORE_HTTP_CODES": [304, *RETRY_CODES],
    }
