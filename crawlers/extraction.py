"""From a page's bytes to a Document, or to the Outcome that says why there is none.

The body text is trafilatura's (precision mode, once per page, on a tree that is parsed once); the rest is read from
what the page says of itself, in the order in which the region's portals are to be believed.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import trafilatura
from trafilatura.core import bare_extraction

from crawlers.bylines import clean_authors, find_bylines, is_byline
from crawlers.dates import EARLIEST, RejectedStamp, Stamp, all_dates, choose, find_date, parse_stamp, url_stamp
from crawlers.encoding import Decoded, decode
from crawlers.headline import find_lead, find_title, is_same_line, line_key
from crawlers.markup import HtmlElement, date_lines, drop_boxes, parse_html
from crawlers.pagekind import Refusal, refuse_body, refuse_page, refuse_short, refuse_text
from crawlers.structured import PageFacts, read_facts, time_stamps
from crawlers.urls import canonical_url, host_of, same_site
from eho.document import Capture, Document, Provenance, document_id
from eho.errors import InputError
from eho.folding import fold_text
from eho.outcome import Outcome, OutcomeRecord

RULES = 1  # raise it with every change that alters a document's text or metadata
EXTRACTOR = f"trafilatura {trafilatura.__version__}+eho.{RULES}"
_LEAST_LETTERS = 40  # fewer is a caption, a cookie notice or an error message, not a document
_READ_ALSO = re.compile(
    r"^[\W_]*(?:procitajte|procitaj|citajte|pogledajte|vidi|povezano|(?:povezane|vezane) vesti|lexo|lexoni|shiko|shikoni)\b"
    r"(?:\s+(?:jos|i|edhe|me shume|takodje))?\s*[:|>]",
)
_CREDIT = re.compile(
    r"^(?:foto|fotografija|photo|ilustracija|ilustrim|tagovi|oznake|etiketa|etiketat|kljucne (?:reci|rijeci)|tags)\s*[:/]"
)
_TOP_LINES, _END_LINES = 4, 3
_CREDIT_LENGTH = 120


class _RefusedError(Exception):
    """A page that gives no document; carries the outcome and its reason."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class _Fetch:
    """What is known of a page beside its bytes."""

    url: str
    source: str | None
    fetched_at: datetime
    charset: str | None
    requested_url: str | None
    capture: Capture | None
    lang_hint: str | None
    content_type: str | None
    feed_date: Stamp | None


def extract(
    body: bytes,
    *,
    url: str,
    source: str | None,
    fetched_at: datetime,
    charset: str | None = None,
    requested_url: str | None = None,
    capture: Capture | None = None,
    lang_hint: str | None = None,
    content_type: str | None = None,
    feed_date: Stamp | None = None,
) -> Document | OutcomeRecord:
    """Make a document of one page, or say in an OutcomeRecord why there is none; never raises for what a page holds.

    `url` is the address as reached, `charset` and `content_type` are the HTTP header's, `feed_date` is what the feed said.
    """
    fetch = _Fetch(url, source, fetched_at, charset, requested_url, capture, lang_hint, content_type, feed_date)
    try:
        return _document(body, fetch)
    except _RefusedError as refusal:
        outcome, reason = refusal.outcome, str(refusal)
    except InputError as error:
        outcome, reason = Outcome.BAD_URL, str(error)
    except Exception as error:  # noqa: BLE001 - a page must not end a crawl; the outcome names what happened
        outcome, reason = Outcome.EXTRACTION_ERROR, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return OutcomeRecord(outcome=outcome, url=requested_url or url, source=source, reason=reason, at=fetched_at)


def _document(body: bytes, fetch: _Fetch) -> Document:
    canonical = canonical_url(fetch.url)
    decoded, tree, facts = _read_page(body, fetch)
    outlet_names = [*facts.site_names, *([fetch.source] if fetch.source else []), host_of(fetch.url)]
    title = find_title(tree, facts, outlet_names)
    bylines = facts.authors or find_bylines(tree)
    published, updated, rejected = _dates(tree, facts, fetch)
    lead, text = _lead_and_text(tree, facts, title, [*outlet_names, *bylines])
    canonical = _declared_canonical(facts, fetch.url) or canonical
    return Document(
        id=document_id(canonical_url=canonical),
        url=fetch.url,
        canonical_url=canonical,
        source=fetch.source or host_of(fetch.url),
        lang=fetch.lang_hint,
        title=_nfc(title),
        text=text,
        lead=_nfc(lead),
        authors=clean_authors([_nfc(name) or "" for name in bylines], outlet_names=outlet_names),
        published_at=published.at if published else None,
        published_at_precision=published.precision if published else None,
        published_at_from=published.origin if published else None,
        updated_at=updated.at if updated else None,
        fetched_at=fetch.fetched_at,
        provenance=Provenance(
            requested_url=fetch.requested_url or fetch.url,
            final_url=fetch.url,
            capture=fetch.capture,
            html_sha256=hashlib.sha256(body).hexdigest(),
            extractor=EXTRACTOR,
        ),
        extra=_extra(decoded.encoding if decoded.repaired else None, rejected),
    )


def _read_page(body: bytes, fetch: _Fetch) -> tuple[Decoded, HtmlElement, PageFacts]:
    """Decode and parse a page, and free its tree of boxes. Raises _RefusedError for what is no document."""
    _refuse_if(refuse_body(body, fetch.content_type))
    decoded = decode(body, fetch.charset)
    _refuse_if(refuse_text(decoded.text))
    tree = parse_html(decoded.text)
    if tree is None:
        raise _RefusedError(Outcome.NO_TEXT, "no element of a page could be read")
    facts = read_facts(tree)
    _refuse_if(refuse_page(tree, facts, path=urlsplit(fetch.url).path))
    drop_boxes(tree)
    return decoded, tree, facts


def _lead_and_text(tree: HtmlElement, facts: PageFacts, title: str | None, furniture: list[str]) -> tuple[str | None, str]:
    raw = _body_text(tree)
    _refuse_if(refuse_short(tree, len(raw)))
    lines = [line for line in (" ".join(part.split()) for part in raw.split("\n")) if line]
    lead = find_lead(tree, facts, lines, title)
    text = _nfc("\n".join(_without_furniture(lines, title, lead, furniture))) or ""
    if sum(map(str.isalpha, text)) < _LEAST_LETTERS:
        raise _RefusedError(Outcome.NO_TEXT, f"{len(text)} characters of text, less than a document has")
    return lead, text


def _refuse_if(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise _RefusedError(*refusal)


def _body_text(tree: HtmlElement) -> str:
    result: Any = bare_extraction(
        tree,
        fast=True,
        favor_precision=True,
        include_comments=False,
        include_tables=True,
        include_images=False,
        include_links=False,
    )
    return (result.text or "") if result is not None else ""


def _dates(tree: HtmlElement, facts: PageFacts, fetch: _Fetch) -> tuple[Stamp | None, Stamp | None, RejectedStamp | None]:
    """Return when the page was published, when it was changed, and a stamp that is not believed."""
    published = [parse_stamp(text, origin) for origin, text in facts.published]
    updated = [parse_stamp(text, origin) for origin, text in facts.modified]
    for text, is_update in time_stamps(tree):
        (updated if is_update else published).append(parse_stamp(text, "time"))
    published.append(url_stamp(fetch.url))
    if not any(_is_settled(stamp, fetch.fetched_at) for stamp in published):
        for stamp, is_update in all_dates(date_lines(tree)):
            (updated if is_update else published).append(stamp)
    published.append(fetch.feed_date)
    chosen, rejected = choose([stamp for stamp in published if stamp is not None], fetch.fetched_at)
    changed, _ = choose([stamp for stamp in updated if stamp is not None], fetch.fetched_at)
    if changed is not None and chosen is not None and changed.at <= chosen.at:
        changed = None
    return chosen, changed, rejected


def _is_settled(stamp: Stamp | None, fetched_at: datetime) -> bool:
    """True for a stamp of the page with an hour, believable: the lines written for people need not be read then."""
    return stamp is not None and stamp.precision != "day" and EARLIEST <= stamp.at <= fetched_at


def _without_furniture(lines: list[str], title: str | None, lead: str | None, furniture: list[str]) -> list[str]:
    """Drop what is kept in fields of its own (title, lead, byline, date line), credits, and pointers to other documents.

    `furniture` are lines that are no text at the beginning or end: the outlet's names, the byline as found.
    """
    known = {line_key(name) for name in furniture}
    kept = []
    for number, line in enumerate(lines):
        near_edge = number < _TOP_LINES or number >= len(lines) - _END_LINES
        if number < _TOP_LINES and (is_same_line(line, title) or is_same_line(line, lead)):
            continue
        if near_edge and (is_byline(line) or _is_date_line(line) or line_key(line) in known):
            continue
        folded = fold_text(line)
        if _READ_ALSO.match(folded) or (len(line) <= _CREDIT_LENGTH and _CREDIT.match(folded)):
            continue
        kept.append(line)
    return kept


def _is_date_line(line: str) -> bool:
    return len(line) <= 60 and not line.endswith(("!", "?", "”", "“")) and find_date(line) is not None and len(line.split()) <= 8


def _declared_canonical(facts: PageFacts, url: str) -> str | None:
    """Return rel=canonical where it names a page of the same site; a home page declared on every page is a known mistake."""
    if not facts.canonical:
        return None
    declared = urljoin(url, facts.canonical)
    if not same_site(declared, url):
        return None
    try:
        canonical = canonical_url(declared)
    except InputError:
        return None
    return None if urlsplit(canonical).path == "/" and urlsplit(url).path not in ("", "/") else canonical


def _nfc(text: str | None) -> str | None:
    return unicodedata.normalize("NFC", text) if text else None


def _extra(encoding: str | None, rejected: RejectedStamp | None) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if encoding is not None:
        extra["encoding"] = encoding
    if rejected is not None:
        extra["date_rejected"] = rejected.to_mapping()
    return extra
