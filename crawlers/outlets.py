"""What is known of an outlet's pages beside the pages: its own selectors and the blocks that repeat on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from crawlers.blocks import Block, BlockFolder, OutletBlocks
from eho.source import ExtractRules, Source


@dataclass(frozen=True, slots=True)
class Outlet:
    """Selectors of the source's file, and what was learned of its pages."""

    selectors: ExtractRules | None = None
    blocks: OutletBlocks = field(default_factory=OutletBlocks)


class Outlets:
    """The outlets by source id, read when first asked for; what a run sees of their pages is learned at its end.

    `learned` is the folder of the blocks; without it nothing is read or kept.
    """

    def __init__(self, sources: Iterable[Source] | Mapping[str, Source] = (), learned: Path | None = None) -> None:
        known = sources.values() if isinstance(sources, Mapping) else sources
        self._selectors = {source.id: source.extract for source in known}
        self._folder = None if learned is None else BlockFolder(learned)
        self._outlets: dict[str, Outlet] = {}

    def of(self, source: str | None) -> Outlet:
        """Return what is known of a source's pages; nothing of an unknown one. Raises InputError for a broken file."""
        if source is None:
            return Outlet()
        if source not in self._outlets:
            blocks = OutletBlocks() if self._folder is None else self._folder.load(source)
            self._outlets[source] = Outlet(self._selectors.get(source), blocks)
        return self._outlets[source]

    def learn(self, at: datetime) -> dict[str, list[Block]]:
        """Learn from the pages seen since; `at` is a moment after all their fetches. Returns what is new, by source."""
        if self._folder is None:
            return {}
        found = {
            name: self._folder.learn(name, outlet.blocks, at) for name, outlet in self._outlets.items() if outlet.blocks.is_fed
        }
        self._outlets.clear()
        return {name: blocks for name, blocks in found.items() if blocks}
