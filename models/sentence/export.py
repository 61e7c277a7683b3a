"""Writes sentence networks in the files that run without PyTorch."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import save_file
from torch import Tensor, nn

from models.encoder.table import save_table
from models.encoder.words import SPECIALS, to_batch
from models.sentence.lexical import WIDTH
from models.sentence.loading import CONFIG, NETWORK, POOLING, WORDS
from models.sentence.network import EncoderNetwork, StaticNetwork


class _FromVectors(nn.Module):
    def __init__(self, network: EncoderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, vectors: Tensor, places: Tensor) -> Tensor:
        return self.network.from_vectors(vectors, places)


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
        save_table(out / WORDS, network.table.weight.detach().numpy())
        names = {"weights": "bucket_weights", "center": "center", "directions": "directions"}
        pooling |= {name: np.ascontiguousarray(network.get_buffer(of).numpy()) for name, of in names.items()}
    else:
        save_table(out / WORDS, network.encoder.table.weight.detach().numpy())
        _write_onnx(network, out / NETWORK, quantise=quantise)
    save_file(pooling, out / POOLING)
    whole = {**config, "meaning": network.width, "width": network.width + WIDTH}
    (out / CONFIG).write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", encoding="utf-8", newline="\n")


def _write_onnx(network: EncoderNetwork, path: Path, *, quantise: bool) -> None:
    sample = to_batch([["nje", "fjale"], ["jedna", "rec", "vise"]])
    vectors = torch.zeros(SPECIALS + len(sample.ids), network.encoder.shape.embedding)
    words, texts, length = (torch.export.Dim(name, min=1) for name in ("words", "texts", "length"))
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _FromVectors(network.eval()),
            (vectors, torch.from_numpy(sample.places)),
            dynamo=True,
            dynamic_shapes=({0: words}, {0: texts, 1: length}),
            input_names=["vectors", "places"],
            output_names=["sentences"],
            verbose=False,
        )
        if program is None:
            raise RuntimeError("the network could not be exported to ONNX")
        if not quantise:
            program.save(str(path))
            return
        whole = Path(folder) / NETWORK
        program.save(str(whole))
        model = onnx.load(whole)
        del model.graph.value_info[:]  # shapes noted by the exporter, some of which the quantiser's own inference contradicts
        quantize_dynamic(model, path, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8, per_channel=True)
