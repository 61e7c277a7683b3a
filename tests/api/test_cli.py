"""The command line as a whole: every error is one line with its status, and every command is described."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api import cli
from eho.errors import StoreError

COMMANDS = (
    ["init"],
    ["demo"],
    ["crawl"],
    ["extract"],
    ["import"],
    ["tag"],
    ["run"],
    ["watch"],
    ["index", "build"],
    ["index", "status"],
    ["search"],
    ["show"],
    ["trends"],
    ["compare"],
    ["report"],
    ["sources", "list"],
    ["sources", "coverage"],
    ["codebook", "show"],
    ["codebook", "validate"],
    ["models", "list"],
    ["models", "show"],
    ["models", "train"],
    ["settings"],
    ["serve"],
    ["doctor"],
)
BAD = {
    "unknown command": (["wattch"], "'wattch'"),
    "unknown option": (["search", "--nonsense"], "--nonsense"),
    "option without value": (["search", "--limit"], "--limit"),
    "no number": (["search", "--limit", "many"], "'many'"),
    "no number, joined": (["search", "--limit=many"], "'many'"),
    "limit out of range": (["search", "--limit", "0"], "0"),
    "sort": (["search", "--sort", "size"], "'size'"),
    "day": (["search", "--from", "yesterday"], "'yesterday'"),
    "impossible day": (["search", "--to", "2026-02-30"], "'2026-02-30'"),
    "period backwards": (["search", "--from", "2026-10-01", "--to", "2026-09-01"], "2026-09-01"),
    "query": (["search", "povratnik AND ("], "position 15"),
    "query field": (["search", "naratve:x"], "naratve"),
    "narrative": (["search", "--narrative", "returnee_rejecton"], "returnee_rejection"),
    "trend narrative": (["trends", "--narrative", "returnee_rejecton"], "returnee_rejection"),
    "trend period": (["trends", "--by", "year"], "'year'"),
    "trend split": (["trends", "--split", "author"], "'author'"),
    "trend denominator": (["trends", "--of", "(("], "position"),
    "trend chart": (["trends", "--out", "chart.pdf"], "'chart.pdf'"),
    "comparison side": (["compare", "sq", " "], "B is empty"),
    "comparison overlap": (["compare", "lang:sq", "NOT lang:sr"], "in common"),
    "comparison match": (["compare", "sq", "sr", "--match", "size"], "'size'"),
    "documents to read": (["evaluate", "audit", "documents"], "--narrative"),
    "two formats": (["search", "--json", "--csv"], "choose one"),
    "cursor": (["search", "--cursor", "zzz"], "ursor"),
    "document": (["show", "no-such-id"], "'no-such-id'"),
    "source": (["crawl", "--source", "nobody"], "'nobody'"),
    "since": (["crawl", "--since", "soon"], "'soon'"),
    "platform": (["import", "-", "--platform", "orkut"], "'orkut'"),
    "missing file": (["import", "nowhere.jsonl", "--platform", "jsonl"], "nowhere.jsonl"),
    "tag missing file": (["tag", "nowhere.jsonl"], "nowhere.jsonl"),
    "tag folder": (["tag", "."], "folder"),
    "model": (["tag", "-", "--model", "gpt"], "'gpt'"),
    "model card": (["models", "show", "gpt"], "'gpt'"),
    "extract missing": (["extract", "nowhere.html"], "nowhere.html"),
    "fetched at": (["extract", ".", "--fetched-at", "noon"], "'noon'"),
    "url of a folder": (["extract", ".", "--url", "http://a.test/"], "http://a.test/"),
    "report suffix": (["report", "--out", "report.txt"], "report.txt"),
    "codebook narrative": (["codebook", "show", "returnee_rejecton"], "returnee_rejection"),
    "codebook language": (["codebook", "show", "--lang", "de"], "'de'"),
    "codebook file": (["codebook", "validate", "nowhere.yaml"], "nowhere.yaml"),
    "training kind": (["models", "train", "magic", "--corpus", ".", "--out", "x"], "'magic'"),
    "training corpus": (["models", "train", "baseline", "--corpus", "nowhere", "--out", "x"], "nowhere"),
    "demo corpus": (["demo", "--no-serve", "--corpus", "nowhere.jsonl"], "nowhere.jsonl"),
    "port": (["serve", "--port", "70000"], "70000"),
}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_describes_itself(eho, small_home: Path, command: list[str]) -> None:
    ran = eho(*command, "--help", home=small_home)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("Usage: eho " + " ".join(command))


@pytest.mark.parametrize(("arguments", "named"), BAD.values(), ids=BAD)
def test_bad_input_gets_one_line_that_names_it(eho, small_home: Path, arguments: list[str], named: str) -> None:
    ran = eho(*arguments, home=small_home)
    assert ran.status == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert named in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("arguments", [["search", "x"], ["index", "status"], ["sources", "list"], ["serve"]], ids=" ".join)
def test_without_a_data_folder_the_command_to_make_one_is_named(eho, tmp_path: Path, arguments: list[str]) -> None:
    ran = eho(*arguments, home=tmp_path / "none")
    assert ran.status == 2
    assert ran.err == f"There is no data folder at {tmp_path / 'none'}; run eho init, or set EHO_HOME.\n"
    assert not (tmp_path / "none").exists()


def test_version(eho, small_home: Path) -> None:
    assert re.fullmatch(r"eho \d+\.\d+\.\d+\n", eho("--version", home=small_home).out)


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (StoreError("Store gone.\nReally."), 2, "Store gone. Really."),
        (KeyboardInterrupt(), 130, "Interrupted; what was stored is kept, and the same command goes on from there."),
        (PermissionError(13, "Permission denied", "/x"), 2, "Permission denied: /x. Check path, rights and room on the disk."),
        (ZeroDivisionError("oh"), 1, "Eho failed unexpectedly (ZeroDivisionError: oh)."),
    ],
    ids=["ours", "interrupted", "system", "defect"],
)
def test_every_kind_of_failure_is_one_line(
    eho, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, line: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("api.cli_manage.list_settings", fail)
    ran = eho("settings", home=tmp_path)
    assert ran.status == status
    assert ran.err.startswith(line)
    assert len(ran.err.splitlines()) == 1
    assert ("ZeroDivisionError" in (tmp_path / "last-error.txt").read_text(encoding="utf-8")) if status == 1 else True


def test_a_reader_that_goes_away_is_no_error(eho_process, demo_home: Path) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "api.cli", "codebook", "show", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == cli.DONE
