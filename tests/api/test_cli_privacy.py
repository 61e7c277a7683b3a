"""`eho privacy` and `eho raw`: what reaches the disk is masked or sealed, and who opens a sealed page is written down."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.originals import address_key, key_path, present_key
from api.sink import StoreSink
from crawlers.capture import FetchedPage, WarcArchive
from crawlers.sealing import SealingKey, is_sealed
from crawlers.stored import read_stored
from eho.document import Document
from eho.home import Home
from eho.outcome import Outcome, OutcomeRecord
from eho.settings import load_settings
from index.store import Store

URL = "http://vala.test/2026/valdete-hoti-u-kthye-nga-siria"
HTML = f"""<html lang="sq"><head><title>Valdete Hoti u kthye nga Siria</title><link rel="canonical" href="{URL}">
<meta property="article:published_time" content="2026-09-03T10:00:00+02:00"></head><body><article>
<h1>Valdete Hoti u kthye nga Siria</h1><p>Valdete Hoti jeton në fshatin Drelaj të Pejës bashkë me djalin Muadh (7), thonë fqinjët.
Ministri Xhelal Sveçla tha se shteti do ta ndihmojë familjen gjatë gjithë procesit të riintegrimit në shoqëri.</p></article></body></html>"""
AT = datetime(2026, 9, 4, tzinfo=UTC)


@pytest.fixture
def crawled(eho, tmp_path: Path) -> tuple[Home, Document]:
    """A data folder with one page, fetched, sealed and stored as a crawl does it."""
    eho("init", home=tmp_path)
    home = Home(tmp_path)
    settings = load_settings(home.config)
    key = SealingKey.load_or_make(key_path(home, settings))
    archive = WarcArchive(home.captures, user_agent="test", key=key)
    archive.keep(FetchedPage(URL, 200, "OK", [("Content-Type", "text/html; charset=utf-8")], HTML.encode(), AT))
    archive.close()
    [document] = read_stored(home.captures, source="vala-e-re", key=key)
    assert isinstance(document, Document)
    with Store.open(f"sqlite:///{home.store}") as store:
        sink = StoreSink(store, address_key(home, settings))
        outcome = sink.put(document)
        sink.record(OutcomeRecord(outcome=outcome, url=URL, source="vala-e-re", document_id=document.id))
    return home, document


def test_no_file_of_the_data_folder_names_the_person_and_the_address_is_known_again(crawled: tuple[Home, Document]) -> None:
    home, document = crawled
    for path in home.path.rglob("*"):
        content = path.read_bytes().lower() if path.is_file() else b""
        assert not any(name in content for name in (b"valdet", b"muadh", b"drelaj")) or path.suffix == ".yaml", path.name
    with Store.open(f"sqlite:///{home.store}") as store:
        stored = store.get(document.id)
        assert stored is not None and stored.document.url == "http://vala.test/2026/⟦person⟧-u-kthye-nga-siria"
        assert "Ministri Xhelal Sveçla" in stored.document.text and "⟦minor⟧ (7)" in stored.document.text
        assert [record.url for record in store.outcomes()] == [stored.document.url]
        again = StoreSink(store, address_key(home, load_settings(home.config)))
        assert again.is_known(URL) and not again.is_known(URL + "-2")
        assert again.put(document) is Outcome.UNCHANGED


def test_the_original_opens_for_a_reason_and_is_logged(eho, crawled: tuple[Home, Document]) -> None:
    home, document = crawled
    ran = eho("raw", "show", document.id, "--reason", "court order 12/26", "--json", home=home.path)
    assert (ran.status, ran.json["url"], ran.json["html"]) == (0, URL, HTML)
    assert eho("raw", "show", document.id, "--reason", "court order 12/26", home=home.path).out.strip() == HTML
    [first, _] = eho("privacy", "log", "--json", home=home.path).json
    assert (first["action"], first["what"], first["reason"]) == ("raw show", document.id, "court order 12/26")
    assert first["user"] and first["at"].endswith("Z")
    log = home.path / "audit.jsonl"
    assert "Valdete" not in log.read_text(encoding="utf-8")
    log.write_text(log.read_text(encoding="utf-8").replace("court", "count", 1), encoding="utf-8")
    changed = eho("privacy", "log", home=home.path)
    assert changed.status == 2 and "line 2" in changed.err


@pytest.mark.parametrize(
    ("id", "reason", "says"),
    [("nothing", "court order", "no document 'nothing'"), (None, " x", "--reason is ' x'")],
    ids=["unknown", "no reason"],
)
def test_what_cannot_be_opened_is_refused_in_one_line(
    eho, crawled: tuple[Home, Document], id: str | None, reason: str, says: str
) -> None:
    home, document = crawled
    ran = eho("raw", "show", id or document.id, "--reason", reason, home=home.path)
    assert ran.status == 2 and says in ran.err and len(ran.err.splitlines()) == 1 and not ran.out


def test_without_its_key_nothing_opens(eho, crawled: tuple[Home, Document]) -> None:
    home, document = crawled
    key_path(home, load_settings(home.config)).rename(home.path / "elsewhere.key")
    ran = eho("raw", "show", document.id, "--reason", "court order 12/26", home=home.path)
    assert ran.status == 2 and "privacy.key_file" in ran.err
    ran = eho("extract", home.captures, home=home.path)
    assert ran.status == 1 and ran.lines[0]["outcome"] == "bad_input" and "sealed" in ran.lines[0]["reason"]


def test_the_owner_extracts_sealed_captures_masked_and_logged(eho, crawled: tuple[Home, Document]) -> None:
    home, document = crawled
    [row] = eho("extract", home.captures, home=home.path).lines
    assert row["id"] == document.id and row["title"] == "⟦person⟧ u kthye nga Siria"
    [plain] = eho("extract", "--no-mask", home.captures, home=home.path).lines
    assert plain["title"] == "Valdete Hoti u kthye nga Siria"
    assert [row["action"] for row in eho("privacy", "log", "--json", home=home.path).json] == ["extract", "extract"]


def test_captures_of_an_earlier_eho_are_sealed_in_their_place(eho, tmp_path: Path) -> None:
    eho("init", home=tmp_path)
    home = Home(tmp_path)
    archive = WarcArchive(home.captures, user_agent="test")
    archive.keep(FetchedPage(URL, 200, "OK", [("Content-Type", "text/html; charset=utf-8")], HTML.encode(), AT))
    archive.close()
    before = eho("extract", home.captures, home=tmp_path).lines
    [path] = home.captures.glob("*.warc.gz")
    assert eho("privacy", "seal", "--json", home=tmp_path).json["sealed"] == [path.name]
    assert is_sealed(path) and eho("extract", home.captures, home=tmp_path).lines == before
    assert eho("privacy", "seal", "--json", home=tmp_path).json["already_sealed"] == 1
    assert present_key(home, load_settings(home.config)) is not None


def test_mask_gives_the_same_lines_masked(eho, tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    row = {
        "id": "1",
        "url": "https://vesti.test/almira-hodzic-vratila-se",
        "title": "ALMIRA HODŽIĆ SE VRATILA",
        "text": "Almira Hodžić se vratila iz Sirije. Ministar Ivica Dačić je to potvrdio.",
        "tags": ["Almira Hodžić"],
        "n": 3,
    }
    broken = '{"id": "2", "text": 5}'
    lines.write_text(f"{json.dumps(row)}\n\n{broken}\n[]\n", encoding="utf-8")
    ran = eho("privacy", "mask", lines, home=tmp_path)
    masked, bad, worse = ran.lines
    assert ran.status == 1
    assert list(masked) == list(row)
    assert masked == {
        "id": "1",
        "url": "https://vesti.test/⟦person⟧-vratila-se",
        "title": "⟦person⟧ SE VRATILA",
        "text": "⟦person⟧ se vratila iz Sirije. Ministar Ivica Dačić je to potvrdio.",
        "tags": ["⟦person⟧"],
        "n": 3,
    }
    assert (bad["id"], bad["outcome"]) == ("2", "bad_input") and "text is 5" in bad["reason"]
    assert worse["outcome"] == "bad_input" and worse["reason"].startswith("line 4")
