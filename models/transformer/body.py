"""A Hugging Face encoder as the training of a tagger sees it (PyTorch and transformers; needs the `train` extra)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file

from models.encoder.table import save_table
from models.tagger.examples import Labels
from models.tagger.export import export_heads
from models.tagger.network import TaggerHeads
from models.tagger.onnx_model import NETWORK, OnnxTagger
from models.transformer.network import TransformerTagger
from models.transformer.onnx_model import FORMAT, TABLE, TOKENIZER, load_transformer
from models.transformer.pieces import PieceCutter

MOST_PIECES = 512


class TransformerBody:
    """See `models.tagger.body.TaggerBody`. `origin`: the row about the encoder on the model's card."""

    format = FORMAT

    def __init__(self, encoder: Any, tokenizer: Any, origin: Mapping[str, Any]) -> None:
        pad = encoder.config.pad_token_id or 0
        # RoBERTa counts positions from behind the padding's number; for the others one position less costs nothing
        most = min(MOST_PIECES, int(getattr(encoder.config, "max_position_embeddings", MOST_PIECES)) - pad - 1)
        self._encoder = encoder
        self._cutter = PieceCutter(tokenizer, most=most, pad=pad)
        self._types = int(getattr(encoder.config, "type_vocab_size", 0) or 0) > 1
        self.config: Mapping[str, Any] = {"most_pieces": most, "pad": pad, "types": self._types}
        self.data: tuple[Mapping[str, Any], ...] = (origin,)
        self.licence = f"that of the encoder {origin['name']} and of the sets named here; see to both before passing it on"
        self.limits: tuple[str, ...] = (
            "It reads text as it is typed: script, diacritics and case may move a score, which the shipped models rule out.",
            f"Words beyond {most} pieces of its tokenizer, context included, are not read.",
        )

    def network(self, labels: Labels, titles: Mapping[str, str]) -> TaggerHeads:
        """Put untrained heads on the encoder."""
        return TransformerTagger(self._encoder, self._cutter, labels, titles, types=self._types)

    def save(self, network: TaggerHeads, folder: Path, *, quantise: bool = True) -> None:
        """Write `tokenizer.json`, `pieces.safetensors` and `tagger.onnx`; 8-bit weights with `quantise`."""
        if not isinstance(network, TransformerTagger):
            raise TypeError(f"heads on a {type(network).__name__} are no heads on a Hugging Face encoder")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TOKENIZER).write_text(self._cutter.to_json(), encoding="utf-8", newline="\n")
        rows = np.ascontiguousarray(network.table.weight.detach().float().numpy())
        if quantise:
            save_table(folder / TABLE, rows)
        else:
            save_file({"rows": rows}, folder / TABLE)
        self._export(network, folder / NETWORK, quantise=quantise)

    def load(self, folder: Path) -> OnnxTagger:
        """Read a folder back. Raises ModelError."""
        return load_transformer(folder)

    def _export(self, network: TransformerTagger, path: Path, *, quantise: bool) -> None:
        cuts = [self._cutter.cut("një fjalë", "titull"), self._cutter.cut("jedna reč više")]
        arrays = {name: torch.from_numpy(array) for name, array in self._cutter.batch(cuts).items()}
        pieces, words = ("texts", "pieces"), ("texts", "words")
        vectors = network.table(arrays["ids"]).detach()
        inputs = {"vectors": vectors, "mask": arrays["mask"], "firsts": arrays["firsts"], "parts": arrays["parts"]}
        axes = [pieces, pieces, words, words]
        if self._types:
            inputs["types"], axes = arrays["types"], [*axes, pieces]
        if hasattr(network.encoder, "set_attn_implementation"):
            network.encoder.set_attn_implementation("eager")  # the plain form of attention, which every exporter knows
        export_heads(network, inputs, axes, path, quantise=quantise)
