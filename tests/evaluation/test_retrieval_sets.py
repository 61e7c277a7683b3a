"""Retrieval sets: read as published, ranked without favour to ties, the script gap seen where there is one, missing sets named."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eho.folding import fold_text
from evaluation import retrieval_sets
from evaluation.labelled import MissingSetError
from evaluation.retrieval_sets import (
    GradedPairs,
    RetrievalTask,
    dictionary_similarity,
    evaluate_retrieval,
    measure_retrieval,
    measure_similarity,
    ngram_similarity,
    read_retrieval,
)
from evaluation.runs import SETS, Places
from models.sentence.loading import load_sentence_encoder

_SQ = ["Shkolla u hap në Prishtinë", "Kryeministri foli në kuvend", "Lumi vërshoi fshatin", "Çmimi i bukës u rrit"]
_SR = ["Школа је отворена у Приштини", "Премијер је говорио у скупштини", "Река је поплавила село", "Цена хлеба је порасла"]


class FirstLetters:
    """A real, if simple, encoder: it counts letters, folded or not."""

    def __init__(self, *, folds: bool = True) -> None:
        self.name, self.version, self.width, self._folds = "letters", "1", 64, folds

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), 64), np.float32)
        for at, text in enumerate(texts):
            for char in fold_text(text) if self._folds else text:
                vectors[at, ord(char) % 64] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _write(data: Path, name: str, rows: list[dict[str, Any]]) -> None:
    path = data / f"{name}.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _sib(data: Path) -> None:
    for name, texts in (("als_Latn", _SQ), ("srp_Cyrl", _SR)):
        _write(data, f"labeled/sib200_{name}", [{"index_id": str(at), "text": text} for at, text in enumerate(texts)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    _sib(tmp_path)
    graded = [
        {"id": str(at), "kind": "sentence-sentence", "score": at, "a": "abcdef", "b": "abcdef"[:at] + "zzzzzz"[at:]}
        for at in range(6)
    ]
    _write(tmp_path, "labeled/similarity_sr", graded)
    return tmp_path


def test_every_figure_has_n_an_interval_and_the_baseline(data: Path) -> None:
    result = evaluate_retrieval(data, FirstLetters())
    for row in ("sib_sq_sr", "sib_sr_sq", "sib_sq_sr_latin", "sib_sq_both"):
        for column in ("first", "ngrams", "in_ten"):
            figure = result.figure(f"retrieval/{row}/{column}")
            assert figure is not None
            assert figure.n == 4
            assert figure.low is not None
    assert result.figure("similarity/sentence_sentence/first") is not None
    assert any("osce_sq_en is not here" in note for note in result.notes)
    assert any("letters 1" in note for note in result.notes)


@pytest.mark.parametrize(("folds", "is_lost"), [(True, False), (False, True)], ids=["folded", "as written"])
def test_the_script_gap_is_seen_where_there_is_one(data: Path, folds: bool, is_lost: bool) -> None:
    result = evaluate_retrieval(data, FirstLetters(folds=folds))
    latin = result.figure("script_gap/latin/gap")
    assert latin is not None
    assert latin.value is not None
    assert (latin.value != 0) == is_lost


def test_a_tie_is_no_first_answer() -> None:
    task = RetrievalTask("x", "X", ["a", "b"], ["same", "same"])
    row, hits = measure_retrieval(task, {"first": lambda queries, candidates: np.ones((2, 2), np.float32)})
    assert row.figures["first"].value == 0
    assert not hits.any()


def test_a_query_is_not_its_own_answer_but_other_queries_are_wrong_ones() -> None:
    scores = np.array([[0.5, 0.1, 1.0, 0.2], [0.1, 0.5, 0.9, 1.0]], np.float32)
    task = RetrievalTask("x", "X", ["a", "b"], ["A", "B", "a", "b"], own=True)
    row, hits = measure_retrieval(task, {"first": lambda queries, candidates: scores})
    assert hits.tolist() == [True, False]
    assert row.figures["first"].value == 0.5


def test_ngrams_find_names_and_the_dictionary_finds_words() -> None:
    queries, candidates = ["Kryeministri foli", "Lumi vërshoi"], ["Reka je narasla", "Premijer govori"]
    glosses = {"kryeministri": ["premier"], "premijer": ["premier"], "lumi": ["river"], "reka": ["river"]}
    scores = dictionary_similarity(glosses)(queries, candidates)
    assert scores.argmax(1).tolist() == [1, 0]
    names = ngram_similarity(["Hashim Thaçi"], ["Hašim Tači", "Aleksandar Vučić"])
    assert names[0, 0] > names[0, 1]


def test_rank_correlation_is_that_of_scipy() -> None:
    from scipy.stats import spearmanr

    words = ["aaaa", "aaab", "aabb", "abbb", "bbbb", "ccaa"]
    pairs = GradedPairs("x", "X", ["aaaa"] * 6, words, [5, 3, 4, 2, 1, 1])
    row = measure_similarity(pairs, {"first": lambda a, b: FirstLetters().encode(a) @ FirstLetters().encode(b).T})
    cosines = (FirstLetters().encode(["aaaa"]) @ FirstLetters().encode(words).T)[0]
    assert row.figures["first"].value == pytest.approx(spearmanr(cosines, pairs.grades).statistic)


def test_the_split_of_tatoeba_and_the_quality_of_osce_are_kept(tmp_path: Path) -> None:
    _write(
        tmp_path, "parallel/tatoeba_sq_en",
        [{"split": split, "sq": f"{split} {at}", "en": f"{split} {at}"} for split in ("laser_eval", "train") for at in range(3)],
    )  # fmt: skip
    long = "një fjali e gjatë për zgjedhjet dhe vëzhguesit "
    rows = [{"sq": f"{long} {at}", "en": f"{long} {at // 2}", "q": 0.2 if at == 0 else 0.5} for at in range(20)]
    _write(tmp_path, "parallel/osce_sq_en", rows)
    tasks = {task.id: task for task in read_retrieval(tmp_path)[0]}
    assert tasks["tatoeba_sq_en"].queries == ["laser_eval 0", "laser_eval 1", "laser_eval 2"]
    assert len(tasks["osce_sq_en"].queries) == 10  # of equal answers the first
    assert len(tasks["osce_documents"].queries) == 1


def test_without_data_sets_or_encoder_the_set_is_missing(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingSetError, match="EHO_DATA"):
        evaluate_retrieval(None)
    with pytest.raises(MissingSetError, match="no parallel sentences"):
        evaluate_retrieval(tmp_path / "empty")
    monkeypatch.setattr(retrieval_sets, "load_sentence_encoder", lambda: load_sentence_encoder("no such encoder"))
    with pytest.raises(MissingSetError, match="no sentence encoder to measure"):
        evaluate_retrieval(data)


def test_the_set_can_be_asked_for_by_name() -> None:
    assert "retrieval" in SETS


@pytest.mark.realdata
def test_ngrams_reach_the_known_figure_on_the_real_sentences() -> None:
    places = Places.find()
    if "EHO_DATA" not in os.environ or places.data is None:
        pytest.skip("needs EHO_DATA")
    task = read_retrieval(places.data)[0][0]
    figure = measure_retrieval(task, {"first": ngram_similarity})[0].figures["first"]
    assert task.id == "sib_sq_sr"
    assert figure.n == 1004
    assert figure.value == pytest.approx(0.70, abs=0.02)
