"""Pages that are already here: WARC files, HTML files and JSON lines, read with the rules of the crawl."""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast, get_args

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from crawlers.capture import FEED_DATE_HEADER, LANGUAGE_HEADER, REQUESTED_HEADER, SOURCE_HEADER
from crawlers.capture_index import CaptureIndex
from crawlers.dates import Stamp, parse_stamp
from crawlers.encoding import decode, header_charset
from crawlers.extraction import Page, extract_page
from crawlers.markup import parse_html
from crawlers.outlets import Outlet, Outlets
from crawlers.sealing import SealingKey, is_cut, open_capture
from crawlers.structured import read_facts
from eho.document import Capture, Document, Precision
from eho.errors import InputError, SealError
from eho.outcome import Outcome, OutcomeRecord

_WARC = (".warc", ".warc.gz")
_LINES = (".jsonl", ".jsonl.gz", ".ndjson", ".json")
_OTHER_RECORDS = ("warcinfo", "request", "metadata", "resource", "conversion")
_LARGEST = 20 * 1024 * 1024
_PAGES = (".html", ".htm", ".xhtml")
_TEXT_FIELDS = ("source", "charset", "content_type", "requested_url")


@dataclass(frozen=True, slots=True)
class StoredPage:
    """One page as it was kept, with what is known of its fetch."""

    body: bytes
    url: str
    fetched_at: datetime
    source: str | None = None
    charset: str | None = None
    content_type: str | None = None
    requested_url: str | None = None
    capture: Capture | None = None
    lang_hint: str | None = None
    feed_date: Stamp | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def extract(self, outlets: Outlets | None = None) -> Page:
        """Apply the rules of the crawl; fields of the row that are not known here go to the document's `extra`."""
        page = extract_page(
            self.body,
            url=self.url,
            source=self.source,
            fetched_at=self.fetched_at,
            charset=self.charset,
            requested_url=self.requested_url,
            capture=self.capture,
            lang_hint=self.lang_hint,
            content_type=self.content_type,
            feed_date=self.feed_date,
            outlet=Outlet() if outlets is None else outlets.of(self.source),
        )
        found = page.result
        if isinstance(found, OutcomeRecord) or not self.extra:
            return page
        return replace(page, result=found.model_copy(update={"extra": {**self.extra, **found.extra}}))


def read_stored(
    path: Path,
    *,
    url: str | None = None,
    fetched_at: datetime | None = None,
    source: str | None = None,
    key: SealingKey | None = None,
    outlets: Outlets | None = None,
) -> Iterator[Document | OutcomeRecord]:
    """Yield a document or an outcome for every page of a file, or of all such files below a folder, sorted by name.

    `url`, `fetched_at` and `source` stand in where the file itself does not say; an HTML file without `url` takes its own
    canonical link, and the file's time of change. `outlets` are the sources' own selectors and what was learned of their
    pages; readers' comments follow their document. `key` opens sealed captures. Raises InputError for a path that is not there.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist; give an HTML file, a WARC file, JSON lines or a folder of them.", field="path")
    files = (
        sorted(part for part in path.rglob("*") if part.name.lower().endswith((*_WARC, *_LINES, *_PAGES)))
        if path.is_dir()
        else [path]
    )
    for file in files:
        for page in read_pages(file, url=url, fetched_at=fetched_at, source=source, key=key):
            if isinstance(page, StoredPage):
                read = page.extract(outlets)
                yield read.result
                yield from read.comments
            else:
                yield page


def read_pages(
    file: Path,
    *,
    url: str | None = None,
    fetched_at: datetime | None = None,
    source: str | None = None,
    key: SealingKey | None = None,
) -> Iterator[StoredPage | OutcomeRecord]:
    """Yield the pages of one file as kept; what cannot be read is an outcome with the place in the file."""
    name = file.name.lower()
    if name.endswith(_WARC):
        pages = _read_warc(file, key)
    elif name.endswith(_LINES):
        pages = _read_lines(file, fetched_at)
    else:
        pages = iter([_read_html(file, url, fetched_at)])
    for page in pages:
        yield replace(page, source=page.source or source) if isinstance(page, StoredPage) else page


def read_page(file: Path, offset: int, key: SealingKey | None) -> StoredPage | OutcomeRecord:
    """Return the one page whose record begins at an offset. Raises SealError."""
    with open_capture(file, key) as stream:
        stream.seek(offset)
        return _from_record(next(iter(ArchiveIterator(stream))))


def _read_warc(file: Path, key: SealingKey | None) -> Iterator[StoredPage | OutcomeRecord]:
    try:
        opened = open_capture(file, key)
    except SealError as error:
        yield _unreadable(Outcome.BAD_INPUT, str(error))
        return
    places: dict[str, int] = {}  # record id -> offset, of the responses so far
    with opened as stream:
        records = ArchiveIterator(stream)
        read = end = 0
        try:
            for record in records:
                # offset and length are asked for afterwards: finding them reads to the record's end
                page = _revisited(record, file, places, key) if record.rec_type == "revisit" else None
                if record.rec_type not in (*_OTHER_RECORDS, "revisit"):
                    page = _from_record(record)
                read, end = read + 1, records.get_record_offset() + records.get_record_length()
                if record.rec_type == "response":
                    places[record.rec_headers.get_header("WARC-Record-ID") or ""] = records.get_record_offset()
                if isinstance(page, StoredPage) and page.capture is None:
                    page = replace(page, capture=_place(file, records.get_record_offset()))
                if page is not None:
                    yield page
        except (ArchiveLoadFailed, EOFError, OSError, SealError, ValueError, zlib.error) as error:
            # the record that a killed crawl left half-written, always the last of its file
            yield _unreadable(Outcome.TRUNCATED, f"{file.name}: record {read + 1} cannot be read: {error}")
        else:
            if is_cut(stream) or (end < stream.seek(0, io.SEEK_END) and file.name.lower().endswith(".gz")):
                yield _unreadable(Outcome.TRUNCATED, f"{file.name}: the last record, from byte {end} on, is cut off")


def _place(file: Path, offset: int) -> Capture:
    return Capture(file=f"{file.resolve().parent.name}/{file.name}", offset=offset)


def _revisited(record: Any, file: Path, places: Mapping[str, int], key: SealingKey | None) -> StoredPage | OutcomeRecord | None:
    """Return the page of a revisit record, with the payload of the record it refers to; None for one that was not modified."""
    warc = record.rec_headers
    if not (warc.get_header("WARC-Profile") or "").endswith("identical-payload-digest"):
        return None
    wanted, url = warc.get_header("WARC-Refers-To") or "", warc.get_header("WARC-Target-URI")
    original, place = (file, places[wanted]) if wanted in places else (None, 0)
    if original is None and (index := CaptureIndex.if_present(file.parent)) is not None:
        found = index.get(wanted)
        index.close()
        original, place = (file.parent / found.file, found.offset) if found is not None else (None, 0)
    if original is None or not original.exists():
        return OutcomeRecord(outcome=Outcome.TRUNCATED, url=url, reason="the record that holds this page's bytes is not here")
    held = read_page(original, place, key)
    if isinstance(held, OutcomeRecord):
        return held
    again = _from_record(record)
    return again if isinstance(again, OutcomeRecord) else replace(again, body=held.body, capture=_place(original, place))


def _from_record(record: Any) -> StoredPage | OutcomeRecord:
    warc, http = record.rec_headers, record.http_headers
    url = warc.get_header("WARC-Target-URI") or ""
    if http is None or not http.get_statuscode().isdigit() or warc.get_header("WARC-Date") is None:
        return OutcomeRecord(outcome=Outcome.TRUNCATED, url=url or None, reason="the stored record is cut off")
    body = record.content_stream().read(_LARGEST + 1)
    if len(body) > _LARGEST:
        return OutcomeRecord(outcome=Outcome.TOO_LARGE, url=url, reason=f"unpacks to more than {_LARGEST // 1024 // 1024} MB")
    if getattr(record.raw_stream, "limit", 0) > 0:  # fewer bytes than the record announces
        return OutcomeRecord(outcome=Outcome.TRUNCATED, url=url, reason="the stored record is cut off")
    fetched_at = datetime.fromisoformat(warc.get_header("WARC-Date").replace("Z", "+00:00"))
    content_type = http.get_header("Content-Type")
    if http.get_statuscode() != "200":
        return OutcomeRecord(outcome=Outcome.HTTP_ERROR, url=url, reason=f"HTTP status {http.get_statuscode()}", at=fetched_at)
    return StoredPage(
        body=body,
        url=url,
        fetched_at=fetched_at,
        source=warc.get_header(SOURCE_HEADER),
        charset=header_charset(content_type),
        content_type=content_type,
        requested_url=warc.get_header(REQUESTED_HEADER),
        lang_hint=warc.get_header(LANGUAGE_HEADER),
        feed_date=_feed_date(warc.get_header(FEED_DATE_HEADER)),
    )


def _feed_date(header: str | None) -> Stamp | None:
    text, _, precision = (header or "").partition(" ")
    stamp = parse_stamp(text, "feed")
    if stamp is None or precision not in get_args(Precision):
        return stamp
    return Stamp(stamp.at, cast(Precision, precision), "feed")


def _read_lines(file: Path, fetched_at: datetime | None) -> Iterator[StoredPage | OutcomeRecord]:
    is_packed = file.name.lower().endswith(".gz")
    with gzip.open(file, "rb") if is_packed else file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                try:
                    yield _from_line(line, fetched_at)
                except InputError as error:
                    yield _unreadable(Outcome.BAD_INPUT, f"{file.name}, line {number}: {error}")


def _from_line(line: bytes, fetched_at: datetime | None) -> StoredPage:
    try:
        row: Any = json.loads(line)
    except ValueError as error:
        raise InputError(f"no JSON: {error}") from error
    if not isinstance(row, dict):
        raise InputError(f"{type(row).__name__} instead of a JSON object")
    url = row.get("url")
    if not isinstance(url, str) or not url:
        raise InputError(f"url is {url!r}; give the page's address", field="url")
    stamp = parse_stamp(row["fetched_at"], "feed") if isinstance(row.get("fetched_at"), str) else None
    if row.get("fetched_at") is not None and stamp is None:
        raise InputError(f"fetched_at is {row['fetched_at']!r}; give a time such as 2026-11-12T08:00:00Z", field="fetched_at")
    text = {name: row[name] for name in _TEXT_FIELDS if isinstance(row.get(name), str)}
    extra = {
        name: value for name, value in row.items() if name not in (*_TEXT_FIELDS, "url", "html", "html_base64", "fetched_at")
    }
    at = stamp.at if stamp else fetched_at or datetime.now(UTC)
    return StoredPage(body=_body_of(row), url=url, fetched_at=at, extra=extra, **text)


def _body_of(row: dict[str, Any]) -> bytes:
    if isinstance(row.get("html"), str):
        return str(row["html"]).encode("utf-8", "surrogatepass")
    if isinstance(row.get("html_base64"), str):
        try:
            return base64.b64decode(row["html_base64"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise InputError(f"html_base64 is no base64: {error}", field="html_base64") from error
    raise InputError("neither html nor html_base64 is given as a string", field="html")


def _read_html(file: Path, url: str | None, fetched_at: datetime | None) -> StoredPage | OutcomeRecord:
    try:
        body = file.read_bytes()
        changed_at = datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(microsecond=0)
    except OSError as error:
        return _unreadable(Outcome.BAD_INPUT, f"{file} cannot be read: {error}")
    address = url or _own_address(body)
    if address is None:
        return _unreadable(Outcome.BAD_INPUT, f"{file.name} does not say its own address; give it with --url")
    return StoredPage(body=body, url=address, fetched_at=fetched_at or changed_at)


def _own_address(body: bytes) -> str | None:
    tree = parse_html(decode(body).text)
    if tree is None:
        return None
    facts = read_facts(tree)
    return next(
        (text for text in (facts.canonical, facts.meta.get("og:url")) if text and text.startswith(("http://", "https://"))), None
    )


def _unreadable(outcome: Outcome, reason: str) -> OutcomeRecord:
    return OutcomeRecord(outcome=outcome, reason=reason, at=datetime.now(UTC).replace(microsecond=0))
