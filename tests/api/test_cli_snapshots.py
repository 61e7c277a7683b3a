"""eho snapshot create, list and show, and --snapshot, on the command line and over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from api.http_schemas import Snapshot, SnapshotDetail
from api.service import Service
from eho.home import Home
from tests.api.conftest import Run, copy_home
from tests.api.test_http import serving

LATER = {
    "sq": {
        "id": "sq-1",
        "source": "gazeta-e-proves",
        "published_at": "2026-09-03",
        "text": "Të kthyerit nga Siria: teksti u ndryshua krejt më vonë.",
    },
    "sr-Latn": {
        "id": "sr-1",
        "source": "probne-novine",
        "published_at": "2026-09-10",
        "text": "Povratnici iz Sirije: tekst je kasnije izmenjen, čovek čeka.",
    },
    "sr-Cyrl": {
        "id": "sr-2",
        "source": "probne-novine",
        "published_at": "2026-10-10",
        "text": "Општинско веће: текст је касније измењен, а човек чека и даље.",
    },
}
QUERY = "kthyer* OR povratni* OR covek"


@pytest.fixture
def home(small_home: Path, tmp_path: Path) -> Path:
    return copy_home(small_home, tmp_path / "home")


def import_later(eho: Run, home: Path, lang: str) -> None:
    path = home.parent / "later.jsonl"
    path.write_text(json.dumps(LATER[lang], ensure_ascii=False) + "\n", encoding="utf-8")
    assert eho("import", path, "--platform", "jsonl", home=home).status == 0


@pytest.mark.parametrize("lang", sorted(LATER))
def test_the_same_answers_after_a_change(eho: Run, home: Path, lang: str) -> None:
    questions = [
        ["search", QUERY, "--json"],
        ["search", QUERY, "--csv"],
        ["trends", QUERY, "--by", "month", "--split", "language", "--json"],
        ["trends", "--csv"],
    ]
    before = [eho(*question, home=home) for question in questions]
    snapshot = before[0].json["snapshot"]
    import_later(eho, home, lang)
    assert eho(*questions[0], home=home).json["snapshot"] != snapshot
    after = [eho(*question, "--snapshot", snapshot, home=home) for question in questions]
    assert after == before
    with Service.open(Home(home)) as service, serving(service, "127.0.0.1") as client:
        found = client.get("/v1/search", params={"q": QUERY, "snapshot": snapshot})
        assert found.json() == before[0].json
        counted = client.get("/v1/trends", params={"q": QUERY, "by": "month", "split": "language", "snapshot": snapshot})
        assert counted.json() == before[2].json
        shown = client.get(f"/v1/documents/{LATER[lang]['id']}", params={"snapshot": snapshot}).json()
        assert shown["snapshot"] == snapshot and shown["text"] != LATER[lang]["text"]


def test_create_list_and_show(eho: Run, home: Path) -> None:
    created = eho("snapshot", "create", "--note", "për raportin", "--json", home=home)
    assert (created.status, created.err) == (0, "")
    detail = SnapshotDetail.model_validate(created.json)
    assert (detail.note, detail.is_current, detail.documents, detail.at_hand) == ("për raportin", True, 3, True)
    import_later(eho, home, "sq")
    shown = eho("snapshot", "show", detail.id, "--json", home=home)
    assert shown.json["changed_since"] == {"new": 0, "text": 1, "tags": 0}
    assert not shown.json["is_current"] and shown.json["removed_since"] == {}
    [row] = eho("snapshot", "list", "--json", home=home).lines
    assert (row["id"], row["created_at"]) == (detail.id, shown.json["created_at"])
    assert len(eho("snapshot", "list", "--all", "--json", home=home).lines) == 2
    assert detail.id in eho("snapshot", "list", home=home).out
    assert eho("snapshot", "create", home=home).out.startswith("s")
    with Service.open(Home(home)) as service, serving(service, "127.0.0.1") as client:
        rows = TypeAdapter(list[Snapshot]).validate_python(client.get("/v1/snapshot", params={"all": True}).json())
        assert [one.id for one in rows][-1] == detail.id
        assert client.get(f"/v1/snapshot/{detail.id}").json() == shown.json | {"at_hand": True}


def test_a_report_of_then(eho: Run, home: Path, tmp_path: Path) -> None:
    snapshot = eho("search", "--json", home=home).json["snapshot"]
    import_later(eho, home, "sr-Latn")
    ran = eho("report", "--out", tmp_path / "then.html", "--snapshot", snapshot, home=home)
    assert ran.status == 0
    assert snapshot in (tmp_path / "then.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "x", "--snapshot", "s999-a@1-0"],
        ["trends", "--snapshot", "nonsense"],
        ["snapshot", "show", "s0"],
        ["report", "--out", "x.html", "--snapshot", ""],
    ],
    ids=["search", "trends", "show", "report"],
)
def test_an_unknown_snapshot_is_one_line(eho: Run, small_home: Path, arguments: list[str]) -> None:
    ran = eho(*arguments, home=small_home)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.count("\n") == 1 and "There is no snapshot" in ran.err


def test_an_unknown_snapshot_over_http(small_service: Service) -> None:
    with serving(small_service, "127.0.0.1") as client:
        for path in ("/v1/search?snapshot=x", "/v1/trends?snapshot=x", "/v1/documents/sq-1?snapshot=x", "/v1/snapshot/x"):
            answer = client.get(path)
            assert answer.status_code in (400, 404, 422), path
            assert answer.json()["error"]["field"] == "snapshot"


def test_the_index_is_checked(eho: Run, home: Path) -> None:
    ran = eho("index", "check", home=home)
    assert (ran.status, ran.err) == (0, "") and "3 documents" in ran.out
    assert eho("index", "check", "--json", home=home).json["is_sound"] is True
    path = next((home / "index").rglob("*.store"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    ran = eho("index", "check", home=home)
    assert (ran.status, ran.out) == (2, "") and ran.err.count("\n") == 1 and "eho index build" in ran.err
    assert eho("index", "build", home=home).status == 0
    assert eho("index", "check", home=home).status == 0
