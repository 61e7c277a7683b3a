"""Finds, checks and loads a sentence encoder: the shipped one, one of a user, or one of a hub."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import onnxruntime
from safetensors.numpy import load_file

from eho.errors import ModelError
from models.encoder.table import load_table
from models.registry import CARD, ModelCard, list_models, read_card, shipped_folder
from models.sentence.encoder import OnnxSentenceEncoder, SentenceEncoder, StaticSentenceEncoder
from models.sentence.lexical import LexicalSketch

DEFAULT = "sentence"
NETWORK_FORMAT, STATIC_FORMAT = "eho-sentence-1", "eho-sentence-static-1"
CONFIG, NETWORK, WORDS, POOLING = "sentence.json", "sentence.onnx", "words.safetensors", "pooling.safetensors"
_SAFE_SUFFIXES = frozenset({".json", ".safetensors", ".onnx", ".md", ".txt"})


def load_sentence_encoder(name_or_folder: str | None = None, *, folders: Sequence[Path] = ()) -> SentenceEncoder:
    """Load the shipped encoder, one below `folders` by name, a folder, or `owner/name` of a hub (see `models.sentence.hub`).

    Raises ModelError in one line for an unknown name, an unsafe or changed file, or a hub that cannot be reached.
    """
    name = name_or_folder or DEFAULT
    for parent in (*folders, shipped_folder()):  # names first, as in models.registry
        if (parent / name / CARD).is_file():
            return _load(parent / name)
    if (Path(name) / CARD).is_file():
        return _load(Path(name))
    from models.sentence.hub import is_hub_name, load_hub_encoder

    if Path(name).is_dir() or is_hub_name(name):
        return load_hub_encoder(name)
    known = [card.name for card in list_models(folders) if card.format in (NETWORK_FORMAT, STATIC_FORMAT)]
    raise ModelError(
        f"There is no sentence encoder {name!r}; there {'is' if len(known) == 1 else 'are'} {', '.join(known) or 'none'}."
    )


def _load(folder: Path) -> SentenceEncoder:
    card = _checked(folder)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        table = load_table(folder / WORDS)
        pooling = load_file(folder / POOLING)
        lexical = LexicalSketch(pooling["rarity"])
        if card.format == STATIC_FORMAT:
            return StaticSentenceEncoder(config, table, lexical, pooling)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(config.get("threads", 0))
        session = onnxruntime.InferenceSession(folder / NETWORK, options, providers=["CPUExecutionProvider"])
        return OnnxSentenceEncoder(config, table, lexical, session)
    except Exception as error:  # ONNX Runtime and safetensors raise their own types; to the user every cause is one and the same
        raise ModelError(
            f"Model folder {folder} cannot be read ({type(error).__name__}: {' '.join(str(error).split())}); "
            "restore it or train it anew."
        ) from error


def _checked(folder: Path) -> ModelCard:
    for path in folder.iterdir():
        if path.suffix not in _SAFE_SUFFIXES:
            raise ModelError(
                f"Model {str(folder)!r} holds {path.name}, which may run code when loaded; "
                "only JSON, safetensors and ONNX are read."
            )
    card = read_card(folder)
    if card.format not in (NETWORK_FORMAT, STATIC_FORMAT):
        raise ModelError(f"Model {card.name!r} has the format {card.format!r} and is no sentence encoder; see eho models list.")
    for name, digest in card.digests.items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise ModelError(f"Model {card.name!r}: {name} is not the file that its card names; restore it or train it anew.")
    return card
