"""Snapshots: every answer's id is written down, and the same question can be put again to the same documents and tags."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from api.jobs import Say, counted, silent
from api.wiring import Once, Parts
from eho.annotation import ModelVersion
from eho.codebook import Codebook
from eho.errors import EngineError, InputError, ModelError, StoreError
from index.answers import snapshot_id
from index.embedded import EmbeddedIndex
from index.embedded.kept import KeptIndexes
from index.snapshots import Context, SnapshotRecord
from index.store import StoreAt
from models.own.library import OwnLibrary, OwnNarrative
from models.registry import ModelCard

_REMEMBERED = 200  # ids in the file that spares a question the opening of the store
_OPEN = 8  # snapshots that one process holds open


class Snapshots:
    """The snapshots of one data folder; safe to share between threads."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._kept = KeptIndexes(parts.home.path / "snapshots")
        self._given = parts.home.path / "snapshots" / "given"
        self._noted: set[str] = set()
        self._views: dict[str, PartsAt] = {}
        self._gates: dict[int, threading.Lock] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of all files."""
        with self._lock:
            for index in (view.index.peek() for view in self._views.values()):
                if index is not None:
                    index.close()
            self._views.clear()

    # -- ids ------------------------------------------------------------------------------------------------------

    def current_id(self) -> str:
        """Return the id of what answers are given over now: documents, model and codebook."""
        try:
            sequence = self._parts.index().status().sequence
        except EngineError:
            return snapshot_id(0, self._model())
        return self.noted(snapshot_id(sequence, self._model()))

    def noted(self, id: str) -> str:
        """Write down the id of an answer over the live index, so that it can be asked for later, and return it.

        Never in the way of an answer: where the store cannot be written to, the id is good until the next change.
        """
        if id not in self._noted:
            try:
                remembered = self._remembered()
                if id not in remembered:
                    self._add(id)
                    self._given.parent.mkdir(parents=True, exist_ok=True)
                    self._given.write_text("\n".join([*remembered, id][-_REMEMBERED:]), encoding="utf-8")
                self._noted.add(id)
            except (StoreError, EngineError, OSError):
                return id
        return id

    def _remembered(self) -> list[str]:
        return self._given.read_text(encoding="utf-8").splitlines() if self._given.exists() else []

    def _add(self, id: str) -> None:
        status = self._parts.index().status()
        if id == snapshot_id(status.sequence, self._model()):  # else an update came in between, and the next answer notes its own
            self._parts.store().snapshots.add(id, status.sequence, status.documents, self._context())

    def _model(self) -> ModelVersion | None:
        try:
            return self._parts.model_version
        except ModelError:
            return None

    def _context(self) -> Context:
        own = self._parts.own
        narratives = [
            {**own.get(id).to_mapping(), "card": None if (card := own.card(id)) is None else card.to_mapping()}
            for id in own.ids()
        ]
        return Context(self._model(), self._parts.codebook, narratives)

    # -- what a person asks ---------------------------------------------------------------------------------------

    def create(self, note: str | None = None) -> dict[str, Any]:
        """Keep what answers are given over now, with its index, and return what `show` says. Raises EngineError."""
        with self._parts.home.writing("snapshot create", self._parts.settings.home.lock_wait_s):
            self._parts.index().status()
            id = self.current_id()
            self._find(id)
            self._parts.store().snapshots.keep(id, note)
            self.keep_live()
        return self.show(id)

    def list(self, *, all_given: bool = False) -> list[dict[str, Any]]:
        """Return the snapshots that persons keep, or all that were ever given out, newest first."""
        current, at_hand = self.current_id(), self._at_hand()
        rows = self._parts.store().snapshots.records(all_given=all_given)
        return [{**_row(record), "is_current": record.id == current, "at_hand": record.sequence in at_hand} for record in rows]

    def show(self, id: str) -> dict[str, Any]:
        """Say what a snapshot holds and what became of it since. Raises InputError for an unknown one."""
        record = self._find(id)
        store = self._parts.store()
        context, history = store.snapshots.context(record.id), store.at(record.sequence).history
        return {
            **_row(record),
            "is_current": record.id == self.current_id(),
            "at_hand": record.sequence in self._at_hand(),
            "size_bytes": self._kept.size_bytes(record.sequence),
            "model": None if context.model is None else context.model.model_dump(mode="json"),
            "codebook": context.codebook.tag,
            "own_narratives": [narrative["id"] for narrative in context.narratives],
            "changed_since": history.changed_since(),
            "removed_since": history.removed_since(),
        }

    def _at_hand(self) -> set[int]:
        """Return the numbers as of which questions are answered without building an index first."""
        try:
            return {*self._kept.sequences(), self._parts.index().status().sequence}
        except EngineError:
            return self._kept.sequences()

    def _find(self, id: str) -> SnapshotRecord:
        id = id.strip().replace(" ", "+")  # the + of an own narrative's model, as an address unquotes it
        if id not in self._noted and id == self.current_id():
            self._add(id)
        store = self._parts.store()
        record = store.snapshots.record(id)
        if record.sequence > store.sequence():
            raise InputError(
                f"Snapshot {id!r} is of change {record.sequence}, the store ends at {store.sequence()}: it is an older copy. "
                "Restore the backup that was made after the snapshot.",
                field="snapshot",
            )
        if record.sequence < (begins := store.history_begins()):
            raise InputError(
                f"Snapshot {id!r} is of change {record.sequence}, before change {begins}, from which on this store keeps what "
                "changed. Ask without --snapshot.",
                field="snapshot",
            )
        return record

    # -- answering ------------------------------------------------------------------------------------------------

    def view(self, id: str, *, say: Say = silent) -> PartsAt:
        """Return the parts as of a snapshot; its index is built first where it is not at hand. Raises InputError."""
        record = self._find(id)
        store = self._parts.store().at(record.sequence)
        with self._lock:
            gate = self._gates.setdefault(record.sequence, threading.Lock())
        with gate:  # one builds, the others of the same snapshot wait
            folder = self._folder(store, say)
        context = self._parts.store().snapshots.context(record.id)
        with self._lock:
            view = self._views.pop(record.id, None) or PartsAt(self._parts, store, context, folder)
            self._views[record.id] = view
            while len(self._views) > _OPEN:
                self._views.pop(next(iter(self._views)))
        return view

    def _folder(self, store: StoreAt, say: Say) -> Path:
        sequence, last_removal = store.sequence(), self._parts.store().last_removal()
        found = self._kept.get(sequence)
        if (
            found is None
            and self._is_live(store)
            and self._kept.keep(self._parts.home.index, sequence, last_removal=last_removal)
        ):
            found = self._kept.get(sequence)
        if found is not None and not store.history.removed_since(found[1]):
            return found[0]
        self._kept.discard(sequence)
        folder = self._kept.build(sequence, lambda path: self._fill(path, store, say), last_removal=last_removal)
        self._prune(in_use=sequence)
        return folder

    def _fill(self, path: Path, store: StoreAt, say: Say) -> None:
        with EmbeddedIndex(
            path,
            writer_memory_mb=self._parts.settings.index.writer_memory_mb,
            lock_wait_s=self._parts.settings.home.lock_wait_s,
        ) as index:
            index.rebuild(counted(store.documents(), store.count(), say, "snapshot"), sequence=store.sequence())

    def _is_live(self, store: StoreAt) -> bool:
        """Tell whether the live index stands exactly there; it may still hold what was removed since."""
        live = self._parts.index()
        try:
            is_there = isinstance(live, EmbeddedIndex) and live.status().sequence == store.sequence()
        except EngineError:
            return False
        return is_there and not store.history.removed_since()

    # -- around the indexing job ----------------------------------------------------------------------------------

    def keep_live(self) -> None:
        """Keep the live index as it is, before it changes."""
        try:
            sequence = self._parts.index().status().sequence
        except EngineError:
            return  # there is nothing to keep
        store = self._parts.store()
        if self._is_live(store.at(sequence)):
            self._kept.keep(self._parts.home.index, sequence, last_removal=store.last_removal())
        self._prune()

    def forget_removed(self) -> None:
        """Delete the kept states that hold documents which were removed since: nothing of these stays on the disk."""
        store = self._parts.store()
        for sequence in self._kept.sequences():
            found = self._kept.get(sequence)
            if found is None or store.at(sequence).history.removed_since(found[1]):
                self._kept.discard(sequence)

    def _prune(self, in_use: int | None = None) -> None:
        spared = self._parts.store().snapshots.kept_sequences()
        self._kept.prune(spared if in_use is None else {*spared, in_use}, self._parts.settings.index.snapshots_kept)


class PartsAt(Parts):
    """The parts as of a snapshot: its documents and tags, its index, its codebook, model and own narratives."""

    def __init__(self, parts: Parts, store: StoreAt, context: Context, folder: Path) -> None:
        super().__init__(parts.home, parts.settings)
        self._context = context
        self._removed = store.history.removed_since
        self.store = Once(lambda: store)
        self.index = Once(lambda: EmbeddedIndex(folder, vocabulary=self.vocabulary))
        self.pipeline = parts.pipeline
        self.snapshots = parts.snapshots

    @cached_property
    def codebook(self) -> Codebook:
        """The codebook of then."""
        return self._context.codebook

    @property
    def own(self) -> OwnLibrary:
        """The user's own narratives of then."""
        return _OwnAt(self._context.narratives)

    @property
    def model_version(self) -> ModelVersion:
        """The model of then. Raises ModelError where there was none."""
        if self._context.model is None:
            raise ModelError("No model was installed when this snapshot was given.")
        return self._context.model

    def current_id(self) -> str:
        """Return the snapshot's id."""
        return snapshot_id(self.store().sequence(), self._context.model)

    def answered(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Say in an answer how many of the snapshot's documents were erased or have expired since."""
        removed = self._removed()
        return {**answer, "removed_since": removed} if removed else answer

    def close(self) -> None:
        """Do nothing: what is open belongs to the snapshots of the data folder."""


class _OwnAt(OwnLibrary):
    """Own narratives as a snapshot remembers them; their examples are not part of it."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._rows = {str(row["id"]): row for row in rows}

    def ids(self) -> list[str]:
        return sorted(self._rows)

    def get(self, id: str) -> OwnNarrative:
        if id not in self._rows:
            raise InputError(f"There was no narrative {id!r} of your own in this snapshot.", field="id")
        row = self._rows[id]
        return OwnNarrative(id, dict(row["titles"]), str(row["definition"]), str(row["added_on"]))

    def card(self, id: str) -> ModelCard | None:
        row = self._rows[id]["card"]
        return None if row is None else ModelCard(**{**row, "limits": tuple(row["limits"]), "data": tuple(row["data"])})


def _row(record: SnapshotRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "sequence": record.sequence,
        "documents": record.documents,
        "first_at": record.first_at,
        "created_at": record.created_at,
        "note": record.note,
    }
