"""A newsroom moves to a search server by one command and gets the same answers."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from evaluation.elasticsearch_server import Server, free_port
from tests.api.conftest import Run, copy_home
from tests.elasticsearch_node import ON_ONE_WORKER, delete_all

pytestmark = ON_ONE_WORKER

QUESTIONS = (
    ("search", "povratnici OR kthyerit", "--sort", "date", "--json"),
    ("search", "čovek", "--json"),
    ("trends", "čovek", "--by", "month", "--json"),
)


def rows(folder: Path, id: str) -> Path:
    """A file with one document to import."""
    path = folder / f"{id}.jsonl"
    row = {"id": id, "source": "probne-novine", "published_at": "2026-10-11", "text": f"Čovek čeka novu školu u selu, {id}."}
    path.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    return path


def answers(eho: Run, home: Path) -> list[Any]:
    found = []
    for question in QUESTIONS:
        ran = eho(*question, home=home)
        assert ran.status == 0, ran.err
        answer = json.loads(ran.out)
        for hit in answer.get("hits", []):
            del hit["score"]
        found.append(answer)
    return found


def test_moving_to_a_server_and_back_changes_no_answer(
    eho: Run, small_home: Path, elasticsearch_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, name = copy_home(small_home, tmp_path / "home"), f"t{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("EHO_INDEX__NAME", name)
    before = answers(eho, home)
    moved = eho("index", "migrate", "--engine", "elasticsearch", "--url", elasticsearch_server.url, home=home)
    assert moved.status == 0, moved.err
    status = json.loads(eho("index", "status", "--json", home=home).out)
    assert (status["engine"], status["documents"], status["spooled"]) == ("elasticsearch", 3, 0)
    assert answers(eho, home) == before
    assert "sound" in eho("index", "check", home=home).out
    listed = {row["name"]: row for row in eho("settings", "--json", home=home).lines}
    assert listed["index.url"]["value"] == elasticsearch_server.url

    monkeypatch.setenv("EHO_INDEX__URL", f"http://127.0.0.1:{free_port()}")
    lost = eho("search", "čovek", "--json", home=home)
    assert lost.status == 2 and "does not answer" in lost.err and len(lost.err.strip().splitlines()) == 1
    late = eho("import", rows(tmp_path, "late"), "--platform", "jsonl", home=home)
    assert late.status == 1 and "server is away: 1 documents wait" in late.err
    assert list((home / "spool").glob("*.jsonl"))
    refused = eho("index", "migrate", "--url", elasticsearch_server.url, home=home)
    assert refused.status == 2 and "EHO_INDEX__URL" in refused.err

    monkeypatch.delenv("EHO_INDEX__URL")
    later = eho("import", rows(tmp_path, "later"), "--platform", "jsonl", "--json", home=home)
    assert later.status == 0 and later.json["index"]["spooled"] == 0
    assert {"late", "later"} <= {hit["id"] for hit in eho("search", "čovek", "--json", home=home).json["hits"]}
    back = eho("index", "migrate", "--engine", "embedded", home=home)
    assert back.status == 0, back.err
    assert json.loads(eho("index", "status", "--json", home=home).out)["engine"] == "embedded"
    with Elasticsearch(elasticsearch_server.url) as client:
        delete_all(client, name)
