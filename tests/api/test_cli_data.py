"""init, crawl, import, tag, extract, run and index: what goes in comes out, and a killed or refused run loses nothing."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eho.home import Home
from evaluation.miniweb import MiniWeb, write_sources
from index.store import Store
from tests.api.conftest import copy_home


@pytest.fixture(scope="module")
def web() -> Iterator[MiniWeb]:
    with MiniWeb(hostile=False, delay_scale=0.1) as running:
        yield running


def _variables(web: MiniWeb, delay_s: float) -> dict[str, str]:
    return {"EHO_CRAWL__PROXY": web.proxy_url, "EHO_CRAWL__DELAY_S": str(delay_s), "EHO_CRAWL__AUTOTHROTTLE": "false"}


def _ids(home: Path) -> set[str]:
    with Store.open(f"sqlite:///{Home(home).store}") as store:
        return {item.document.id for item in store.documents()}


# -- init ---------------------------------------------------------------------------------------------------------


def test_init_makes_settings_sources_and_codebook_and_keeps_changes(eho, tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    assert eho("init", home=home.path).status == 0
    assert home.config.exists() and home.sources.is_dir() and home.codebook.exists()
    home.config.write_text("[crawl]\ndelay_s = 7\n", encoding="utf-8")
    again = eho("init", home=home.path)
    assert (again.status, again.err) == (0, "")
    settings = {row["name"]: row for row in eho("settings", "--json", home=home.path).lines}
    assert (settings["crawl.delay_s"]["value"], settings["crawl.delay_s"]["default"]) == (7.0, 1.0)


def test_every_commented_setting_is_valid_when_uncommented(eho, tmp_path: Path) -> None:
    eho("init", home=tmp_path)
    config = Home(tmp_path).config
    lines = config.read_text(encoding="utf-8").splitlines()
    config.write_text(
        "\n".join(line[2:] if " = " in line and "(not set)" not in line else line for line in lines), encoding="utf-8"
    )
    rows = eho("settings", "--json", home=tmp_path).lines
    assert all(row["value"] == row["default"] for row in rows)
    assert sum(row["origin"] != "default" for row in rows) == sum(row["default"] is not None for row in rows)


def test_init_renews_a_codebook_that_nobody_changed(eho, tmp_path: Path) -> None:
    import hashlib

    eho("init", home=tmp_path)
    codebook = Home(tmp_path).codebook
    header, _, body = codebook.read_text(encoding="utf-8").partition("\n")
    older = body.replace("# The codebook", "# An older codebook", 1)
    prefix = header.rpartition(" ")[0]
    codebook.write_text(f"{prefix} {hashlib.sha256(older.encode()).hexdigest()}\n{older}", encoding="utf-8", newline="\n")
    assert "renewed" in eho("init", home=tmp_path).err
    codebook.write_text(f"{header}\n{older}", encoding="utf-8", newline="\n")
    assert eho("init", home=tmp_path).err == ""
    assert "An older codebook" in codebook.read_text(encoding="utf-8")


# -- import -------------------------------------------------------------------------------------------------------


def test_import_masks_tags_indexes_and_keeps_unknown_fields(eho, small_home: Path) -> None:
    row = eho("show", "sq-1", "--json", home=small_home).json
    assert "⟦phone⟧" in row["text"] and "123 456" not in json.dumps(row)
    assert (row["source"], row["published_at"], row["published_at_precision"]) == (
        "gazeta-e-proves",
        "2026-09-03T00:00:00Z",
        "day",
    )
    assert row["extra"] == {"source_name": "Gazeta e Provës", "weird": {"kept": True}, "tags": {"not": "trusted"}}
    assert (row["lang"], row["tags"]["outcome"]) == ("sq", "tagged")
    assert eho("show", "sr-2", "--json", home=small_home).json["lang"] == "sr-Cyrl"
    sources = {source["id"]: source for source in eho("sources", "list", "--json", home=small_home).lines}
    assert sources["gazeta-e-proves"]["name"] == "Gazeta e Provës" and sources["gazeta-e-proves"]["ownership"] is None


def test_importing_again_changes_nothing_and_another_text_is_a_new_version(eho, tmp_path: Path, rows_file: Path) -> None:
    assert eho("import", rows_file, "--platform", "jsonl", "--json", home=tmp_path).json["counts"] == {"stored": 3}
    assert eho("import", rows_file, "--platform", "jsonl", "--json", home=tmp_path).json["counts"] == {"unchanged": 3}
    rows = [json.loads(line) for line in rows_file.read_text(encoding="utf-8").splitlines()]
    rows[1]["text"] = "Povratnici iz Sirije rade u Novom Pazaru, a njihova deca idu u školu sa ostalom decom."
    changed = tmp_path / "changed.jsonl"
    changed.write_text(json.dumps(rows[1]), encoding="utf-8")
    assert eho("import", changed, "--platform", "jsonl", "--json", home=tmp_path).json["counts"] == {"new_version": 1}
    assert eho("show", "sr-1", "--json", home=tmp_path).json["text"] == rows[1]["text"]
    assert eho("search", "psihološkinja", "--json", home=tmp_path).json["total"] == 0


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_import_csv(eho, tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "posts.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["id", "source", "published_at", "title", "text", "authors", "shares"])
        writer.writerow(
            [
                "c1",
                "portali",
                "2026-10-01",
                "Titulli; me, pikë\tpresje",
                "Rreshti i parë\nrreshti i dytë i tekstit.",
                "A B; C",
                "7",
            ]
        )
    assert eho("import", path, "--platform", "csv", "--json", home=tmp_path).json["counts"] == {"stored": 1}
    row = eho("show", "c1", "--json", home=tmp_path).json
    assert (row["title"], row["authors"]) == ("Titulli; me, pikë\tpresje", ["A B", "C"])
    assert row["text"] == "Rreshti i parë\nrreshti i dytë i tekstit." and row["extra"] == {"shares": "7"}


BAD_ROWS = {
    "no text": {"source": "a", "published_at": "2026-09-03"},
    "no source": {"text": "fjalë", "published_at": "2026-09-03"},
    "no date": {"text": "fjalë", "source": "a"},
    "bad date": {"text": "fjalë", "source": "a", "published_at": "yesterday"},
    "bad kind": {"text": "fjalë", "source": "a", "published_at": "2026-09-03", "kind": "tweet"},
    "text is a list": {"text": ["fjalë"], "source": "a", "published_at": "2026-09-03"},
    "extra is a list": {"text": "fjalë", "source": "A A", "published_at": "2026-09-03", "extra": [1]},
    "surrogate": {"text": "a\ud800", "source": "a", "published_at": "2026-09-03"},
    "array": [1],
}


@pytest.mark.parametrize("bad", BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_told_with_its_line_and_the_rest_is_imported(eho, tmp_path: Path, rows_file: Path, bad: Any) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(bad) + "\n" + rows_file.read_text(encoding="utf-8"), encoding="utf-8")
    ran = eho("import", path, "--platform", "jsonl", "--json", home=tmp_path / "home")
    assert ran.status == 1
    assert ran.json["counts"] == {"bad_input": 1, "stored": 3}
    assert "line 1" in ran.json["failures"][0]["reason"]
    coverage = eho("sources", "coverage", "--json", home=tmp_path / "home").lines
    assert [row["outcomes"]["bad_input"] for row in coverage if "bad_input" in row["outcomes"]] == [1]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "no column text, source, published_at"),
        (b"a,b\n1,2\n", "no column text, source, published_at"),
        (b'text,source,published_at\n"unclosed,a,2026-01-01\n', "cannot be read as CSV"),
    ],
    ids=["empty", "columns", "quotes"],
)
def test_a_csv_that_cannot_be_read_is_one_line(eho, tmp_path: Path, content: bytes, named: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    ran = eho("import", path, "--platform", "csv", home=tmp_path / "home")
    assert ran.status == 2 and named in ran.err and len(ran.err.splitlines()) == 1


def test_import_from_standard_input(eho_process, tmp_path: Path, rows_file: Path) -> None:
    ran = eho_process("import", "-", "--platform", "jsonl", "--json", home=tmp_path, given=rows_file.read_bytes())
    assert ran.json["counts"] == {"stored": 3}


# -- tag ----------------------------------------------------------------------------------------------------------

SQ = "Të kthyerit nga Siria janë bombë me sahat për sigurinë e vendit."
TEXTS = {
    "sq": (SQ, "sq"),
    "sq-ascii": ("Te kthyerit nga Siria jane bombe me sahat per sigurine e vendit dhe te qytetareve.", "sq"),
    "sr-Latn": ("Povratnici iz Sirije su tempirana bomba za bezbednost cele zemlje.", "sr-Latn"),
    "sr-Cyrl": ("Повратници из Сирије су темпирана бомба за безбедност целе земље.", "sr-Cyrl"),
}


def test_tag_answers_every_line_in_its_place(eho_process, tmp_path: Path) -> None:
    rows: list[bytes] = []
    for number, (text, _) in enumerate([*TEXTS.values()] * 30):
        rows.append(json.dumps({"id": number, "text": text, "mine": [number]}, ensure_ascii=number % 2 == 0).encode())
    rows[5:5] = [b"nonsense", b"", b"\xff\xfe", b"[1]", b'{"id": "no text"}', b'{"id": "n", "text": NaN}', b"[" * 50_000]
    ran = eho_process("tag", home=tmp_path / "none", given=b"\xef\xbb\xbf" + b"\n".join(rows))
    assert ran.status == 1 and not (tmp_path / "none").exists()
    answers = ran.lines
    assert len(answers) == len(rows)
    for row, answer in zip(rows, answers, strict=True):
        try:
            given = json.loads(row, parse_constant=lambda _: 1 / 0)
        except (ValueError, ZeroDivisionError, RecursionError):
            given = None
        if isinstance(given, dict) and isinstance(given.get("text"), str):
            assert {key: answer[key] for key in given} == given
            assert answer["extra"] == {"mine": given["mine"]} and answer["tags"]["outcome"] == "tagged"
        else:
            assert answer["outcome"] == "bad_input" and answer["reason"]


@pytest.mark.parametrize(("text", "code"), TEXTS.values(), ids=TEXTS)
def test_tag_knows_language_and_narrative_in_every_spelling(eho, tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"id": "1", "text": text}), encoding="utf-8")
    ran = eho("tag", path, home=tmp_path)
    tags = ran.lines[0]["tags"]
    assert ran.status == 0 and ran.err == ""
    assert tags["language"]["code"] == code and tags["returnee_sense"]["value"] == "conflict_zone"
    assert "returnee_security_threat" in {one["narrative"] for one in tags["annotations"]}


def test_tag_abstains_from_other_languages(eho, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"text": "The returnees from Syria live quietly in the town, the officials said on Monday."}))
    ran = eho("tag", path, home=tmp_path)
    assert ran.status == 0
    assert (ran.lines[0]["tags"]["outcome"], ran.lines[0]["tags"]["reason"]) == ("abstained", "language:en")


def test_tag_answers_a_line_before_the_next_is_written(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "api.cli", "tag", "-"]
    environ = {**os.environ, "EHO_HOME": str(tmp_path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as process:
        assert process.stdin is not None and process.stdout is not None
        for number in range(3):
            process.stdin.write(json.dumps({"id": number, "text": SQ}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(timeout=60) == 0


# -- extract ------------------------------------------------------------------------------------------------------


def test_extract_gives_the_documents_of_the_crawl(eho, demo_home: Path) -> None:
    rows = eho("extract", Home(demo_home).captures, home=demo_home).lines
    found = {(row["id"], row["title"], row["text"]) for row in rows if "text" in row}
    assert {row["outcome"] for row in rows if "text" not in row} <= {"paywalled", "redirected", "http_error"}
    with Store.open(f"sqlite:///{Home(demo_home).store}") as store:
        stored = {(item.document.id, item.document.title, item.document.text) for item in store.documents()}
    assert stored <= found  # a page in both scripts is fetched twice and stored once


PAGE = """<html><head><title>Lajm</title><meta property="article:published_time" content="2026-09-03T10:00:00+02:00"></head>
<body><article><h1>Lajm i ditës nga Prishtina</h1><p>Komuna njoftoi të hënën se rruga do të hapet javën e ardhshme, pas tre muajsh
punimesh.</p><p>Për pyetje telefononi në +383 44 123 456 çdo ditë pune deri në orën katër pasdite, thuhet në njoftim.</p></article></body></html>"""


@pytest.mark.parametrize(("option", "has_phone"), [([], False), (["--no-mask"], True)], ids=["masked", "not masked"])
def test_extract_masks_like_the_store(eho_process, tmp_path: Path, option: list[str], has_phone: bool) -> None:
    line = json.dumps({"url": "http://lajme.test/1", "html": PAGE, "fetched_at": "2026-09-04T00:00:00Z"}).encode()
    ran = eho_process("extract", "-", *option, home=tmp_path / "none", given=line + b"\nnonsense\n")
    assert ran.status == 1
    document, bad = ran.lines
    assert ("+383 44 123 456" in document["text"]) is has_phone and ("⟦phone⟧" in document["text"]) is not has_phone
    assert bad["outcome"] == "bad_input" and bad["reason"]
    assert document["published_at"] == "2026-09-03T08:00:00Z"


def test_extract_html_from_standard_input_needs_its_address(eho_process, tmp_path: Path) -> None:
    ran = eho_process(
        "extract", "-", "--url", "http://lajme.test/1", "--fetched-at", "2026-09-04", home=tmp_path, given=PAGE.encode()
    )
    assert ran.status == 0 and ran.lines[0]["url"] == "http://lajme.test/1"
    assert ran.lines[0]["fetched_at"] == "2026-09-04T00:00:00Z"


# -- crawl and run ------------------------------------------------------------------------------------------------


def test_outlets_outside_this_machine_are_not_crawled(eho_process, tmp_path: Path) -> None:
    sources = Home(tmp_path).sources
    sources.mkdir(parents=True)
    (sources / "real.yaml").write_text("id: real\nname: Real\nfeeds: [https://example.org/feed]\n", encoding="utf-8")
    ran = eho_process("crawl", home=tmp_path)
    assert ran.status == 2
    assert "'real'" in ran.err and "crawl.allow_live" in ran.err and len(ran.err.splitlines()) == 1


def test_crawl_one_source_with_limits(eho_process, tmp_path: Path, web: MiniWeb) -> None:
    write_sources(web.sources, Home(tmp_path).sources)
    arguments = ("crawl", "--source", "vala-e-re", "--max-pages", "3", "--json")
    ran = eho_process(*arguments, home=tmp_path, **_variables(web, 0))
    assert ran.status == 0 and list(ran.json["sources"]) == ["vala-e-re"] and ran.json["counts"]["stored"] == 3
    coverage = eho_process("sources", "coverage", "--json", home=tmp_path).lines
    assert {row["source"] for row in coverage} == {"vala-e-re"}


def test_a_failing_source_makes_status_1_and_is_listed(eho_process, tmp_path: Path, web: MiniWeb) -> None:
    sources = Home(tmp_path).sources
    write_sources([source for source in web.sources if source.id == "rrufeja"], sources)
    (sources / "gone.yaml").write_text("id: gone\nname: Gone\ninvented: true\nfeeds: [http://gone.test/feed]\n", encoding="utf-8")
    ran = eho_process("run", "--json", home=tmp_path, EHO_CRAWL__RETRIES="0", **_variables(web, 0))
    assert ran.status == 1
    assert [record["source"] for record in ran.json["crawl"]["failures"]] == ["gone"]
    assert ran.json["has_failures"] is True and ran.json["index"]["documents"] == ran.json["tag"]["counts"]["tagged"] > 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_stopped_run_goes_on_where_it_was(eho_process, tmp_path: Path, web: MiniWeb, demo_home: Path, number: int) -> None:
    home = Home(tmp_path)
    write_sources(web.sources, home.sources)
    environ = {**os.environ, "EHO_HOME": str(tmp_path), **_variables(web, 0.3)}
    command = [sys.executable, "-m", "api.cli", "run"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ) as process:
        deadline = time.monotonic() + 60
        while (not home.store.exists() or len(_ids(tmp_path)) < 20) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    stored = _ids(tmp_path)
    assert 20 <= len(stored) < 170
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert err.decode() == "Interrupted; what was stored is kept, and the same command goes on from there.\n"
    again = eho_process("run", "--json", home=tmp_path, **_variables(web, 0))
    assert again.status == 0 and again.json["crawl"]["known"] >= len(stored) - 5
    assert _ids(tmp_path) == _ids(demo_home)
    assert again.json["index"]["documents"] == len(_ids(demo_home)) == again.json["tag"]["counts"]["tagged"]


def test_a_second_writer_is_refused_and_readers_are_not(eho_process, small_home: Path, tmp_path: Path, rows_file: Path) -> None:
    home = tmp_path / "home"
    copy_home(small_home, home)
    with Home(home).writing("crawl", wait_s=0):
        ran = eho_process("index", "build", home=home, EHO_HOME__LOCK_WAIT_S="0.1")
        assert ran.status == 2
        waiting, refused = ran.err.splitlines()
        assert waiting.startswith("Another eho process (eho crawl, process ") and "still works on" in refused
        assert eho_process("search", "Povratnici", "--json", home=home).json["total"] == 1
    assert eho_process("index", "build", home=home).status == 0


def test_index_status_says_how_far_it_is(eho, small_home: Path) -> None:
    status = eho("index", "status", "--json", home=small_home).json
    assert status["documents"] == 3 and status["sequence"] == status["store_sequence"] and status["engine"] == "embedded"
