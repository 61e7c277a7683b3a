"""What stands under the heads: an encoder that can be trained with them, written to a folder and read back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from models.encoder.network import WordEncoder
from models.encoder.table import save_table
from models.tagger.examples import Labels
from models.tagger.export import export_tagger
from models.tagger.network import TaggerHeads, TaggerNetwork
from models.tagger.onnx_model import FORMAT, NETWORK, WORDS, OnnxTagger, load_tagger


class TaggerBody(Protocol):
    """An encoder as the training of a tagger sees it.

    `format`: the name of the folder's format. `config`: what `load` needs to find in `model.json`.
    `licence`, `limits`, `data`: what the card says because of this encoder.
    """

    format: str
    config: Mapping[str, Any]
    licence: str
    limits: tuple[str, ...]
    data: tuple[Mapping[str, Any], ...]

    def network(self, labels: Labels, titles: Mapping[str, str]) -> TaggerHeads:
        """Put untrained heads on the encoder; `titles`: text of a passage -> its headline as published."""

    def save(self, network: TaggerHeads, folder: Path) -> None:
        """Write the weights that `load` reads, beside `model.json`."""

    def load(self, folder: Path) -> OnnxTagger:
        """Read a folder back. Raises ModelError."""


class WordBody:
    """The small encoder, which reads folded words."""

    format = FORMAT
    config: Mapping[str, Any] = MappingProxyType({})
    licence = "AGPL-3.0-or-later (trained on sets under CC BY, CC BY-SA and GPL-3.0)"
    limits: tuple[str, ...] = ()
    data: tuple[Mapping[str, Any], ...] = ()

    def __init__(self, encoder: WordEncoder) -> None:
        self._encoder = encoder

    def network(self, labels: Labels, titles: Mapping[str, str]) -> TaggerHeads:
        """Put untrained heads on the encoder; it reads headlines folded, as examples hold them."""
        return TaggerNetwork(self._encoder, labels)

    def save(self, network: TaggerHeads, folder: Path) -> None:
        """Write `words.safetensors` and `tagger.onnx`."""
        if not isinstance(network, TaggerNetwork):
            raise TypeError(f"heads on a {type(network.encoder).__name__} are no heads on the small encoder")
        folder.mkdir(parents=True, exist_ok=True)
        save_table(folder / WORDS, network.encoder.table.weight.detach().numpy(), bits=4)
        export_tagger(network, folder / NETWORK)

    def load(self, folder: Path) -> OnnxTagger:
        """Read a folder back. Raises ModelError."""
        return load_tagger(folder)


def as_body(encoder: WordEncoder | TaggerBody) -> TaggerBody:
    """Return the encoder as a body."""
    return WordBody(encoder) if isinstance(encoder, WordEncoder) else encoder
