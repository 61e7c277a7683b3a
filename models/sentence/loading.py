"""Finds, checks and loads a sentence encoder: the shipped one, one of a user, or one of a hub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from safetensors.numpy import load_file

from eho.errors import ModelError
from models.encoder.table import load_table
from models.onnx_session import open_session
from models.registry import CARD, find_named, list_models, no_such, verified_card
from models.sentence.encoder import OnnxSentenceEncoder, SentenceEncoder, StaticSentenceEncoder
from models.sentence.lexical import LexicalSketch

DEFAULT = "sentence"
NETWORK_FORMAT, STATIC_FORMAT = "eho-sentence-1", "eho-sentence-static-1"
CONFIG, NETWORK, WORDS, POOLING = "sentence.json", "sentence.onnx", "words.safetensors", "pooling.safetensors"
_FORMATS = (NETWORK_FORMAT, STATIC_FORMAT)


def load_sentence_encoder(name_or_folder: str | None = None, *, folders: Sequence[Path] = ()) -> SentenceEncoder:
    """Load the shipped encoder, one below `folders` by name, a folder, or `owner/name` of a hub (see `models.sentence.hub`).

    Raises ModelError in one line for an unknown name, an unsafe or changed file, or a hub that cannot be reached.
    """
    name = name_or_folder or DEFAULT
    folder = find_named(name, folders)
    if folder is None and (Path(name) / CARD).is_file():
        folder = Path(name)
    if folder is not None:
        return _load(folder)
    from models.sentence.hub import is_hub_name, load_hub_encoder

    if Path(name).is_dir() or is_hub_name(name):
        return load_hub_encoder(name)
    raise no_such("sentence encoder", name, [card.name for card in list_models(folders) if card.format in _FORMATS])


def _load(folder: Path) -> SentenceEncoder:
    card = verified_card(folder, _FORMATS, "sentence encoder")
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        table = load_table(folder / WORDS)
        pooling = load_file(folder / POOLING)
        lexical = LexicalSketch(pooling["rarity"])
        if card.format == STATIC_FORMAT:
            return StaticSentenceEncoder(config, table, lexical, pooling)
        return OnnxSentenceEncoder(config, table, lexical, open_session(folder / NETWORK, config))
    except Exception as error:  # ONNX Runtime and safetensors raise their own types; to the user every cause is one and the same
        raise ModelError(
            f"Model folder {folder} cannot be read ({type(error).__name__}: {' '.join(str(error).split())}); "
            "restore it or train it anew."
        ) from error
