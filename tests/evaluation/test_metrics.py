"""Figures against scikit-learn's, intervals, and the whole measurement of a small corpus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

from eho.codebook import Codebook
from eho.errors import InputError
from evaluation import metrics
from evaluation.bootstrap import Resampling
from evaluation.calibration import reliability, threshold_table
from evaluation.labelled import GoldAnnotation, LabelledRow, read_labelled
from evaluation.labelled_set import evaluate_folder, measure
from evaluation.matching import Judged
from evaluation.predictions import PassageScores, PredictedTag, Prediction, Tagger

Ints = NDArray[np.int_]
_CLASSES = 5


def _confusion(truth: Ints, predicted: Ints) -> NDArray[np.float64]:
    counts = np.zeros((len(truth), _CLASSES, _CLASSES))
    counts[np.arange(len(truth)), truth, predicted] = 1
    return counts


_pairs = st.lists(st.tuples(st.integers(0, _CLASSES - 1), st.integers(0, _CLASSES - 1)), min_size=2, max_size=60)


@given(_pairs)
@settings(deadline=None, max_examples=60)
def test_scores_of_classes_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(pairs).T
    totals = Resampling([str(at) for at in range(len(pairs))], replicates=3).totals(_confusion(truth, predicted))
    assert metrics.macro_f1(totals)[0] == pytest.approx(reference.f1_score(truth, predicted, average="macro", zero_division=0))
    assert metrics.accuracy(totals)[0] == pytest.approx(reference.accuracy_score(truth, predicted))
    assert metrics.mean_absolute_error(totals)[0] == pytest.approx(reference.mean_absolute_error(truth, predicted))
    if len(set(truth)) > 1 or len(set(predicted)) > 1:
        labels = list(range(_CLASSES))
        kappa = reference.cohen_kappa_score(truth, predicted, weights="quadratic", labels=labels)
        assert metrics.quadratic_kappa(totals)[0] == pytest.approx(kappa)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 4)), min_size=1, max_size=60))
@settings(deadline=None, max_examples=60)
def test_precision_recall_and_f1_are_those_of_scikit_learn_with_weights(cases: list[tuple[bool, bool, int]]) -> None:
    gold, shown, weights = (np.array(part) for part in zip(*cases, strict=True))
    sampling = Resampling(["one"] * len(cases), weights=weights, replicates=2)
    totals = sampling.totals(np.stack([shown, shown & gold, gold, shown & gold], axis=1))
    found = metrics.retrieval(*totals.T)
    if gold.any():
        expected = reference.precision_recall_fscore_support(
            gold, shown, average="binary", sample_weight=weights, zero_division=0
        )
        assert np.nan_to_num(found.precision[0]) == pytest.approx(expected[0])
        assert found.recall[0] == pytest.approx(expected[1])
        assert found.f1[0] == pytest.approx(expected[2])
    else:
        assert np.isnan(found.f1[0])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=50))
@settings(deadline=None, max_examples=80)
def test_average_precision_is_that_of_scikit_learn_with_ties_and_weights(cases: list[tuple[bool, int, int]]) -> None:
    truth = np.array([case[0] for case in cases])
    scores = np.array([case[1] / 6 for case in cases])
    weights = np.array([[case[2] for case in cases]], dtype=np.float32)
    found = metrics.average_precision(truth, scores, weights)[0]
    if (weights[0] * truth).sum() == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(reference.average_precision_score(truth, scores, sample_weight=weights[0]), abs=1e-6)


def test_whole_clusters_are_drawn_so_that_alike_rows_do_not_narrow_the_interval() -> None:
    values = np.array([[1.0, 1.0]] * 50 + [[0.0, 1.0]] * 50)
    widths = []
    for clusters in ([str(at) for at in range(100)], [str(at // 10) for at in range(100)]):
        sampling = Resampling(clusters)
        totals = sampling.totals(values)
        figure = sampling.figure(totals[:, 0] / totals[:, 1], 100)
        assert figure.value == 0.5
        assert figure.low is not None
        assert figure.high is not None
        widths.append(figure.high - figure.low)
    assert widths[1] > 2 * widths[0]


def test_one_cluster_gives_no_interval_and_a_share_at_the_edge_gets_that_of_wilson() -> None:
    sampling = Resampling(["b01"] * 8)
    totals = sampling.totals(np.array([[1.0, 1.0]] * 8))
    figure = sampling.figure(totals[:, 0] / totals[:, 1], 8)
    assert (figure.value, figure.low, figure.high) == (1.0, None, None)
    share = sampling.share(totals[:, 0] / totals[:, 1], 8)
    assert (share.low, share.high) == pytest.approx(proportion_confint(8, 8, method="wilson"))


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(1).random((30, 1))
    one, other = (Resampling([str(at % 6) for at in range(30)]).totals(values) for _ in range(2))
    assert np.array_equal(one, other)


@pytest.mark.parametrize(("shift", "expected"), [(0.0, 0.0), (0.2, 0.2)], ids=["calibrated", "overconfident by 0.2"])
def test_calibration_error_is_the_distance_between_score_and_share(shift: float, expected: float) -> None:
    said = np.repeat([0.1, 0.3, 0.5, 0.7], 100)
    truth = np.concatenate([np.arange(100) < share * 100 for share in (0.1, 0.3, 0.5, 0.7)])
    sampling = Resampling([str(at) for at in range(400)])
    found = reliability((said + shift)[:, None], truth[:, None], sampling)
    assert found.error.value == pytest.approx(expected, abs=1e-9)
    assert sum(said.n for _, _, said, _ in found.bins) == 400


def test_a_higher_threshold_shows_less_and_finds_less() -> None:
    generator = np.random.default_rng(3)
    scores = generator.random((200, 3))
    truth = generator.random((200, 3)) < scores
    rows = threshold_table(scores, truth, Resampling([str(at % 20) for at in range(200)])).rows
    coverage = [row.figures["coverage"].value or 0.0 for row in rows]
    assert coverage == sorted(coverage, reverse=True)
    assert (rows[-1].figures["precision"].value or 0) > (rows[0].figures["precision"].value or 0) + 0.2


def _judged(codebook: Codebook, *, right: int, wrong: int, missed: int) -> list[Judged]:
    """Return rows of which some are tagged rightly, some wrongly, some not at all; evidence overlaps by half."""
    gold = GoldAnnotation("ingroup_traitor", "endorse", ("moderates",), 3, ((0, 10),))
    tag = PredictedTag("ingroup_traitor", "endorse", 0.9, True, "text", ((5, 15),), 3, ("moderates",))
    rows = []
    for at in range(right + wrong + missed):
        is_gold, is_tagged = at < right or at >= right + wrong, at < right + wrong
        row = LabelledRow(
            id=f"r{at}",
            cluster=f"b{at % 4}",
            lang="sq" if at % 2 else "sr-Cyrl",
            text="Tradhtarët e kombit janë këtu.",
            title=None,
            sense=None,
            severity=3 if is_gold else 0,
            annotations=(gold,) if is_gold else (),
            trap=None if is_gold else "neutral_identity",
        )
        scores = PassageScores("text", 0, 30, {"ingroup_traitor": 0.9 if is_tagged else 0.1})
        tags = (tag,) if is_tagged else ()
        rows.append(Judged(row, Prediction(row.id, "sq", False, None, 3 if is_tagged else 0, tags, (scores,)), tags))
    return rows


def test_a_measurement_by_hand(codebook: Codebook) -> None:
    result = measure("x", "X", _judged(codebook, right=6, wrong=2, missed=4), codebook, digest="d", clustered_by="batch")

    def value(key: str) -> float | None:
        figure = result.figure(key)
        assert figure is not None, key
        return figure.value

    assert value("overall/micro/shown_precision") == pytest.approx(6 / 8)
    assert value("overall/micro/shown_recall") == pytest.approx(6 / 10)
    assert value("narrative/ingroup_traitor/listed_f1") == pytest.approx(2 * 0.75 * 0.6 / 1.35)
    assert value("family/outgroup_hostility/listed_recall") == pytest.approx(0.6)
    assert value("target/moderates/listed_precision") == pytest.approx(6 / 8)
    assert value("stance/all/accuracy") == 1.0
    assert value("severity/tag/mae") == 0.0
    assert value("evidence/partial/f1") == pytest.approx(0.5)
    assert value("evidence/exact/f1") == 0.0
    assert value("trap/identity/shown") == 1.0
    assert {example.kind for example in result.examples} == {"wrong narrative", "missed"}
    assert any("4 batches only" in note for note in result.notes)


def test_a_tag_on_the_title_is_not_held_against_the_text(root: Path, tagger: Tagger) -> None:
    (row,) = read_labelled(root / "corpus" / "dev" / "b01.jsonl")[:1]
    titled = replace(row, title=row.text, text="Kuvendi miratoi buxhetin për vitin e ardhshëm.", annotations=(), sense=None)
    (prediction,) = tagger.predict([titled.to_document()])
    assert all(tag.field == "title" for tag in prediction.tags)


def test_the_shipped_model_on_a_small_corpus(root: Path, tagger: Tagger) -> None:
    result = evaluate_folder("corpus-dev", "Dev", root / "corpus" / "dev", tagger)
    assert (result.n, result.clusters) == (40, 4)
    names = {table.id for table in result.tables}
    assert names >= {
        "overall", "family", "narrative", "language", "script", "variety", "voice", "target", "stance", "sense",
        "severity", "evidence", "trap", "calibration", "reliability", "thresholds", "gap",
    }  # fmt: skip
    for table in result.tables:
        for line in table.rows:
            for figure in line.figures.values():
                assert figure.value is None or figure.low is None or figure.low <= figure.value + 1e-9
                assert figure.value is None or figure.high is None or figure.high >= figure.value - 1e-9


def test_predictions_are_kept_and_the_same_the_second_time(root: Path, tagger: Tagger) -> None:
    documents = [row.to_document() for row in read_labelled(root / "corpus" / "dev")]
    said: list[int] = []
    first = tagger.predict(documents, say=lambda what, done, total: said.append(done))
    again = tagger.predict(documents, say=lambda what, done, total: said.append(-1))
    assert first == again
    assert -1 not in said
    assert all(one.passages for one in first if not one.abstained)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "x"', "every line is one JSON object"),
        ("[1]", "is no JSON object"),
        ('{"id": "x", "lang": "sq", "annotations": []}', "'text' is missing"),
        ('{"id": "x", "lang": "sq", "text": " ", "annotations": []}', "text is ' '"),
        (
            '{"id": "x", "lang": "sq", "text": "abc", "annotations": [{"narrative": "n", "stance": "s", "evidence": ["z"]}]}',
            "evidence 'z' does not stand",
        ),
        (
            '{"id": "x", "lang": "sq", "text": "abc", "annotations": [{"narrative": "n", "stance": "s", "spans": [{"start": 2, "end": 9}]}]}',
            "lies outside the text",
        ),
    ],
    ids=["cut off", "no object", "no text", "blank text", "wrong evidence", "wrong span"],
)
def test_a_broken_row_is_named_with_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "b01.jsonl"
    path.write_text('{"id": "a", "lang": "sq", "text": "mirë", "annotations": []}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_labelled(path)
    assert f"{path}:2" in str(error.value)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
