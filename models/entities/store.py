"""Opens an entity model after checking its folder: safe files only, and the very ones that its card names."""

from __future__ import annotations

import hashlib
from pathlib import Path

from eho.errors import ModelError
from models.entities.recogniser import FORMAT, EntityRecogniser, load_recogniser
from models.registry import CARD, read_card, shipped_folder

_SAFE_SUFFIXES = frozenset({".json", ".safetensors"})


def open_recogniser(folder: Path) -> EntityRecogniser:
    """Check and load an entity model. Raises ModelError in one line for an unsafe, missing, changed or foreign file."""
    card = read_card(folder)
    for path in sorted(folder.iterdir()):
        if path.suffix not in _SAFE_SUFFIXES:
            raise ModelError(f"Entity model {folder} holds {path.name}; only JSON and safetensors are read. Remove that file.")
    if card.format != FORMAT:
        raise ModelError(f"Model {card.name!r} has the format {card.format!r}; an entity model has {FORMAT!r}.")
    for name, digest in card.digests.items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise ModelError(f"Entity model {folder}: {name} is not the file that {CARD} names; restore it or train it anew.")
    return load_recogniser(folder)


def shipped_recogniser() -> EntityRecogniser | None:
    """Return the recogniser that comes with Eho, None where the installation has none."""
    folder = shipped_folder() / "entities"
    return open_recogniser(folder) if (folder / CARD).is_file() else None
