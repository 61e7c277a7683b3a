"""Data folders for the tests of service, command line and REST: made by the commands themselves, nothing is mocked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from api import cli
from api.service import Service
from eho.home import Home

ROWS = [
    {
        "id": "sq-1",
        "source": "Gazeta e Provës",
        "published_at": "2026-09-03",
        "title": "Të kthyerit nga Siria",
        "text": "Të kthyerit nga Siria janë bombë me sahat për vendin, shkroi dje një portal. Na telefononi në +383 44 123 456.",
        "weird": {"kept": True},
        "tags": {"not": "trusted"},
    },
    {
        "id": "sr-1",
        "source": "probne-novine",
        "published_at": "2026-09-10T10:00:00+02:00",
        "title": "=HYPERLINK(1)",
        "text": "Povratnici iz Sirije zaslužuju drugu šansu, rekla je psihološkinja na skupu u Novom Pazaru. Čovek čeka.",
        "lang": "sr",
    },
    {
        "id": "sr-2",
        "source": "probne-novine",
        "published_at": "2026-10-10T10:00:00Z",
        "title": "Општина усвојила буџет",
        "text": "Општинско веће усвојило је буџет за следећу годину, а човек чека нови пут до села и школе.",
    },
]


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


def copy_home(source: Path, target: Path) -> Path:
    """Copy a data folder that other tests may read meanwhile: SQLite's shared memory comes and goes, and is made anew."""
    return Path(shutil.copytree(source, target, ignore=shutil.ignore_patterns("*-shm")))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("EHO_") and name != "EHO_DATA"]:
        monkeypatch.delenv(name)


@pytest.fixture
def eho(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process on a data folder."""

    def run(*arguments: str | Path, home: Path) -> Ran:
        monkeypatch.setenv("EHO_HOME", str(home))
        capfd.readouterr()
        status = cli.run([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Ran(status, captured.out, captured.err)

    return run


def run_process(*arguments: str | Path, home: Path, given: bytes | None = None, **variables: str) -> Ran:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "api.cli", *(str(argument) for argument in arguments)]
    environ = {**os.environ, "EHO_HOME": str(home), "PYTHONIOENCODING": "ascii", **variables}
    done = subprocess.run(command, input=given, capture_output=True, env=environ, check=False, timeout=240)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def eho_process() -> Run:
    """Run a command in a process of its own, where the locale is no UTF-8."""
    return run_process


def _once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Make a folder once for all workers."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / name
    with FileLock(shared / f"{name}.lock"):
        if not (folder / ".made").exists():
            folder.mkdir(parents=True, exist_ok=True)
            make(folder)
            (folder / ".made").touch()
    return folder


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that `eho demo --no-serve` makes; tests only read it."""

    def make(folder: Path) -> None:
        ran = run_process("demo", "--no-serve", home=folder)
        (folder / "demo.out").write_text(ran.out, encoding="utf-8")
        if ran.status != 0:
            raise AssertionError(f"eho demo ended with {ran.status}: {ran.err}")

    return _once(tmp_path_factory, "demo-home", make)


@pytest.fixture(scope="session")
def rows_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three documents as JSON lines, with fields that Eho does not know."""
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory, rows_file: Path) -> Path:
    """A data folder with three imported documents; tests only read it."""

    def make(folder: Path) -> None:
        ran = run_process("import", rows_file, "--platform", "jsonl", home=folder)
        if ran.status != 0:
            raise AssertionError(f"eho import ended with {ran.status}: {ran.err}")

    return _once(tmp_path_factory, "small-home", make)


@pytest.fixture
def small_service(small_home: Path) -> Iterator[Service]:
    with Service.open(Home(small_home)) as service:
        yield service


@pytest.fixture(scope="module")
def demo_service(demo_home: Path) -> Iterator[Service]:
    with Service.open(Home(demo_home)) as service:
        yield service
