"""Opens an entity model after checking its folder: safe files only, and the very ones that its card names."""

from __future__ import annotations

from pathlib import Path

from models.entities.recogniser import FORMAT, EntityRecogniser, load_recogniser
from models.registry import CARD, shipped_folder, verified_card


def open_recogniser(folder: Path) -> EntityRecogniser:
    """Check and load an entity model. Raises ModelError in one line for an unsafe, missing, changed or foreign file."""
    verified_card(folder, (FORMAT,), "entity model")
    return load_recogniser(folder)


def shipped_recogniser() -> EntityRecogniser | None:
    """Return the recogniser that comes with Eho, None where the installation has none."""
    folder = shipped_folder() / "entities"
    return open_recogniser(folder) if (folder / CARD).is_file() else None
