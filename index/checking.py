"""Compares the index with the store: every document there once, in its present form, and no other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from eho.annotation import AnnotatedDocument
from index.entry import body_of


@dataclass(frozen=True, slots=True)
class Findings:
    """Ids of documents that the index lacks, holds though the store has none, holds twice, or holds in another form."""

    documents: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    doubled: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """True where index and store agree."""
        return not (self.missing or self.extra or self.doubled or self.different)

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"is_sound": self.is_sound, **asdict(self)}


def compare(bodies: Iterable[bytes], documents: Iterable[AnnotatedDocument]) -> Findings:
    """Compare the index's entries with what the store says, by what a hit shows of each document."""
    held, doubled, number = _held(bodies)
    missing, different, seen = set(), set(), set()
    for annotated in documents:
        id = annotated.document.id
        seen.add(id)
        if id not in held:
            missing.add(id)
        elif held[id] != _digest(body_of(annotated)):
            different.add(id)
    found = (missing, held.keys() - seen, doubled, different)
    return Findings(number, *(tuple(sorted(ids)) for ids in found))


def _held(bodies: Iterable[bytes]) -> tuple[dict[str, bytes], set[str], int]:
    held: dict[str, bytes] = {}
    doubled: set[str] = set()
    number = 0
    for number, body in enumerate(bodies, 1):  # noqa: B007 - their number is returned
        id = str(json.loads(body)["id"])
        if id in held:
            doubled.add(id)
        held[id] = _digest(body)
    return held, doubled, number


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()
