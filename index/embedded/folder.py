"""The index folder: one subfolder for each version, and a file that names the one in use, replaced in one step."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from eho.document import to_utc_text
from eho.errors import EngineError
from index.embedded.fields import LAYOUT

_MANIFEST = "eho-index.json"
_COMING = "eho-index.coming.json"
_POINTER = "current"
_SEGMENT_FILE = re.compile(r"[0-9a-f]{32}\..+")
_SUFFIXES = ("term", "idx", "pos", "fast", "fieldnorm", "store")
_CHUNK = 1 << 20
_FOOTER = b"\x39\x05\x00\x00"  # every Tantivy file ends with the number 1337; a file cut short does not


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version holds. `opstamp` names the commit that it speaks of; -1 in indexes that an earlier Eho made."""

    layout: int
    documents: int
    sequence: int
    created_at: str
    opstamp: int = -1


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


def announce(version: Path, *, sequence: int, created_at: str | None) -> None:
    """Say before a commit what it will bring; it holds if a kill comes between the commit and its manifest."""
    _write(version / _COMING, Manifest(LAYOUT, 0, sequence, created_at or to_utc_text(datetime.now(UTC))))


def write_manifest(version: Path, *, documents: int, sequence: int, opstamp: int, created_at: str | None = None) -> None:
    """Write the manifest of a commit in one step."""
    _write(version / _MANIFEST, Manifest(LAYOUT, documents, sequence, created_at or to_utc_text(datetime.now(UTC)), opstamp))
    (version / _COMING).unlink(missing_ok=True)


def read_manifest(version: Path) -> Manifest:
    """Read the manifest of the last commit. Raises EngineError where it is missing, broken or of another layout."""
    manifest, opstamp = _read(version / _MANIFEST), committed(version)
    if manifest.opstamp not in (-1, opstamp):
        # A writer was killed after its commit, or is just about to write the manifest: what it announced holds.
        try:
            manifest = replace(_read(version / _COMING), opstamp=opstamp)
        except EngineError:
            manifest = _read(version / _MANIFEST)
            if manifest.opstamp != committed(version):
                raise broken(version, f"its {_MANIFEST} does not belong to its last commit") from None
    if manifest.layout != LAYOUT:
        raise EngineError(f"The index in {version} has layout {manifest.layout}, this eho reads {LAYOUT}. Run eho index build.")
    return manifest


def committed(version: Path) -> int:
    """Return the number of the last commit. Raises EngineError."""
    return int(_meta(version)["opstamp"])


def _write(path: Path, manifest: Manifest) -> None:
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read(path: Path) -> Manifest:
    try:
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise broken(path.parent, f"its {path.name} cannot be read") from error


def _meta(version: Path) -> dict[str, Any]:
    try:
        meta = json.loads((version / "meta.json").read_text(encoding="utf-8"))
        names = []
        for segment in meta["segments"]:
            name, deletes = str(segment["segment_id"]).replace("-", ""), segment.get("deletes")
            names += [f"{name}.{suffix}" for suffix in _SUFFIXES]
            names += [f"{name}.{int(deletes['opstamp'])}.del"] if deletes else []
        return {"opstamp": int(meta["opstamp"]), "files": names}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise broken(version, "its meta.json cannot be read") from error


def manifest_stamp(version: Path) -> tuple[int, int]:
    """Return what changes with every update, to notice those of other processes."""
    try:
        found = (version / _MANIFEST).stat()
    except OSError as error:
        raise broken(version, f"its {_MANIFEST} is missing") from error
    return found.st_mtime_ns, found.st_ino


def check_files(version: Path) -> None:
    """Raise EngineError where a segment's file is missing or was cut short."""
    for path in segment_files(version):
        _check_footer(path)


def segment_files(version: Path) -> list[Path]:
    """Return the files of all segments, those that say which documents are deleted among them."""
    return [version / name for name in _meta(version)["files"]]


def _check_footer(path: Path) -> None:
    try:
        with path.open("rb") as file:
            file.seek(-len(_FOOTER), os.SEEK_END)
            whole = file.read() == _FOOTER
    except OSError:
        raise broken(path.parent, f"{path.name} is missing or empty") from None
    if not whole:
        raise broken(path.parent, f"{path.name} was cut short")


def clear_unfinished(version: Path) -> None:
    """Delete the files of a commit that a kill cut off; Tantivy would refuse to write one of the same name again."""
    used = {path.name for path in segment_files(version)}
    for path in version.iterdir():
        if _SEGMENT_FILE.fullmatch(path.name) and path.name not in used:
            with contextlib.suppress(OSError):  # Windows keeps what a reader has open
                path.unlink()


def check_contents(version: Path) -> None:
    """Raise EngineError where a segment's bytes are not those that were written; reads all of them.

    A Tantivy file ends with a JSON object that holds the checksum of what stands before, its length, and a number.
    """
    for path in segment_files(version):
        _check_footer(path)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            end = len(data) - len(_FOOTER) - 4
            start = end - int.from_bytes(data[end : end + 4], "little")
            try:
                expected = json.loads(data[max(0, start) : end])["crc"]
            except (ValueError, KeyError, TypeError) as error:
                raise broken(version, f"the checksum of {path.name} cannot be read") from error
            if _checksum(data, start) != expected:
                raise broken(version, f"{path.name} was changed after it was written")


def _checksum(data: mmap.mmap, end: int) -> int:
    value = 0
    for at in range(0, end, _CHUNK):
        value = zlib.crc32(data[at : min(end, at + _CHUNK)], value)
    return value


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
