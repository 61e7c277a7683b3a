"""Words and vectors fused by rank: what is found, in what order, and which words tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from index.answers import Filters
from index.embedded import EmbeddedIndex
from index.embedding import text_vector
from index.protocol import Index
from index.similarity import SimilarText, fuse, similar, telling_words
from models.sentence.encoder import SentenceEncoder
from models.sentence.loading import load_sentence_encoder
from tests.index.conftest import annotated

DOCUMENTS = [
    annotated("speech", "Poslanik je u Raški najavio povratak vojske, opozicija ćuti."),
    annotated("reaction", "Veterani iz Čačka o poslaniku iz Raške: ko najavljuje vojsku, taj tamo nije bio."),
    annotated("albanian", "Deputeti në Rashkë foli për kthimin e ushtrisë.", lang="sq"),
    annotated("bread", "Hleb od sutra skuplji, pekari traže pomoć.", lang="sr-Latn"),
    *(annotated(f"filler-{at}", f"Vest o vremenu i putevima broj {at}, opozicija ćuti.") for at in range(12)),
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return load_sentence_encoder()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, encoder: SentenceEncoder) -> Iterator[Index]:
    with EmbeddedIndex(tmp_path_factory.mktemp("similar"), embedder=encoder, writer_memory_mb=15) as index:
        index.rebuild(DOCUMENTS, sequence=1)
        yield index


def test_fusion_sums_reciprocal_ranks() -> None:
    fused = fuse([["a", "b", "c"], ["c", "a"]])
    assert list(fused) == ["a", "c", "b"]
    assert fused["a"] == pytest.approx(1 / 61 + 1 / 62) and fused["b"] == pytest.approx(1 / 62)
    assert list(fuse([["b"], ["a"]])) == ["a", "b"]
    assert fuse([[], []]) == {}


@pytest.mark.parametrize(
    "text", ["Poslanik u Raški najavljuje vojsku", "Посланик у Рашки најављује војску"], ids=["latin", "cyrillic"]
)
def test_words_and_vectors_each_bring_their_own(index: Index, encoder: SentenceEncoder, text: str) -> None:
    found = similar(index, SimilarText(text, text_vector(encoder, text), encoder.space), Filters())
    by_id = {one.id: one for one in found}
    assert [one.id for one in found][:3] in (["speech", "reaction", "albanian"], ["reaction", "speech", "albanian"])
    assert by_id["speech"].text_rank in (1, 2) and by_id["albanian"].text_rank is None
    assert by_id["albanian"].vector_rank is not None and (by_id["albanian"].cosine or 0) > (by_id["bread"].cosine or 0)


def test_filters_hold_in_both_rankings(index: Index, encoder: SentenceEncoder) -> None:
    text = DOCUMENTS[0].document.text
    found = similar(index, SimilarText(text, text_vector(encoder, text), encoder.space), Filters(langs=("sq",)))
    assert [one.id for one in found] == ["albanian"]


def test_telling_words_leave_out_what_everybody_writes(index: Index) -> None:
    words = list(telling_words(index, "Opozicija ćuti o putevima, a poslanik iz Raške najavio je nepoznatost."))
    assert set(words) == {"poslanik", "raske", "najavio"}
