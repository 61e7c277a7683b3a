"""Writes a tagger as ONNX with 8-bit weights, so that it runs in ONNX Runtime without PyTorch."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from models.encoder.words import SPECIALS, to_batch
from models.tagger.network import TaggerHeads, TaggerNetwork

OUTPUTS = ("narratives", "evidence", "stances", "sense", "targets", "severity", "offence", "hate")


class _Outputs(nn.Module):
    """A network's `tag` with its outputs as a tuple, in the order of `OUTPUTS`."""

    def __init__(self, network: TaggerHeads) -> None:
        super().__init__()
        self.network: Any = network

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        output = self.network.tag(*inputs)
        return tuple(getattr(output, name) for name in OUTPUTS)


def export_tagger(network: TaggerNetwork, path: Path, *, quantise: bool = True) -> Path:
    """Write `path`; weights as int8 with `quantise` (dynamic quantisation, one scale a tensor row), else float32."""
    sample = to_batch([["nje", "fjale"], ["jedna", "rec", "vise"]])
    vectors = torch.zeros(SPECIALS + len(sample.ids), network.encoder.shape.embedding)
    inputs = {"vectors": vectors, "places": torch.from_numpy(sample.places), "starts": torch.tensor([1, 1])}
    return write_onnx(network, inputs, (("words",), ("texts", "length"), ("texts",)), path, quantise=quantise)


def write_onnx(
    network: TaggerHeads, inputs: Mapping[str, Tensor], axes: Sequence[Sequence[str]], path: Path, *, quantise: bool
) -> Path:
    """Write a network's `tag` as ONNX; `axes` names the first axes of each input, whose sizes may vary."""
    names = dict.fromkeys(name for mine in axes for name in mine)
    sizes = {name: torch.export.Dim(name, min=1) for name in names}
    shapes = (tuple({at: sizes[name] for at, name in enumerate(mine)} for mine in axes),)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = Path(folder) / "tagger.onnx"
        program = torch.onnx.export(
            _Outputs(network.eval()),
            tuple(inputs.values()),
            dynamo=True,
            dynamic_shapes=shapes,
            input_names=list(inputs),
            output_names=list(OUTPUTS),
            verbose=False,
        )
        if program is None:
            raise RuntimeError("the network could not be exported to ONNX")
        program.save(str(whole))
        path.parent.mkdir(parents=True, exist_ok=True)
        if not quantise:
            program.save(str(path))
            return path
        model = onnx.load(whole)
        del model.graph.value_info[:]  # shapes noted by the exporter, some of which the quantiser's own inference contradicts
        quantize_dynamic(model, path, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8, per_channel=True)
    return path
