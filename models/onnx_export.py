"""Writes networks as ONNX with 8-bit weights, so that they run without PyTorch (needs the `train` extra)."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

_LEAST_VALUES = 4096  # a smaller matrix is not worth its scales


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

    With `quantise` the matrices lie in the file as int8 with one scale for each column, and are floats again when it is
    opened. What the network computes with stays float32: scaling that too by what is in a batch (dynamic quantisation) let
    the score of every eighth passage move by more than 0.05 with the passages beside it.
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
        quantise_weights(model)
        onnx.save(model, path)


def quantise_weights(model: ModelProto) -> None:
    """Put int8 matrices in the place of those that MatMul and Gemm multiply with."""
    graph = model.graph
    axes = {node.input[1]: _columns(node) for node in graph.node if node.op_type in ("MatMul", "Gemm")}
    unpacking: list[NodeProto] = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.name not in axes or tensor.data_type != TensorProto.FLOAT or values.ndim != 2 or values.size < _LEAST_VALUES:
            continue
        packed, scales = _packed(values, axes[tensor.name])
        names = [f"{tensor.name}.int8", f"{tensor.name}.scales"]
        graph.initializer.remove(tensor)
        graph.initializer.extend([numpy_helper.from_array(packed, names[0]), numpy_helper.from_array(scales, names[1])])
        unpacking.append(helper.make_node("DequantizeLinear", names, [tensor.name], axis=axes[tensor.name]))
    nodes = [*unpacking, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _columns(node: NodeProto) -> int:
    """Return which axis of a node's matrix stands for its outputs."""
    return 0 if any(one.name == "transB" and one.i for one in node.attribute) else 1


def _packed(values: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    scales = np.maximum(np.abs(values).max(1 - axis, keepdims=True) / 127, 1e-12).astype(np.float32)
    return np.round(values / scales).astype(np.int8), scales.reshape(-1)
