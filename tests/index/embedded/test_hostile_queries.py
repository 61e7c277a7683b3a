"""Whatever is typed, the embedded engine answers or refuses in one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eho.errors import EhoError, InputError
from index.answers import SearchOptions
from index.embedded import EmbeddedIndex
from index.nodes import format_query
from index.query import parse
from tests.index.conftest import annotated, annotation

ATOMS = (
    "povratnik човек* *tnik đak~1 čovek~2 title: text:škola narrative:x narrative:* stance:counter target:serbs severity:>=3 "
    'reviewed:two source:vala lang:sr kind:post entity:a cluster:b sense:ambiguous date:2026-03 AND OR NOT - ( ) [ ] " « ~~ ~~povratnici '
    "~~škola * ~ ! : ⟦person⟧ \x00 \u202e \ufeff 𝕬 ﷺ"
)
QUERIES = st.one_of(
    st.lists(
        st.sampled_from([*ATOMS.split(" "), '"a b"', "„a b“~3", '"č"!', '"pov* iz"~9', "date:[* TO 2026]"]), max_size=12
    ).map(" ".join),
    st.text(max_size=80),
    st.text(alphabet='ab*~"()-:! ', max_size=60),
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    """Thirty thousand different words: more than Tantivy lets one pattern of a phrase stand for."""
    words = [f"aa{number:05}b" for number in range(30_000)]
    texts = [" ".join(words[start : start + 1000]) for start in range(0, len(words), 1000)]
    documents = [annotated(f"d{n}", f"Povratnik je čovek. {text}", annotation("x", severity=3)) for n, text in enumerate(texts)]
    with EmbeddedIndex(tmp_path_factory.mktemp("index"), writer_memory_mb=15) as made:
        made.rebuild([*documents, annotated("sq", "Të kthyerit në shkollë ‮‬⟦person⟧", lang="sq")], sequence=1)
        yield made


@given(QUERIES, st.booleans())
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_answered_or_refused_in_one_line(index: EmbeddedIndex, text: str, stems: bool) -> None:
    try:
        query = parse(text, stems=stems)
        answer = index.search(query, SearchOptions(limit=3))
    except EhoError as error:
        assert isinstance(error, InputError), text
        assert "\n" not in str(error)
        return
    again = index.search(parse(format_query(query.root), stems=stems), SearchOptions(limit=3))
    assert (again.total, [hit.id for hit in again.hits]) == (answer.total, [hit.id for hit in answer.hits])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('"aa* aa*"', id="phrase-of-all-words"),
        pytest.param('"aa* *00b"~5', id="phrase-near-of-all-words"),
        pytest.param("aa0* *00b a*0*0*1*b", id="many-stars"),
        pytest.param(" OR ".join(["*000b", "*001b", "*002b", "*003b"]), id="leading-stars"),
        pytest.param("aa00001b~2 " * 16, id="typing-errors"),
        pytest.param("(a|a?)+$ [a-z]{99}", id="regular-expression"),
        pytest.param("a.*.*.*.*b", id="dots-are-no-pattern"),
    ],
)
def test_a_costly_query_is_answered_or_refused_in_one_line(index: EmbeddedIndex, text: str) -> None:
    try:
        index.search(parse(text), SearchOptions(limit=3))
    except EhoError as error:
        assert isinstance(error, InputError), str(error)
        assert "\n" not in str(error)


def test_what_is_refused_does_not_break_the_index(index: EmbeddedIndex, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        index.search(parse('"aa* aa*"'), SearchOptions())
    assert index.search(parse("povratnik"), SearchOptions()).total == 30
