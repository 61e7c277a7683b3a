"""Finds, checks and loads models: each is a folder with a card, safe weights and a digest; nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from eho.errors import ModelError
from models.passages import PassageModel

CARD = "card.json"
TAGGERS = frozenset({"eho-linear-1", "eho-tagger-1", "eho-transformer-1"})  # formats that tag the codebook's narratives
_SAFE_SUFFIXES = frozenset({".json", ".safetensors", ".onnx", ".md", ".txt"})
PICKLES = frozenset(  # may run code when read
    {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz", ".h5", ".msgpack"}
)


def _load_linear(folder: Path) -> PassageModel:
    from models.linear import load_linear  # scikit-learn takes a second to import; reading a card must not

    return load_linear(folder)


def _load_tagger(folder: Path) -> PassageModel:
    from models.tagger.onnx_model import load_tagger

    return load_tagger(folder)


def _load_own(folder: Path) -> PassageModel:
    from models.own.model import load_own

    return load_own(folder)


def _load_transformer(folder: Path) -> PassageModel:
    from models.transformer.onnx_model import load_transformer

    return load_transformer(folder)


_LOADERS: Mapping[str, Callable[[Path], PassageModel]] = {
    "eho-linear-1": _load_linear,
    "eho-tagger-1": _load_tagger,
    "eho-transformer-1": _load_transformer,
    "eho-own-1": _load_own,
}


@dataclass(frozen=True)
class ModelCard:
    """What a user must know before trusting a model; written beside the weights as `card.json`.

    `data`: one row a training set with name, origin, licence and rows. `measured`: figures with n and how they were got.
    """

    name: str
    version: str
    format: str
    codebook: str
    made_on: str
    intended_use: str
    limits: tuple[str, ...]
    data: tuple[Mapping[str, Any], ...]
    measured: Mapping[str, Any]
    licence: str
    digests: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Return the card as JSON."""
        return asdict(self)


def shipped_folder() -> Path:
    """Return where the models that come with Eho lie."""
    return Path(str(files("models") / "shipped"))


def shipped_file(folder: Path, wanted: Mapping[str, Any], file: str) -> Path:
    """Return the file of a shipped model that the configuration in `folder` names, `wanted` being its name and sha256.

    Raises ModelError unless it is the very file that the model in `folder` was made with.
    """
    path = shipped_folder() / str(wanted["name"]) / file
    if not path.is_file() or file_digest(path) != wanted["sha256"]:
        raise ModelError(
            f"Model folder {folder} needs the very {wanted['name']!r} that it was calibrated with; "
            "install Eho anew or train the tagger anew."
        )
    return path


def list_models(folders: Sequence[Path] = ()) -> list[ModelCard]:
    """Return the cards of all models below the folders, the shipped ones first, by name."""
    cards: list[ModelCard] = []
    for folder in (shipped_folder(), *folders):
        if folder.is_dir():
            cards.extend(read_card(path.parent) for path in sorted(folder.glob(f"*/{CARD}")))
    return cards


def read_card(folder: Path) -> ModelCard:
    """Read a model's card. Raises ModelError where there is none or it cannot be read."""
    try:
        row = json.loads((folder / CARD).read_text(encoding="utf-8"))
        return ModelCard(**{**row, "limits": tuple(row["limits"]), "data": tuple(row["data"]), "folder": str(folder)})
    except FileNotFoundError as error:
        raise ModelError(f"{folder} holds no model: {CARD} is missing. eho models list names what there is.") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"Model card {folder / CARD} cannot be read ({error}); restore it or train the model anew.") from error


def dated(version: str | None, made_on: date | None) -> tuple[str, str]:
    """Return a new model's version, that of its day where none is given, and its day, today by default, as cards say them."""
    day = made_on or datetime.now(UTC).date()
    return version or day.strftime("%Y.%m.%d"), day.isoformat()


def require_new(folder: Path) -> None:
    """Raise ModelError where a folder that is to be written holds a model already."""
    if (folder / CARD).exists():
        raise ModelError(f"{folder} holds a model already; choose another folder, or remove it first.")


def find_card(name: str, folders: Sequence[Path]) -> ModelCard:
    """Return the card of a model given by its folder, or by the name on its card. Raises ModelError naming what there is."""
    if Path(name).is_dir():
        return read_card(Path(name))
    cards = {card.name: card for card in list_models(folders)}
    if name not in cards:
        raise ModelError(f"There is no model {name!r}; known: {', '.join(sorted(cards)) or 'none'}. See eho models list.")
    return cards[name]


def write_card(folder: Path, card: ModelCard) -> ModelCard:
    """Write a card with the digests of all other files of the folder; return it with them."""
    digests = {path.name: file_digest(path) for path in sorted(folder.iterdir()) if path.is_file() and path.name != CARD}
    whole = ModelCard(**{**asdict(card), "digests": digests, "folder": None})
    (folder / CARD).write_text(json.dumps(asdict(whole), ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return whole


def load_model(name: str, *, folders: Sequence[Path] = (), codebook_tag: str | None = None) -> PassageModel:
    """Load a model by name or folder after checking it.

    Raises ModelError in one line for an unknown name, an unsafe file (pickles among them), a changed file, or a model
    trained for another version of the codebook than `codebook_tag`.
    """
    folder = find_model(name, folders)
    card = verified_card(folder, _LOADERS, "model that tags")
    if codebook_tag is not None and card.codebook != codebook_tag:
        raise ModelError(
            f"Model {name!r} was trained for codebook {card.codebook}, this is {codebook_tag}; see eho models train."
        )
    return _LOADERS[card.format](folder)


def verified_card(folder: Path, formats: Collection[str], kind: str) -> ModelCard:
    """Read the card of a folder that holds safe files only, the very ones that the card names, in one of `formats`.

    Raises ModelError in one line that names the file; `kind` is what a model of these formats is called there.
    """
    is_card_there = (folder / CARD).is_file()
    for path in sorted(folder.iterdir()):
        if path.suffix not in _SAFE_SUFFIXES and (is_card_there or path.suffix.lower() in PICKLES):
            raise ModelError(
                f"Model folder {folder} holds {path.name}, which may run code when loaded; "
                "only JSON, safetensors and ONNX are read."
            )
    if not is_card_there and _is_bare_encoder(folder):
        raise ModelError(
            f"{folder} is a Hugging Face encoder without a tagger's heads; eho models train tagger --encoder {folder} adds them."
        )
    card = read_card(folder)
    if card.format not in formats:
        raise ModelError(
            f"Model {card.name!r} has the format {card.format!r} and is no {kind} ({', '.join(formats)}); see eho models list."
        )
    for name, digest in card.digests.items():
        if not (folder / name).is_file() or file_digest(folder / name) != digest:
            raise ModelError(
                f"Model {card.name!r}: {name} is not the file that its card names; restore it or train the model anew."
            )
    return card


def find_model(name: str, folders: Sequence[Path]) -> Path:
    """Return the folder of a model given by name, or by its folder. Raises ModelError naming what there is."""
    if (named := find_named(name, folders)) is not None:
        return named
    if Path(name).is_dir():
        return Path(name)
    raise no_such("model", name, {card.name for card in list_models(folders)})


def find_named(name: str, folders: Sequence[Path]) -> Path | None:
    """Return the folder of this name below `folders`, or else among the shipped ones, that holds a model."""
    return next((parent / name for parent in (*folders, shipped_folder()) if (parent / name / CARD).is_file()), None)


def no_such(kind: str, name: str, known: Collection[str]) -> ModelError:
    """Return the error for an unknown name, which names those that there are."""
    listed = ", ".join(sorted(known)) or "none"
    return ModelError(f"There is no {kind} {name!r}; there {'is' if len(known) == 1 else 'are'} {listed}.")


def _is_bare_encoder(folder: Path) -> bool:
    try:
        return "model_type" in json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def file_digest(path: Path) -> str:
    """Return the sha256 (hex) of a file, as cards name it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
