"""One field while it is masked: the text as it came, the spans that are covered, and the way back from what is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

KINDS = ("person", "minor", "school", "place", "address", "phone", "email", "handle", "profile", "plate", "id", "account")
_MARKER = re.compile(rf"⟦({'|'.join(KINDS)})⟧")
_SAYS_MOST = ("address", "school", "minor", "place")  # of spans that overlap: a school bears the name of a person


@dataclass(frozen=True, slots=True)
class MaskedSpan:
    """Code points `[start, end)` of a field as it came, and the marker that stands for them (`person` for `⟦person⟧`)."""

    start: int
    end: int
    kind: str


class MaskedField:
    """Gathers spans over several passes; each pass reads what the one before shows."""

    def __init__(self, text: str) -> None:
        self.text = text
        # a marker that came with the text is one already: it is not masked again as something else
        self.spans = [MaskedSpan(*match.span(), match[1]) for match in _MARKER.finditer(text)]

    def shown(self) -> str:
        """Return the text with markers."""
        parts, at = [], 0
        for span in self.spans:
            parts += [self.text[at : span.start], f"⟦{span.kind}⟧"]
            at = span.end
        return "".join([*parts, self.text[at:]])

    def cover(self, found: Iterable[MaskedSpan]) -> bool:
        """Add spans in offsets of what is shown now; return whether any was new. A span over a marker takes it in."""
        new = [span for one in found if (span := self._back(one)) is not None]
        joined: list[MaskedSpan] = []
        for span in sorted([*self.spans, *new], key=lambda one: (one.start, -one.end)):
            if joined and span.start < joined[-1].end:
                last = joined.pop()
                span = MaskedSpan(last.start, max(last.end, span.end), self._kind(last, span))
            joined.append(span)
        changed = joined != self.spans
        self.spans = joined
        return changed

    def _kind(self, one: MaskedSpan, other: MaskedSpan) -> str:
        """Return which kind a joined span is: that of an earlier pass, else the one that says most."""
        earlier = next((span.kind for span in (one, other) if span in self.spans), None)
        return earlier or next((kind for kind in _SAYS_MOST if kind in (one.kind, other.kind)), one.kind)

    def _back(self, span: MaskedSpan) -> MaskedSpan | None:
        start, end = self._original(span.start, is_end=False), self._original(span.end, is_end=True)
        return MaskedSpan(start, end, span.kind) if start < end else None

    def _original(self, at: int, *, is_end: bool) -> int:
        shift = 0
        for span in self.spans:
            first = span.start + shift
            after = first + len(span.kind) + 2
            if at <= first:
                break
            if at < after:
                return span.end if is_end else span.start
            shift = after - span.end
        return at - shift
