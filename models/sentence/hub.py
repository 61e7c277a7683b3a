"""Sentence encoders of others, through sentence-transformers (needs the `train` extra): a local folder or a hub name.

Only safetensors are fetched and read; code of a model is never run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eho.errors import ModelError
from models.encoder.words import split_words
from models.registry import PICKLES
from models.sentence.encoder import MOST_READ, in_pieces
from models.vectors import Floats

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_FETCHED = ("*.json", "*.txt", "*.model", "*.safetensors")
_NAME = re.compile(r"[\w.-]+/[\w.-]+")


class HubSentenceEncoder:
    """Any sentence-transformers or Hugging Face encoder. It reads text as published: it was not trained on folded text."""

    def __init__(self, model: SentenceTransformer, name: str, version: str) -> None:
        self._model, self._name, self._version = model, name, version

    @property
    def name(self) -> str:
        return self._name

    @property
    def version(self) -> str:
        return self._version

    @property
    def width(self) -> int:
        return int(self._model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one unit vector a text; long texts are cut between words, as everywhere."""
        spans = [split_words(text, most=MOST_READ).spans for text in texts]
        return in_pieces(
            [len(one) for one in spans],
            lambda pieces: self._encode([texts[at][spans[at][start][0] : spans[at][end - 1][1]] for at, start, end in pieces]),
            self.width,
        )

    def _encode(self, texts: Sequence[str]) -> Floats:
        vectors = self._model.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32)


def is_hub_name(name: str) -> bool:
    """True for `owner/name`."""
    return _NAME.fullmatch(name) is not None


def load_hub_encoder(name_or_folder: str) -> HubSentenceEncoder:
    """Load a local folder, else fetch a hub name. Raises ModelError for pickles and where the hub cannot be reached."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ModelError(
            f"Sentence encoder {name_or_folder!r} needs sentence-transformers; run: pip install 'eho[train]'."
        ) from error
    folder = Path(name_or_folder) if Path(name_or_folder).is_dir() else _fetch(name_or_folder)
    weights = _weights(folder)
    try:
        model = SentenceTransformer(
            str(folder), device="cpu", trust_remote_code=False, local_files_only=True, model_kwargs={"use_safetensors": True}
        )
    except Exception as error:  # transformers, tokenizers and safetensors raise their own types; the cause is one to the user
        raise ModelError(
            f"Sentence encoder {name_or_folder!r} cannot be read ({type(error).__name__}: {_one_line(error)}); "
            "fetch it anew, or name another."
        ) from error
    digest = hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in weights)).hexdigest()
    return HubSentenceEncoder(model.eval(), name_or_folder, digest[:12])


def _weights(folder: Path) -> list[Path]:
    """Return the safetensors of a folder. Raises ModelError where there are none, or anything that may run code."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICKLES or path.suffix == ".py":
            raise ModelError(
                f"Sentence encoder {str(folder)!r} holds {path.name}, which may run code when loaded; "
                "remove it and keep model.safetensors."
            )
    weights = sorted(folder.rglob("*.safetensors"))
    if not weights:
        raise ModelError(f"Sentence encoder {str(folder)!r} has no weights in safetensors; save it with safe_serialization=True.")
    return weights


def _fetch(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=list(_FETCHED), ignore_patterns=["onnx/*", "openvino/*"]))
    except RepositoryNotFoundError as error:
        raise ModelError(f"There is no sentence encoder {name!r} on the hub; check the name.") from error
    except Exception as error:  # each transport has its own types; whatever failed, the user can do the same things
        raise ModelError(
            f"Sentence encoder {name!r} could not be fetched from the hub ({type(error).__name__}); check the connection, "
            "or give a local folder. The shipped encoder goes on working."
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
