"""Writes a tagger as ONNX with 8-bit weights, so that it runs in ONNX Runtime without PyTorch."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from models.encoder.words import SPECIALS, to_batch
from models.tagger.network import TaggerNetwork

OUTPUTS = ("narratives", "evidence", "stances", "sense", "targets", "severity", "offence", "hate")


class _Outputs(nn.Module):
    """The network with its outputs as a tuple, in the order of `OUTPUTS`."""

    def __init__(self, network: TaggerNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, vectors: Tensor, places: Tensor, starts: Tensor) -> tuple[Tensor, ...]:
        output = self.network.tag(vectors, places, starts)
        return tuple(getattr(output, name) for name in OUTPUTS)


def export_tagger(network: TaggerNetwork, path: Path, *, quantise: bool = True) -> Path:
    """Write `path`; weights as int8 with `quantise` (dynamic quantisation, one scale a tensor row), else float32."""
    sample = to_batch([["nje", "fjale"], ["jedna", "rec", "vise"]])
    vectors = torch.zeros(SPECIALS + len(sample.ids), network.encoder.shape.embedding)
    inputs = (vectors, torch.from_numpy(sample.places), torch.tensor([1, 1]))
    words, texts, length = (torch.export.Dim(name, min=1) for name in ("words", "texts", "length"))
    shapes = ({0: words}, {0: texts, 1: length}, {0: texts})
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = Path(folder) / "tagger.onnx"
        program = torch.onnx.export(
            _Outputs(network.eval()),
            inputs,
            dynamo=True,
            dynamic_shapes=shapes,
            input_names=["vectors", "places", "starts"],
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
