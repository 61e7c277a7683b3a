"""The README's commands do what it says, and its links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EHO = Path(sys.executable).with_name("eho.exe" if os.name == "nt" else "eho")


def _commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith(".venv/bin/eho ")]
    return [shlex.split(line)[1:] for line in lines]


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that the README's first command makes."""
    home = tmp_path_factory.mktemp("readme") / "demo"
    _run(_commands()[0], home)
    return home


def _run(arguments: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "EHO_HOME": str(home), "PYTHONUTF8": "1"}
    return subprocess.run(
        [EHO, *arguments], env=environment, capture_output=True, text=True, encoding="utf-8", check=False, timeout=240
    )


def test_the_first_command_makes_the_demonstration() -> None:
    assert _commands()[0] == ["demo", "--no-serve"]


@pytest.mark.parametrize("arguments", [pytest.param(command, id=" ".join(command)) for command in _commands()[1:]])
def test_commands_run(arguments: list[str], demo_home: Path) -> None:
    done = _run(arguments, demo_home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "Traceback" not in done.stderr


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"```sh\nmake (\w+)\n```", README)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets == ["demo", "test"]
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
