"""Opens a network that ONNX Runtime computes; models read their networks through this one door."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnxruntime


def open_session(network: Path, config: Mapping[str, Any]) -> onnxruntime.InferenceSession:
    """Open a network on the processor; `threads` of the model's configuration, all cores without it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(config.get("threads", 0))
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # int8 matrices are unpacked once, not at every run
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
