"""Feeds, sitemaps and section pages of one run: what each listed, and whether everything it listed was dealt with.

Only then its validators are kept for a conditional GET: a run that was killed half-way reads the list again, whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from crawlers.ledger import KeptList, Ledger, Validators
from eho.source import Source

ListKind = Literal["feed", "section"]


@dataclass(slots=True, eq=False)
class ListTask:
    """One feed, sitemap or section page to read; `step` is a sitemap's depth or the number of a followed page."""

    url: str
    source: Source
    kind: ListKind = "feed"
    step: int = 0
    stale: int = 0  # pages in a row before this one that listed nothing new
    kept: KeptList | None = None
    validators: Validators = field(default_factory=Validators)
    children: list[tuple[str, str | None]] = field(default_factory=list)
    next_url: str | None = None
    documents: int = 0  # addresses that ended in a document and that no other list of the run brought first
    dated: int = 0  # addresses that ended, and of how many of these the day lies before the period asked for
    too_old: int = 0
    fresh: int = 0  # addresses not seen before in this run
    witness: str | None = None  # an address that ended in a document
    _pending: int = 1  # addresses without an outcome, and the list itself until it is read
    _whole: bool = True

    @property
    def is_settled(self) -> bool:
        """True once the list is read and every address on it has its outcome."""
        return self._pending == 0

    def expect(self) -> None:
        """Wait for one more address."""
        self._pending += 1

    def settle(self, ledger: Ledger, *, whole: bool = True, witness: str | None = None, too_old: bool = False) -> None:
        """Note the end of one address, or of reading the list; `whole` is False for what a later run has to try again."""
        self._whole = self._whole and whole
        self.witness = self.witness or witness
        self.dated += 1
        self.too_old += too_old
        self._pending -= 1
        if self._pending == 0 and self._whole and self.validators:
            ledger.keep_list(self.url, KeptList(self.validators, datetime.now(UTC), self.children, self.documents, self.witness))

    @property
    def leads_further(self) -> bool:
        """True where the list's older part is to be read: it did not only list what is too old, nor twice nothing new."""
        everything_old = self.dated > 1 and self.too_old >= self.dated - 1
        return self.next_url is not None and not everything_old and (self.fresh > 0 or self.stale < 1)
