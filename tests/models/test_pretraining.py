"""Pretraining in small: the loss falls, a stopped run goes on where it was, the same seed gives the same weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models.encoder.network import EncoderShape, WordEncoder, as_tensors, mean_vectors
from models.encoder.pretraining import MaskedWordHead, PairBatches, PretrainOptions, TextBatches, contrast, load_encoder, pretrain
from models.encoder.sets import Translation, read_dictionary, read_texts, read_translations, vocabulary
from models.encoder.words import to_batch

_SHAPE = EncoderShape(embedding=16, width=32, layers=1, heads=4, inner=64, positions=64)
_TEXTS = [
    ["komuna", "hapi", "nje", "shkolle", "te", "re", "ne", "fshat"],
    ["opstina", "je", "otvorila", "novu", "skolu", "u", "selu"],
    ["nxenesit", "mesojne", "ne", "shkolle", "cdo", "dite"],
    ["ucenici", "uce", "u", "skoli", "svakog", "dana"],
] * 8
_PAIRS = [
    Translation(" ".join(a), " ".join(b), "the school in the village") for a, b in zip(_TEXTS[::2], _TEXTS[1::2], strict=True)
]


def _run(out: Path, steps: int, total: int = 12) -> tuple[WordEncoder, list[str]]:
    options = PretrainOptions(steps=total, words_a_step=96, vocabulary=40, checkpoint_every=4, rate=5e-3)
    torch.manual_seed(options.seed)
    encoder = WordEncoder(_SHAPE, dropout=0.0)
    known = vocabulary(_TEXTS, options.vocabulary)
    head = MaskedWordHead(_SHAPE, len(known))
    taught = np.eye(32, dtype=np.float32)[np.arange(len(_PAIRS)) % 32]
    said: list[str] = []
    whole = PretrainOptions(**{**{name: getattr(options, name) for name in options.__slots__}, "steps": steps})
    pretrain(encoder, TextBatches(_TEXTS, known, whole), PairBatches(_PAIRS, taught, whole), head, out, whole, said.append)
    return encoder, said


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "encoder.safetensors").read_bytes()).hexdigest()


def test_the_same_seed_gives_the_same_weights_twice(tmp_path: Path) -> None:
    _run(tmp_path / "a", 8)
    _run(tmp_path / "b", 8)
    assert _digest(tmp_path / "a") == _digest(tmp_path / "b")


def test_a_stopped_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    _run(tmp_path, 8)
    _, said = _run(tmp_path, 12)
    assert said[0] == "pretraining from step 8 to 12"
    assert json.loads((tmp_path / "encoder.json").read_text())["steps"] == 12


def test_training_draws_translations_together(tmp_path: Path) -> None:
    torch.manual_seed(1)
    before = WordEncoder(_SHAPE, dropout=0.0).eval()
    after, _ = _run(tmp_path, 40)
    batch = to_batch([_TEXTS[0], _TEXTS[1], _TEXTS[2], _TEXTS[3]])

    def loss(encoder: WordEncoder) -> float:
        with torch.inference_mode():
            vectors = mean_vectors(encoder.eval()(*as_tensors(batch)), torch.from_numpy(batch.places))
        return float(contrast(vectors[[0, 2]], vectors[[1, 3]], 0.05))

    assert loss(after) < loss(before)


def test_a_stored_encoder_gives_the_same_vectors(tmp_path: Path) -> None:
    encoder, _ = _run(tmp_path, 4)
    batch = as_tensors(to_batch([_TEXTS[0]]))
    with torch.inference_mode():
        assert torch.equal(load_encoder(tmp_path)(*batch), encoder.eval()(*batch))


def test_padding_changes_no_vector() -> None:
    torch.manual_seed(0)
    encoder = WordEncoder(_SHAPE, dropout=0.0).eval()
    alone, beside = to_batch([_TEXTS[0][:3]]), to_batch([_TEXTS[0][:3], _TEXTS[1]])
    with torch.inference_mode():
        one = encoder(*as_tensors(alone))[0]
        other = encoder(*as_tensors(beside))[0, : one.shape[0]]
    assert torch.allclose(one, other, atol=1e-5)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = {
        "text/wiki_sq.jsonl": [{"text": "Shkolla u hap dje në fshat. Nxënësit erdhën me prindërit e tyre nga fshatrat."}],
        "parallel/tatoeba_sq_en.jsonl": [
            {"sq": "Erdha dje.", "en": "I came yesterday.", "split": "train"},
            {"sq": "Jam nga Rusia.", "en": "I am from Russia.", "split": "laser_eval"},
        ],
    }
    import gzip

    for name, lines in rows.items():
        path = tmp_path / f"{name}.gz"
        path.parent.mkdir(exist_ok=True)
        with gzip.open(path, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    tables = {
        "dict_sq_en_wiktionary": "sq\tforms\tpos\ten\nshkollë\tshkolla|shkollën\tnoun\t(building) school ; a class\n",
        "dict_hbs_en": "hbs\ten\tpos\tsource\nškola\tschool\tn\tapertium\n",
        "synsets_sq_hbs": "synset\tsq\thbs\ten\n1-n\tmësues\tучитељ; učitelj\tteacher\n",
    }
    (tmp_path / "lexica").mkdir()
    for name, text in tables.items():
        with gzip.open(tmp_path / "lexica" / f"{name}.tsv.gz", "wt", encoding="utf-8") as file:
            file.write(text)
    return tmp_path


def test_sets_are_read_folded_and_without_what_is_for_evaluation(data: Path) -> None:
    assert read_texts(data, ("wiki_sq",), loose=(), news=())[0][:4] == ["shkolla", "u", "hap", "dje"]
    assert read_translations(data, ("tatoeba_sq_en",)) == [Translation("Erdha dje.", "", "I came yesterday.")]


def test_the_dictionary_holds_inflected_forms_and_both_scripts(data: Path) -> None:
    entries = dict(read_dictionary(data))
    assert entries["shkollen"] == ["school", "class"]
    assert entries["skola"] == ["school"]
    assert entries["ucitelj"] == ["teacher"]
