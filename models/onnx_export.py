"""Writes networks as ONNX with 8-bit weights, so that they run without PyTorch (needs the `train` extra)."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn


def write_onnx(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    axes: Sequence[Sequence[str]],
    outputs: Sequence[str],
    path: Path,
    *,
    quantise: bool,
) -> None:
    """Write a module whose `forward` takes `*inputs`; `axes` names the first axes of each input, whose sizes may vary.

    With `quantise` weights are int8 (dynamic quantisation, one scale a tensor row), else float32.
    """
    sizes = {name: torch.export.Dim(name, min=1) for mine in axes for name in mine}
    shapes = (tuple({at: sizes[name] for at, name in enumerate(mine)} for mine in axes),)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            dynamo=True,
            dynamic_shapes=shapes,
            input_names=list(inputs),
            output_names=list(outputs),
            verbose=False,
        )
        if program is None:
            raise RuntimeError("the network could not be exported to ONNX")
        path.parent.mkdir(parents=True, exist_ok=True)
        if not quantise:
            program.save(str(path))
            return
        whole = Path(folder) / path.name
        program.save(str(whole))
        model = onnx.load(whole)
        del model.graph.value_info[:]  # shapes noted by the exporter, some of which the quantiser's own inference contradicts
        quantize_dynamic(model, path, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8, per_channel=True)
