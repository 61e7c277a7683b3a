"""The probes find what was put there on purpose: copies, and labels that length or voice give away."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from evaluation.corpus_schema import CorpusRow, PlacedRow
from evaluation.probes import copies, shortcuts, tells, to_mapping, to_markdown, weighted_areas
from tests.evaluation.corpus_rows import annotation, row

_SYLLABLES = ("ba", "de", "go", "ki", "lu", "me", "no", "pra", "ri", "shtu", "ta", "vo", "zi", "xhe", "lla", "rre")


def _words(rng: random.Random, count: int) -> str:
    return " ".join("".join(rng.choices(_SYLLABLES, k=rng.randint(1, 3))) for _ in range(count))


def _rows(*, long_when_labelled: bool, batches: int = 4, each: int = 30) -> list[CorpusRow]:
    """Write passages of nonsense words; labels follow length, or chance."""
    rng = random.Random(7)
    found = []
    for number in range(batches * each):
        labelled = rng.random() < 0.5
        text = _words(rng, rng.randint(18, 30) if labelled and long_when_labelled else rng.randint(6, 18))
        carried = [annotation(text[:5], spans=[{"start": 0, "end": 5}])] if labelled else []
        batch = f"b{number // each:02}"
        found.append(CorpusRow.model_validate(row("sq", number, batch, text=text, annotations=carried)))
    return found


def test_a_label_given_away_by_length_is_found() -> None:
    rows = _rows(long_when_labelled=True)
    area = {(one.question, one.sees, one.classifier): one.auc for one in shortcuts(rows)}
    told = area["carries a narrative", "length", "logistic regression"]
    assert told.value is not None and told.low is not None and told.high is not None
    assert told.value > 0.95 and told.low <= told.value <= told.high and told.n == len(rows)
    assert (area["carries a narrative", "voice", "logistic regression"].value or 0) == pytest.approx(0.5)
    best = tells(rows)
    assert [one["voice"] for one in best] == ["news"]
    assert best[0]["measure"] in ("characters", "words") and best[0]["labelled"] > best[0]["without a label"]


def test_a_label_by_chance_is_not_found() -> None:
    areas = [one for one in shortcuts(_rows(long_when_labelled=False)) if one.sees != "words and letters"]
    assert len(areas) == 14
    assert all(0.3 < (one.auc.value or 0) < 0.65 for one in areas)


@pytest.mark.parametrize("kinds", [2, 5, 1000], ids=["coarse", "ties", "no ties"])
def test_weighted_areas_are_those_of_scikit_learn(kinds: int) -> None:
    rng = np.random.default_rng(kinds)
    truth = rng.random(200) < 0.4
    scores = rng.integers(kinds, size=200) / kinds + truth * 0.3
    weights = rng.integers(4, size=(6, 200)).astype(np.float32)
    expected = [roc_auc_score(truth, scores, sample_weight=row) for row in weights]
    assert weighted_areas(truth, scores, weights) == pytest.approx(expected)


def test_one_batch_gives_no_figures() -> None:
    assert shortcuts(_rows(long_when_labelled=True, batches=1)) == []


def _place(split: str, batch: str, number: int, text: str) -> PlacedRow:
    return PlacedRow(
        Path(split) / f"{batch}.jsonl", number, CorpusRow.model_validate(row("sq", number, batch, text=text, annotations=[]))
    )


def test_copies_are_counted_by_where_they_stand() -> None:
    rng = random.Random(3)
    base, other, third = (_words(rng, 30) for _ in range(3))
    sharing = f"{_words(rng, 20)} {' '.join(other.split()[4:13])} {_words(rng, 20)}"
    rows = [
        _place("train", "b01", 1, base),
        _place("train", "b01", 2, base + " dhe"),
        _place("train", "b02", 3, other),
        _place("dev", "b03", 4, sharing),
        _place("test", "b04", 5, third),
        _place("train", "b05", 6, third),
    ]
    found = copies(rows)
    assert found.near == {"inside a batch": 1, "between batches of a split": 0, "across splits": 1}
    assert found.shared == {"inside a batch": 1, "between batches of a split": 0, "across splits": 2}
    assert {(one["first"], one["second"]) for one in found.examples} == {
        ("b01-001", "b01-002"),
        ("b02-003", "b03-004"),
        ("b04-005", "b05-006"),
    }


def test_page_and_json_hold_every_figure() -> None:
    rows = _rows(long_when_labelled=False, batches=2, each=20)
    placed = [PlacedRow(Path("train") / f"{one.batch}.jsonl", 1, one) for one in rows]
    found, measured, best = copies(placed), shortcuts(rows), tells(rows)
    mapping = json.loads(json.dumps(to_mapping(found, measured, best), allow_nan=False))
    assert len(mapping["shortcuts"]) == len(measured) == 16
    page = to_markdown(len(rows), found, measured, best)
    assert page.count("| carries a narrative |") == 8 and "40 passages" in page
