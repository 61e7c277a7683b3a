"""Vectors beside the index: they follow every change, are exact, survive what happens to files, and are made once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from eho.annotation import AnnotatedDocument
from eho.errors import EngineError
from index.answers import Filters, NearestOptions
from index.embedded import EmbeddedIndex
from index.embedded import nearest as nearest_module
from index.embedded.vectors import to_codes
from index.embedding import Floats, document_vectors, text_vector
from models.sentence.encoder import SentenceEncoder
from models.sentence.loading import load_sentence_encoder
from tests.index.conftest import annotated

DOCUMENTS = [
    annotated("return-sr", "Povratnici iz Sirije stigli su noćas u Prištinu, deca su sa njima."),
    annotated("return-sq", "Të kthyerit nga Siria arritën mbrëmë në Prishtinë, fëmijët janë me ta.", lang="sq"),
    annotated("grapes", "Цена грожђа расте, виноградари траже веће подстицаје.", lang="sr-Cyrl"),
    annotated("goal", "Sulmuesi shënoi dy gola në derbi.", lang="sq", source="zëri", published_at="2026-05-01T12:00:00Z"),
]


ALL = Filters()


class Counting:
    """The shipped encoder, with a count of what it was asked for."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        self.space, self.width = encoder.space, encoder.width
        self.texts = 0
        self._encoder = encoder

    def encode(self, texts: Sequence[str]) -> Floats:
        self.texts += len(texts)
        return self._encoder.encode(texts)


@pytest.fixture(scope="module")
def shipped() -> SentenceEncoder:
    return load_sentence_encoder()


@pytest.fixture
def encoder(shipped: SentenceEncoder) -> Counting:
    return Counting(shipped)


@pytest.fixture
def index(tmp_path: Path, encoder: Counting) -> Iterator[EmbeddedIndex]:
    with EmbeddedIndex(tmp_path / "index", embedder=encoder, writer_memory_mb=15) as index:
        index.rebuild(DOCUMENTS, sequence=4)
        yield index


def near(index: EmbeddedIndex, encoder: Counting, text: str, filters: Filters = ALL, limit: int = 100) -> list[str]:
    found = index.nearest(text_vector(encoder, text), NearestOptions(encoder.space, filters, limit))
    assert [one.cosine for one in found] == sorted((one.cosine for one in found), reverse=True)
    return [one.id for one in found]


@pytest.mark.parametrize(
    "text",
    [
        "povratnici iz Sirije u Prištini",
        "повратници из Сирије у Приштини",
        "povratnici iz sirije u pristini",
        "të kthyerit nga Siria në Prishtinë",
    ],
    ids=["sr-Latn", "sr-Cyrl", "ascii", "sq"],
)
def test_both_languages_and_all_spellings_find_the_same_story(index: EmbeddedIndex, encoder: Counting, text: str) -> None:
    assert set(near(index, encoder, text)[:2]) == {"return-sr", "return-sq"}


@pytest.mark.parametrize("few", [0, 20_000], ids=["walking", "narrow"])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {"return-sr", "return-sq", "grapes", "goal"}),
        (Filters(langs=("sq",)), {"return-sq", "goal"}),
        (Filters(langs=("sr",)), {"return-sr", "grapes"}),
        (Filters(sources=("zeri",)), {"goal"}),
        (Filters(kinds=("comment",)), set()),
    ],
    ids=["all", "sq", "sr", "source", "none"],
)
def test_filters_leave_what_search_would_find(
    index: EmbeddedIndex, encoder: Counting, filters: Filters, expected: set[str], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest_module, "_FEW", few)
    assert set(near(index, encoder, "povratnici", filters)) == expected
    assert near(index, encoder, "povratnici", filters, limit=1) == near(index, encoder, "povratnici", filters)[:1]


def test_every_change_of_a_document_moves_its_vector(index: EmbeddedIndex, encoder: Counting) -> None:
    index.update([annotated("return-sr", "Виноградари траже веће подстицаје за грожђе.")], sequence=5)
    assert set(near(index, encoder, "cena grožđa i vinogradari")[:2]) == {"return-sr", "grapes"}
    for number in range(20):  # more updates than parts are kept
        index.update([annotated(f"more-{number}", f"Vest broj {number} o vremenu.")], sequence=6 + number)
    found = near(index, encoder, "të kthyerit nga Siria")
    assert (found[0], len(found), len(set(found))) == ("return-sq", 24, 24)
    status = index.status()
    assert (status.vectors, status.vector_space, status.documents) == (24, encoder.space, 24)


def test_a_vector_is_made_once_for_a_content(index: EmbeddedIndex, encoder: Counting) -> None:
    before = near(index, encoder, "povratnici")
    encoder.texts = 0
    index.rebuild(DOCUMENTS, sequence=9)
    index.update(DOCUMENTS[:2], sequence=10)
    assert encoder.texts == 0
    assert near(index, encoder, "povratnici") == before
    index.update([annotated("goal", "Golmani priti penalltinë.", lang="sq")], sequence=11)
    assert encoder.texts == 1 + 2  # the question above, opening and text of one document


def test_the_ranking_is_that_of_unrounded_vectors(tmp_path: Path, encoder: Counting) -> None:
    generator = np.random.default_rng(3)
    words = ["siria", "shkolla", "gjykata", "avioni", "kosova", "budžet", "škola", "sud", "put", "voda", "rat", "deca"]
    documents = [annotated(f"d{at}", " ".join(generator.choice(words, 12))) for at in range(300)]
    exact = document_vectors(encoder, [one.document for one in documents]) @ (question := text_vector(encoder, "sud avioni deca"))
    with EmbeddedIndex(tmp_path / "many", embedder=encoder, writer_memory_mb=15) as index:
        index.rebuild(documents, sequence=1)
        found = index.nearest(question, NearestOptions(encoder.space, limit=300))
    for one in found:
        assert one.cosine == pytest.approx(exact[int(one.id[1:])], abs=0.006)


def test_codes_keep_what_is_zero_and_what_is_large() -> None:
    codes, scales = to_codes(np.array([[0, 0, 0], [0.5, -1, 0.25]], np.float32))
    assert codes.tolist() == [[0, 0, 0], [64, -127, 32]]
    np.testing.assert_allclose(codes * scales[:, None], [[0, 0, 0], [0.5, -1, 0.25]], atol=0.004)


def test_an_index_of_another_encoder_refuses_in_one_line(index: EmbeddedIndex, encoder: Counting) -> None:
    with pytest.raises(EngineError, match=r"holds vectors of sentence .*, the encoder is other 1\. Run eho index build\."):
        index.nearest(text_vector(encoder, "x"), NearestOptions("other 1"))
    encoder.space = "other 1"
    with pytest.raises(EngineError, match="Run eho index build"):
        index.update(DOCUMENTS[:1], sequence=5)
    index.rebuild(DOCUMENTS, sequence=5)
    assert index.status().vector_space == "other 1"


def test_an_index_without_an_encoder_has_none(tmp_path: Path, encoder: Counting) -> None:
    folder = tmp_path / "index"
    with EmbeddedIndex(folder, embedder=encoder, writer_memory_mb=15) as index:
        index.rebuild(DOCUMENTS, sequence=1)
    with EmbeddedIndex(folder, writer_memory_mb=15) as index:
        index.update([annotated("goal", "tjetër")], sequence=2)
        assert index.status().vector_space is None
        with pytest.raises(EngineError, match="holds no vectors"):
            index.nearest(text_vector(encoder, "x"), NearestOptions(encoder.space))


@pytest.mark.parametrize("harm", ["cut", "missing", "manifest"])
def test_damaged_files_say_how_they_are_mended(index: EmbeddedIndex, encoder: Counting, tmp_path: Path, harm: str) -> None:
    index.close()
    codes = next((tmp_path / "index").glob("v*/vectors-*.codes"))
    if harm == "cut":
        codes.write_bytes(codes.read_bytes()[:-100])
    elif harm == "missing":
        codes.unlink()
    else:
        (codes.parent / "eho-vectors.json").write_text("{}")
    with pytest.raises(EngineError, match="Run eho index build"):
        near(index, encoder, "povratnici")
    index.rebuild(DOCUMENTS, sequence=5)
    assert near(index, encoder, "povratnici")[0] == "return-sr"


def test_masked_details_and_empty_parts_leave_no_trace(encoder: Counting) -> None:
    def vector(text: str, **values: str) -> Floats:
        document: AnnotatedDocument = annotated("x", text, **values)
        return document_vectors(encoder, [document.document])[0]

    np.testing.assert_array_equal(vector("Majka ⟦person⟧ čeka."), vector("Majka čeka."))
    np.testing.assert_allclose(np.linalg.norm(vector("Majka čeka.")), 1, atol=1e-5)
    np.testing.assert_array_equal(vector("Tekst počinje ovako.", lead="Tekst počinje"), vector("Tekst počinje ovako."))
    assert not vector("⟦person⟧").any()
