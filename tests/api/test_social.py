"""Posts in a data folder: fetched by `eho run`, erased with everything made of them, resumed after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.service import Service
from eho.home import Home
from evaluation.miniweb import write_sources
from evaluation.miniweb.social import SocialWeb, social_sources
from evaluation.miniweb.social_apis import YOUTUBE_KEY
from index.store import Store

TAKEN_BACK = "Ministar je rekao da će svaki povratnik"


@pytest.fixture
def web() -> Iterator[SocialWeb]:
    with SocialWeb() as running:
        yield running


def _variables(web: SocialWeb) -> dict[str, str]:
    return {
        "EHO_CRAWL__PROXY": web.proxy_url,
        "EHO_CRAWL__DELAY_S": "0",
        "EHO_CRAWL__AUTOTHROTTLE": "false",
        "EHO_SOCIAL__CHECK_HOURS": "0",
        "EHO_SOCIAL__YOUTUBE_KEY": YOUTUBE_KEY,
    }


def _bytes_of(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_deleted_post_is_gone_from_store_index_clusters_and_disk(eho, web: SocialWeb, tmp_path: Path, monkeypatch) -> None:
    for name, value in _variables(web).items():
        monkeypatch.setenv(name, value)
    home = Home(tmp_path / "home")
    eho("init", home=home.path)
    write_sources(social_sources(["mastodon"]), home.sources)
    assert eho("run", "--json", home=home.path).json["crawl"]["counts"]["stored"] == 7
    web.state.edit("m2", f"{TAKEN_BACK} proći proveru, uz dopunu koja je stigla uveče. #kthimi")
    assert eho("crawl", "--json", home=home.path).json["counts"]["new_version"] == 1
    with Service.open(home) as service:
        service.index_update()
    asked = eho("search", "ministar", "--json", home=home.path).json
    assert asked["total"] == 1
    web.state.delete("m2")
    ran = eho("crawl", "--json", home=home.path).json
    assert ran["counts"]["erased"] == 1
    assert eho("search", "ministar", "--json", home=home.path).json["total"] == 0
    assert eho("search", "ministar", "--snapshot", asked["snapshot"], "--json", home=home.path).json["removed_since"] == {
        "erased": 1
    }
    coverage = eho("sources", "coverage", "--json", home=home.path).lines
    assert sum(row.get("outcomes", {}).get("erased", 0) for row in coverage) == 1
    assert eho("index", "check", home=home.path).status == 0
    data = _bytes_of(home.path)
    assert TAKEN_BACK.encode() not in data and "opozicija traži".encode() not in data and asked["hits"][0]["id"].encode() in data


def test_settings_do_not_show_keys(eho, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EHO_SOCIAL__YOUTUBE_KEY", YOUTUBE_KEY)
    ran = eho("settings", "--json", home=tmp_path)
    row = next(row for row in ran.lines if row["name"] == "social.youtube_key")
    assert row["value"] == "(set)" and YOUTUBE_KEY not in ran.out + ran.err


def test_a_killed_visit_is_taken_up_and_nothing_is_doubled(web: SocialWeb, tmp_path: Path, eho) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    for number in range(150):
        at = now - timedelta(minutes=20 * number + 7)
        web.state.add(f"k{number}", "mastodon", "glas-luke", at=at, text=f"Vest {number} iz doline.", lang="sr", tags=["kthimi"])
    home = Home(tmp_path / "home")
    eho("init", home=home.path)
    write_sources(social_sources(["mastodon"]), home.sources)
    environ = {**os.environ, "EHO_HOME": str(home.path), **_variables(web), "EHO_SOCIAL__CHECK_HOURS": "24"}
    command = [sys.executable, "-m", "api.cli", "crawl", "--json"]
    for kill in range(2):
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            seen, deadline = len(web.log), time.monotonic() + 60
            while len(web.log) < seen + 9 + 8 * kill and time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.communicate()
    done = subprocess.run(command, env=environ, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    with Store.open(f"sqlite:///{home.store}") as store:
        texts = [item.document.text for item in store.documents()]
    assert len(texts) == len(set(texts)) == 150 + 7
