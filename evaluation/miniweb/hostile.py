"""The traps: pages and feeds that break in every way a crawler meets, each with the Outcome that it must end in."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources

import yaml
from markupsafe import escape

from eho.outcome import Outcome
from eho.source import Source
from evaluation.miniweb.response import XML, Response

HOST = "zamka.test"
ROOT = f"http://{HOST}"
STALL_S = 60.0  # twice the default of crawl.timeout_s
HUGE_BYTES = 50_000_000
CHAIN_LENGTH = 12  # twice the default of crawl.max_redirects
_FIRST_DATE = datetime.fromisoformat("2026-11-02T08:00:00+01:00")
_DATELESS = ("future-date", "no-date", "date-1970")


@dataclass(frozen=True, slots=True)
class Truth:
    """What a faulty page says once it is read rightly; `published_at` is None where no date of it can be believed."""

    title: str
    paragraphs: tuple[str, ...]
    lang: str
    published_at: datetime | None

    @property
    def text(self) -> str:
        """Return the body, one paragraph a line."""
        return "\n".join(self.paragraphs)


HOSTILE: dict[str, Outcome] = {
    "article": Outcome.STORED,  # the one page without a fault; redirect-to-article ends here
    "empty-body": Outcome.EMPTY,
    "no-text": Outcome.NO_TEXT,
    "login-page": Outcome.NO_TEXT,
    "binary-as-html": Outcome.NOT_HTML,
    "pdf": Outcome.NOT_HTML,
    "feed-as-page": Outcome.NOT_HTML,
    "huge": Outcome.TOO_LARGE,  # without a Content-Length
    "huge-declared": Outcome.TOO_LARGE,
    "gzip-bomb": Outcome.TOO_LARGE,
    "truncated": Outcome.TRUNCATED,
    "hang-up": Outcome.NETWORK_ERROR,
    "slow": Outcome.TIMEOUT,
    "redirect-endless": Outcome.REDIRECT_LOOP,
    "redirect-to-itself": Outcome.REDIRECT_LOOP,
    "redirect-chain": Outcome.REDIRECT_LOOP,
    "redirect-to-article": Outcome.REDIRECTED,
    "forbidden-403": Outcome.HTTP_ERROR,
    "not-found-404": Outcome.HTTP_ERROR,
    "gone-410": Outcome.HTTP_ERROR,
    "server-error-500": Outcome.HTTP_ERROR,
    "unavailable-503": Outcome.HTTP_ERROR,
    "declared-latin1": Outcome.STORED,
    "undeclared-windows-1250": Outcome.STORED,
    "utf-16-bom": Outcome.STORED,
    "future-date": Outcome.STORED,
    "no-date": Outcome.STORED,
    "date-1970": Outcome.STORED,
    "deeply-nested": Outcome.STORED,
}
"""Name of a page (its path on zamka.test) and the outcome that a crawl of it must record."""

HOSTILE_FEEDS: dict[str, Outcome] = {
    "feed-is-html": Outcome.BAD_FEED,
    "feed-invalid": Outcome.BAD_FEED,
    "feed-empty": Outcome.BAD_FEED,
    "feed-bomb": Outcome.BAD_FEED,
    "feed-404": Outcome.HTTP_ERROR,
    "unreachable": Outcome.HTTP_ERROR,  # nothing listens there: the proxy answers 502
}
"""Source id and the outcome that its feed's address must end in."""

_TEXTS = {
    "article": "normal",
    "declared-latin1": "latin1",
    "undeclared-windows-1250": "windows-1250",
    "utf-16-bom": "utf-16",
    "future-date": "future",
    "no-date": "undated",
    "date-1970": "epoch",
    "deeply-nested": "nested",
}


def hostile_url(name: str) -> str:
    """Return the address of a page of HOSTILE."""
    return f"{ROOT}/{name}"


@cache
def load_truths() -> dict[str, Truth]:
    """Read what the pages that end as documents say, by name."""
    file = resources.files("evaluation.miniweb") / "content" / "zamka.yaml"
    texts = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {
        name: Truth(
            title=texts[key]["title"],
            paragraphs=tuple(texts[key]["paragraphs"]),
            lang=texts[key]["lang"],
            published_at=None if name in _DATELESS else _date_of(name),
        )
        for name, key in _TEXTS.items()
    }


def _date_of(name: str) -> datetime:
    return _FIRST_DATE + timedelta(hours=5 * list(HOSTILE).index(name))


class HostileSite:
    """The host zamka.test; its feed lists every page of HOSTILE."""

    def __init__(self, *, delay_scale: float = 1.0) -> None:
        self._pages = {**_texts(), **_bodies(), **_answers(delay_scale), **_redirects()}
        self._pages["feed.xml"] = Response(_feed_of_all().encode(), content_type=XML)
        self._pages["robots.txt"] = Response(b"User-agent: *\nDisallow:\n", content_type="text/plain")
        self._pages[""] = Response(_page("Zamka", ("Faulty pages for tests.",)).encode())

    def respond(self, target: str) -> Response | None:
        """Answer with the page of that name; endless redirects are made up as they are followed."""
        path, _, step = target.removeprefix("/").partition("?step=")
        if path == "redirect-endless":
            return _redirect(f"{ROOT}/redirect-endless?step={int(step or 0) + 1}" if (step or "0").isdigit() else ROOT)
        return self._pages.get(path)


class StaticSite:
    """A host with fixed answers, by path."""

    def __init__(self, pages: Mapping[str, Response]) -> None:
        self._pages = pages

    def respond(self, target: str) -> Response | None:
        """Answer with the page of that path."""
        return self._pages.get(target)


def hostile_sites(*, delay_scale: float = 1.0) -> dict[str, HostileSite | StaticSite]:
    """Build the hosts that are broken, without `unreachable`, which must not exist."""
    feeds = {
        "feed-is-html": Response(_page("Faqja nuk u gjet", ("Kjo adresë nuk ekziston më.",)).encode()),
        "feed-invalid": Response(b'<?xml version="1.0"?><rss><chan\x00nel><it<em>\xff\xfe<<<', content_type=XML),
        "feed-empty": Response(_feed("feed-empty", "").encode(), content_type=XML),
        "feed-bomb": Response(_bomb().encode(), content_type=XML),
    }
    sites: dict[str, HostileSite | StaticSite] = {HOST: HostileSite(delay_scale=delay_scale)}
    for name in HOSTILE_FEEDS:
        if name != "unreachable":
            sites[f"{name}.test"] = StaticSite({"/feed.xml": feeds[name]} if name in feeds else {})
    return sites


def hostile_sources() -> list[Source]:
    """Return the sources of the broken hosts."""
    return [
        Source(
            id=name,
            name=f"{name} (faults on purpose)",
            home=f"http://{name}.test/",
            languages=["sr-Latn", "sq"],
            feeds=[f"http://{name}.test/feed.xml"],
            invented=True,
            notes="Broken on purpose: shows what becomes of pages and feeds that cannot be read.",
        )
        for name in ("zamka", *HOSTILE_FEEDS)
    ]


def _texts() -> dict[str, Response]:
    truths = load_truths()

    def page(name: str, **options: str) -> str:
        truth = truths[name]
        if truth.published_at is not None:
            options.setdefault("published", truth.published_at.isoformat())
        return _page(truth.title, truth.paragraphs, lang=truth.lang, **options)

    nested = "<div>" * 5_000 + "<span>.</span>" + "</div>" * 5_000
    return {
        "article": Response(page("article").encode()),
        "declared-latin1": Response(
            page("declared-latin1", charset="iso-8859-1").encode(), content_type="text/html; charset=iso-8859-1"
        ),
        "undeclared-windows-1250": Response(
            page("undeclared-windows-1250", charset="").encode("windows-1250"), content_type="text/html"
        ),
        "utf-16-bom": Response(
            codecs.BOM_UTF16_LE + page("utf-16-bom", charset="").encode("utf-16-le"), content_type="text/html"
        ),
        "future-date": Response(page("future-date", published="2099-01-01T09:00:00+01:00").encode()),
        "no-date": Response(page("no-date").encode()),
        "date-1970": Response(page("date-1970", published="1970-01-01T00:00:00+00:00").encode()),
        "deeply-nested": Response(page("deeply-nested", after=nested).encode()),
    }


def _bodies() -> dict[str, Response]:
    whole = _page(load_truths()["article"].title, load_truths()["article"].paragraphs).encode()
    login = (
        '<form method="post" action="/login"><label>E-pošta <input name="user"></label>'
        '<label>Lozinka <input type="password" name="password"></label><button>Prijava</button></form>'
    )
    return {
        "empty-body": Response(b""),
        "no-text": Response(_page("", (), after='<img src="/1.jpg" alt=""><video src="/2.mp4"></video>').encode()),
        "login-page": Response(_page("Prijava", (), after=login).encode()),
        "binary-as-html": Response(bytes(range(256)) * 256),
        "pdf": Response(
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n", content_type="application/pdf"
        ),
        "feed-as-page": Response(_feed("zamka", _item("article", None)).encode()),
        "huge": Response(chunks=_huge),
        "huge-declared": Response(chunks=_huge, claimed_length=HUGE_BYTES),
        "gzip-bomb": Response(_gzip_bomb(), headers=(("Content-Encoding", "gzip"),)),
        "truncated": Response(whole, claimed_length=len(whole) + 4_000),
    }


def _answers(delay_scale: float) -> dict[str, Response]:
    whole = _page(load_truths()["article"].title, load_truths()["article"].paragraphs).encode()
    statuses = {"forbidden-403": 403, "not-found-404": 404, "gone-410": 410, "server-error-500": 500, "unavailable-503": 503}
    pages = {name: Response(_page(str(status), ()).encode(), status=status) for name, status in statuses.items()}
    wait = ("Retry-After", str(round(2 * delay_scale)))
    pages["unavailable-503"] = Response(pages["unavailable-503"].body, status=503, headers=(wait,))
    pages["hang-up"] = Response(hang_up=True)
    pages["slow"] = Response(whole, stall_s=STALL_S * delay_scale)
    return pages


def _redirects() -> dict[str, Response]:
    chain = {
        f"redirect-chain{place or ''}": _redirect(
            hostile_url("article" if place == CHAIN_LENGTH else f"redirect-chain{place + 1}"), status=301
        )
        for place in range(CHAIN_LENGTH + 1)
    }
    return {
        **chain,
        "redirect-to-itself": _redirect(hostile_url("redirect-to-itself")),
        "redirect-to-article": _redirect(hostile_url("article"), status=301),
        "redirect-outside": _redirect("http://example.com/outside"),  # in no feed: for tests of the live guard
    }


def _redirect(location: str, *, status: int = 302) -> Response:
    return Response(status=status, headers=(("Location", location),))


def _huge() -> Iterator[bytes]:
    block = b"<p>" + b"ime prezime adresa broj " * 2_700 + b"</p>\n"
    for _ in range(HUGE_BYTES // len(block)):
        yield block
    yield b" " * (HUGE_BYTES % len(block))


@cache
def _gzip_bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)  # 31: with a gzip header
    block = b"<p>bum</p>" * 100_000
    parts = [packer.compress(block) for _ in range(HUGE_BYTES // len(block))]
    return b"".join(parts) + packer.flush()


def _page(
    title: str, paragraphs: tuple[str, ...], *, lang: str = "sr", published: str = "", charset: str = "utf-8", after: str = ""
) -> str:
    meta = f'<meta charset="{charset}">' if charset else ""
    date = f'<meta property="article:published_time" content="{published}">' if published else ""
    body = "".join(f"<p>{escape(text)}</p>\n" for text in paragraphs)
    heading = f"<h1>{escape(title)}</h1>" if title else ""
    article = f"<article>{heading}\n{body}</article>" if body else heading
    return (
        f'<!doctype html>\n<html lang="{lang}"><head>{meta}<title>{escape(title)}</title>{date}</head>\n'
        f"<body>{article}{after}\n</body></html>\n"
    )


def _feed(host: str, items: str) -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>{host}</title>'
        f"<link>http://{host}.test/</link><description>{host}</description>\n{items}</channel></rss>\n"
    )


def _item(name: str, published_at: datetime | None) -> str:
    date = f"<pubDate>{published_at:%a, %d %b %Y %H:%M:%S %z}</pubDate>" if published_at else ""
    return f"<item><title>{name}</title><link>{hostile_url(name)}</link>{date}</item>\n"


def _feed_of_all() -> str:
    return _feed("zamka", "".join(_item(name, None if name in _DATELESS else _date_of(name)) for name in HOSTILE))


def _bomb() -> str:
    entities = '<!ENTITY a0 "bum">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?>\n<!DOCTYPE rss [{entities}]>\n<rss version="2.0"><channel><title>&a9;</title></channel></rss>\n'
    )


__all__ = ["HOSTILE", "HOSTILE_FEEDS", "Truth", "hostile_sites", "hostile_sources", "hostile_url", "load_truths"]
