"""Several workers on one frontier in a real Redis: nothing lost, nothing stored twice, one pause per host over all of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crawlers.lease_queue import Leased, LeaseQueue
from crawlers.run import crawl
from eho.document import document_id
from eho.errors import CrawlError
from eho.outcome import Outcome
from eho.settings import CrawlSettings
from evaluation.miniweb import MiniWeb
from index.store import Store

DELAY_S = 0.15
# One process of a crawl: its store is shared, and every document that it stored is noted.
WORKER = """
import json, sys
from pathlib import Path
from crawlers.run import crawl
from eho.outcome import Outcome
from eho.settings import CrawlSettings
from eho.source import Source
from index.store import Store

folder, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
sources = [Source.model_validate(row) for row in json.loads((folder / "sources.json").read_text())]
with Store.open(f"sqlite:///{folder}/eho.sqlite") as store, (folder / "stored.txt").open("a", buffering=1) as stored:
    class Sink:
        def put(self, document):
            outcome = store.put(document)
            stored.write(f"{outcome} {document.id}\\n")
            return outcome
        def record(self, record):
            store.record(record)
        def is_known(self, url):
            return store.is_known_url(url)
    crawl(sources, Sink(), CrawlSettings(**settings), captures=folder / "captures")
"""


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("redis-server is missing; make test installs it")
        pytest.skip("redis-server is missing; install it with: sudo apt-get install redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = str(tmp_path_factory.mktemp("redis"))
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


@pytest.fixture
def open_queue(redis_url: str, request: pytest.FixtureRequest) -> Callable[..., LeaseQueue]:
    def open_one(worker: str, lease_s: float = 60) -> LeaseQueue:
        return LeaseQueue(redis_url, worker=worker, lease_s=lease_s, name=request.node.name)

    return open_one


def page(host: str, priority: int) -> dict[str, object]:
    return {"host": host, "priority": priority, "url": f"http://{host}/"}


def test_a_page_goes_to_one_worker_highest_priority_first(open_queue: Callable[..., LeaseQueue]) -> None:
    first, second = open_queue("a"), open_queue("b")
    assert first.push("old", page("x.test", 1)) and first.push("new", page("y.test", 9))
    assert not second.push("old", page("x.test", 1))  # it is there already
    taken = [second.take(0), first.take(0)]
    assert [one.canonical for one in taken if isinstance(one, Leased)] == ["new", "old"]
    assert isinstance(first.take(0), float) and first.is_pending()
    first.done("old", "d1")
    second.done("new", None)
    assert (first.state("old"), first.state("new"), first.state("other")) == ((True, "d1"), (True, None), None)
    assert not second.is_pending()


def test_a_lease_that_ends_goes_to_another_and_a_renewed_one_does_not(open_queue: Callable[..., LeaseQueue]) -> None:
    dead, alive, third = open_queue("dead", 1), open_queue("alive", 1), open_queue("third")
    for name in ("p", "q"):
        dead.push(name, page(f"{name}.test", 1))
    taken = {one.take(0).canonical: one for one in (dead, alive)}  # type: ignore[union-attr]
    for _ in range(3):
        time.sleep(0.5)
        alive.renew(name for name, owner in taken.items() if owner is alive)
    again = third.take(0)
    assert isinstance(again, Leased) and taken[again.canonical] is dead
    assert isinstance(third.take(0), float)


def test_a_list_is_read_by_one_worker_and_by_another_when_that_one_died(open_queue: Callable[..., LeaseQueue]) -> None:
    first, second = open_queue("a", 1), open_queue("b", 1)
    assert (first.claim_list("feed"), second.claim_list("feed"), first.claim_list("feed")) == ("mine", "theirs", "mine")
    time.sleep(1.1)
    assert second.claim_list("feed") == "mine"
    second.list_done("feed")
    assert first.claim_list("feed") == "done"
    first.close()  # nothing is left to do, so the round ends: the next crawl reads lists again
    assert (second.claim_list("feed"), open_queue("c").claim_list("feed")) == ("done", "mine")


def test_one_pause_per_host_over_all_workers(open_queue: Callable[..., LeaseQueue]) -> None:
    first, second = open_queue("a"), open_queue("b")
    assert first.admit("x.test", 0.2) == 0 < second.admit("x.test", 0.2) <= 0.2
    assert second.admit("y.test", 0.2) == 0
    time.sleep(0.21)
    assert second.admit("x.test", 0.5) == 0
    assert 0.4 < first.admit("x.test", 0.2) <= 0.5  # what one learned from robots.txt holds for all


def test_what_cannot_work_is_said_in_one_line(redis_url: str, tmp_path: Path) -> None:
    with pytest.raises(CrawlError, match="cannot be reached"):
        LeaseQueue("redis://127.0.0.1:1/0", worker="a", lease_s=1)
    settings = CrawlSettings(frontier=redis_url)
    with pytest.raises(CrawlError, match="--max-pages 5"):
        crawl([], None, settings, captures=tmp_path, max_pages=5)  # type: ignore[arg-type]


def result(folder: Path) -> set[tuple[str, str | None, str]]:
    with Store.open(f"sqlite:///{folder}/eho.sqlite") as store:
        return {(one.document.id, one.document.title, one.document.text) for one in store.documents()}


def of_the_moment(folder: Path) -> set[str]:
    """The documents of slow and broken pages, which one run may get and another, on a busy machine, may not."""
    moment = {Outcome.TIMEOUT, Outcome.TRUNCATED, Outcome.NETWORK_ERROR, Outcome.POSTPONED}
    with Store.open(f"sqlite:///{folder}/eho.sqlite") as store:
        return {document_id(canonical_url=one.url) for one in store.outcomes() if one.outcome in moment}


def start(folder: Path, web: MiniWeb, **more: object) -> subprocess.Popen[bytes]:
    settings = {"proxy": web.proxy_url, "delay_s": DELAY_S, "autothrottle": False, "timeout_s": 3, "retries": 1, **more}
    return subprocess.Popen([sys.executable, "-c", WORKER, str(folder), json.dumps(settings)], cwd=Path(__file__).parents[2])


@pytest.mark.timeout(280)
def test_four_workers_of_which_one_is_killed_come_to_what_one_process_does(redis_url: str, tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    with MiniWeb(delay_scale=0.05) as web:
        for folder in (alone, together):
            folder.mkdir()
            (folder / "sources.json").write_text(json.dumps([source.model_dump(mode="json") for source in web.sources]))
        assert start(alone, web, delay_s=0).wait(timeout=120) == 0
        asked_alone = len(web.log)
        workers = [start(together, web, frontier=redis_url, lease_s=2) for _ in range(4)]
        noted = together / "stored.txt"
        while not noted.exists() or len(noted.read_text().splitlines()) < 20:
            time.sleep(0.05)
            assert any(worker.poll() is None for worker in workers)
        workers[0].send_signal(signal.SIGKILL)
        assert [worker.wait(timeout=200) for worker in workers] == [-9, 0, 0, 0]
        requests = web.log[asked_alone:]
    by_chance = of_the_moment(alone) | of_the_moment(together)
    assert {one for one in result(together) if one[0] not in by_chance} == {
        one for one in result(alone) if one[0] not in by_chance
    }
    stored = [line.split()[1] for line in noted.read_text().splitlines() if line.startswith(Outcome.STORED.value)]
    assert len(stored) == len(set(stored)) >= len(result(alone)) - 1  # the killed one may have stored without noting it
    at_host = defaultdict(list)
    for request in requests:
        at_host[request.host].append(request.at.timestamp())
    for host, times in at_host.items():  # on a busy machine single requests come late, but never more than the pauses allow
        assert (len(times) - 1) * DELAY_S <= times[-1] - times[0] + DELAY_S, host
