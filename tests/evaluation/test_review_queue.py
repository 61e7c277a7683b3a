"""The review queue: blind passages, every annotator's labels kept, nothing accepted that could not be used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eho.annotation import AnnotatedDocument, Annotation, Language, ModelVersion, Span, Stance, Tags
from eho.codebook import Codebook
from eho.document import Document
from eho.errors import InputError, StoreError
from evaluation.corpus_schema import load_rows
from evaluation.review_queue import FORMAT, ReviewQueue, items_of_corpus, items_of_tags, read_saved
from tests.evaluation.corpus_rows import EVIDENCE, annotation, plain, row, write

CODEBOOK = Codebook.load()
NOTHING: dict[str, Any] = {"returnee_sense": None, "annotations": [], "severity": 0}


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[ReviewQueue]:
    write(
        tmp_path / "train" / "b01.jsonl",
        [row("sq"), row("sr-Latn", 2), row("sr-Cyrl", 3), plain("Bora e parë i zuri autobusët.", 4)],
    )
    with ReviewQueue(tmp_path / "home" / "annotation.sqlite", CODEBOOK) as queue:
        assert queue.add(items_of_corpus(load_rows([tmp_path]))) == 4
        assert queue.add(items_of_corpus(load_rows([tmp_path]))) == 0
        yield queue


def _label(kind: str, id: str, **changed: Any) -> dict[str, Any]:
    return {"id": id, "returnee_sense": "conflict_zone", "annotations": [annotation(EVIDENCE[kind])], "severity": 2} | changed


@pytest.mark.parametrize(
    ("lang", "ids"),
    [
        (None, ["b01-001", "b01-002", "b01-003", "b01-004"]),
        ("sq", ["b01-001", "b01-004"]),
        ("sr", ["b01-002", "b01-003"]),
        ("sr-Cyrl", ["b01-003"]),
        ("en", []),
    ],
)
def test_what_waits_is_given_in_order_and_by_language(queue: ReviewQueue, lang: str | None, ids: list[str]) -> None:
    assert [item.id for item in queue.waiting("A1", lang, 10)] == ids


def test_a_labelled_passage_no_longer_waits_for_its_annotator_only(queue: ReviewQueue) -> None:
    queue.label("A1", _label("sq", "b01-001"))
    assert [item.id for item in queue.waiting("A1")] == ["b01-002"]
    assert [item.id for item in queue.waiting("B2")] == ["b01-001"]
    assert queue.counts() == {"queued": 4, "A1": 1}


def test_passages_are_blind_and_what_was_said_is_kept_aside(queue: ReviewQueue) -> None:
    item = queue.item("b01-001")
    assert "said" not in item.to_blind() and "annotations" not in item.to_blind()
    assert item.said[0]["narrative"] == "returnee_security_threat"


def test_labels_of_every_annotator_and_earlier_ones_are_kept(queue: ReviewQueue) -> None:
    queue.label("A1", _label("sr-Latn", "b01-002"))
    queue.label("B2", NOTHING | {"id": "b01-002", "note": "vetëm zë i thënë"})
    queue.label("A1", NOTHING | {"id": "b01-002"})
    assert [(one.annotator, len(one.row.annotations)) for one in queue.labels("b01-002")] == [("A1", 1), ("B2", 0), ("A1", 0)]
    newest = {one.annotator: one for one in queue.labels(newest=True)}
    assert {who: len(one.row.annotations) for who, one in newest.items()} == {"A1": 0, "B2": 0}
    mapping = newest["B2"].to_mapping()
    assert (mapping["id"], mapping["annotator"], mapping["note"], mapping["codebook"]) == (
        "b01-002",
        "B2",
        "vetëm zë i thënë",
        CODEBOOK.tag,
    )


def test_importing_the_same_label_twice_keeps_it_once(queue: ReviewQueue) -> None:
    saved = _label("sq", "b01-001") | {"labelled_at": "2026-11-21T10:00:00Z"}
    queue.label("A1", saved)
    queue.label("A1", saved)
    assert len(queue.labels()) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"id": "b99-001"}, "No passage 'b99-001' is queued", id="unknown passage"),
        pytest.param({"annotations": [annotation("jo aty")]}, "evidence 'jo aty': it does not stand", id="evidence elsewhere"),
        pytest.param(
            {"annotations": [annotation("x", evidence=[])]}, "returnee_security_threat: mark its evidence", id="no evidence"
        ),
        pytest.param(
            {"annotations": [annotation(EVIDENCE["sq"], narrative="threat")]}, "narrative 'threat'", id="unknown narrative"
        ),
        pytest.param(
            {"annotations": [annotation(EVIDENCE["sq"], stance="maybe")]}, r"annotations.0.stance 'maybe'", id="unknown stance"
        ),
        pytest.param({"returnee_sense": None}, "needs the sense conflict_zone", id="sense"),
        pytest.param({"severity": 9}, "severity 9", id="severity"),
        pytest.param({"sha256": "0" * 64}, "is not the one that was labelled", id="other text"),
    ],
)
def test_a_label_that_cannot_be_used_is_refused_in_one_line(queue: ReviewQueue, change: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError, match=expected) as raised:
        queue.label("A1", _label("sq", "b01-001") | change)
    assert "\n" not in str(raised.value)
    assert queue.labels() == []


def test_an_annotator_needs_a_sign(queue: ReviewQueue) -> None:
    with pytest.raises(InputError, match="annotator is ' '"):
        queue.label(" ", NOTHING | {"id": "b01-001"})


def test_passages_with_doubtful_tags_are_queued_with_what_was_said(tmp_path: Path) -> None:
    text = "Kuvendi miratoi buxhetin për vitin tjetër.\n\nTë kthyerit nga Siria janë bombë me sahat për vendin tonë."
    start = text.index("Të kthyerit")
    tags = [
        Annotation(
            narrative="returnee_security_threat", stance=Stance.ENDORSE, score=0.4, spans=(Span(start=start, end=start + 25),)
        ),
        Annotation(
            narrative="returnee_rejection", stance=Stance.ENDORSE, score=0.9, spans=(Span(start=0, end=7),), needs_review=False
        ),
    ]
    model = ModelVersion(name="baseline", version="1", codebook=CODEBOOK.tag)
    document = Document(id="d" * 40, source="x", text=text, title="Titulli")
    annotated = AnnotatedDocument(
        document=document, tags=Tags(language=Language(code="sq", confidence=1), annotations=tuple(tags), model=model)
    )
    items = list(items_of_tags([annotated, AnnotatedDocument(document=document)]))
    assert len(items) == 1 and items[0].text in text and "bombë me sahat" in items[0].text
    assert [one["narrative"] for one in items[0].said] == ["returnee_security_threat"]
    assert (items[0].lang, items[0].title, items[0].origin) == ("sq", "Titulli", "tags")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([], "holds 'list', not 'eho-labels-1'"),
        ({"format": "other"}, "holds 'other'"),
        ({"format": FORMAT, "annotator": None, "codebook": "1", "labels": []}, "annotator is None"),
        ({"format": FORMAT, "annotator": "A", "codebook": "1", "labels": [3]}, "The label 3 is no object"),
    ],
)
def test_a_file_that_no_form_saved_is_refused(content: object, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        read_saved(content)


def test_a_broken_queue_is_named(tmp_path: Path) -> None:
    path = tmp_path / "annotation.sqlite"
    path.write_bytes(b"no database" * 200)
    with pytest.raises(StoreError, match=r"annotation\.sqlite cannot be opened"):
        ReviewQueue(path, CODEBOOK)
