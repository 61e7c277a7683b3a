"""The encoder's word table without PyTorch: 8-bit rows, words composed once and remembered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from models.encoder.words import SPECIALS, word_ids
from models.vectors import Floats

_REMEMBERED = 50_000


class WordTable:
    """Vectors of words, `[words, embedding]`; safe to use from several threads."""

    def __init__(self, rows: NDArray[np.int8], scales: Floats) -> None:
        self._rows, self._scales = rows, scales
        self._known: OrderedDict[str, Floats] = OrderedDict()
        self._lock = Lock()
        self.specials = rows[:SPECIALS].astype(np.float32) * scales[:SPECIALS, None]

    def vectors(self, forms: Sequence[str]) -> Floats:
        """Return the vectors of folded words."""
        if not forms:
            return np.zeros((0, self._rows.shape[1]), np.float32)
        return np.stack([self._vector(form) for form in forms])

    def _vector(self, form: str) -> Floats:
        with self._lock:
            if (known := self._known.get(form)) is not None:
                self._known.move_to_end(form)
                return known
        rows = np.array(word_ids(form))
        vector = np.asarray((self._rows[rows] * self._scales[rows, None]).mean(0), np.float32)
        with self._lock:
            self._known[form] = vector
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return vector


def save_table(path: Path, table: Floats) -> None:
    """Write a float table as int8 rows with one scale each."""
    scales = np.maximum(np.abs(table).max(1), 1e-8) / 127
    rows = np.clip(np.round(table / scales[:, None]), -127, 127).astype(np.int8)
    save_file({"rows": np.ascontiguousarray(rows), "scales": np.ascontiguousarray(scales, np.float32)}, path)


def load_table(path: Path) -> WordTable:
    """Read a table that `save_table` wrote."""
    arrays = load_file(path)
    return WordTable(arrays["rows"], arrays["scales"])
