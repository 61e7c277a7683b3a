"""Public text: read where EHO_DATA points, labelled only where somebody read the very text."""

from __future__ import annotations

import gzip
import hashlib
import json
from importlib.resources import files
from pathlib import Path

import pytest

from models import public_text
from models.public_text import SETS, public_texts


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _empty_sets(root: Path) -> None:
    for one in SETS:
        if one.folder == "ner":
            path = root / "ner" / f"{one.name}.iob2.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(b""))
        elif one.folder:
            _write(root / one.folder / f"{one.name}.jsonl.gz", [])


def test_without_data_there_is_only_what_comes_with_eho() -> None:
    texts = list(public_texts(None))
    assert {one.set for one in texts} == {"news_sq"}
    assert 50 < sum(one.is_held_out for one in texts) < len(texts) / 2


def test_labels_hold_only_for_the_very_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _empty_sets(tmp_path)
    texts = {
        "sq-off-1": "Komenti i parë këtu është i gjatë sa duhet.",
        "sq-off-2": "Komenti i dytë u ndryshua më vonë nga dikush.",
    }
    _write(tmp_path / "labeled" / "offense_sq.jsonl.gz", [{"id": id, "text": text, "label": 1} for id, text in texts.items()])
    sha = hashlib.sha256(texts["sq-off-1"].encode()).hexdigest()[:12]
    label = {
        "sense": None, "severity": 3,
        "annotations": [{"narrative": "ingroup_traitor", "stance": "endorse", "target_groups": [], "spans": [[0, 7]]}],
    }  # fmt: skip
    rows = {("offense_sq", id): {**label, "sha": sha} for id in texts}
    monkeypatch.setattr(public_text, "_labels", lambda: rows)
    first, second = (one for one in public_texts(tmp_path) if one.set == "offense_sq")
    assert first.read is not None
    assert first.read.annotations[0].evidence == ((0, 7),)
    assert (first.offence, first.hate) == (1, -1)
    assert second.read is None


def test_hatred_of_a_people_counts_neither_way_unless_read(tmp_path: Path) -> None:
    _empty_sets(tmp_path)
    rows = [
        {"id": "sr-hate-900001", "text_id": 7, "text": "Prva rečenica teksta je ovde.", "codes": "1b;U"},
        {"id": "sr-hate-900002", "text_id": 7, "text": "Druga rečenica teksta je ovde.", "codes": "U"},
    ]
    _write(tmp_path / "labeled" / "hate_sr.jsonl.gz", rows)
    first, second = (one for one in public_texts(tmp_path) if one.set == "hate_sr")
    assert (first.hate, first.is_known) == (1, False)
    assert (second.hate, second.is_known) == (0, True)
    assert first.group == second.group
    assert first.is_held_out is second.is_held_out


def test_the_labels_that_come_with_eho_name_known_narratives_and_no_text() -> None:
    from eho.codebook import Codebook

    known = {narrative.id for narrative in Codebook.load().narratives}
    lines = (files("models") / "data" / "read_passages.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) > 1500
    assert {item["narrative"] for row in rows for item in row["annotations"]} <= known
    assert all(set(row) <= {"id", "set", "sha", "sense", "severity", "annotations", "unsure"} for row in rows)
