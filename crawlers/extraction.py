"""From a page's bytes to a Document, or to the Outcome that says why there is none.

The body text is trafilatura's (precision mode, once per page, on a tree that is parsed once); the rest is read from
what the page says of itself, in the order in which the region's portals are to be believed.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import trafilatura

from crawlers.body import find_body
from crawlers.bylines import clean_authors, find_bylines, is_byline
from crawlers.classification import find_keywords, find_section, is_live_blog, quote_lines
from crawlers.comments import Comment, find_comments
from crawlers.dates import EARLIEST, RejectedStamp, Stamp, all_dates, choose, find_date, parse_stamp, url_stamp
from crawlers.encoding import Decoded, decode
from crawlers.headline import find_lead, find_title, is_same_line, line_key
from crawlers.markup import HtmlElement, date_lines, drop_boxes, drop_pointers, parse_html
from crawlers.notices import notice_kind
from crawlers.outlets import Outlet
from crawlers.pagekind import Refusal, refuse_body, refuse_page, refuse_short, refuse_text
from crawlers.selectors import drop_selected, selected_date, selected_lines, selected_texts
from crawlers.structured import PageFacts, read_facts, time_stamps
from crawlers.urls import canonical_url, host_of, same_site
from eho.document import Capture, Document, Provenance, document_id
from eho.errors import InputError
from eho.outcome import Outcome, OutcomeRecord
from eho.source import ExtractRules

RULES = 2  # raise it with every change that alters a document's text or metadata
EXTRACTOR = f"trafilatura {trafilatura.__version__}+eho.{RULES}"
_LEAST_LETTERS = 40  # fewer is a caption, a cookie notice or an error message, not a document
_PARTS = re.compile(r"\s*[|·•]\s*")
_IMPRINT = 120
_NO_RULES = ExtractRules()
_TOP_LINES, _END_LINES = 4, 3


class _RefusedError(Exception):
    """A page that gives no document; carries the outcome and its reason."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Page:
    """What one page gave: a document or the outcome that says why not, and readers' comments where the source opts in."""

    result: Document | OutcomeRecord
    comments: Sequence[Document] = ()


@dataclass(frozen=True, slots=True)
class _Fetch:
    """What is known of a page beside its bytes."""

    url: str
    source: str | None
    fetched_at: datetime
    charset: str | None = None
    requested_url: str | None = None
    capture: Capture | None = None
    lang_hint: str | None = None
    content_type: str | None = None
    feed_date: Stamp | None = None
    outlet: Outlet = field(default_factory=Outlet)

    @property
    def selectors(self) -> ExtractRules:
        """The source's own selectors; empty where it has none."""
        return self.outlet.selectors or _NO_RULES


def extract(body: bytes, *, url: str, source: str | None, fetched_at: datetime, **known: Any) -> Document | OutcomeRecord:
    """Make a document of one page, or say in an OutcomeRecord why there is none; never raises for what a page holds.

    `url` is the address as reached; `known` may hold what else is known of the fetch: `charset` and `content_type` (the HTTP
    header's), `requested_url`, `capture`, `lang_hint`, `feed_date` (what the feed said) and `outlet` (its selectors and blocks).
    """
    return extract_page(body, url=url, source=source, fetched_at=fetched_at, **known).result


def extract_page(body: bytes, *, url: str, source: str | None, fetched_at: datetime, **known: Any) -> Page:
    """Do what `extract` does, and return readers' comments as well where the outlet's selectors opt in."""
    fetch = _Fetch(url, source, fetched_at, **known)
    try:
        return _page(body, fetch)
    except _RefusedError as refusal:
        outcome, reason = refusal.outcome, str(refusal)
    except InputError as error:
        outcome = Outcome.BAD_URL if error.field != "extract" else Outcome.EXTRACTION_ERROR
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - a page must not end a crawl; the outcome names what happened
        outcome, reason = Outcome.EXTRACTION_ERROR, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return Page(OutcomeRecord(outcome=outcome, url=fetch.requested_url or url, source=source, reason=reason, at=fetched_at))


def _page(body: bytes, fetch: _Fetch) -> Page:
    canonical = canonical_url(fetch.url)
    decoded, tree, facts = _read_page(body, fetch)
    outlet_names = [*facts.site_names, *([fetch.source] if fetch.source else []), host_of(fetch.url)]
    headline = find_title(tree, facts, outlet_names)
    title = next(iter(selected_texts(tree, fetch.selectors.title)), headline.title)
    extra = _page_extra(tree, facts, fetch.url, title, outlet_names)
    comments = find_comments(tree, fetch.selectors)
    drop_selected(tree, fetch.selectors)
    drop_boxes(tree)
    bylines, authors = _authors(tree, facts, outlet_names, selected_texts(tree, fetch.selectors.authors))
    published, updated, rejected = _dates(tree, facts, fetch, headline.element)
    canonical = _declared_canonical(facts, fetch.url) or canonical
    identity = document_id(canonical_url=canonical)
    lead, lines, notes = _lead_and_lines(tree, facts, title, [*outlet_names, *bylines], fetch, identity)
    if decoded.repaired:
        extra["encoding"] = decoded.encoding
    if rejected is not None:
        extra["date_rejected"] = rejected.to_mapping()
    document = Document(
        id=identity,
        url=fetch.url,
        canonical_url=canonical,
        source=fetch.source or host_of(fetch.url),
        lang=fetch.lang_hint,
        title=_nfc(title),
        text="\n".join(lines),
        lead=_nfc(lead),
        authors=authors,
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
        extra={**extra, **notes},
    )
    return Page(document, [_comment_document(comment, document) for comment in comments])


def _page_extra(tree: HtmlElement, facts: PageFacts, url: str, title: str | None, outlet_names: list[str]) -> dict[str, Any]:
    """Read the section, keywords and form of a page whose boxes are still there."""
    extra: dict[str, Any] = {}
    if (section := find_section(tree, facts, title)) is not None:
        extra["section"] = _nfc(section)
    if keywords := find_keywords(tree, facts, outlet_names):
        extra["keywords"] = [_nfc(word) for word in keywords]
    if is_live_blog(tree, facts, url, title):
        extra["form"] = "live_blog"
    return extra


def _comment_document(comment: Comment, parent: Document) -> Document:
    """Make a document of a reader's comment: its text and time, its article, and nobody's name."""
    text, stamp = _nfc(comment.text) or "", comment.published
    return Document(
        id=document_id(canonical_url=None, source=parent.source, title=parent.id, text=text),
        url=parent.url,
        source=parent.source,
        kind="comment",
        text=text,
        published_at=stamp.at if stamp else None,
        published_at_precision=stamp.precision if stamp else None,
        published_at_from=stamp.origin if stamp else None,
        fetched_at=parent.fetched_at,
        provenance=parent.provenance,
        parent_id=parent.id,
    )


def _read_page(body: bytes, fetch: _Fetch) -> tuple[Decoded, HtmlElement, PageFacts]:
    """Decode and parse a page. Raises _RefusedError for what is no document."""
    _refuse_if(refuse_body(body, fetch.content_type))
    decoded = decode(body, fetch.charset)
    _refuse_if(refuse_text(decoded.text))
    tree = parse_html(decoded.text)
    if tree is None:
        raise _RefusedError(Outcome.NO_TEXT, "no element of a page could be read")
    facts = read_facts(tree)
    _refuse_if(refuse_page(tree, facts, path=urlsplit(fetch.url).path))
    return decoded, tree, facts


def _lead_and_lines(
    tree: HtmlElement, facts: PageFacts, title: str | None, furniture: list[str], fetch: _Fetch, identity: str
) -> tuple[str | None, list[str], dict[str, Any]]:
    """Return the lead, the lines of the text, and what is to be noted of how they were read."""
    notes: dict[str, Any] = {}
    selected = selected_lines(tree, fetch.selectors.body)
    if fetch.selectors.body is not None and not selected:
        notes["selectors_missed"] = ["body"]  # the outlet was redesigned; the general rules go on
    drop_pointers(tree)
    lines = list(selected or find_body(tree, facts).lines)
    _refuse_if(refuse_short(tree, sum(map(len, lines))))
    lead = next(iter(selected_texts(tree, fetch.selectors.lead)), None) or find_lead(tree, facts, lines, title)
    fetch.outlet.blocks.observe(identity, lines)
    lines, removed = fetch.outlet.blocks.remove(lines, fetch.fetched_at)
    if removed:
        notes["blocks_removed"] = removed
    lines = [_nfc(line) or "" for line in _without_furniture(lines, title, lead, furniture)]
    text = "\n".join(lines)
    if sum(map(str.isalpha, text)) < _LEAST_LETTERS:
        raise _RefusedError(Outcome.NO_TEXT, f"{len(text)} characters of text, less than a document has")
    if quoted := quote_lines(tree, lines):
        notes["quote_lines"] = quoted
    return lead, lines, notes


def _refuse_if(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise _RefusedError(*refusal)


def _authors(
    tree: HtmlElement, facts: PageFacts, outlet_names: list[str], selected: list[str]
) -> tuple[list[str], list[str] | None]:
    """Return the byline as it stands and the persons in it: those declared, else those that readers see.

    Many pages declare the account that published them (`admin`, the outlet) beside a visible byline with a name.
    """
    declared = [_nfc(name) or "" for name in (selected or facts.authors)]
    if (people := clean_authors(declared, outlet_names=outlet_names)) is not None:
        return declared, people
    seen = [_nfc(name) or "" for name in find_bylines(tree)]
    return [*declared, *seen], clean_authors(seen, outlet_names=outlet_names)


def _dates(
    tree: HtmlElement, facts: PageFacts, fetch: _Fetch, heading: HtmlElement | None
) -> tuple[Stamp | None, Stamp | None, RejectedStamp | None]:
    """Return when the page was published, when it was changed, and a stamp that is not believed."""
    published = [selected_date(tree, fetch.selectors.date)]
    published += [parse_stamp(text, origin) for origin, text in facts.published]
    updated = [parse_stamp(text, origin) for origin, text in facts.modified]
    for text, is_update in time_stamps(tree):
        (updated if is_update else published).append(parse_stamp(text, "time"))
    published.append(url_stamp(fetch.url))
    if not any(_is_settled(stamp, fetch.fetched_at) for stamp in published):
        for stamp, is_update in all_dates(date_lines(tree, heading)):
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
        if near_edge and _is_imprint(line, known):
            continue
        if notice_kind(line, from_end=len(lines) - 1 - number) is not None:
            continue
        kept.append(line)
    return kept


def _is_imprint(line: str, known: set[str]) -> bool:
    """True for a line of byline, date, names of the outlet and counters alone: `Piše: Ime Prezime | 24.8.2026. | 312`."""
    if is_byline(line) or _is_date_line(line) or line_key(line) in known:
        return True
    parts = _PARTS.split(line) if len(line) <= _IMPRINT else []
    return len(parts) > 1 and all(
        is_byline(part) or _is_date_line(part) or line_key(part) in known or not any(map(str.isalpha, part)) for part in parts
    )


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
