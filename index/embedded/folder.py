"""The index folder: one subfolder for each version, and a file that names the one in use, replaced in one step."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from eho.document import to_utc_text
from eho.errors import EngineError
from index.embedded.fields import LAYOUT

_MANIFEST = "eho-index.json"
_POINTER = "current"
_FOOTER = b"\x39\x05\x00\x00"  # every Tantivy file ends with the number 1337; a file cut short does not


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version holds; written after the documents, so `sequence` never promises too much."""

    layout: int
    documents: int
    sequence: int
    created_at: str


class IndexFolder:
    """Versions below one folder."""

    def __init__(self, path: Path, *, lock_wait_s: float) -> None:
        self.path = path
        self._lock_wait_s = lock_wait_s

    def current(self) -> Path:
        """Return the folder of the version in use. Raises EngineError where there is none."""
        named = ""
        while (name := self._named()) != named:
            if re.fullmatch(r"v\d{6}", name) and (self.path / name).is_dir():
                return self.path / name
            named = name  # a build may have switched, and removed this one, since the pointer was read: look once more
        raise broken(self.path, f"it names version {name[:20]!r}, which is not there")

    def _named(self) -> str:
        try:
            return (self.path / _POINTER).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise EngineError(f"There is no search index in {self.path}. Run eho index build.") from None

    def new(self) -> Path:
        """Make the folder of the next version; it serves no one before `switch`."""
        self.path.mkdir(parents=True, exist_ok=True)
        names = [path.name for path in self.path.glob("v[0-9]*")]
        number = max((int(name[1:]) for name in names if re.fullmatch(r"v\d{6}", name)), default=0) + 1
        folder = self.path / f"v{number:06d}"
        folder.mkdir()
        return folder

    def switch(self, version: Path) -> None:
        """Put a finished version in use, then remove the others where the system lets them go."""
        draft = self.path / f"{_POINTER}.new"
        with draft.open("w", encoding="utf-8") as file:
            file.write(version.name)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path / _POINTER)
        for other in self.path.glob("v[0-9]*"):
            if other != version:
                shutil.rmtree(
                    other, ignore_errors=True
                )  # Windows keeps files that a reader has open; the next build removes them

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writer's lock. Raises EngineError when another process keeps it."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".write-lock")
        try:
            lock.acquire(timeout=self._lock_wait_s)
        except Timeout:
            raise EngineError(
                f"Another process still writes the index in {self.path} after {self._lock_wait_s:g} s. Try again later."
            ) from None
        try:
            yield
        finally:
            lock.release()


def write_manifest(version: Path, *, documents: int, sequence: int, created_at: str | None = None) -> None:
    """Write the manifest in one step."""
    manifest = Manifest(LAYOUT, documents, sequence, created_at or to_utc_text(datetime.now(UTC)))
    draft = version / f"{_MANIFEST}.new"
    draft.write_text(json.dumps(asdict(manifest)), encoding="utf-8")
    draft.replace(version / _MANIFEST)


def read_manifest(version: Path) -> Manifest:
    """Read the manifest. Raises EngineError where it is missing, broken or of another layout."""
    try:
        manifest = Manifest(**json.loads((version / _MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise broken(version, f"its {_MANIFEST} cannot be read") from error
    if manifest.layout != LAYOUT:
        raise EngineError(f"The index in {version} has layout {manifest.layout}, this eho reads {LAYOUT}. Run eho index build.")
    return manifest


def manifest_stamp(version: Path) -> tuple[int, int]:
    """Return what changes with every update, to notice those of other processes."""
    try:
        found = (version / _MANIFEST).stat()
    except OSError as error:
        raise broken(version, f"its {_MANIFEST} is missing") from error
    return found.st_mtime_ns, found.st_ino


def check_files(version: Path) -> None:
    """Raise EngineError where a segment's file is missing or was cut short."""
    try:
        segments = json.loads((version / "meta.json").read_text(encoding="utf-8"))["segments"]
        ids = [str(segment["segment_id"]).replace("-", "") for segment in segments]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise broken(version, "its meta.json cannot be read") from error
    for name in ids:
        for suffix in ("term", "idx", "pos", "fast", "fieldnorm", "store"):
            _check_footer(version / f"{name}.{suffix}")


def _check_footer(path: Path) -> None:
    try:
        with path.open("rb") as file:
            file.seek(-len(_FOOTER), os.SEEK_END)
            whole = file.read() == _FOOTER
    except OSError:
        raise broken(path.parent, f"{path.name} is missing or empty") from None
    if not whole:
        raise broken(path.parent, f"{path.name} was cut short")


def size_of(version: Path) -> int:
    """Return the bytes of all files of a version."""
    total = 0
    for path in version.iterdir():
        with contextlib.suppress(OSError):  # a merge removed it meanwhile
            total += path.stat().st_size
    return total


def broken(path: Path, what: str) -> EngineError:
    """Return the one line for an index that cannot be used."""
    return EngineError(f"The index in {path} is broken: {' '.join(what.split())}. Run eho index build.")
