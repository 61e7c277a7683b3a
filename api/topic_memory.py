"""What is kept of topics between runs: the last answer for each question, and the centroids by which ids last."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from eho.errors import HomeBusyError
from eho.files import replace_text
from models.topics.identity import KnownTopic, assign_ids
from models.vectors import Floats

_KNOWN = "known.json"
_ID = re.compile(r"t[1-9][0-9]{0,8}")


class TopicMemory:
    """The folder `topics` of a data folder. A question is what was asked without its days, so that ids last as days pass."""

    def __init__(self, folder: Path, wait_s: float) -> None:
        self._folder, self._wait_s = folder, wait_s

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Let one run at a time find topics. Raises HomeBusyError after the wait."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self._folder / ".lock", timeout=self._wait_s):
                yield
        except Timeout:
            raise HomeBusyError(f"Another run finds topics in {self._folder}; try again when it is done.") from None

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the kept answer to exactly this (question, days, snapshot, encoder)."""
        kept = _read(self._folder / f"{_digest(asked)}.json")
        return dict(kept["answer"]) if kept and kept["asked"] == dict(asked) else None

    def keep(self, question: str, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Keep an answer in place of the question's last one."""
        name = f"{_digest(asked)}.json"
        known = self._known()
        last = known["last"].get(question)
        known["last"][question] = name
        _write(self._folder / name, {"asked": dict(asked), "answer": dict(answer)})
        _write(self._folder / _KNOWN, known)
        if last not in (None, name) and last not in known["last"].values():
            (self._folder / last).unlink(missing_ok=True)

    def assign(self, question: str, space: str, centroids: Floats) -> list[str]:
        """Return ids for topics by their centroids; only those of the same question and encoder are compared."""
        known = self._known()
        key = f"{space}\n{question}"
        earlier = [KnownTopic.from_mapping(row) for row in known["topics"].get(key, ())]
        ids, now, known["next"] = assign_ids(earlier, centroids, known["next"])
        known["topics"][key] = [topic.to_mapping() for topic in now]
        _write(self._folder / _KNOWN, known)
        return ids

    def find(self, topic_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return a topic of the last answers, and its answer."""
        if not _ID.fullmatch(topic_id):
            return None
        for name in self._known()["last"].values():
            kept = _read(self._folder / name) or {"answer": {"topics": []}}
            for topic in kept["answer"]["topics"]:
                if topic["id"] == topic_id:
                    return topic, kept["answer"]
        return None

    def _known(self) -> dict[str, Any]:
        return _read(self._folder / _KNOWN) or {"next": 1, "last": {}, "topics": {}}


def _digest(asked: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:24]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _write(path: Path, value: Mapping[str, Any]) -> None:
    replace_text(path, json.dumps(value, ensure_ascii=False))
