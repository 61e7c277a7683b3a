"""Stored pages: a replay of the captures gives what the crawl gave, and other files are read with the same rules."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawlers.capture import FetchedPage, WarcArchive
from crawlers.stored import read_stored
from eho.document import Document
from eho.errors import InputError
from eho.outcome import Outcome, OutcomeRecord
from eho.settings import CrawlSettings
from tests.crawlers.conftest import Crawled

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HTML = (
    "<html><head><link rel='canonical' href='http://sever.test/a'></head><body><article><h1>Putevi</h1><p>Opština je juče izdvojila "
    "sto hiljada evra za seoske puteve, a radovi počinju na proleće, kažu u direkciji.</p></article></body></html>"
)
TEXT = "Opština je juče izdvojila sto hiljada evra za seoske puteve, a radovi počinju na proleće, kažu u direkciji."


def fetched(body: bytes = HTML.encode(), url: str = "http://sever.test/a", **headers: str) -> FetchedPage:
    return FetchedPage(url, 200, "OK", [("Content-Type", "text/html"), *headers.items()], body, NOW)


def test_replay_of_the_captures_gives_the_same_documents(crawled: Crawled) -> None:
    again = {
        document.provenance.requested_url: document
        for document in read_stored(crawled.captures)
        if isinstance(document, Document)
    }
    for document in crawled.sink.documents.values():
        assert again[document.provenance.requested_url] == document


def test_records_lie_where_the_documents_say(crawled: Crawled) -> None:
    document = next(iter(crawled.sink.documents.values()))
    capture = document.provenance.capture
    assert capture is not None
    with (crawled.captures.parent / capture.file).open("rb") as stream:
        stream.seek(capture.offset)
        record = next(iter(ArchiveIterator(stream, check_digests="raise")))
        assert record.rec_headers.get_header("WARC-Target-URI") == document.url
        assert record.content_stream().read()


def test_captures_are_warc_1_1_with_digests_and_the_user_agent(crawled: Crawled) -> None:
    kinds = []
    for path in crawled.captures.glob("*.warc.gz"):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, check_digests="raise"):
                kinds.append(record.rec_type)
                assert record.rec_headers.protocol == "WARC/1.1"
                text = record.content_stream().read()
                assert record.rec_type != "warcinfo" or CrawlSettings().user_agent.encode() in text
                assert record.rec_type == "warcinfo" or record.rec_headers.get_header("WARC-Payload-Digest").startswith("sha1:")
    assert kinds[0] == "warcinfo" and kinds.count("response") >= len(crawled.sink.documents)


def test_body_is_kept_as_it_came_over_the_wire(tmp_path: Path) -> None:
    archive = WarcArchive(tmp_path / "captures", user_agent="test")
    archive.keep(fetched(gzip.compress(HTML.encode()), **{"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"}))
    archive.close()
    [document] = read_stored(tmp_path / "captures")
    assert isinstance(document, Document) and document.text == TEXT


def test_files_rotate_and_never_overwrite(tmp_path: Path) -> None:
    for run in range(2):
        archive = WarcArchive(tmp_path, user_agent="test", rotate_bytes=1)
        captures = [archive.keep(fetched(url=f"http://sever.test/{run}/{number}")) for number in range(2)]
        archive.close()
        assert len({capture.file for capture in captures if capture}) == 2
    assert len(list(tmp_path.glob("*.warc.gz"))) == 4


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_record_cut_off_by_a_killed_run_harms_only_itself(tmp_path: Path, cut: int) -> None:
    archive = WarcArchive(tmp_path, user_agent="test")
    for number in range(3):
        archive.keep(fetched(url=f"http://sever.test/{number}"))
    archive.close()
    [path] = tmp_path.glob("*.warc.gz")
    path.write_bytes(path.read_bytes()[:-cut])
    results = list(read_stored(path))
    assert [result.text for result in results if isinstance(result, Document)][:2] == [TEXT, TEXT]
    assert cut == 1 or any(isinstance(result, OutcomeRecord) and result.outcome is Outcome.TRUNCATED for result in results)


def test_a_page_that_gave_the_same_bytes_is_a_revisit_and_is_replayed_from_the_first(tmp_path: Path) -> None:
    captures = []
    for day in (20, 21):  # two runs, so two files
        archive = WarcArchive(tmp_path / "captures", user_agent="test")
        at = datetime(2026, 11, day, 12, tzinfo=UTC)
        captures.append(archive.keep(replace(fetched(), fetched_at=at, request_headers=[("User-Agent", "test")])))
        archive.close()
    assert captures[0] is not None and captures[0] == captures[1]  # where the bytes lie
    kinds = []
    for path in sorted((tmp_path / "captures").glob("*.warc.gz")):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, check_digests="raise"):
                kinds.append(record.rec_type)
                record.content_stream().read()
    assert kinds == ["warcinfo", "response", "request", "warcinfo", "revisit", "request"]
    documents = [document for document in read_stored(tmp_path / "captures") if isinstance(document, Document)]
    assert [document.text for document in documents] == [TEXT, TEXT]
    assert [document.fetched_at.day for document in documents if document.fetched_at] == [20, 21]
    assert {document.provenance.capture for document in documents} == {captures[0]}


def test_a_page_that_was_not_modified_is_noted_without_a_document(tmp_path: Path) -> None:
    archive = WarcArchive(tmp_path / "captures", user_agent="test")
    assert archive.keep(replace(fetched(), status=304, body=b"")) is None  # nothing to refer to
    first = archive.keep(fetched())
    assert archive.keep(replace(fetched(), status=304, body=b"")) == first
    archive.close()
    [document] = read_stored(tmp_path / "captures")
    assert isinstance(document, Document) and document.provenance.capture == first


def test_a_revisit_without_the_file_it_refers_to_says_so(tmp_path: Path) -> None:
    for _ in range(2):
        archive = WarcArchive(tmp_path / "captures", user_agent="test")
        archive.keep(fetched())
        archive.close()
    first, second = sorted((tmp_path / "captures").glob("*.warc.gz"))
    first.unlink()
    [record] = read_stored(second)
    assert isinstance(record, OutcomeRecord) and "not here" in (record.reason or "")


def test_html_file_says_its_own_address(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(HTML, encoding="utf-8")
    [document] = read_stored(path, source="sever-danas")
    assert isinstance(document, Document)
    assert (document.text, document.url, document.source) == (TEXT, "http://sever.test/a", "sever-danas")
    [given] = read_stored(path, url="http://sever.test/b", fetched_at=NOW)
    assert isinstance(given, Document) and given.url == "http://sever.test/b" and given.fetched_at == NOW


def test_html_file_without_address_is_one_clear_outcome(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<p>Bez adrese</p>", encoding="utf-8")
    [record] = read_stored(path)
    assert isinstance(record, OutcomeRecord) and record.outcome is Outcome.BAD_INPUT
    assert "a.html" in (record.reason or "") and "--url" in (record.reason or "")


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {"url": "http://sever.test/a", "html": HTML, "fetched_at": "2026-11-21T12:00:00Z"},
        {"url": "http://sever.test/b", "html_base64": base64.b64encode(HTML.encode("windows-1250")).decode()},
    ]
    path = tmp_path / "pages.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    documents = list(read_stored(path, source="sever-danas", fetched_at=NOW))
    assert [document.text for document in documents if isinstance(document, Document)] == [TEXT, TEXT]
    assert all(isinstance(document, Document) and document.fetched_at == NOW for document in documents)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("{broken", "no JSON", id="broken"),
        pytest.param("[]", "list instead of a JSON object", id="list"),
        pytest.param('{"html": "<p>"}', "url is None", id="no-url"),
        pytest.param('{"url": "http://a.test/"}', "neither html nor html_base64", id="no-html"),
        pytest.param('{"url": "http://a.test/", "html_base64": "?"}', "no base64", id="bad-base64"),
        pytest.param('{"url": "http://a.test/", "html": "", "fetched_at": "soon"}', "'soon'", id="bad-time"),
    ],
)
def test_bad_line_is_named_and_the_rest_is_read(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "pages.jsonl"
    path.write_text(f"{line}\n{json.dumps({'url': 'http://sever.test/a', 'html': HTML})}\n", encoding="utf-8")
    record, document = read_stored(path)
    assert isinstance(record, OutcomeRecord) and record.outcome is Outcome.BAD_INPUT
    assert "line 1" in (record.reason or "") and reason in (record.reason or "")
    assert isinstance(document, Document)


def test_missing_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        list(read_stored(tmp_path / "nothing.html"))


def test_unknown_fields_of_a_row_are_carried_under_extra(tmp_path: Path) -> None:
    body = "<html><head><title>Vest</title></head><body><article><p>" + "Opština je danas usvojila budžet za narednu godinu. " * 8
    path = tmp_path / "pages.jsonl"
    row = {"url": "http://vest.test/a", "html": body + "</p></article></body></html>", "case": "B-17", "note": {"by": "desk"}}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (document,) = read_stored(path)
    assert isinstance(document, Document)
    assert document.extra["case"] == "B-17"
    assert document.extra["note"] == {"by": "desk"}
