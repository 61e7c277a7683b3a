"""Ids that last: topics of a new run are matched to known ones by their centroids; what is new takes a number never used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.vectors import Floats

MATCH = 0.8  # cosine of centroids from which two topics are one; docs/topics.md says how it was chosen
PATIENCE = 3  # runs in which a topic may be absent before its id retires


@dataclass(frozen=True, slots=True)
class KnownTopic:
    """A topic of earlier runs; `absent`: runs since it was seen."""

    id: str
    centroid: tuple[float, ...]
    absent: int = 0

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"id": self.id, "centroid": list(self.centroid), "absent": self.absent}

    @classmethod
    def from_mapping(cls, row: Mapping[str, Any]) -> KnownTopic:
        """Read the JSON object."""
        return cls(str(row["id"]), tuple(float(value) for value in row["centroid"]), int(row["absent"]))


def assign_ids(known: Sequence[KnownTopic], centroids: Floats, next_number: int) -> tuple[list[str], list[KnownTopic], int]:
    """Return the ids of the new topics, what is known now, and the next free number; a retired topic is forgotten.

    Pairs are chosen so that the sum of cosines is largest (Hungarian method), and kept from `MATCH` on.
    """
    living = list(known)
    ids: list[str | None] = [None] * len(centroids)
    if living and len(centroids):
        cosines = np.array([topic.centroid for topic in living], np.float32) @ centroids.T
        # pairs below the threshold count nothing: they must not draw a topic away from the one it belongs to
        for row, column in zip(*linear_sum_assignment(np.where(cosines >= MATCH, cosines, 0), maximize=True), strict=True):
            if cosines[row, column] >= MATCH:
                ids[column] = living[row].id
    final: list[str] = []
    for id in ids:
        if id is None:
            id, next_number = f"t{next_number}", next_number + 1
        final.append(id)
    seen = [KnownTopic(id, tuple(round(float(value), 5) for value in row)) for id, row in zip(final, centroids, strict=True)]
    absent = [replace(topic, absent=topic.absent + 1) for topic in living if topic.id not in set(final)]
    return final, seen + [topic for topic in absent if topic.absent < PATIENCE], next_number
