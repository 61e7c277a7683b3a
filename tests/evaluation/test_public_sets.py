"""Public sets: read as published, never a group on both sides, and the reference figures reproduced where the data are."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from evaluation.labelled import MissingSetError
from evaluation.predictions import Tagger
from evaluation.public_sets import LabelledText, Task, evaluate_public, measure_task, read_tasks
from evaluation.runs import Places


def _write(data: Path, name: str, rows: list[dict[str, Any]]) -> None:
    (data / "labeled").mkdir(parents=True, exist_ok=True)
    with gzip.open(data / "labeled" / f"{name}.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _hate_rows() -> list[dict[str, Any]]:
    words = {
        "0": "lep dan i dobra vest",
        "U": "glupost i bezobrazluk",
        "1b": "oni su svi isti narod lopova",
        "1c,U": "ti stranci su bagra",
    }
    return [
        {"id": f"{code}-{at}", "text_id": at // 2, "text": f"{text} broj {at}", "lang": "sr", "codes": code}
        for code, text in words.items()
        for at in range(12)
    ]  # fmt: skip


def test_a_set_that_can_be_learned_is_learned(tmp_path: Path, tagger: Tagger) -> None:
    _write(tmp_path, "hate_sr", _hate_rows())
    result = evaluate_public(tmp_path, tmp_path, tagger)
    figure = result.figure("public/hate_sr/macro_f1")
    assert figure is not None
    assert figure.value is not None
    assert figure.value > 0.9
    ethnic = result.figure("public/hate_sr_ethnic/accuracy")
    assert ethnic is not None
    assert ethnic.n == 48
    assert any("offense_sq is not here" in note for note in result.notes)
    assert any("0.649" in note for note in result.notes)


def test_labels_that_only_the_group_tells_are_not_learned() -> None:
    groups = [f"g{at // 4}" for at in range(80)]
    rows = [LabelledText(f"{group} " * 5 + str(at), str(int(group[1:]) % 2), group) for at, group in enumerate(groups)]
    accuracy = measure_task(Task("x", "X", rows, "")).figures["accuracy"].value
    assert accuracy is not None
    assert accuracy < 0.8  # with groups on both sides of a fold it would be 1


def test_the_own_split_of_a_set_is_kept(tmp_path: Path) -> None:
    rows = [
        {"index_id": str(at), "category": "sports" if at % 2 else "health", "text": f"tekst {at}", "split": split}
        for at, split in enumerate(["train"] * 10 + ["dev"] * 4 + ["test"] * 6)
    ]
    _write(tmp_path, "sib200_als_Latn", rows)
    tasks, files, _ = read_tasks(tmp_path)
    assert [path.name for path in files] == ["sib200_als_Latn.jsonl.gz"]
    assert measure_task(tasks[0]).n == 6


def test_equal_texts_count_once_in_whatever_spelling(tmp_path: Path) -> None:
    rows = [{"id": str(at), "text": text, "label": 0} for at, text in enumerate(["Përshëndetje", "pershendetje", "tjetër"])]
    _write(tmp_path, "offense_sq", rows)
    assert len(read_tasks(tmp_path)[0][0].rows) == 2


def test_without_data_the_set_is_missing(tmp_path: Path, tagger: Tagger) -> None:
    with pytest.raises(MissingSetError, match="EHO_DATA"):
        evaluate_public(tmp_path, None, tagger)
    with pytest.raises(MissingSetError, match="no public set"):
        evaluate_public(tmp_path, tmp_path, tagger)


@pytest.mark.realdata
def test_the_reference_figure_on_topics_of_the_real_set_is_beaten_by_no_chance() -> None:
    places = Places.find()
    if "EHO_DATA" not in os.environ or places.data is None:
        pytest.skip("needs EHO_DATA")
    tasks = {task.id: task for task in read_tasks(places.data)[0]}
    figure = measure_task(tasks["sib200_als_Latn"]).figures["macro_f1"]
    assert figure.low is not None
    assert figure.low > 0.5
    assert figure.n == 204
