"""The encoder's word table without PyTorch: rows of 8 or 4 bits, words composed once and remembered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from models.encoder.words import SPECIALS, word_ids
from models.vectors import Floats

_REMEMBERED = 50_000
_GROUP = 32  # neighbouring values that share a scale where a value has 4 bits; all of a narrower row

Ids = NDArray[np.int64]


class Rows(Protocol):
    """A table's rows as they are stored."""

    width: int

    def take(self, ids: Ids) -> Floats:
        """Return rows as floats, `[ids, width]`."""


class ByteRows:
    """8 bits a value, one scale a row."""

    def __init__(self, rows: NDArray[np.int8], scales: Floats) -> None:
        self._rows, self._scales, self.width = rows, scales, rows.shape[1]

    def take(self, ids: Ids) -> Floats:
        """Return rows as floats."""
        return self._rows[ids] * self._scales[ids, None]


class NibbleRows:
    """4 bits a value, two values a byte (the first in the low half), one scale for each group of values."""

    def __init__(self, pairs: NDArray[np.uint8], scales: NDArray[np.float16]) -> None:
        self._pairs, self._scales, self.width = pairs, scales, 2 * pairs.shape[1]

    def take(self, ids: Ids) -> Floats:
        """Return rows as floats."""
        pairs = self._pairs[ids]
        values = np.stack([pairs & 15, pairs >> 4], axis=-1).reshape(len(ids), self._scales.shape[1], -1).astype(np.float32) - 8
        return (values * self._scales[ids].astype(np.float32)[..., None]).reshape(len(ids), self.width)


class WordTable:
    """Vectors of words, `[words, embedding]`; safe to use from several threads."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._known: OrderedDict[str, Floats] = OrderedDict()
        self._lock = Lock()
        self.specials = rows.take(np.arange(SPECIALS))

    def vectors(self, forms: Sequence[str]) -> Floats:
        """Return the vectors of folded words."""
        if not forms:
            return np.zeros((0, self._rows.width), np.float32)
        return np.stack([self._vector(form) for form in forms])

    def _vector(self, form: str) -> Floats:
        with self._lock:
            if (known := self._known.get(form)) is not None:
                self._known.move_to_end(form)
                return known
        vector = np.asarray(self._rows.take(np.array(word_ids(form))).mean(0), np.float32)
        with self._lock:
            self._known[form] = vector
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return vector


def save_table(path: Path, table: Floats, bits: Literal[8, 4] = 8) -> None:
    """Write a float table of even width as rows of `bits` a value."""
    arrays = _to_bytes(table) if bits == 8 else _to_nibbles(table)
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def _to_bytes(table: Floats) -> dict[str, NDArray[np.generic]]:
    scales = np.maximum(np.abs(table).max(1), 1e-8) / 127
    rows = np.clip(np.round(table / scales[:, None]), -127, 127).astype(np.int8)
    return {"rows": rows, "scales": scales.astype(np.float32)}


def _to_nibbles(table: Floats) -> dict[str, NDArray[np.generic]]:
    groups = table.reshape(len(table), -1, _GROUP if table.shape[1] % _GROUP == 0 else table.shape[1])
    scales = np.maximum(np.abs(groups).max(2) / 7, np.finfo(np.float16).tiny).astype(np.float16)
    steps = np.round(groups / scales.astype(np.float32)[..., None])
    values = (np.clip(steps, -7, 7) + 8).astype(np.uint8).reshape(len(table), -1, 2)
    return {"pairs": values[..., 0] | (values[..., 1] << 4), "group_scales": scales}


def load_rows(path: Path) -> Rows:
    """Read the rows that `save_table` wrote."""
    arrays = load_file(path)
    return (
        NibbleRows(arrays["pairs"], arrays["group_scales"]) if "pairs" in arrays else ByteRows(arrays["rows"], arrays["scales"])
    )


def load_table(path: Path) -> WordTable:
    """Read a table that `save_table` wrote."""
    return WordTable(load_rows(path))
