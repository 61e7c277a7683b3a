"""The whole tagging of documents with the shipped model: rules that hold whatever the model says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eho.annotation import AnnotatedDocument, Sense, Stance
from eho.codebook import Codebook
from eho.document import Document
from eho.folding import fold_text
from eho.outcome import Outcome
from models.registry import load_model
from nlp.pipeline import Pipeline

ARTICLES = Path(__file__).resolve().parents[2] / "evaluation" / "miniweb" / "content" / "articles"


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return Codebook.load()


@pytest.fixture(scope="module")
def pipeline(codebook: Codebook) -> Pipeline:
    return Pipeline(codebook, load_model("baseline", codebook_tag=codebook.tag))


@pytest.fixture(scope="module")
def tagged(pipeline: Pipeline) -> list[AnnotatedDocument]:
    """All invented articles, tagged."""
    return list(pipeline.tag(_document(row) for row in _rows()))


def _rows() -> list[dict[str, object]]:
    return [
        json.loads(line) for path in sorted(ARTICLES.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()
    ]


def _document(row: dict[str, object]) -> Document:
    paragraphs = row["paragraphs"]
    assert isinstance(paragraphs, list)
    return Document.from_mapping(
        {"id": row["id"], "source": row["outlet"], "title": row["title"], "lead": row["lead"], "text": "\n".join(paragraphs)}
    )


def test_every_document_is_answered_in_order(tagged: list[AnnotatedDocument]) -> None:
    assert [item.document.id for item in tagged] == [row["id"] for row in _rows()]
    assert {item.tags.outcome for item in tagged if item.tags} == {Outcome.TAGGED}


def test_languages_of_the_outlets(tagged: list[AnnotatedDocument]) -> None:
    expected = {
        "glasnik-dana": {"sr-Cyrl"},
        "vala-e-re": {"sq"},
        "rrufeja": {"sq"},
        "lugina-info": {"sq"},
        "puls-portal": {"sr-Latn"},
    }
    for source, codes in expected.items():
        assert {item.document.lang for item in tagged if item.document.source == source} == codes


def test_spans_lie_in_their_fields_and_a_headline_span_is_marked(tagged: list[AnnotatedDocument]) -> None:
    seen = 0
    for item in tagged:
        assert item.tags is not None
        for annotation in item.tags.annotations:
            for span in annotation.spans:
                value = getattr(item.document, span.field)
                assert 0 <= span.start < span.end <= len(value)
                assert annotation.in_headline == (span.field == "title")
                seen += 1
    assert seen > 100


def test_labels_that_need_the_conflict_zone_have_it(tagged: list[AnnotatedDocument], codebook: Codebook) -> None:
    needing = {narrative.id for narrative in codebook.narratives if narrative.requires_sense is Sense.CONFLICT_ZONE}
    with_labels = [item for item in tagged if item.tags and {a.narrative for a in item.tags.annotations} & needing]
    assert with_labels
    for item in with_labels:
        assert item.tags is not None
        assert item.tags.returnee_sense is not None
        assert item.tags.returnee_sense.value is Sense.CONFLICT_ZONE


def test_severity_rates_the_own_voice_only(tagged: list[AnnotatedDocument], codebook: Codebook) -> None:
    for item in tagged:
        assert item.tags is not None
        for annotation in item.tags.annotations:
            humanising = codebook.narrative(annotation.narrative).family == "humanising_counter"
            if humanising or annotation.stance in (Stance.COUNTER, Stance.REPORT_NEUTRAL):
                assert annotation.severity == 0
            elif annotation.stance is Stance.UNCLEAR:
                assert annotation.severity <= 1
            else:
                assert annotation.severity >= 1


def test_shown_and_listed_are_told_apart(tagged: list[AnnotatedDocument], pipeline: Pipeline) -> None:
    annotations = [annotation for item in tagged if item.tags for annotation in item.tags.annotations]
    assert {annotation.needs_review for annotation in annotations} == {True, False}
    assert all(annotation.narrative != "none" for annotation in annotations)
    assert all(annotation.reviewed == "machine" for annotation in annotations)


def test_the_two_scripts_of_one_text_get_the_same_tags(pipeline: Pipeline) -> None:
    latin = "Poslanik je rekao da se ljudi vraćeni iz Sirije nikada neće promeniti. Psiholozi traže da se deca iz kampa Al Hol upišu u školu."
    cyrillic = "Посланик је рекао да се људи враћени из Сирије никада неће променити. Психолози траже да се деца из кампа Ал Хол упишу у школу."
    ascii_ = "Poslanik je rekao da se ljudi vraceni iz Sirije nikada nece promeniti. Psiholozi traze da se deca iz kampa Al Hol upisu u skolu."
    assert fold_text(latin) == fold_text(cyrillic) == fold_text(ascii_)
    one, other, third = pipeline.tag(
        Document(id=str(at), source="s", text=text) for at, text in enumerate((latin, cyrillic, ascii_))
    )
    assert one.tags and other.tags and third.tags
    assert one.tags.returnee_sense == other.tags.returnee_sense == third.tags.returnee_sense
    assert [(a.narrative, a.stance, a.score) for a in one.tags.annotations] == [
        (a.narrative, a.stance, a.score) for a in other.tags.annotations
    ]
    assert one.tags.annotations == third.tags.annotations


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("The municipal council adopted the budget for the next year after a long debate.", "language:en", id="en"),
        pytest.param("Der Gemeinderat hat gestern nach langer Debatte den Haushalt beschlossen.", "language:de", id="de"),
        pytest.param("🙂🙂🙂 12:30", "language:und", id="no-letters"),
        pytest.param("\x00\x01\x02", "language:und", id="control"),
    ],
)
def test_other_languages_are_not_guessed_at(pipeline: Pipeline, text: str, reason: str) -> None:
    (item,) = pipeline.tag([Document(id="d", source="s", text=text)])
    assert item.tags is not None
    assert (item.tags.outcome, item.tags.reason, item.tags.annotations) == (Outcome.ABSTAINED, reason, ())


def test_a_text_beyond_the_limit_says_what_was_left_out(pipeline: Pipeline) -> None:
    text = "\n".join(
        f"Gradsko veće je danas razmatralo tačku dnevnog reda broj {number} i odložilo odluku." for number in range(450)
    )
    (item,) = pipeline.tag([Document(id="d", source="s", text=text)])
    assert item.tags is not None
    assert item.tags.reason == "passages:50 left out"


def test_register_markers_are_logged_and_no_narrative(pipeline: Pipeline) -> None:
    text = "Kancelarija za KiM saopštila je da su privremene prištinske institucije odložile sastanak o vodovodu. Kim Jong nije pomenut."
    (item,) = pipeline.tag([Document(id="d", source="s", text=text)])
    assert item.tags is not None
    assert "KiM" in {text[span.start : span.end] for span in item.tags.register_markers}
    assert "Kim" not in {text[span.start : span.end] for span in item.tags.register_markers}


def test_exposure_is_said_only_about_returnees(pipeline: Pipeline) -> None:
    exposed = "Dečak Arben K. (11), vraćen iz Sirije sa majkom iz kampa Al Hol, krenuo je u školu ove jeseni."
    ordinary = "Dečak Marko P. (11) osvojio je prvo mesto na opštinskom takmičenju iz matematike ove jeseni."
    first, second = pipeline.tag(Document(id=str(at), source="s", text=text) for at, text in enumerate((exposed, ordinary)))
    assert first.tags and second.tags
    assert first.tags.harm_exposure.value == "identifiable_minor"
    assert second.tags.harm_exposure.value == "none"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "После двадесет година рада у Немачкој повратници су у родном селу отворили сирану и запослили комшије.",
            id="sr-Cyrl-diaspora",
        ),
        pytest.param(
            "Povratnici u Osojanu kod Istoka traže struju i put, kaže predstavnik raseljenih Srba.", id="sr-Latn-displaced"
        ),
        pytest.param(
            "Të kthyerit nga Gjermania, azilkërkues të refuzuar, do të marrin ndihmë nga komuna për gjashtë muaj.",
            id="sq-readmission",
        ),
    ],
)
def test_nobody_returns_from_a_war_that_is_not_mentioned(pipeline: Pipeline, text: str) -> None:
    (item,) = pipeline.tag([Document(id="d", source="s", text=text)])
    assert item.tags is not None
    assert item.tags.returnee_sense is None or item.tags.returnee_sense.value is not Sense.CONFLICT_ZONE


def test_a_headline_alone_is_listed_for_review_and_never_shown(tagged: list[AnnotatedDocument]) -> None:
    shown = [
        (item, annotation) for item in tagged if item.tags for annotation in item.tags.annotations if not annotation.needs_review
    ]
    for item, annotation in shown:
        assert item.tags is not None
        if annotation.in_headline:
            assert any(
                other.narrative == annotation.narrative and not other.in_headline and not other.needs_review
                for other in item.tags.annotations
            )
    assert shown


@pytest.mark.parametrize("title", ["Kosovo", "Косово", "Kosova", "U komšiluku"])
def test_a_headline_of_a_name_carries_nothing(pipeline: Pipeline, title: str) -> None:
    body = {"Kosova": "Komuna njoftoi se rruga hapet të hënën pas punimeve."}.get(
        title, "Opština je saopštila da se put otvara u ponedeljak posle radova."
    )
    (item,) = pipeline.tag([Document(id="d", source="s", title=title, text=body)])
    assert item.tags is not None
    assert not any(annotation.in_headline for annotation in item.tags.annotations)
