"""A tagger on a Hugging Face encoder at work: `tokenizers` and ONNX Runtime, without PyTorch.

The vectors of pieces lie outside the network as 8-bit rows with one scale each: inside they would be most of the file, and
one scale for the whole table costs precision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from models.tagger.onnx_model import OnnxTagger, Prepared, load_with
from models.transformer.pieces import PieceCutter
from models.vectors import Floats

FORMAT = "eho-transformer-1"
TOKENIZER, TABLE = "tokenizer.json", "pieces.safetensors"


class PieceReader:
    """Reads for a Hugging Face encoder; see `models.tagger.onnx_model.Reader`."""

    def __init__(self, cutter: PieceCutter, rows: NDArray[Any], scales: Floats | None, *, types: bool) -> None:
        self._cutter, self._rows, self._scales, self._types = cutter, rows, scales, types

    def prepare(self, text: str, context: str) -> Prepared:
        """Cut a text; its own words come first in what the network says."""
        cut = self._cutter.cut(text, context)
        return Prepared(len(cut.ids), 0, cut.words, cut)

    def inputs(self, texts: Sequence[Prepared]) -> dict[str, NDArray[Any]]:
        """Return the network's inputs."""
        arrays: dict[str, NDArray[Any]] = {**self._cutter.batch([text.parts for text in texts])}
        arrays["vectors"] = self._vectors(arrays.pop("ids"))
        if not self._types:
            del arrays["types"]
        return arrays

    def _vectors(self, ids: NDArray[np.int64]) -> Floats:
        rows = np.asarray(self._rows[ids], np.float32)
        return rows if self._scales is None else rows * self._scales[ids][..., None]


def load_transformer(folder: Path) -> OnnxTagger:
    """Read the folder of a tagger on a Hugging Face encoder. Raises ModelError in one line where it is broken."""

    def reader(config: Mapping[str, Any]) -> PieceReader:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        arrays = load_file(folder / TABLE)
        cutter = PieceCutter(tokenizer, most=int(config["most_pieces"]), pad=int(config["pad"]))
        return PieceReader(cutter, arrays["rows"], arrays.get("scales"), types=bool(config["types"]))

    return load_with(folder, reader)
