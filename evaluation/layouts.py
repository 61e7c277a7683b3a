"""Pages in the layouts of the region's outlets, each with what is to be read from it (the pattern is fundus's test data)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from eho.errors import InputError
from evaluation.labelled import MissingSetError

FIELDS = ("lead", "authors", "published_at", "updated_at", "section", "keywords", "quotes")
UNWANTED = ("notice", "teaser", "caption", "comment", "furniture")
_ALWAYS = ("url", "fetched_at", "language", "split", "title")
_STAMP = ("published_at_precision", "published_at_from")
_KNOWN = frozenset({*_ALWAYS, *FIELDS, *_STAMP, "charset", "outcome", "form", "absent", "fragments", "unwanted"})


@dataclass(frozen=True, slots=True)
class Layout:
    """One page as bytes, what is expected of it, and earlier pages of the same outlet as (address, bytes)."""

    name: str
    body: bytes
    expected: Mapping[str, Any]
    earlier: Sequence[tuple[str, bytes]] = ()

    @property
    def fetched_at(self) -> datetime:
        """When the page counts as fetched."""
        return datetime.fromisoformat(self.expected["fetched_at"].replace("Z", "+00:00"))


def load_layouts(folder: Path, split: str | None = None) -> list[Layout]:
    """Read all layouts of a folder, or those of one split, by name.

    Raises MissingSetError where there are none, InputError for an empty expected value: a field that the page does not
    have is named under `absent`, so that a forgotten one cannot pass as right.
    """
    layouts = [_load(path) for path in sorted(folder.glob("*/expected.json"))]
    chosen = [layout for layout in layouts if split in (None, layout.expected["split"])]
    if not chosen:
        raise MissingSetError(f"There are no layouts in {folder}; --root names another folder.")
    return chosen


def digest_of_layouts(layouts: Sequence[Layout]) -> str:
    """Return sha256 over names, pages and expectations."""
    digest = hashlib.sha256()
    for layout in layouts:
        for part in (layout.name.encode(), layout.body, json.dumps(layout.expected, sort_keys=True).encode()):
            digest.update(part)
        for url, body in layout.earlier:
            digest.update(url.encode() + body)
    return digest.hexdigest()


def _load(path: Path) -> Layout:
    expected = json.loads(path.read_text(encoding="utf-8"))
    check_expected(expected, str(path))
    pages = sorted(path.parent.glob("earlier-*.html"))
    earlier = [(page.with_suffix(".url").read_text(encoding="utf-8").strip(), page.read_bytes()) for page in pages]
    return Layout(path.parent.name, (path.parent / "page.html").read_bytes(), expected, earlier)


def check_expected(expected: Mapping[str, Any], place: str) -> None:
    """Raise InputError for an empty, unknown or forgotten value."""
    for name, value in expected.items():
        if name not in _KNOWN:
            raise InputError(f"{place}: {name} is no field of an expected page; use {', '.join(sorted(_KNOWN))}.", field=name)
        if value in (None, "", [], {}) or (isinstance(value, list) and any(part in (None, "") for part in value)):
            raise InputError(f"{place}: {name} is {value!r}; give its value, or name it under absent.", field=name)
    needed = list(_ALWAYS) if "outcome" in expected else [*_ALWAYS, "fragments", "unwanted"]
    absent = expected.get("absent", ())
    needed += [] if "outcome" in expected else [name for name in FIELDS if name not in absent]
    for name in needed:
        if name not in expected:
            raise InputError(f"{place}: {name} is missing; give its value, or name it under absent.", field=name)
    if both := [name for name in absent if name in expected or name not in FIELDS]:
        raise InputError(f"{place}: absent names {both[0]!r}, which is given or no optional field.", field="absent")
    if strange := [kind for kind in expected.get("unwanted", {}) if kind not in UNWANTED]:
        raise InputError(f"{place}: unwanted has {strange[0]!r}; use {', '.join(UNWANTED)}.", field="unwanted")
