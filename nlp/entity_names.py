"""What to call an entity in either language: the first name that the gazetteer lists for its id."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from nlp.gazetteer import read_entries, read_settlements, settlement_id


class EntityNames(NamedTuple):
    """An entity's name in Albanian and in Serbian (Latin script)."""

    sq: str
    sr: str


def names_of(canonical_id: str) -> EntityNames | None:
    """Return the names of an id, None where the gazetteer no longer has it."""
    return _names().get(canonical_id)


@lru_cache(maxsize=1)
def _names() -> dict[str, EntityNames]:
    found = {settlement_id(sr, municipality).lower(): EntityNames(sq, sr) for sq, sr, municipality in read_settlements()}
    for key, entry in read_entries().items():
        first = EntityNames(*(_first(str(written)) for written in entry[1:3]))
        if all(first):
            found[key.lower()] = first
    return found


def _first(written: str) -> str:
    """Return the first name of a list, without the signs that say how it is inflected."""
    words = written.partition(";")[0].strip().removeprefix("=").split()
    return " ".join(word.lstrip("+=") for word in words)
