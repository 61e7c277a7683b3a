"""The wheel carries everything that the packages read at run time: it is how Windows users install."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("eho", "crawlers", "nlp", "models", "index", "api", "evaluation")
NOT_READ = (
    "evaluation/corpus/",
    "evaluation/real/",
    "evaluation/check/",
    "evaluation/audit/",
    "evaluation/mirror/",
    "evaluation/masking/",
    "evaluation/layouts/",
    "evaluation/sameness/",
)  # data for researchers, read in a checkout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a freshly built wheel."""
    out = tmp_path_factory.mktemp("wheel")
    copy = tmp_path_factory.mktemp("source") / "eho"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", ROOT.as_uri(), copy], check=True)
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", out, copy], check=True)
    (built,) = out.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_every_file_of_the_packages_is_in_the_wheel(wheel: set[str]) -> None:
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True
    )
    committed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    wanted = set(listed.stdout.splitlines()) & set(committed.stdout.splitlines())
    wanted = {name for name in wanted if not name.startswith(NOT_READ)}
    assert wanted
    assert wanted - wheel == set()


def test_the_licence_comes_along(wheel: set[str]) -> None:
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
