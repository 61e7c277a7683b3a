"""Self-consistency: alpha against the package and against published values, passes read from files, every table."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eho.codebook import Codebook
from eho.errors import InputError
from evaluation.agreement import Carried, Labels, Unit, compare, compare_all, corpus_units, real_units, to_markdown
from evaluation.alpha import Level, _distances, _replicates, alpha, masi_distance
from evaluation.bootstrap import Resampling
from tests.evaluation.corpus_rows import EVIDENCE, annotation, plain, row, write

CODEBOOK = Codebook.load()
THREAT, GONE = "returnee_security_threat", "returnee_rejection"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [  # the cases of Passonneau 2006: identity, subset, overlap, disjointness; and the empty set
        ("ab", "ab", 0.0),
        ("ab", "abc", 1 - 2 / 3 * 2 / 3),
        ("abc", "bcd", 1 - 2 / 4 * 1 / 3),
        ("ab", "cd", 1.0),
        ("", "", 0.0),
        ("", "a", 1.0),
    ],
)
def test_masi_is_the_published_distance(first: str, second: str, expected: float) -> None:
    assert masi_distance(frozenset(first), frozenset(second)) == pytest.approx(expected)
    assert masi_distance(frozenset(second), frozenset(first)) == pytest.approx(expected)


def test_alpha_is_that_of_krippendorffs_worked_example() -> None:
    """Krippendorff 2011, section B: two observers, binary data, alpha 0.095."""
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert alpha(first, second, "nominal").value == pytest.approx(0.095, abs=5e-4)


def test_alpha_ends_of_the_scale() -> None:
    assert alpha([1, 2, 3], [1, 2, 3], "ordinal").value == 1.0
    assert alpha(["a"] * 4, ["a"] * 4, "nominal").value is None
    assert alpha([], [], "nominal").value is None
    near, far = ([[0, 1, 2, 6], [0, 1, 2, last]] for last in (5, 0))
    assert (alpha(*near, "ordinal").value or 0) > (alpha(*far, "ordinal").value or 0)


_SETS = [frozenset(one) for size in range(3) for one in combinations("abc", size)]


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.sampled_from(_SETS), st.sampled_from(_SETS)), min_size=4, max_size=30),
    level=st.sampled_from(["nominal", "masi"]),
)
def test_replicates_are_what_the_package_says_of_each_drawn_sample(pairs: list[Any], level: Level) -> None:
    values = sorted({one for pair in pairs for one in pair}, key=lambda one: (len(one), sorted(one)))
    if len(values) < 2:
        return
    coded = np.array([[values.index(pair[side]) for pair in pairs] for side in (0, 1)])
    table = _distances(values, level)
    assert table is not None
    sampling = Resampling([str(number % 4) for number in range(len(pairs))], replicates=5)
    for weights, replicate in zip(sampling.row_weights(), _replicates(coded, table, sampling), strict=True):
        drawn = np.repeat(coded, weights.astype(int), axis=1)
        if len(np.unique(drawn)) > 1:
            said = krippendorff.alpha(
                drawn, value_domain=np.arange(len(values)), level_of_measurement=lambda v1, v2, i1, i2, n_v, dtype: table[i1, i2]
            )
            assert replicate == pytest.approx(said)
        else:
            assert np.isnan(replicate)


def test_interval_draws_whole_clusters() -> None:
    first = [number % 2 for number in range(80)]
    second = [1 - one if number < 20 else one for number, one in enumerate(first)]  # one bad stretch
    widths = {}
    for clusters in (80, 4):
        figure = alpha(first, second, "nominal", Resampling([str(n * clusters // 80) for n in range(80)], replicates=300))
        assert figure.low is not None and figure.high is not None and figure.value is not None
        assert figure.low < figure.value < figure.high
        widths[clusters] = figure.high - figure.low
    assert widths[4] > 1.5 * widths[80]


def _labels(
    *narratives: str, stance: str = "endorse", severity: int = 0, spans: tuple[tuple[int, int], ...] = ((0, 10),)
) -> Labels:
    return Labels("conflict_zone", severity, {one: Carried(stance, frozenset({"returnee_men"}), spans) for one in narratives})


def test_tables_count_what_the_passes_say() -> None:
    units = [
        Unit("1", "sq", "b1", _labels(THREAT, severity=2), _labels(THREAT, stance="counter", spans=((5, 15),))),
        Unit("2", "sq", "b1", _labels(THREAT), _labels(THREAT)),
        Unit("3", "sr", "b2", _labels(), _labels(GONE)),
        Unit("4", "sr", "b2", _labels(THREAT, GONE, severity=3), _labels(THREAT, GONE, severity=3, spans=((20, 30),))),
    ]
    compared = compare("Two", units, CODEBOOK)
    tables = {table.id: table.rows for table in compared.tables}
    label = {(one["label"], one["language"]): one for one in tables["labels"]}
    assert {key: (one["first"], one["second"], one["both"]) for key, one in label.items()} == {
        (THREAT, "all"): (3, 3, 3),
        (THREAT, "sq"): (2, 2, 2),
        (THREAT, "sr"): (1, 1, 1),
        (GONE, "all"): (1, 2, 1),
        (GONE, "sr"): (1, 2, 1),
    }
    assert label[THREAT, "all"]["alpha"] == 1.0
    assert label[THREAT, "sq"]["alpha"] is None  # every passage carries it: nothing to tell apart
    family = {one["language"]: one for one in tables["families"] if one["label"] == "returnee_stigma"}
    assert (family["all"]["first"], family["all"]["second"], family["all"]["both"]) == (3, 4, 3)
    overall = {(one["what"], one["language"]): one for one in tables["overall"]}
    assert overall["sense of the return", "all"]["alpha"] is None
    assert overall["stance, where both found the narrative", "all"]["n"] == 4
    assert 0 < overall["set of narratives (MASI)", "all"]["alpha"] < 1
    spans = {one["language"]: one for one in tables["spans"]}
    assert spans["all"] == {"language": "all", "pairs": 4, "characters F1": 0.375, "same": 1, "overlapping": 1, "apart": 2}
    assert "not agreement between annotators" in to_markdown([compared])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder like `evaluation` with two passes over the corpus and over real passages."""
    two = annotation(EVIDENCE["sr-Latn"], narrative=GONE, severity=1)
    rows = [row("sq"), row("sr-Latn", 2), plain("Bora e parë i zuri autobusët në qafë të malit.", 3)]
    rows[1]["annotations"] = [*rows[1]["annotations"], two]
    write(tmp_path / "corpus" / "train" / "b01.jsonl", rows)
    second = [
        {
            "id": "b01-001",
            "returnee_sense": "conflict_zone",
            "severity": 0,
            "annotations": [annotation("janë rrezik", stance="counter", severity=0)],
        },
        {"id": "b01-002", "returnee_sense": "conflict_zone", "severity": 2, "annotations": [annotation(EVIDENCE["sr-Latn"])]},
        {"id": "b01-003", "returnee_sense": None, "severity": 0, "annotations": []},
    ]
    write(tmp_path / "corpus" / "second" / "one.jsonl", second)
    passages = [{"id": f"real-{n}", "lang": lang, "document": f"d{n // 2}"} for n, lang in enumerate(["sq", "sq", "sr", "sr"])]
    write(tmp_path / "real" / "passages.jsonl", passages)
    carried = {"narrative": THREAT, "stance": "endorse", "severity": 2, "spans": [{"start": 3, "end": 9}]}
    as_pairs = {"narrative": THREAT, "stance": "endorse", "severity": 2, "evidence": [[3, 9]]}
    for name, found in (("pass1", (1, 0, 1, 0)), ("pass2", (1, 1, 0, 0))):
        labels = [
            {
                "id": f"real-{n}",
                "returnee_sense": "conflict_zone",
                "severity": 2 * one,
                "annotations": [carried if name == "pass1" else as_pairs] * one,
            }
            for n, one in enumerate(found)
        ]
        write(tmp_path / "real" / name / "a.jsonl", labels)
    return tmp_path


def test_passes_are_read_from_files_and_compared(root: Path) -> None:
    corpus, real = compare_all(root, CODEBOOK)
    assert (corpus.rows, real.rows) == (3, 4)
    units = {unit.id: unit for unit in corpus_units(root)}
    assert units["b01-002"].first.narratives == {THREAT, GONE}
    assert units["b01-002"].second.narratives == {THREAT}
    start = units["b01-001"].second.carried[THREAT].spans[0][0]
    assert row()["text"][start:].startswith("janë rrezik")
    assert real_units(root)[0].first.carried[THREAT].spans == real_units(root)[0].second.carried[THREAT].spans == ((3, 9),)
    assert [unit.cluster for unit in real_units(root)] == ["d0", "d0", "d1", "d1"]
    counts = next(one for one in real.to_mapping()["tables"]["labels"]["rows"] if one["language"] == "all")
    assert (counts["first"], counts["second"], counts["both"]) == (2, 2, 1)
    json.dumps([corpus.to_mapping(), real.to_mapping()], allow_nan=False)


def test_a_pass_over_an_unknown_row_is_refused(root: Path) -> None:
    write(root / "corpus" / "second" / "two.jsonl", [{"id": "b99-001", "returnee_sense": None, "severity": 0, "annotations": []}])
    with pytest.raises(InputError, match=r"labels 'b99-001', which is no row of the corpus"):
        corpus_units(root)


def test_no_passes_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There are no two passes below"):
        compare_all(tmp_path, CODEBOOK)
