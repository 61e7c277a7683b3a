from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from eho.errors import EngineError
from index.answers import SearchOptions
from index.embedded import EmbeddedIndex
from index.query import parse
from tests.index.conftest import annotated, annotation


def build(folder: Path) -> Path:
    with EmbeddedIndex(folder, writer_memory_mb=15) as index:
        index.rebuild([annotated(f"d{n}", "povratnici " * 50, annotation("x")) for n in range(50)], sequence=1)
    return folder / (folder / "current").read_text(encoding="utf-8")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def only(version: Path, suffix: str) -> Path:
    return next(version.glob(f"*.{suffix}"))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda version: cut(only(version, "store")), id="store-cut-short"),
        pytest.param(lambda version: cut(only(version, "term")), id="terms-cut-short"),
        pytest.param(lambda version: only(version, "idx").unlink(), id="postings-missing"),
        pytest.param(lambda version: only(version, "fast").write_bytes(b""), id="columns-empty"),
        pytest.param(lambda version: (version / "meta.json").write_text("{", encoding="utf-8"), id="meta-broken"),
        pytest.param(lambda version: (version / "meta.json").unlink(), id="meta-missing"),
        pytest.param(lambda version: (version / "eho-index.json").write_text("[]", encoding="utf-8"), id="manifest-broken"),
        pytest.param(lambda version: (version / "eho-index.json").unlink(), id="manifest-missing"),
        pytest.param(
            lambda version: (version.parent / "current").write_text("v999999", encoding="utf-8"), id="pointer-to-nothing"
        ),
        pytest.param(lambda version: (version.parent / "current").write_text("../x", encoding="utf-8"), id="pointer-elsewhere"),
        pytest.param(lambda version: (version.parent / "current").write_bytes(b"\xff\xfe"), id="pointer-binary"),
    ],
)
def test_a_damaged_index_is_said_in_one_line_and_built_anew(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    damage(build(tmp_path / "index"))
    with EmbeddedIndex(tmp_path / "index", writer_memory_mb=15) as index:
        for call in (
            lambda: index.search(parse("povratnici"), SearchOptions()),
            lambda: index.update([annotated("new")], sequence=2),
        ):
            with pytest.raises(EngineError, match="Run eho index build") as caught:
                call()
            assert "\n" not in str(caught.value)
        index.rebuild([annotated("d1", "povratnici")], sequence=2)
        assert index.search(parse("povratnici"), SearchOptions()).total == 1


def test_an_index_of_another_layout_is_refused(tmp_path: Path) -> None:
    version = build(tmp_path / "index")
    manifest = version / "eho-index.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"layout": ', '"layout": 99'), encoding="utf-8")
    with EmbeddedIndex(tmp_path / "index") as index, pytest.raises(EngineError, match="layout 99"):
        index.status()


def test_a_half_written_version_is_never_served_and_is_cleared_away(tmp_path: Path) -> None:
    version = build(tmp_path / "index")
    half = version.parent / "v000002"
    half.mkdir()
    (half / "meta.json").write_text("{", encoding="utf-8")
    with EmbeddedIndex(tmp_path / "index", writer_memory_mb=15) as index:
        assert index.status().version == "v000001"
        index.rebuild([annotated("d1")], sequence=2)
        assert index.status().version == "v000003"
    assert [path.name for path in sorted(version.parent.glob("v*"))] == ["v000003"]


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    build(tmp_path / "index")
    with (
        FileLock(tmp_path / "index" / ".write-lock"),
        EmbeddedIndex(tmp_path / "index", lock_wait_s=0.05) as index,
        pytest.raises(EngineError, match="Another process still writes"),
    ):
        index.update([annotated("new")], sequence=2)


UPDATER = """
import sys
from pathlib import Path
from eho.annotation import AnnotatedDocument
from eho.document import Document
from index.embedded import EmbeddedIndex
document = Document(id="other", source="vala", text="iz drugog procesa")
with EmbeddedIndex(Path(sys.argv[1]), writer_memory_mb=15) as index:
    if sys.argv[2] == "update":
        index.update([AnnotatedDocument(document=document)], sequence=2)
    else:
        index.rebuild([AnnotatedDocument(document=document)], sequence=2)
"""


@pytest.mark.parametrize("how", ["update", "rebuild"])
def test_what_another_process_wrote_is_seen(tmp_path: Path, how: str) -> None:
    build(tmp_path / "index")
    with EmbeddedIndex(tmp_path / "index") as index:
        assert index.search(parse("drugog"), SearchOptions()).total == 0
        subprocess.run([sys.executable, "-c", UPDATER, str(tmp_path / "index"), how], check=True)
        assert index.search(parse("drugog"), SearchOptions()).total == 1
        assert index.status().sequence == 2


def test_readers_go_on_while_versions_change(tmp_path: Path) -> None:
    build(tmp_path / "index")
    with EmbeddedIndex(tmp_path / "index", writer_memory_mb=15) as index:
        totals: list[int] = []
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                totals.append(index.search(parse("povratnici"), SearchOptions()).total)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for number in range(6):
            documents = [annotated(f"d{n}", "povratnici") for n in range(50)]
            (index.rebuild if number % 2 else index.update)(documents, sequence=number)
        done.set()
        for reader in readers:
            reader.join()
    assert set(totals) == {50}
