"""Blocks that repeat across an outlet's pages, learned per outlet: share lines, rights notices, boxes that no rule knows.

A block is learned when it stood on enough of the outlet's last pages of different documents, and is removed only from pages
fetched after that. So it is never removed where it appears first, and a replay of older captures gives what the crawl gave.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from crawlers.headline import line_key
from eho.document import to_utc_text
from eho.errors import InputError

WINDOW = 40  # last pages that are remembered
LEAST_PAGES = 3
LEAST_SHARE = 0.15  # of the window: background that a newsroom repeats through one affair stays below it
MOST_BLOCKS = 500
_FORMAT = 1
_LEAST_LETTERS = 12  # shorter lines are subheadings and answers as often as furniture
_LONGEST = 600
_SAME_PAGE = 0.5  # share of equal lines from which two pages are one document at two addresses
_MOST_REMOVED = 0.5  # share of a text; a page that would lose more is a repeated document, not furniture
_EXCERPT = 160


@dataclass(frozen=True, slots=True)
class Block:
    """One learned block: since when, on how many of the pages remembered then, and how it begins."""

    fingerprint: str
    learned_at: datetime
    pages: int
    window: int
    excerpt: str

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "fingerprint": self.fingerprint,
            "learned_at": to_utc_text(self.learned_at),
            "pages": self.pages,
            "window": self.window,
            "excerpt": self.excerpt,
        }


@dataclass(slots=True)
class OutletBlocks:
    """What was learned of one outlet, and the last pages it was learned from (as fingerprints of their lines)."""

    version: int = 0
    blocks: dict[str, Block] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    pages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _seen: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_fed(self) -> bool:
        """True where pages were observed that nothing was learned from yet."""
        return bool(self._seen)

    def observe(self, document_id: str, lines: Iterable[str]) -> None:
        """Note the lines of one page, before anything is removed from them; nothing is learned before `learn`."""
        self._seen.pop(document_id, None)
        self._seen[document_id] = tuple(line for line in lines if _counts(line))
        if len(self._seen) > WINDOW:
            del self._seen[next(iter(self._seen))]

    def learn(self, at: datetime) -> list[Block]:
        """Take the pages observed into the window and return the blocks learned; `at` must not precede their fetches."""
        texts = {fingerprint(line): line for lines in self._seen.values() for line in lines}
        for document_id, lines in self._seen.items():
            self.pages.pop(document_id, None)
            self.pages[document_id] = tuple(dict.fromkeys(map(fingerprint, lines)))
        self._seen.clear()
        self.pages = dict(list(self.pages.items())[-WINDOW:])
        different = _different(list(self.pages.values()))
        counts = Counter(mark for page in different for mark in page)
        fresh = [
            Block(mark, at, count, len(different), texts[mark][:_EXCERPT])
            for mark, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
            if count >= max(LEAST_PAGES, LEAST_SHARE * len(different))
            and mark in texts
            and mark not in self.blocks
            and mark not in self.refused
        ][: max(0, MOST_BLOCKS - len(self.blocks))]
        self.blocks |= {block.fingerprint: block for block in fresh}
        self.version += bool(fresh)
        return fresh

    def refuse(self, mark: str) -> None:
        """Forget one block for good. Raises InputError where it was not learned."""
        if mark not in self.blocks:
            raise InputError(f"There is no block {mark!r}; eho sources blocks SOURCE lists them.", field="forget")
        del self.blocks[mark]
        self.refused.add(mark)
        self.version += 1

    def remove(self, lines: Sequence[str], fetched_at: datetime) -> tuple[list[str], list[str]]:
        """Return the lines without the blocks known when the page was fetched, and the fingerprints of what was removed."""
        marks = [fingerprint(line) if _counts(line) else "" for line in lines]
        known = [mark in self.blocks and self.blocks[mark].learned_at <= fetched_at for mark in marks]
        lost = sum(len(line) for line, is_known in zip(lines, known, strict=True) if is_known)
        if not lost or lost > _MOST_REMOVED * sum(map(len, lines)):
            return list(lines), []
        kept = [line for line, is_known in zip(lines, known, strict=True) if not is_known]
        return kept, list(dict.fromkeys(mark for mark, is_known in zip(marks, known, strict=True) if is_known))

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object of the outlet's file."""
        return {
            "format": _FORMAT,
            "version": self.version,
            "blocks": [block.to_mapping() for block in self.blocks.values()],
            "refused": sorted(self.refused),
            "pages": {document_id: list(marks) for document_id, marks in self.pages.items()},
        }

    @classmethod
    def from_mapping(cls, row: dict[str, Any]) -> OutletBlocks:
        """Read the JSON object of an outlet's file."""
        blocks = [
            Block(
                one["fingerprint"],
                datetime.fromisoformat(one["learned_at"].replace("Z", "+00:00")),
                one["pages"],
                one["window"],
                one["excerpt"],
            )
            for one in row["blocks"]
        ]
        pages = {document_id: tuple(marks) for document_id, marks in row["pages"].items()}
        return cls(row["version"], {block.fingerprint: block for block in blocks}, set(row["refused"]), pages)


class BlockFolder:
    """The outlets' files, one JSON file each."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, source: str) -> OutletBlocks:
        """Read what was learned of an outlet; nothing where nothing was. Raises InputError for a broken file."""
        file = self._file(source)
        if not file.exists():
            return OutletBlocks()
        try:
            row = json.loads(file.read_text(encoding="utf-8"))
            if row["format"] != _FORMAT:
                raise InputError(f"{file} has format {row['format']!r}, this Eho reads {_FORMAT}; delete it to learn anew.")
            return OutletBlocks.from_mapping(row)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{file} cannot be read ({type(error).__name__}: {error}); delete it to learn anew.") from error

    def learn(self, source: str, seen: OutletBlocks, at: datetime) -> list[Block]:
        """Add the pages that `seen` observed to the outlet's file, which another process may have changed meanwhile."""
        self.path.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path / ".lock"):
            current = self.load(source)
            current._seen = seen._seen
            fresh = current.learn(at)
            self._write(source, current)
        return fresh

    def refuse(self, source: str, mark: str) -> None:
        """Forget one block of an outlet for good. Raises InputError where it was not learned."""
        self.path.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path / ".lock"):
            current = self.load(source)
            current.refuse(mark)
            self._write(source, current)

    def _write(self, source: str, outlet: OutletBlocks) -> None:
        file = self._file(source)
        draft = file.with_suffix(".tmp")
        draft.write_text(json.dumps(outlet.to_mapping(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
        draft.replace(file)

    def _file(self, source: str) -> Path:
        return self.path / f"{source}.json"


def fingerprint(line: str) -> str:
    """Return 16 hex digits of the folded words of a line: the same for both scripts and any punctuation."""
    return hashlib.sha256(line_key(line).encode()).hexdigest()[:16]


def _counts(line: str) -> bool:
    return len(line) <= _LONGEST and sum(map(str.isalpha, line)) >= _LEAST_LETTERS


def _different(pages: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Leave out pages that are an earlier one again: a story at a second address, or written on through the day."""
    kept: list[tuple[str, ...]] = []
    for page in pages:
        lines = set(page)
        if lines and not any(len(lines & set(other)) > _SAME_PAGE * min(len(lines), len(other)) for other in kept):
            kept.append(page)
    return kept
