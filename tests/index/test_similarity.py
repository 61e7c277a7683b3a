"""Words and vectors fused by rank: what is found, in what order, and which words tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from index.answers import Filters
from index.embedded import EmbeddedIndex
from index.embedding import text_vector
from index.protocol import Index
from index.similarity import Similar, SimilarText, fuse, similar, telling_words
from models.sentence.encoder import SentenceEncoder
from models.sentence.loading import load_sentence_encoder
from tests.index.conftest import annotated

DOCUMENTS = [
    annotated("speech", "Poslanik je u Raški najavio povratak vojske, opozicija ćuti.", entities=("place:raska",)),
    annotated(
        "reaction", "Veterani iz Čačka o poslaniku iz Raške: ko najavljuje vojsku, taj tamo nije bio.", entities=("place:raska",)
    ),
    annotated("albanian", "Deputeti në Rashkë foli për kthimin e ushtrisë.", lang="sq", entities=("place:raska",)),
    annotated("bread", "Hleb od sutra skuplji, pekari traže pomoć.", lang="sr-Latn"),
    *(annotated(f"filler-{at}", f"Vest o vremenu i putevima broj {at}, opozicija ćuti.") for at in range(12)),
]

BY_ID = {one.document.id: one for one in DOCUMENTS}
ALL = Filters()


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


def ask(index: Index, encoder: SentenceEncoder, text: str, filters: Filters = ALL, *entities: str) -> dict[str, Similar]:
    """Return what is like a text, in order; `entities` are names of places."""
    named = frozenset(f"place:{name}" for name in entities)
    to = SimilarText(text, text_vector(encoder, text), encoder.space, named)
    return {one.id: one for one in similar(index, lambda ids: {id: BY_ID[id] for id in ids}, to, filters)}


@pytest.mark.parametrize(
    "text", ["Poslanik u Raški najavljuje vojsku", "Посланик у Рашки најављује војску"], ids=["latin", "cyrillic"]
)
def test_words_and_vectors_each_bring_their_own(index: Index, encoder: SentenceEncoder, text: str) -> None:
    found = ask(index, encoder, text)
    assert set(list(found)[:3]) == {"speech", "reaction", "albanian"}
    assert found["speech"].ranks["text"] in (1, 2) and "text" not in found["albanian"].ranks
    assert (found["albanian"].cosine or 0) > (found["bread"].cosine or 0)


def test_a_shared_name_brings_the_other_language_forward(index: Index, encoder: SentenceEncoder) -> None:
    text = "Govor u Raški"
    without, named = ask(index, encoder, text), ask(index, encoder, text, ALL, "raska")
    assert "entities" not in without["albanian"].ranks and named["albanian"].ranks["entities"] <= 3
    assert list(named).index("albanian") <= list(without).index("albanian")
    assert {id for id, one in named.items() if "entities" in one.ranks} == {"speech", "reaction", "albanian"}


def test_filters_hold_in_both_rankings(index: Index, encoder: SentenceEncoder) -> None:
    text = DOCUMENTS[0].document.text
    assert list(ask(index, encoder, text, Filters(langs=("sq",)), "raska")) == ["albanian"]


def test_telling_words_leave_out_what_everybody_writes(index: Index) -> None:
    words = list(telling_words(index, "Opozicija ćuti o putevima, a poslanik iz Raške najavio je nepoznatost."))
    assert set(words) == {"poslanik", "raske", "najavio"}
