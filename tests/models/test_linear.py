"""The baseline model: spellings alike, evidence inside the text, probabilities, safe files only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eho.errors import ModelError
from models.corpus import read_corpus
from models.linear import LinearModel, load_linear
from models.passages import PassageInput
from models.registry import list_models, load_model, read_card

LATIN = "Neka ostanu tamo gde su ratovali, ovde im nije mesto, a ćerke i braću neka čuva đavo."
CYRILLIC = "Нека остану тамо где су ратовали, овде им није место, а ћерке и браћу нека чува ђаво."
ASCII = "Neka ostanu tamo gde su ratovali, ovde im nije mesto, a cerke i bracu neka cuva djavo."


@pytest.fixture(scope="module")
def model(small_model: Path) -> LinearModel:
    return load_linear(small_model)


def test_scripts_and_diacritics_do_not_move_the_scores(model: LinearModel) -> None:
    latin, cyrillic, ascii_ = model.predict([PassageInput(text) for text in (LATIN, CYRILLIC, ASCII)])
    assert latin.narratives == cyrillic.narratives == ascii_.narratives
    assert latin.stances == cyrillic.stances == ascii_.stances
    senses = model.predict_sense([LATIN, CYRILLIC, ASCII])
    assert senses[0] == senses[1] == senses[2]


def test_it_learned_its_rows(model: LinearModel, small_corpus: Path) -> None:
    rows = read_corpus(small_corpus)
    predictions = model.predict([PassageInput(row.text) for row in rows])
    for narrative in predictions[0].narratives:
        carries = [narrative in {item.narrative for item in row.annotations} for row in rows]
        scores = [prediction.narratives[narrative] for prediction in predictions]
        least = min(score for score, positive in zip(scores, carries, strict=True) if positive)
        assert sum(score >= least for score, positive in zip(scores, carries, strict=True) if not positive) <= len(rows) * 0.05


def test_evidence_lies_inside_the_text_and_starts_at_words(model: LinearModel, small_corpus: Path) -> None:
    seen = 0
    rows = read_corpus(small_corpus)
    for row, prediction in zip(rows, model.predict([PassageInput(row.text) for row in rows]), strict=True):
        assert set(prediction.evidence) == set(prediction.stances)
        for spans in prediction.evidence.values():
            for start, end in spans:
                seen += 1
                assert 0 <= start < end <= len(row.text)
                assert start == 0 or not row.text[start - 1].isalnum()
                assert end == len(row.text) or not row.text[end].isalnum()
    assert seen > 20


@given(st.lists(st.text(max_size=80), max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_text_is_answered(model: LinearModel, texts: list[str]) -> None:
    predictions = model.predict([PassageInput(text) for text in texts])
    assert len(predictions) == len(texts)
    for text, prediction in zip(texts, predictions, strict=True):
        assert all(0 <= value <= 1 for value in prediction.narratives.values())
        assert 0 <= prediction.severity <= 6
        assert all(0 <= start <= end <= len(text) for spans in prediction.evidence.values() for start, end in spans)
    for answer in model.predict_sense(texts):
        assert sum(answer.values()) == pytest.approx(1.0, abs=1e-4)


def _copy(small_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_model, tmp_path / "copy"))


def test_a_pickle_is_refused(small_model: Path, tmp_path: Path) -> None:
    folder = _copy(small_model, tmp_path)
    (folder / "weights.pkl").write_bytes(b"\x80\x04N.")
    with pytest.raises(ModelError, match=r"weights\.pkl"):
        load_model(str(folder))


def test_a_changed_file_is_refused(small_model: Path, tmp_path: Path) -> None:
    folder = _copy(small_model, tmp_path)
    (folder / "vocabulary.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match=r"vocabulary\.json is not the file"):
        load_model(str(folder))


def test_broken_weights_are_one_line(small_model: Path, tmp_path: Path) -> None:
    folder = _copy(small_model, tmp_path)
    (folder / "weights.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelError, match="cannot be read"):
        load_linear(folder)


def test_another_codebook_is_refused(small_model: Path) -> None:
    with pytest.raises(ModelError, match="trained for codebook"):
        load_model(str(small_model), codebook_tag="9.9+000000000000")


def test_an_unknown_format_is_refused(small_model: Path, tmp_path: Path) -> None:
    folder = _copy(small_model, tmp_path)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps({**card, "format": "eho-future-9"}), encoding="utf-8")
    with pytest.raises(ModelError, match="eho-future-9"):
        load_model(str(folder))


def test_models_are_found_by_name(small_model: Path) -> None:
    assert load_model("small", folders=[small_model.parent]).name == "small"
    assert "small" in {card.name for card in list_models([small_model.parent])}
    with pytest.raises(ModelError, match="There is no model 'nothing'"):
        load_model("nothing", folders=[small_model.parent])
    assert read_card(small_model).folder == str(small_model)


def test_a_folder_of_the_same_name_does_not_take_a_models_place(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_model("small", folders=[small_model.parent]).name == "small"
