"""A small real model, trained once for the tests of this folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eho.codebook import Codebook
from models.linear_training import LinearOptions
from models.registry import ModelCard
from models.training import train_baseline

BATCHES = Path(__file__).resolve().parents[2] / "evaluation" / "corpus" / "train"


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every third row of two batches, one a language."""
    folder = tmp_path_factory.mktemp("corpus")
    for name in ("b01", "b14"):
        lines = (BATCHES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()[::3]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def background(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few ordinary sentences, as files of public text would give them."""
    path = tmp_path_factory.mktemp("background") / "ordinary.jsonl"
    sentences = [
        "Danas je u gradu otvorena nova biblioteka za decu i odrasle.",
        "Sot në qytet u hap biblioteka e re për fëmijë dhe të rritur.",
    ]
    path.write_text("".join(json.dumps({"text": sentence}) + "\n" for sentence in sentences), encoding="utf-8")
    return path


def train_small(corpus: Path, background: Path, out: Path) -> ModelCard:
    """Train the small model; the same arguments must give the same files."""
    codebook = Codebook.load()
    families = {narrative.id: narrative.family for narrative in codebook.narratives}
    options = LinearOptions(character_features=4000, word_features=1000, folds=2, least_positives=2)
    return train_baseline(
        corpus, [background], families, codebook=codebook.tag, out=out, name="small", version="1", options=options
    )


@pytest.fixture(scope="session")
def small_model(small_corpus: Path, background: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small model."""
    out = tmp_path_factory.mktemp("models") / "small"
    train_small(small_corpus, background, out)
    return out
