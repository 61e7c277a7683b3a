"""`eho models use`: which model tags from now on, checked first and written into the data folder's settings."""

from __future__ import annotations

import os
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomlkit

from api.wiring import Parts
from eho.errors import ModelError, SettingsError
from eho.files import replace_text
from models.passages import PassageInput

_VARIABLE = "EHO_TAG__MODEL"
_PROBE = PassageInput("Provë e modelit për këtë dosje. Proba modela za ovu fasciklu.")


@dataclass(frozen=True)
class ModelChoice:
    """What was chosen. `setting`: the value of tag.model; `documents`: stored ones, which the next run tags anew where `retag`;
    `remarks`: what else the user must know, a line each."""

    name: str
    version: str
    setting: str
    before: str
    documents: int
    retag: bool
    remarks: tuple[str, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object that `--json` prints."""
        return asdict(self)


def choose_model(parts: Parts, name: str) -> ModelChoice:
    """Check a model given by name or folder by loading it and tagging a line, then make it the one that tags.

    Raises ModelError for one that cannot be used here, SettingsError for settings that cannot be written.
    """
    from models.registry import TAGGERS, find_model, load_model, read_card

    folders = [parts.home.models]
    folder = find_model(name, folders).resolve()
    model = load_model(name, folders=folders, codebook_tag=parts.codebook.tag)
    card = read_card(folder)
    if card.format not in TAGGERS:
        raise ModelError(f"Model {name!r} has the format {card.format!r} and tags no narratives; eho models list names others.")
    try:
        model.predict([_PROBE])
    except Exception as error:  # the files are whole but do not belong together; each library has errors of its own
        raise ModelError(f"Model {name!r} loads but cannot tag ({type(error).__name__}: {error}); train it anew.") from error
    before, former = parts.settings.tag.model, _former(parts)
    setting = name if _is_found_by_name(name, folder, parts) else str(folder)
    write_setting(parts.home.config, "tag", "model", setting)
    same = former is not None and (former.name, former.version) == (card.name, card.version)
    remarks = []
    if same and former is not None and dict(former.digests) != dict(card.digests):
        remarks.append(
            f"It has the name and version of the model before it, {card.name} {card.version}, but other weights: documents keep "
            "the tags they have. Train it under another --name to have them tagged anew."
        )
    if _VARIABLE in os.environ:
        remarks.append(f"{_VARIABLE} is set to {os.environ[_VARIABLE]!r} and goes before config.toml; unset it.")
    return ModelChoice(card.name, card.version, setting, before, parts.store().count(), not same, tuple(remarks))


def _former(parts: Parts) -> Any:
    try:
        return parts.model_card()
    except ModelError:
        return None  # it was removed, or its card broke: a reason to choose another


def _is_found_by_name(name: str, folder: Path, parts: Parts) -> bool:
    from models.registry import shipped_folder

    return any((parent / name).resolve() == folder for parent in (parts.home.models, shipped_folder())) and name == folder.name


def write_setting(config: Path, section: str, name: str, value: str) -> None:
    """Set one value in `config.toml`; comments, order and all other settings stay. Raises SettingsError."""
    try:
        with config.open(encoding="utf-8", newline="") as file:
            table = tomlkit.parse(file.read())
        table.setdefault(section, tomlkit.table())[name] = value
        text = table.as_string()
        if tomllib.loads(text)[section][name] != value:
            raise ValueError(f"{section}.{name} reads back otherwise")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SettingsError(f"{config} cannot be changed: {error}. Set {section}.{name} to {value!r} there by hand.") from error
    replace_text(config, text)
