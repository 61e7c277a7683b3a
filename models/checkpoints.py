"""Checkpoints of a training (PyTorch; needs the `train` extra): weights and optimiser in safetensors, written in one move."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn


def save_checkpoint(path: Path, module: nn.Module, optimiser: torch.optim.Optimizer, facts: Mapping[str, str]) -> None:
    """Write a training's state; a run that is cut meanwhile leaves the former file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {f"model/{name}": tensor.contiguous() for name, tensor in module.state_dict().items()}
    for at, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{at}/{name}": value.contiguous() for name, value in state.items()}
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, dict(facts))
    partial.replace(path)


def load_checkpoint(path: Path, module: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, str]:
    """Read what `save_checkpoint` wrote into module and optimiser; return the facts, or nothing where there is no file."""
    if not path.exists():
        return {}
    tensors = load_file(path)
    module.load_state_dict({name.removeprefix("model/"): value for name, value in tensors.items() if name.startswith("model/")})
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimiser/"):
            _, at, part = name.split("/")
            states.setdefault(int(at), {})[part] = value
    optimiser.load_state_dict({"state": states, "param_groups": optimiser.state_dict()["param_groups"]})
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})
