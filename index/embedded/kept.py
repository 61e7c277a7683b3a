"""Earlier states of the index, kept so that a snapshot is answered at once and exactly as it was.

A state is kept as hard links: Tantivy never changes a segment's file, so keeping costs the disk only what the live index has
since replaced. A state that was not kept is built from the store.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from eho.errors import EngineError
from index.embedded.folder import IndexFolder, check_files, read_manifest, segment_files, size_of
from index.embedded.vectors import Vectors

_TRIES = 5  # a writer that commits while its files are linked makes another try necessary
_REMOVALS = "removals"  # the store's last removal when the state was kept: states with removed documents are not served
_NAME = re.compile(r"s(\d+)")


class KeptIndexes:
    """The kept states below one folder, one for each sequence number; safe to share between threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, live: Path, sequence: int, *, last_removal: int) -> bool:
        """Keep the live index where it is complete up to exactly this number; tell whether it is kept now."""
        target = self.path(sequence)
        for _ in range(_TRIES):
            if target.is_dir():
                return True
            draft = self._folder / f"draft-{os.getpid()}-{threading.get_ident()}"
            shutil.rmtree(draft, ignore_errors=True)
            try:
                if not _link(live, draft, sequence):
                    return False
                (draft / _REMOVALS).write_text(str(last_removal), encoding="utf-8")
                draft.rename(target)
            except (EngineError, OSError):
                continue
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        return target.is_dir()

    def get(self, sequence: int) -> tuple[Path, int] | None:
        """Return a kept state's folder and the store's last removal when it was kept; None where it cannot be used."""
        path = self.path(sequence)
        try:
            version = IndexFolder(path, lock_wait_s=0).current()
            check_files(version)
            is_right = read_manifest(version).sequence == sequence
            removals = int((path / _REMOVALS).read_text(encoding="utf-8"))
            with contextlib.suppress(OSError):
                os.utime(path)
        except (OSError, ValueError, EngineError):
            return None
        return (path, removals) if is_right else None

    def build(self, sequence: int, fill: Callable[[Path], object], *, last_removal: int) -> Path:
        """Have the state's folder filled, and return it."""
        path = self.path(sequence)
        path.mkdir(parents=True, exist_ok=True)
        fill(path)
        (path / _REMOVALS).write_text(str(last_removal), encoding="utf-8")
        return path

    def discard(self, sequence: int) -> None:
        """Delete a state."""
        shutil.rmtree(self.path(sequence), ignore_errors=True)  # Windows keeps what a reader has open until the next time

    def prune(self, spared: Collection[int], limit: int) -> None:
        """Delete the states used longest ago until `limit` are left beside the spared ones."""
        others = [(path.stat().st_mtime, sequence) for sequence, path in self._all().items() if sequence not in spared]
        for _, sequence in sorted(others, reverse=True)[limit:]:
            self.discard(sequence)

    def sequences(self) -> set[int]:
        """Return the numbers of all kept states."""
        return set(self._all())

    def size_bytes(self, sequence: int) -> int | None:
        """Return the size of a state's files, shared ones among them; None where it is not kept."""
        path = self.path(sequence)
        return sum(size_of(version) for version in path.glob("v[0-9]*")) if path.is_dir() else None

    def path(self, sequence: int) -> Path:
        """Return where a state lies, or would."""
        return self._folder / f"s{sequence}"

    def _all(self) -> dict[int, Path]:
        found = ((_NAME.fullmatch(path.name), path) for path in self._folder.glob("s[0-9]*"))
        return {int(match[1]): path for match, path in found if match is not None}


def _link(live: Path, target: Path, sequence: int) -> bool:
    """Link the current version into a folder of its own. Raises EngineError or OSError where a writer came in between."""
    version = IndexFolder(live, lock_wait_s=0).current()
    if read_manifest(version).sequence != sequence:
        return False
    copy = target / version.name
    copy.mkdir(parents=True)
    for path in version.glob("*.json"):  # replaced by the writer, so never shared
        shutil.copy2(path, copy / path.name)
    for path in segment_files(copy):
        _link_file(version / path.name, path)
    for path in version.glob("vectors-*.*"):  # never changed once written, like segments
        _link_file(path, copy / path.name)
    Vectors.open(copy)
    (target / "current").write_text(version.name, encoding="utf-8")
    check_files(copy)
    if read_manifest(copy).sequence != sequence:
        raise EngineError(f"The index in {live} changed while it was kept.")
    return True


def _link_file(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without hard links
        shutil.copy2(path, target)
