"""Indexing killed at random points, in a real process: no document is lost, none stands twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api import index_jobs
from api.home_files import make_home
from api.wiring import Parts
from eho.home import Home
from index.answers import SearchOptions
from index.query import parse

WORKER = """
import itertools, random, sys
from pathlib import Path
from api import index_jobs
from api.wiring import Parts
from eho.document import Document
from eho.home import Home

parts = Parts(Home(Path(sys.argv[1])))
draw = random.Random(int(sys.argv[2]))
for step in itertools.count():
    texts = [f"povratnici {sys.argv[2]} {step} {draw.random()}" for _ in range(draw.randint(1, 300))]
    parts.store().put_all(Document(id=f"d{draw.randrange(900)}", source="vala", text=text) for text in texts)
    index_jobs.update_index(parts, rebuild=draw.random() < 0.25)
    print(step, flush=True)
"""


def kill_after(home: Path, seed: int, delay_s: float) -> None:
    command = [sys.executable, "-c", WORKER, str(home), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ, text=True) as worker:
        assert worker.stdout is not None and worker.stderr is not None
        assert worker.stdout.readline() == "0\n"
        time.sleep(delay_s)
        worker.kill()
        assert "Error" not in worker.stderr.read()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_indexing_loses_no_document_and_doubles_none(tmp_path: Path, seed: int) -> None:
    home, draw = Home(tmp_path / "home"), random.Random(seed)
    make_home(home)
    for kill in range(4):
        kill_after(home.path, seed * 100 + kill, draw.uniform(0.0, 0.6))
        parts = Parts(home)
        if (indexed := index_jobs.indexed_sequence(parts.index(), parts.encoder.space)) is not None:
            found = index_jobs.check(parts)  # what is served meanwhile is exactly what its snapshot id says
            assert found.is_sound, (seed, kill, indexed, found)
        index_jobs.update_index(parts)
        assert parts.index().status().sequence == parts.store().sequence()
        found = index_jobs.check(parts)
        assert found.is_sound, (seed, kill, found)
        assert found.documents == parts.store().count()
        assert parts.index().search(parse("povratnici"), SearchOptions(limit=1)).total == found.documents
        parts.close()
