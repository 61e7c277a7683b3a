"""Writes sentence networks in the files that run without PyTorch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor, nn

from models.encoder.table import save_table
from models.encoder.words import SPECIALS, to_batch
from models.onnx_export import write_onnx
from models.sentence.lexical import WIDTH
from models.sentence.loading import CONFIG, NETWORK, POOLING, WORDS
from models.sentence.network import EncoderNetwork, StaticNetwork


class _FromVectors(nn.Module):
    def __init__(self, network: EncoderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.network.from_vectors(*inputs)


def write_encoder(
    out: Path,
    network: EncoderNetwork | StaticNetwork,
    rarity: NDArray[np.float32],
    config: Mapping[str, Any],
    *,
    quantise: bool = True,
) -> None:
    """Write the network's files and `sentence.json`; the card is the caller's."""
    out.mkdir(parents=True, exist_ok=True)
    pooling = {"rarity": rarity.astype(np.float16)}
    if isinstance(network, StaticNetwork):
        save_table(out / WORDS, network.table.weight.detach().numpy(), bits=4)
        names = {"weights": "bucket_weights", "center": "center", "directions": "directions"}
        pooling |= {name: np.ascontiguousarray(network.get_buffer(of).numpy()) for name, of in names.items()}
    else:
        save_table(out / WORDS, network.encoder.table.weight.detach().numpy(), bits=4)
        _write_onnx(network, out / NETWORK, quantise=quantise)
    save_file(pooling, out / POOLING)
    whole = {**config, "meaning": network.width, "width": network.width + WIDTH}
    (out / CONFIG).write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", encoding="utf-8", newline="\n")


def _write_onnx(network: EncoderNetwork, path: Path, *, quantise: bool) -> None:
    sample = to_batch([["nje", "fjale"], ["jedna", "rec", "vise"]])
    vectors = torch.zeros(SPECIALS + len(sample.ids), network.encoder.shape.embedding)
    inputs = {"vectors": vectors, "places": torch.from_numpy(sample.places)}
    write_onnx(_FromVectors(network), inputs, (("words",), ("texts", "length")), ("sentences",), path, quantise=quantise)
