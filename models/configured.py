"""What models have from their configuration, and the two functions that turn scores into probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.passages import Thresholds
from models.vectors import Floats


class Configured:
    """Name and version, read from a model's configuration."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config

    @property
    def name(self) -> str:
        return str(self._config["name"])

    @property
    def version(self) -> str:
        return str(self._config["version"])


class ConfiguredModel(Configured):
    """Codebook, calibration and thresholds too, read from `model.json`."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        self._thresholds = {key: Thresholds(*value) for key, value in config["thresholds"].items()}

    @property
    def codebook(self) -> str:
        return str(self._config["codebook"])

    @property
    def calibrated(self) -> bool:
        return bool(self._config["calibration"])

    def thresholds(self, narrative: str) -> Thresholds:
        """Return the narrative's thresholds; Thresholds(1, 1) for one that the model does not know."""
        return self._thresholds.get(narrative, Thresholds(1.0, 1.0))


def sigmoid(values: Floats) -> Floats:
    """Return the logistic function, safe from overflow."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30, 30))), dtype=np.float32)


def softmax(values: Floats) -> Floats:
    """Return probabilities over the last axis."""
    exponents = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True), dtype=np.float32)
