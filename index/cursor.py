"""The place after a page of hits: a sort key, not a number of hits, so that documents added meanwhile repeat or hide nothing."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from eho.errors import InputError


@dataclass(frozen=True, slots=True)
class Cursor:
    """The sort key of the last hit shown, the number of hits shown, and what was asked."""

    primary: float | int
    published: int
    tie: int
    shown: int
    asked: str

    @property
    def key(self) -> tuple[float, int, int]:
        """Return the key in sorting order: greater first by score and time, then by a fixed number."""
        return (-self.primary, -self.published, self.tie)

    def to_text(self) -> str:
        """Write the cursor for the next request."""
        row = [self.primary, self.published, self.tie, self.shown, self.asked]
        return base64.urlsafe_b64encode(json.dumps(row).encode()).decode().rstrip("=")


def read_cursor(text: str, asked: str) -> Cursor:
    """Read a cursor. Raises InputError where it is none, or belongs to another question."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        primary, published, tie, shown, whose = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        numbers = all(isinstance(value, int) for value in (published, tie, shown)) and isinstance(primary, int | float)
        if not numbers or shown < 0 or primary != primary:
            raise ValueError
    except (ValueError, TypeError, UnicodeError, binascii.Error):
        raise InputError(f"Cursor {text[:40]!r} cannot be read. Take it from `next` of an answer.", field="cursor") from None
    if whose != asked:
        raise InputError("The cursor belongs to another query, sort or filter. Start again without it.", field="cursor")
    return Cursor(primary, published, tie, shown, asked)


def digest_of(*parts: object) -> str:
    """Return a short digest of what was asked."""
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
