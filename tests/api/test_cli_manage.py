"""sources, codebook, models, settings, serve, doctor, demo; and what the guides say of them."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from eho.codebook import Codebook
from eho.home import Home
from eho.settings import list_settings
from tests.api.conftest import copy_home

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "operator.md"
README = ROOT / "README.md"
# What a reader may paste and see done within seconds; the rest of the README's commands needs a network or a long time.
QUICK = (
    "init",
    "search",
    "show",
    "trends",
    "tag",
    "settings",
    "doctor",
    "sources",
    "codebook",
    "models list",
    "models show",
    "index status",
)


# -- sources, codebook, models ------------------------------------------------------------------------------------


def test_sources_list_and_coverage(eho, demo_home: Path) -> None:
    sources = eho("sources", "list", "--json", home=demo_home).lines
    assert len(sources) == 11 and all(source["invented"] for source in sources)
    coverage = eho("sources", "coverage", "--json", home=demo_home).lines
    assert {row["source"] for row in coverage} == {source["id"] for source in sources}
    assert {"stored", "paywalled", "disallowed"} <= {outcome for row in coverage for outcome in row["outcomes"]}
    assert eho("sources", "coverage", "--csv", home=demo_home).out.count("\r\n") == len(coverage) + 3
    assert "vala-e-re" in eho("sources", "list", home=demo_home).out


def test_codebook_show_in_every_form(eho, tmp_path: Path) -> None:
    whole = eho("codebook", "show", "--json", home=tmp_path).json
    assert whole["codebook"] == Codebook.load().tag and len(whole["narratives"]) == len(Codebook.load().narratives)
    one = eho("codebook", "show", "returnee_rejection", "--json", home=tmp_path).json
    assert one["id"] == "returnee_rejection" and one["definition"]["sq"]
    table = eho("codebook", "show", "returnee_rejection", "--lang", "sr-Cyrl", "--csv", home=tmp_path).out
    assert Codebook.load().narrative("returnee_rejection").labels["sr-Cyrl"] in table


def test_codebook_validate_names_every_problem(eho, tmp_path: Path) -> None:
    assert eho("codebook", "validate", home=tmp_path).status == 0
    eho("init", home=tmp_path)
    assert "is valid" in eho("codebook", "validate", home=tmp_path).out
    broken = tmp_path / "broken.yaml"
    text = Home(tmp_path).codebook.read_text(encoding="utf-8")
    broken.write_text(text.replace("version:", "verzion:", 1).replace("family: religion", "family: religon", 1), encoding="utf-8")
    ran = eho("codebook", "validate", broken, home=tmp_path)
    assert ran.status == 2 and len(ran.err.splitlines()) >= 2 and "'religon'" in ran.err
    assert eho("codebook", "validate", broken, "--json", home=tmp_path).json["problems"] == ran.err.splitlines()


_SHIPPED = ["baseline", "entities", "sentence", "tagger"]


def test_models_list_and_show(eho, tmp_path: Path) -> None:
    card = eho("models", "list", "--json", home=tmp_path).lines[0]
    assert card["name"] == "baseline" and card["codebook"] == Codebook.load().tag
    shown = eho("models", "show", "baseline", "--json", home=tmp_path).json
    assert shown == card and shown["limits"] and shown["data"] and shown["measured"]
    assert "intended_use" in eho("models", "show", "baseline", home=tmp_path).out


def test_a_model_trained_here_tags(eho, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    batches = sorted((ROOT / "evaluation/corpus/train").glob("b0[12].jsonl"))
    corpus.write_text("".join(path.read_text(encoding="utf-8") for path in batches), encoding="utf-8")
    home = tmp_path / "home"
    eho("init", home=home)
    out = Home(home).models / "mine"
    trained = eho("models", "train", "baseline", "--corpus", corpus, "--out", out, "--json", home=home)
    assert trained.status == 0, trained.err
    assert trained.json["name"] == "mine"
    assert [card["name"] for card in eho("models", "list", "--json", home=home).lines] == [*_SHIPPED, "mine"]
    text = tmp_path / "text.jsonl"
    text.write_text(json.dumps({"id": "1", "text": "Të kthyerit nga Siria janë bombë me sahat për vendin."}), encoding="utf-8")
    assert eho("tag", text, "--model", "mine", home=home).lines[0]["tags"]["model"]["name"] == "mine"
    again = eho("models", "train", "baseline", "--corpus", corpus, "--out", out, home=home)
    assert again.status == 2 and "holds a model already" in again.err


# -- settings and doctor ------------------------------------------------------------------------------------------


def test_settings_have_value_origin_and_help(eho, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EHO_SERVE__PORT", "9999")
    rows = {row["name"]: row for row in eho("settings", "--json", home=tmp_path).lines}
    assert set(rows) == {row.name for row in list_settings(environ={})}
    assert (rows["serve.port"]["value"], rows["serve.port"]["origin"]) == (9999, "EHO_SERVE__PORT")
    assert all(row["help"] for row in rows.values())
    monkeypatch.setenv("EHO_SERVE__PROT", "1")
    ran = eho("settings", home=tmp_path)
    assert ran.status == 2 and "serve.port" in ran.err


def test_the_guide_lists_the_settings_as_they_are() -> None:
    rows = re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| (.*?) \| (.*) \|$", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    expected = [
        (row.name, "" if row.default is None else f"`{json.dumps(row.default, ensure_ascii=False)}`", row.help)
        for row in list_settings(environ={})
    ]
    assert [(name, default.strip(), text) for name, default, text in rows] == expected


def test_doctor_names_what_is_missing_and_what_mends_it(eho, tmp_path: Path, demo_home: Path) -> None:
    well = eho("doctor", "--json", home=demo_home)
    assert well.status == 0 and all(finding["is_ok"] for finding in well.lines)
    ill = eho("doctor", "--json", home=tmp_path)
    missing = {finding["name"]: finding for finding in ill.lines if not finding["is_ok"]}
    assert ill.status == 1 and missing["data folder"]["remedy"] == "eho init"
    assert all(finding["remedy"] for finding in missing.values())
    eho("init", home=tmp_path)
    assert "mend it with: eho index build" in eho("doctor", home=tmp_path).out
    assert eho("index", "build", home=tmp_path).status == 0
    assert eho("doctor", home=tmp_path).status == 0


def test_doctor_goes_on_after_broken_settings(eho, tmp_path: Path) -> None:
    eho("init", home=tmp_path)
    Home(tmp_path).config.write_text("[crawl\n", encoding="utf-8")
    ran = eho("doctor", home=tmp_path)
    assert ran.status == 1 and "missing  settings" in ran.out and "Traceback" not in ran.out


# -- demo and serve -----------------------------------------------------------------------------------------------


def test_demo_says_what_it_did(demo_home: Path) -> None:
    out = (demo_home / "demo.out").read_text(encoding="utf-8")
    assert re.search(r"Crawled \d+ pages in [\d.]+ s: 1\d\d documents stored", out)
    assert re.search(r"Tagged 1\d\d documents", out) and re.search(r"1\d\d can be searched", out)
    assert out.splitlines()[-1].endswith("Invented outlets – demonstration.")


def test_a_second_demo_reuses_the_first(eho_process, demo_home: Path, tmp_path: Path) -> None:

    copy_home(demo_home, tmp_path / "home")
    out = eho_process("demo", "--no-serve", home=tmp_path / "home").out
    assert ": 0 documents stored, 1" in out and "Tagged 0 documents" in out and "Indexed 0 documents" in out


def test_demo_shows_a_corpus_as_outlets(eho_process, tmp_path: Path) -> None:
    ran = eho_process("demo", "--no-serve", "--corpus", ROOT / "tests/data/miniweb/three-texts.jsonl", home=tmp_path)
    assert ran.status == 0, ran.err
    assert "3 documents stored" in ran.out


def test_demo_keeps_away_from_real_outlets(eho, tmp_path: Path) -> None:
    eho("init", home=tmp_path)
    (Home(tmp_path).sources / "real.yaml").write_text(
        "id: real\nname: Real\nfeeds: [https://example.org/feed]\n", encoding="utf-8"
    )
    ran = eho("demo", "--no-serve", home=tmp_path)
    assert ran.status == 2 and "holds real outlets" in ran.err


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_taken_port_is_said_before_any_work(eho, small_home: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = eho(command, "--port", str(port), home=small_home)
    assert ran.status == 2 and ran.out == ""
    assert ran.err == f"Port {port} on 127.0.0.1 is taken; stop what runs there, or give --port another number.\n"


def test_serve_until_interrupted(demo_home: Path) -> None:
    environ = {**os.environ, "EHO_HOME": str(demo_home)}
    command = [sys.executable, "-u", "-m", "api.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        response = httpx.get(f"{address}v1/search", params={"q": "tajnarec"}, timeout=60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert response.status_code == 200 and response.json()["total"] == 0
    assert process.returncode in (0, 130)
    assert "GET /v1/search 200" in err and "tajnarec" not in err and "Traceback" not in err


# -- the README ---------------------------------------------------------------------------------------------------


def _readme_commands() -> list[str]:
    text = README.read_text(encoding="utf-8") if README.exists() else ""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line.removeprefix(".venv/bin/") for line in lines if line.removeprefix(".venv/bin/").startswith("eho ")]


def test_every_command_of_the_readme_is_one(eho, demo_home: Path) -> None:
    if not README.exists():
        pytest.skip("there is no README.md")
    commands = _readme_commands()
    assert commands
    for command in commands:
        words = shlex.split(command.partition("|")[0].partition(">")[0])[1:]
        heads = [word for word in words[:2] if re.fullmatch(r"[a-z]+", word)]
        names = heads if heads[:1] and heads[0] in ("index", "sources", "codebook", "models") else heads[:1]
        ran = eho(*names, "--help", home=demo_home)
        assert ran.status == 0, f"{command}: {ran.err}"
        unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in ran.out]
        assert not unknown, f"{command}: {unknown}"


def test_the_quick_commands_of_the_readme_run(eho, demo_home: Path) -> None:
    if not README.exists():
        pytest.skip("there is no README.md")
    for command in _readme_commands():
        is_whole = not re.search(r"[|<>$…]|FILE|\bID\b|\.jsonl|\.csv", command)
        if is_whole and any(command.startswith(f"eho {quick}") for quick in QUICK):
            ran = eho(*shlex.split(command)[1:], home=demo_home)
            assert ran.status == 0, f"{command}: {ran.err}"
