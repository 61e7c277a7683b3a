"""Rewritings of a text, word for word, and what they do to the shipped model."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eho.document import Document
from evaluation import variants
from evaluation.labelled import MissingSetError, read_labelled
from evaluation.metamorphic import INVARIANT, evaluate_metamorphic, measure_relations
from evaluation.predictions import Tagger


@pytest.mark.parametrize(
    ("rewrite", "lang", "text", "expected"),
    [
        (variants.other_script, "sr-Latn", "Njegoš, Ljubav, džep i đak", "Његош, Љубав, џеп и ђак"),
        (variants.other_script, "sr-Cyrl", "Његош, Љубав, џеп и ђак", "Njegoš, Ljubav, džep i đak"),
        (variants.other_script, "sr-Cyrl", "ЊЕГОШ И ЉУДИ", "NJEGOŠ I LJUDI"),
        (variants.other_script, "sr-Latn", "injekcija, konjunktura, nadživeti", "инјекција, конјунктура, надживети"),
        (variants.other_script, "sq", "Gjithë njerëzit", "Gjithë njerëzit"),
        (variants.without_diacritics, "sq", "Fëmijët çuditen", "Femijet cuditen"),
        (variants.without_diacritics, "sr-Latn", "Đaci žive ćutke", "Djaci zive cutke"),
        (variants.without_diacritics, "sr-Cyrl", "Ђаци живе", "Ђаци живе"),
        (variants.dj_for_d, "sr-Latn", "Đorđe", "Djordje"),
        (variants.dj_for_d, "sr-Cyrl", "Ђорђе", "Djordje"),
        (variants.dj_for_d, "sr-Cyrl", "Петар", "Петар"),
        (variants.typed_plainly, "sr-Cyrl", "Ђаци живе", "Djaci zive"),
        (variants.to_ijekavian, "sr-Latn", "Deca i čovek ovde, svedoci", "Djeca i čovjek ovdje, svjedoci"),
        (variants.to_ijekavian, "sr-Cyrl", "Деца и човек овде", "Дјеца и човјек овдје"),
        (variants.to_ijekavian, "sr-Latn", "covek i decaci", "covjek i djecaci"),
        (variants.to_ijekavian, "sq", "deca", "deca"),
        (variants.to_gheg, "sq", "Një nënë është këtu", "Nji nanë asht ktu"),
        (variants.with_peoples_exchanged, "sq", "Serbët dhe shqiptarët në Serbi", "Shqiptarët dhe serbët në Shqipëri"),
        (variants.with_peoples_exchanged, "sq", "serbet e shqiptareve", "shqiptaret e serbeve"),
        (variants.with_peoples_exchanged, "sr-Latn", "Srbin i Albanci, srpskog", "Albanac i Srbi, albanskog"),
        (variants.with_peoples_exchanged, "sr-Cyrl", "Срби и АЛБАНЦИ", "Албанци и СРБИ"),
        (variants.with_other_return, "sq", "të kthyerit nga Siria", "të kthyerit nga Gjermania"),
        (variants.with_other_return, "sr-Cyrl", "повратници из Сирије", "повратници из Немачке"),
        (variants.with_other_return, "sr-Latn", "bivši borci Islamske države", "bivši borci azilne službe"),
        (variants.straight_quotes, "sq", "„po“ dhe «jo»", '"po" dhe "jo"'),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_rewriting(rewrite: variants.Rewrite, lang: str, text: str, expected: str) -> None:
    assert rewrite(text, lang) == expected


@given(st.text(alphabet="abcčćdđefghijklmnoprsštuvzžABCČĆDĐEFGHIJKLMNOPRSŠTUVZŽ .,!0123456789", max_size=80))
def test_cyrillic_and_back_is_the_same_text_but_for_capital_digraphs(text: str) -> None:
    assert variants.to_latin(variants.to_cyrillic(text)).lower() == text.lower()


@pytest.mark.parametrize("lang", ["sq", "sr-Latn", "sr-Cyrl"])
def test_exchanging_peoples_twice_gives_the_text_back(lang: str) -> None:
    text = {
        "sq": "Serbët e Serbisë dhe shqiptarët e Shqipërisë",
        "sr-Latn": "Srbi iz Srbije i Albanci iz Albanije",
        "sr-Cyrl": "Срби из Србије и Албанци из Албаније",
    }[lang]
    changed = variants.with_peoples_exchanged(text, lang)
    assert changed != text
    assert variants.with_peoples_exchanged(changed, lang) == text


def test_relations_on_the_shipped_model(root: Path, tagger: Tagger) -> None:
    result = evaluate_metamorphic(root, tagger)
    lines = {row.key: row for table in result.tables for row in table.rows}
    assert {relation.id for relation in INVARIANT} <= set(lines)
    for key in ("script", "diacritics", "dj", "quotes", "upper"):  # the model reads folded text, so nothing may move at all
        assert lines[key].figures["moved"].value in (None, 0.0), key
    assert lines["script"].n == 20
    assert lines["peoples"].figures["moved"].n > 0
    assert lines["sense"].figures["unmoved"].value == 0.0


def test_what_a_change_leaves_alone_is_not_counted(root: Path, tagger: Tagger) -> None:
    rows = [row for row in read_labelled(root / "corpus" / "dev") if row.lang == "sq"]
    result = measure_relations(rows, tagger)
    script = result.figure("relation/script/moved")
    assert script is not None
    assert (script.value, script.n) == (None, 0)


def test_without_a_development_split_the_set_is_missing(tmp_path: Path, tagger: Tagger) -> None:
    with pytest.raises(MissingSetError, match="no rows"):
        evaluate_metamorphic(tmp_path, tagger)


def test_a_title_too_short_to_be_asked_costs_no_later_document_its_scores(tagger: Tagger) -> None:
    texts = ["Komuna hapi dje një shkollë të re në fshatin tonë.", "Opština je juče otvorila novu školu u našem selu."]
    documents = [
        Document(id=f"d{at}", source="evaluation", kind="article", lang=lang, title=title, text=text)
        for at, (title, text, lang) in enumerate([("Lajme", texts[0], "sq"), (None, texts[0], "sq"), ("Vesti", texts[1], "sr")])
    ]
    assert [len(one.passages) for one in tagger.predict(documents)] == [1, 1, 1]
