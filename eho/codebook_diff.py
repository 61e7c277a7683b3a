"""What changed between two codebooks, by id: the list that a change log is written from and a retraining decided by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from eho.codebook import Codebook
from eho.errors import CodebookError

_ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One value that one codebook has and the other has not, or has differently; `place` names it by ids."""

    kind: Literal["added", "removed", "changed"]
    place: str
    before: Any
    after: Any


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return every change, in the order of the first content; an entry that only moved within its list is no change."""
    return list(_changes("", before, after))


def compare_files(before: Path, after: Path) -> list[Change]:
    """Compare two codebook files: by meaning where both are valid today, else as they are written (one of an older form).

    Raises CodebookError for a file that is no YAML mapping at all.
    """
    try:
        return compare(*(Codebook.load(path).model_dump(mode="json") for path in (before, after)))
    except CodebookError:
        return compare(*(_as_written(path) for path in (before, after)))


def _as_written(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise CodebookError(f"{path}: {reason}; check the path and the YAML.") from error
    if not isinstance(content, dict):
        raise CodebookError(f"{path}: holds {type(content).__name__}, not a mapping; give a codebook file.")
    return content


def _changes(place: str, before: Any, after: Any) -> Iterator[Change]:
    one, other = _keyed(before), _keyed(after)
    if one is None or other is None:
        if before != after:
            yield Change("changed", place, before, after)
        return
    for key in dict.fromkeys([*one, *other]):
        here = f"{place}.{key}".lstrip(".") if isinstance(before, Mapping) else f"{place}[{key}]"
        old, new = one.get(key, _ABSENT), other.get(key, _ABSENT)
        if old is _ABSENT:
            yield Change("added", here, None, new)
        elif new is _ABSENT:
            yield Change("removed", here, old, None)
        else:
            yield from _changes(here, old, new)


def _keyed(value: Any) -> Mapping[str, Any] | None:
    """Return a mapping's entries, a list's by id, text or value; None for a single value."""
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, list):
        return None
    keys = [
        str(entry.get("id", entry.get("text", at))) if isinstance(entry, Mapping) else str(entry)
        for at, entry in enumerate(value)
    ]
    return dict(zip(keys, value, strict=True)) if len(set(keys)) == len(keys) else dict(enumerate(value))  # type: ignore[arg-type]
