"""The data folder: where everything of one installation lies, and the lock that lets one process write at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from eho.errors import HomeBusyError


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below one data folder."""

    path: Path

    @classmethod
    def find(cls) -> Home:
        """Return the folder named by EHO_HOME, else the platform's data folder."""
        named = os.environ.get("EHO_HOME")
        return cls(Path(named).expanduser().resolve() if named else Path(platformdirs.user_data_dir("eho", appauthor=False)))

    @property
    def config(self) -> Path:
        return self.path / "config.toml"

    @property
    def sources(self) -> Path:
        return self.path / "sources"

    @property
    def codebook(self) -> Path:
        return self.path / "codebook.yaml"

    @property
    def term_list(self) -> Path:
        return self.path / "terms.yaml"

    @property
    def store(self) -> Path:
        return self.path / "eho.sqlite"

    @property
    def index(self) -> Path:
        return self.path / "index"

    @property
    def captures(self) -> Path:
        return self.path / "captures"

    @property
    def ledger(self) -> Path:
        return self.path / "crawl.sqlite"

    @property
    def blocks(self) -> Path:
        return self.path / "blocks"

    @property
    def clusters(self) -> Path:
        return self.path / "clusters.sqlite"

    @property
    def references(self) -> Path:
        return self.path / "references.sqlite"

    @property
    def social_key(self) -> Path:
        return self.path / "keys" / "social.key"

    @property
    def models(self) -> Path:
        return self.path / "models"

    def exists(self) -> bool:
        """True once `eho init` (or a command that implies it) has made the folder."""
        return self.config.exists()

    @contextmanager
    def writing(self, command: str, wait_s: float, say: Callable[[str], None] | None = None) -> Iterator[None]:
        """Hold the folder's lock; a second writer says so, waits `wait_s` seconds, then refuses with HomeBusyError.

        Reading needs no lock. The lock is the operating system's, so a killed process leaves none behind.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock")
        holder = self.path / ".lock-holder"
        try:
            lock.acquire(timeout=0)
        except Timeout:
            who = _read(holder)
            (say or _say)(f"Another eho process ({who}) works on {self.path}; waiting up to {wait_s:g} s.")
            try:
                lock.acquire(timeout=wait_s)
            except Timeout:
                raise HomeBusyError(
                    f"Another eho process ({_read(holder)}) still works on {self.path} after {wait_s:g} s; "
                    "let it finish, or set EHO_HOME to another folder."
                ) from None
        try:
            holder.write_text(f"eho {command}, process {os.getpid()}", encoding="utf-8")
            yield
        finally:
            lock.release()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") or "unknown"
    except OSError:
        return "unknown"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
