"""WARC capture: every page is kept as fetched, on disk before its document is handed on (WARC/1.1, ISO 28500)."""

from __future__ import annotations

import base64
import hashlib
import os
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import IO, Protocol, cast
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

import eho
from crawlers.capture_index import CaptureIndex, IndexedRecord
from crawlers.sealing import SealedWriter, SealingKey
from eho.document import Capture, to_utc_text

ROTATE_BYTES = 500 * 1024 * 1024
_LEVEL = 6  # level 9, warcio's own, takes three times as long for 2 % less on a news page
_HOP_BY_HOP = frozenset({"transfer-encoding", "connection", "keep-alive", "proxy-connection"})
_SAME_PAYLOAD = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"

# Our own header names in a record, so that a replay gives the document that the crawl gave.
SOURCE_HEADER = "Eho-Source"
REQUESTED_HEADER = "Eho-Requested-URL"
FEED_DATE_HEADER = "Eho-Feed-Date"
LANGUAGE_HEADER = "Eho-Language-Hint"


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """One response as it came over the wire: body still content-encoded, transfer coding removed."""

    url: str
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    fetched_at: datetime
    notes: dict[str, str] = field(default_factory=dict)  # our own header names -> values
    request_headers: list[tuple[str, str]] = field(default_factory=list)


class PageArchive(Protocol):
    """Keeps pages as fetched."""

    def keep(self, page: FetchedPage) -> Capture | None:
        """Write one page and return where its payload lies; it has left this process when this returns.

        None only for a page that was not modified and of which no payload is known.
        """
        ...

    def close(self) -> None:
        """Finish the current file."""
        ...


class WarcArchive:
    """Appends pages to a WARC file of this run, one gzip member a record, a new file every 500 MB and every day (UTC).

    A page is a response record, or a revisit record where the same address gave the same bytes before or answered that it
    was not modified (ISO 28500, 6.7); the request as sent follows. A run never appends to another run's file: the record
    that a killed run left half-written harms nothing after it.

    With a key the files are sealed: offsets stay those of the plain file (`crawlers.sealing`).
    """

    def __init__(self, folder: Path, *, user_agent: str, rotate_bytes: int = ROTATE_BYTES, key: SealingKey | None = None) -> None:
        self._folder = folder
        self._user_agent = user_agent
        self._rotate_bytes = rotate_bytes
        self._key = key
        self._file: IO[bytes] | None = None
        self._name = ""
        self._index: CaptureIndex | None = None

    def keep(self, page: FetchedPage) -> Capture | None:
        """Write one page, flushed to the operating system; offsets are relative to the file."""
        file = self._current(page.fetched_at)
        index = self._index = self._index or CaptureIndex(self._folder)
        digest = _digest(page.body)
        is_new = page.status != HTTPStatus.NOT_MODIFIED
        before = index.same_payload(page.url, digest) if is_new else index.latest(page.url)
        if before is None and not is_new:
            return None
        record_id, offset = f"<urn:uuid:{uuid4()}>", file.tell()
        member = _gzip_member(_response_record(page, record_id, digest, before))
        file.write(member + _gzip_member(_request_record(page, record_id)))
        file.flush()
        kind = "response" if before is None else "revisit"
        refers_to = before.id if before is not None else None
        index.add(page.url, IndexedRecord(record_id, page.fetched_at, kind, digest, self._name, offset, len(member), refers_to))
        held = (self._name, offset) if before is None else (before.file, before.offset)
        return Capture(file=f"{self._folder.name}/{held[0]}", offset=held[1])

    def close(self) -> None:
        """Close the current file; the next page opens another."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._index is not None:
            self._index.close()
            self._index = None

    def _current(self, at: datetime) -> IO[bytes]:
        """Return the file to append to: another one where it has grown too large or a new day has begun."""
        if self._file is not None and (self._file.tell() >= self._rotate_bytes or not self._name.startswith(f"{at:%Y%m%d}")):
            self._file.close()
            self._file = None
        return self._file or self._open(at)

    def _open(self, at: datetime) -> IO[bytes]:
        self._folder.mkdir(parents=True, exist_ok=True)
        stem = f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}"
        number = 0
        while True:
            self._name = f"{stem}-{number:03}.warc.gz"
            try:
                file: IO[bytes] = (self._folder / self._name).open("xb")
            except FileExistsError:
                number += 1
                continue
            break
        if self._key is not None:
            file = cast(IO[bytes], SealedWriter(file, self._key))
        self._file = file
        file.write(_info_member(self._name, self._user_agent))
        file.flush()
        return file


def _response_record(page: FetchedPage, record_id: str, digest: str, before: IndexedRecord | None) -> bytes:
    """Return a response record, or a revisit record that refers to the one with the payload."""
    headers = [(name, value) for name, value in page.headers if name.lower() not in _HOP_BY_HOP]
    http = StatusAndHeaders(f"{page.status} {page.reason}".rstrip(), headers, protocol="HTTP/1.1")
    body = page.body if before is None else b""
    warc_headers = {
        "WARC-Record-ID": record_id,
        "WARC-Date": to_utc_text(page.fetched_at),
        # given here, because warcio would copy every body through a temporary file to work it out
        "WARC-Payload-Digest": digest if page.status != HTTPStatus.NOT_MODIFIED or before is None else before.digest,
        "WARC-Block-Digest": _digest(http.compute_headers_buffer() or http.headers_buff, body),
        **page.notes,
    }
    if before is not None:
        warc_headers |= {
            "WARC-Profile": _NOT_MODIFIED if page.status == HTTPStatus.NOT_MODIFIED else _SAME_PAYLOAD,
            "WARC-Refers-To": before.id,
            "WARC-Refers-To-Target-URI": page.url,
            "WARC-Refers-To-Date": to_utc_text(before.at),
        }
    return _record("response" if before is None else "revisit", page.url, body, http, warc_headers)


def _request_record(page: FetchedPage, record_id: str) -> bytes:
    """Return the request as sent, beside the response of this id."""
    parts = urlsplit(page.url)
    target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    http = StatusAndHeaders(f"GET {target} HTTP/1.1", [("Host", parts.netloc), *page.request_headers], is_http_request=True)
    warc_headers = {
        "WARC-Date": to_utc_text(page.fetched_at),
        "WARC-Concurrent-To": record_id,
        "WARC-Payload-Digest": _EMPTY_DIGEST,
        "WARC-Block-Digest": _digest(http.compute_headers_buffer() or http.headers_buff),
    }
    return _record("request", page.url, b"", http, warc_headers)


def _record(kind: str, url: str, body: bytes, http: StatusAndHeaders, warc_headers: dict[str, str]) -> bytes:
    buffer = BytesIO()
    writer = WARCWriter(buffer, gzip=False, warc_version="1.1")
    record = writer.create_warc_record(
        url, kind, payload=BytesIO(body), length=len(body), http_headers=http, warc_headers_dict=warc_headers
    )
    writer.write_record(record)
    return buffer.getvalue()


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha1(usedforsecurity=False)  # what readers of WARC files expect
    for part in parts:
        digest.update(part)
    return f"sha1:{base64.b32encode(digest.digest()).decode('ascii')}"


def _info_member(name: str, user_agent: str) -> bytes:
    buffer = BytesIO()
    writer = WARCWriter(buffer, gzip=False, warc_version="1.1")
    info = {
        "software": f"eho/{eho.__version__}",
        "format": "WARC file version 1.1",
        "http-header-user-agent": user_agent,
        "robots": "obey",
    }
    writer.write_record(writer.create_warcinfo_record(name, info))
    return _gzip_member(buffer.getvalue())


def _gzip_member(record: bytes) -> bytes:
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS + 16)
    return compressor.compress(record) + compressor.flush()


_EMPTY_DIGEST = _digest(b"")
