"""Training: the same rows give the same weights, bad rows are named, and the card says what was used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eho.errors import InputError
from models.corpus import read_background, read_corpus
from models.registry import read_card
from tests.models.conftest import train_small


def test_two_runs_give_the_same_weights(small_model: Path, small_corpus: Path, background: Path, tmp_path: Path) -> None:
    again = train_small(small_corpus, background, tmp_path / "again")
    assert again.digests == read_card(small_model).digests
    assert set(again.digests) == {"model.json", "vocabulary.json", "weights.safetensors"}


def test_the_card_names_data_and_figures(small_model: Path) -> None:
    card = read_card(small_model)
    assert [row["name"] for row in card.data][1:] == ["ordinary"]
    assert card.measured["passages"] == 140
    assert card.measured["background_texts"] == 3
    assert set(card.measured["labelled"]) == set(card.measured["average_precision"])
    assert all(0 <= value <= 1 for value in card.measured["average_precision"].values())
    assert card.limits


ROW = {"id": "r1", "batch": "b", "lang": "sq", "text": "Një fjali.", "annotations": []}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("{not json", "line 1", id="no-json"),
        pytest.param("[1]", "no JSON object", id="no-object"),
        pytest.param(
            json.dumps({**ROW, "text": None, "annotations": [{"narrative": "x", "stance": "endorse", "evidence": ["y"]}]}),
            "r1",
            id="no-text",
        ),
        pytest.param(
            json.dumps({**ROW, "annotations": [{"narrative": "x", "stance": "endorse", "evidence": ["nuk është"]}]}),
            "nuk është",
            id="evidence",
        ),
        pytest.param(json.dumps({"id": "r2", "text": "x", "lang": "sq"}), "annotations", id="missing-field"),
    ],
)
def test_bad_rows_are_named(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_corpus(path)
    assert "bad.jsonl" in str(caught.value)


def test_no_corpus_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No corpus at"):
        read_corpus(tmp_path / "nowhere.jsonl")


def test_background_is_spread_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text(
        "".join(json.dumps({"text": f"Rečenica broj {number} u dugom nizu."}) + "\n" for number in range(100)), encoding="utf-8"
    )
    texts = read_background([path], most=10)
    assert texts[:10] == [f"Rečenica broj {number} u dugom nizu." for number in range(0, 100, 10)]
    assert [text.split()[2] for text in texts[10:]] == [str(number) for number in range(0, 100, 20)]


def test_background_comes_again_in_the_length_of_headlines(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    text = " ".join(f"reč{number}" for number in range(30))
    path.write_text((json.dumps({"text": text}) + "\n") * 4, encoding="utf-8")
    assert [len(text.split()) for text in read_background([path], most=4)] == [30, 30, 30, 30, 5, 6]


def test_background_leaves_published_test_splits_alone(tmp_path: Path) -> None:
    path = tmp_path / "split.jsonl"
    rows = [
        {"text": f"Rečenica iz skupa {split} ima sasvim dovoljno reči.", "split": split} for split in ("train", "dev", "test")
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert all("train" in text or len(text.split()) == 5 for text in read_background([path], most=10))
    assert len(read_background([path], most=10)) == 2


def test_sentences_of_a_treebank_come_in_pairs_within_their_document(tmp_path: Path) -> None:
    path = tmp_path / "news.iob2"
    sentences = [
        "Vlada je usvojila novi plan.",
        "Plan počinje da važi sutra.",
        "Opština gradi novu školu u selu.",
        "Druga vest iz drugog dokumenta.",
    ]
    lines = [
        "# newdoc id = 1",
        *(f"# text = {one}\n1\tReč\tO\n" for one in sentences[:3]),
        "# newdoc id = 2",
        f"# text = {sentences[3]}\n1\tReč\tO",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    texts = read_background([path], most=9)
    assert texts[:3] == [" ".join(sentences[:2]), sentences[2], sentences[3]]
