"""What could not be written because the server was away: files that wait, in order, until the server has taken them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from eho.annotation import AnnotatedDocument
from eho.errors import EngineError

_NAME = re.compile(r"(\d{8})-(\d+)-(\d+)\.jsonl")
_KNOWN = "sequence"


@dataclass(frozen=True, slots=True)
class Batch:
    """One file: the documents of one update, with the store's number that they lead up to."""

    path: Path
    number: int
    sequence: int
    documents: int

    def read(self) -> Iterator[AnnotatedDocument]:
        """Yield the documents. Raises EngineError for a damaged file."""
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                try:
                    yield AnnotatedDocument.model_validate_json(line)
                except ValueError as error:
                    raise EngineError(f"{self.path} is damaged. Delete it and run eho index build.") from error


class Spool:
    """The waiting files of one data folder; its writers hold the folder's lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def batches(self) -> list[Batch]:
        """Return what waits, oldest first."""
        matches = [(path, _NAME.fullmatch(path.name)) for path in self._folder.glob("*.jsonl")]
        found = [Batch(path, *(int(part) for part in match.groups())) for path, match in matches if match]
        return sorted(found, key=lambda batch: batch.number)

    def append(self, documents: Iterable[AnnotatedDocument], sequence: int) -> int:
        """Keep documents, on the disk when this returns, and return how many there were."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft, count = self._folder / "draft.new", 0
        with draft.open("w", encoding="utf-8") as file:
            for annotated in documents:
                file.write(annotated.model_dump_json() + "\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        number = max((batch.number for batch in self.batches()), default=0) + 1
        draft.replace(self._folder / f"{number:08d}-{sequence}-{count}.jsonl")
        self._sync()
        return count

    def remove(self, batch: Batch) -> None:
        """Forget a batch that stands on the server."""
        batch.path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget all: the store has every document, and a build reads them there."""
        for path in (*self._folder.glob("*.jsonl"), *self._folder.glob("*.new")):
            path.unlink(missing_ok=True)

    def note(self, sequence: int) -> None:
        """Remember up to where the server was complete when it last answered."""
        if sequence != self._noted():
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = self._folder / f"{_KNOWN}.new"
            draft.write_text(str(sequence), encoding="ascii")
            draft.replace(self._folder / _KNOWN)

    def forget_sequence(self) -> None:
        """Forget what was noted, as where the server turned out to have no index."""
        (self._folder / _KNOWN).unlink(missing_ok=True)

    def sequence(self) -> int | None:
        """Return up to where all is on the server or waits here, None where the server never answered."""
        noted = self._noted()
        return None if noted is None else max([noted, *(batch.sequence for batch in self.batches())])

    def _noted(self) -> int | None:
        try:
            return int((self._folder / _KNOWN).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def _sync(self) -> None:
        if os.name == "posix":  # Windows has no handle of a folder
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
