"""Real passages: the text is read where it lies, checked, weighted, and judged within its document."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eho.errors import InputError
from evaluation.labelled import LabelledRow, MissingSetError
from evaluation.predictions import PredictedTag, Prediction, Tagger
from evaluation.real_text import evaluate_real, judge_passage, read_real
from nlp.segmentation import passages
from tests.evaluation.conftest import write_jsonl

_DOCUMENTS = {
    "news_sq": [
        {"id": "q1", "lang": "sq", "title": "Lajme", "text": "Të kthyerit nga Siria janë bombë me sahat për vendin tonë.\nBuxheti u miratua dje."},
        {"id": "q2", "lang": "sq", "title": "Moti", "text": "Nesër pritet shi në të gjithë vendin, thonë meteorologët."},
    ],
    "comments_sr": [
        {"id": "c1", "lang": "sr", "text": "Neka ostanu tamo u Siriji, ovde im nije mesto."},
        {"id": "c2", "lang": "sr", "text": "Bravo, lepa vest za sve nas danas."},
    ],
}  # fmt: skip


def _passage(number: int, dataset: str, document: str, text: str, start: int, weight: float) -> dict[str, Any]:
    return {
        "id": f"real-{number}",
        "dataset": dataset,
        "document": document,
        "field": "text",
        "start": start,
        "end": start + len(text),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "kind": "comment" if dataset.startswith("comments") else "news",
        "lang": "sq" if dataset.endswith("sq") else "sr",
        "stratum": "cue",
        "weight": weight,
    }


def _annotation(narrative: str, end: int) -> dict[str, Any]:
    return {"narrative": narrative, "stance": "endorse", "target_groups": [], "severity": 2, "evidence": [[0, end]]}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "text"
    folder.mkdir(parents=True)
    for name, rows in _DOCUMENTS.items():
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return tmp_path / "data"


@pytest.fixture
def real(tmp_path: Path) -> Path:
    first, second = str(_DOCUMENTS["news_sq"][0]["text"]).split("\n")
    rows = [
        _passage(1, "news_sq", "q1", first, 0, 1.0),
        _passage(2, "news_sq", "q1", second, len(first) + 1, 30.0),
        _passage(3, "news_sq", "q2", str(_DOCUMENTS["news_sq"][1]["text"]), 0, 30.0),
        _passage(4, "comments_sr", "c1", str(_DOCUMENTS["comments_sr"][0]["text"]), 0, 2.0),
        _passage(5, "comments_sr", "c2", str(_DOCUMENTS["comments_sr"][1]["text"]), 0, 10.0),
    ]
    labels = {"real-1": [_annotation("returnee_security_threat", 20)], "real-4": [_annotation("returnee_rejection", 26)]}
    folder = tmp_path / "root" / "real"
    write_jsonl(folder / "passages.jsonl", rows)
    passes = [{"id": row["id"], "returnee_sense": None, "severity": 0, "annotations": labels.get(row["id"], [])} for row in rows]
    write_jsonl(folder / "pass1" / "a.jsonl", passes)
    return tmp_path / "root"


def test_the_sample_speaks_for_the_collection(real: Path, data: Path, tagger: Tagger) -> None:
    result = evaluate_real(real, data, tagger)
    assert (result.n, result.clustered_by) == (5, "document")
    assert result.clusters == 4
    carry = result.figure("base_rate/all/carry")
    assert carry is not None
    assert carry.value == pytest.approx(3.0 / 73.0)
    assert {row.key for table in result.tables if table.id == "base_rate" for row in table.rows} == {
        "all",
        "sq-news",
        "sr-comment",
    }


def test_adjudicated_labels_stand_before_those_of_a_pass(real: Path, data: Path) -> None:
    decision = {"returnee_sense": None, "severity": 0, "annotations": []}
    write_jsonl(real / "real" / "adjudicated.jsonl", [{"id": "real-1", "decision": decision}])
    rows = {row.id: row for row in read_real(real / "real", data).rows}
    assert rows["real-1"].annotations == ()
    assert rows["real-4"].annotations[0].spans == ((0, 26),)


def test_what_cannot_be_judged_is_counted_with_the_reason(real: Path, data: Path) -> None:
    path = real / "real" / "passages.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows[0]["sha256"] = "0" * 64
    rows[1]["document"] = "gone"
    rows[2]["id"] = "real-unlabelled"
    write_jsonl(path, rows)
    found = read_real(real / "real", data)
    assert [row.id for row in found.rows] == ["real-4", "real-5"]
    assert found.left_out == {
        "its text is another one than was labelled (hash)": 1,
        "its text is missing": 1,
        "it has no labels": 1,
    }


def test_a_changed_label_changes_the_digest(real: Path, data: Path, tagger: Tagger) -> None:
    before = evaluate_real(real, data, tagger).digest
    path = real / "real" / "pass1" / "a.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("endorse", "counter", 1), encoding="utf-8")
    assert evaluate_real(real, data, tagger).digest != before


def test_without_the_texts_the_set_is_missing(real: Path, tmp_path: Path, tagger: Tagger) -> None:
    with pytest.raises(MissingSetError, match="set EHO_DATA"):
        evaluate_real(real, None, tagger)
    with pytest.raises(MissingSetError, match="'its text is missing': 5"):
        evaluate_real(real, tmp_path / "nothing", tagger)
    with pytest.raises(MissingSetError, match="no real passages"):
        evaluate_real(tmp_path / "elsewhere", tmp_path, tagger)


def test_a_wrong_offset_is_named(real: Path, data: Path) -> None:
    write_jsonl(real / "real" / "adjudicated.jsonl", [{"id": "real-1", "annotations": [_annotation("ingroup_traitor", 999)]}])
    with pytest.raises(InputError, match=r"real-1.*lies outside the text"):
        read_real(real / "real", data)


def test_only_tags_that_touch_a_passage_count_and_are_cut_to_it() -> None:
    row = LabelledRow("r", "d", "sq", "x" * 20, None, None, 0, ())
    tags = tuple(
        PredictedTag("ingroup_traitor", "endorse", 0.9, shown, "text", spans, 2, ())
        for shown, spans in ((True, ((15, 25), (90, 99))), (False, ((0, 10),)), (True, ((30, 40),)))
    )
    whole = Prediction("d", "sq", False, "conflict_zone", 2, tags)
    judged = judge_passage(row, ("d", "text", 20, 40), whole, replace(whole, sense=None))
    assert [tag.spans for tag in judged.tags] == [((0, 5),), ((10, 20),)]
    assert judged.prediction.sense is None


@pytest.mark.realdata
def test_passages_of_the_real_sets_are_found_again() -> None:
    import os

    from evaluation.runs import Places

    places = Places.find()
    if "EHO_DATA" not in os.environ or places.data is None or not (places.root / "real" / "passages.jsonl").is_file():
        pytest.skip("needs EHO_DATA and the real passages")
    found = read_real(places.root / "real", places.data)
    assert not {reason for reason in found.left_out if "hash" in reason or "missing" in reason}
    documents = {document.id: document for document in found.documents}
    for row, (document, field, start, end) in list(zip(found.rows, found.places, strict=True))[::50]:
        assert any((one.start, one.end) == (start, end) for one in passages(documents[document]) if one.field == field), row.id
