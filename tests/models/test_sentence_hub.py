"""Sentence encoders of others: a tiny real one made here loads and answers; pickles and an absent hub are refused in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from eho.errors import ModelError
from models.sentence.loading import load_sentence_encoder

_TEXTS = ["Shkolla u hap sot në fshat.", "Škola je danas otvorena u selu.", "Школа је данас отворена у селу."]


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer with a tokenizer trained on three sentences, as `save_pretrained` writes it."""
    folder = tmp_path_factory.mktemp("hub") / "bert"
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(_TEXTS, trainers.WordPieceTrainer(vocab_size=200, special_tokens=specials, show_progress=False))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    ).save_pretrained(folder)
    config = BertConfig(vocab_size=200, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    BertModel(config).save_pretrained(folder)
    return folder


def test_a_local_folder_answers_like_any_encoder(bert: Path) -> None:
    model = load_sentence_encoder(str(bert))
    vectors = model.encode([*_TEXTS, _TEXTS[0] * 100, ""])
    assert vectors.shape == (5, model.width) == (5, 16)
    assert np.linalg.norm(vectors[:4], axis=1) == pytest.approx(1, abs=1e-5)
    assert not vectors[4].any()
    assert len(model.version) == 12


def test_a_folder_with_a_pickle_is_refused(bert: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(bert, folder)
    (folder / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"holds pytorch_model\.bin, which may run code"):
        load_sentence_encoder(str(folder))


def test_a_folder_without_weights_and_one_with_broken_weights_are_refused(bert: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(bert, folder)
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="cannot be read"):
        load_sentence_encoder(str(folder))
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="has no weights in safetensors"):
        load_sentence_encoder(str(folder))


def test_a_hub_out_of_reach_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="could not be fetched from the hub") as caught:
        load_sentence_encoder("owner/no-such-encoder")
    assert "\n" not in str(caught.value)
