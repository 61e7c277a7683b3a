"""Which sources a trend counts, so that a line moves because texts changed and not because outlets came and went."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

ENOUGH = 0.5  # a panel with less of the documents is no longer about these media


@dataclass(frozen=True, slots=True)
class Panel:
    """The sources counted, by which rule; `share` is their part of the documents, None for `sources` means all."""

    rule: str
    sources: tuple[str, ...] | None
    share: float
    left_out: tuple[str, ...]

    @property
    def is_narrower(self) -> bool:
        """True where the query must name the sources: the panel leaves some out."""
        return bool(self.left_out)

    def to_mapping(self) -> dict[str, Any]:
        """Return what `method` says of it."""
        return {
            "panel": "all" if self.sources is None else "constant",
            "panel_rule": self.rule,
            "panel_note": _RULES[self.rule],
            "panel_sources": None if self.sources is None else list(self.sources),
            "panel_left_out": list(self.left_out),
            "panel_share_of_documents": self.share,
        }


_RULES = {
    "asked": "all sources, as asked",
    "every": "sources with documents in every whole period",
    "spanning": "sources with documents in the first and the last whole period: those with some in every one hold less than half",
    "none": "all sources: none has documents in the first and the last whole period",
}


def all_sources() -> Panel:
    """Return the panel of everything, as asked for."""
    return Panel("asked", None, 1.0, ())


def constant_panel(counts: Mapping[tuple[date, str], int], starts: Sequence[date], partial: Collection[date]) -> Panel:
    """Choose the sources of a range: those of every whole period, else those that span it, else all.

    A period that the range cuts, or that is not over yet, asks nothing of a source.
    """
    whole = [start for start in starts if start not in partial] or list(starts)
    published: dict[str, set[date]] = {}
    for (start, source), number in counts.items():
        if number:
            published.setdefault(source, set()).add(start)
    if not published:
        return all_sources()
    every = [source for source, seen in published.items() if seen >= set(whole)]
    spanning = [source for source, seen in published.items() if {whole[0], whole[-1]} <= seen]
    for rule, sources in (("every", every), ("spanning", spanning)):
        share = _share(counts, sources)
        if sources and (share >= ENOUGH or rule == "spanning"):
            return Panel(rule, tuple(sorted(sources)), share, tuple(sorted(published.keys() - set(sources))))
    return Panel("none", None, 1.0, ())


def _share(counts: Mapping[tuple[date, str], int], sources: Collection[str]) -> float:
    inside = sum(number for (_, source), number in counts.items() if source in sources)
    return inside / sum(counts.values())
