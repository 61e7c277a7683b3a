"""Finds, checks and loads models: each is a folder with a card, safe weights and a digest; nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eho.errors import ModelError
from models.passages import PassageModel

if TYPE_CHECKING:
    from models.linear import LinearModel

CARD = "card.json"
TAGGERS = frozenset({"eho-linear-1", "eho-tagger-1", "eho-transformer-1"})  # formats that tag the codebook's narratives
_SAFE_SUFFIXES = frozenset({".json", ".safetensors", ".onnx", ".md", ".txt"})
_PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib"})


def _load_linear(folder: Path) -> PassageModel:
    from models.linear import load_linear  # scikit-learn takes a second to import; reading a card must not

    return load_linear(folder)


def _load_tagger(folder: Path) -> PassageModel:
    from models.tagger.onnx_model import WORDS, load_tagger

    return load_tagger(folder, _partner(folder), _shared(folder, "words", WORDS))


def _load_own(folder: Path) -> PassageModel:
    from models.own.model import load_own

    return load_own(folder)


def _load_transformer(folder: Path) -> PassageModel:
    from models.transformer.onnx_model import load_transformer

    return load_transformer(folder, _partner(folder))


def _partner(folder: Path) -> LinearModel | None:
    """Load the shipped n-gram model that a tagger adds to its own scores."""
    weights = _shared(folder, "partner", "weights.safetensors")
    if weights is None:
        return None
    from models.linear import load_linear

    return load_linear(weights.parent)


def _shared(folder: Path, key: str, file: str) -> Path | None:
    """Return the file of a shipped model that a tagger's configuration names; it must be the very one it was made with."""
    try:
        wanted = json.loads((folder / "model.json").read_text(encoding="utf-8")).get(key)
    except (OSError, ValueError):
        return None  # the loader says what is wrong with the folder
    if wanted is None:
        return None
    path = shipped_folder() / str(wanted["name"]) / file
    if not path.is_file() or _digest(path) != wanted["sha256"]:
        raise ModelError(
            f"Model folder {folder} needs the very {wanted['name']!r} that it was calibrated with; "
            "install Eho anew or train the tagger anew."
        )
    return path


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


def write_card(folder: Path, card: ModelCard) -> ModelCard:
    """Write a card with the digests of all other files of the folder; return it with them."""
    digests = {path.name: _digest(path) for path in sorted(folder.iterdir()) if path.is_file() and path.name != CARD}
    whole = ModelCard(**{**asdict(card), "digests": digests, "folder": None})
    (folder / CARD).write_text(json.dumps(asdict(whole), ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return whole


def load_model(name: str, *, folders: Sequence[Path] = (), codebook_tag: str | None = None) -> PassageModel:
    """Load a model by name or folder after checking it.

    Raises ModelError in one line for an unknown name, an unsafe file (pickles among them), a changed file, or a model
    trained for another version of the codebook than `codebook_tag`.
    """
    folder = find_model(name, folders)
    is_card_there = (folder / CARD).is_file()
    for path in sorted(folder.iterdir()):
        if path.suffix not in _SAFE_SUFFIXES and (is_card_there or path.suffix.lower() in _PICKLES):
            raise ModelError(
                f"Model {name!r} holds {path.name}, which may run code when loaded; only JSON, safetensors and ONNX are read."
            )
    if not is_card_there and _is_bare_encoder(folder):
        raise ModelError(
            f"{folder} is a Hugging Face encoder without a tagger's heads; eho models train tagger --encoder {folder} adds them."
        )
    card = read_card(folder)
    for file_name, digest in card.digests.items():
        path = folder / file_name
        if not path.is_file() or _digest(path) != digest:
            raise ModelError(
                f"Model {name!r}: {file_name} is not the file that its card names; restore it or train the model anew."
            )
    if codebook_tag is not None and card.codebook != codebook_tag:
        raise ModelError(
            f"Model {name!r} was trained for codebook {card.codebook}, this is {codebook_tag}; see eho models train."
        )
    loader = _LOADERS.get(card.format)
    if loader is None:
        raise ModelError(f"Model {name!r} has the format {card.format!r}; this version of Eho reads {', '.join(_LOADERS)}.")
    return loader(folder)


def find_model(name: str, folders: Sequence[Path]) -> Path:
    """Return the folder of a model given by name, or by its folder. Raises ModelError naming what there is."""
    for folder in (*folders, shipped_folder()):  # names first: a folder that happens to be called so must not take its place
        if (folder / name / CARD).is_file():
            return folder / name
    if Path(name).is_dir():
        return Path(name)
    known = sorted({card.name for card in list_models(folders)})
    raise ModelError(f"There is no model {name!r}; there {'is' if len(known) == 1 else 'are'} {', '.join(known) or 'none'}.")


def _is_bare_encoder(folder: Path) -> bool:
    try:
        return "model_type" in json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
