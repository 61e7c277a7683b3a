"""The log of who opened what was sealed: lines are only ever added, and each holds the digest of the one before."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eho.document import to_utc_text
from eho.errors import InputError

_BEGINNING = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditLog:
    """A file of JSON lines: at, user, action, what, reason, previous. No text of a document stands in it."""

    path: Path

    def add(self, action: str, what: str, reason: str | None = None) -> None:
        """Add a line, on the disk when this returns: what is not logged is not opened. Callers hold the data folder's lock."""
        row = {
            "at": to_utc_text(datetime.now(UTC).replace(microsecond=0)),
            "user": _user(),
            "action": action,
            "what": what,
            "reason": reason,
            "previous": self._last_digest(),
        }
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab") as file:
            file.write(json.dumps(row, ensure_ascii=False).encode("utf-8") + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield all lines, oldest first. Raises InputError where one was changed or taken out."""
        previous = _BEGINNING
        for number, line in enumerate(self._lines(), 1):
            try:
                row: dict[str, Any] = json.loads(line)
                is_next = row["previous"] == previous
            except (ValueError, KeyError, TypeError):
                is_next = False
            if not is_next:
                raise InputError(
                    f"{self.path}, line {number}: it, or the line before it, was changed; restore the log from a backup."
                )
            previous = hashlib.sha256(line).hexdigest()
            yield row

    def _lines(self) -> list[bytes]:
        return self.path.read_bytes().splitlines() if self.path.exists() else []

    def _last_digest(self) -> str:
        lines = self._lines()
        return hashlib.sha256(lines[-1]).hexdigest() if lines else _BEGINNING


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
