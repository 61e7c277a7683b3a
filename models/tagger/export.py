"""Writes a tagger's network as ONNX, so that it runs in ONNX Runtime without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.encoder.words import SPECIALS, to_batch
from models.onnx_export import write_onnx
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


def export_tagger(network: TaggerNetwork, path: Path) -> None:
    """Write a tagger on the small encoder as ONNX with 8-bit weights."""
    sample = to_batch([["nje", "fjale"], ["jedna", "rec", "vise"]])
    vectors = torch.zeros(SPECIALS + len(sample.ids), network.encoder.shape.embedding)
    inputs = {"vectors": vectors, "places": torch.from_numpy(sample.places), "starts": torch.tensor([1, 1])}
    export_heads(network, inputs, (("words",), ("texts", "length"), ("texts",)), path, quantise=True)


def export_heads(
    network: TaggerHeads, inputs: Mapping[str, Tensor], axes: Sequence[Sequence[str]], path: Path, *, quantise: bool
) -> None:
    """Write a network's `tag` as ONNX; see `models.onnx_export.write_onnx`."""
    write_onnx(_Outputs(network), inputs, axes, OUTPUTS, path, quantise=quantise)
