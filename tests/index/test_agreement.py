"""Every engine finds what reading the documents one by one finds, for any query."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eho.annotation import AnnotatedDocument, Annotation
from eho.errors import QueryError
from index.answers import SearchOptions
from index.entry import language_of
from index.facts import facts_of
from index.nodes import (
    And,
    AnnotationGroup,
    DateRange,
    Everything,
    Keyword,
    Node,
    Not,
    Or,
    Phrase,
    Query,
    Term,
    Wildcard,
    pattern_of,
)
from index.protocol import Index
from index.query import format_query, parse
from index.snippets import find_matches
from index.tokens import MOST_LETTERS
from tests.index.conftest import ENGINES, annotated, annotation, opened

WORDS = ["povratnik", "повратници", "čovek", "covjek", "đaci", "djaci", "përplasje", "Al-Hol", "kthyerit", "Sirija"]
NARRATIVES, STANCES, TARGETS = ["x", "y"], ["endorse", "counter", "report_neutral"], ["serbs", "albanians", "roma"]


def random_annotation(pick: random.Random) -> Annotation:
    return annotation(
        pick.choice(NARRATIVES),
        pick.choice(STANCES),
        speaker=pick.choice(["politician", "unknown"]),
        target_groups=tuple(pick.sample(TARGETS, pick.randrange(3))),
        severity=pick.randrange(5),
        needs_review=pick.random() < 0.25,
    )


def random_document(pick: random.Random, number: int) -> AnnotatedDocument:
    return annotated(
        f"d{number}",
        " ".join(pick.choices(WORDS, k=4)),
        *(random_annotation(pick) for _ in range(pick.randrange(4))),
        title=pick.choice([None, *WORDS]),
        lead=pick.choice([None, *WORDS]),
        lang=pick.choice(["sq", "sr-Latn", "sr-Cyrl"]),
        source=pick.choice(["vala", "Koha.net"]),
        severity=pick.choice([0, 0, 5]),
        published_at=pick.choice([None, "2026-03-10T12:00:00Z", "2026-03-31T22:30:00Z"]),
    )


DOCUMENTS = [random_document(random.Random(number), number) for number in range(150)]


def holds(node: Node, row: AnnotatedDocument, *, include_needs_review: bool) -> bool:
    """Read one document: the plain meaning of the query language."""

    def inner(part: Node) -> bool:
        return holds(part, row, include_needs_review=include_needs_review)

    if isinstance(node, And):
        return all(inner(part) for part in node.parts)
    if isinstance(node, Or):
        return any(inner(part) for part in node.parts)
    if isinstance(node, Not):
        return not inner(node.part)
    if isinstance(node, AnnotationGroup):
        facts = facts_of(row.tags) if row.tags else ()
        return any(fact.meets(node.expression) for fact in facts if include_needs_review or not fact.needs_review)
    document = row.document
    if isinstance(node, DateRange):
        day = {10: "2026-03-10", 31: "2026-04-01"}[document.published_at.day] if document.published_at else None
        return (
            day is not None
            and (node.first is None or node.first.isoformat() <= day)
            and (node.last is None or day <= node.last.isoformat())
        )
    if isinstance(node, Keyword):
        value = {"source": document.source.lower(), "lang": (language_of(row) or "").lower(), "kind": document.kind}[node.field]
        return pattern_of(node.value).fullmatch(value) is not None or (
            node.field == "lang" and value.startswith(f"{node.value}-")
        )
    if isinstance(node, Everything):
        return True
    fields = {"title": [document.title], "text": [document.lead, document.text]}
    return any(find_matches(text, [node], name, language_of(row)) for name, texts in fields.items() for text in texts if text)


_WORDS = (
    "povratnik* *hol повратници čovek djaci đaci~1 title:perplasje text:sirija al-hol narrative:x narrative:y narrative:* "
    "stance:endorse stance:counter speaker:politician target:serbs target:roma severity:>=3 severity:<2 reviewed:machine "
    '"povratnik" "čovek" title:kthyer siriji ~~povratnici ~~sirija '
    "source:vala source:ko* lang:sr lang:sq lang:sr-cyrl kind:article date:2026-04 date:<=2026-03"
)
_QUOTED = ['"al hol kthyerit"', '"kthyerit povratnik"~1', '"povrat* čovek"', '"đaci"!', '"повратници"!', "date:[* TO *]"]
CLAUSES = st.sampled_from([*_WORDS.split(), *_QUOTED])
QUERIES = st.recursive(
    CLAUSES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        inner.map(lambda part: f"NOT {part}"),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module", params=ENGINES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with opened(request, tmp_path_factory.mktemp("filled") / "index") as engine:
        engine.rebuild(DOCUMENTS[:100], sequence=1)
        engine.update(DOCUMENTS[80:], sequence=2)
        yield engine


@given(text=QUERIES, include_needs_review=st.booleans())
@settings(max_examples=300, deadline=None)
def test_hits_equal_those_of_reading_every_document(filled: Index, text: str, include_needs_review: bool) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        assert "not two" in str(error)
        return
    answer = filled.search(query, SearchOptions(limit=200, include_needs_review=include_needs_review))
    expected = {row.document.id for row in DOCUMENTS if holds(query.root, row, include_needs_review=include_needs_review)}
    assert {hit.id for hit in answer.hits} == expected
    assert answer.total == len(expected)
    assert sum(row["count"] for row in answer.facets["source"]) == len(expected)
    again = filled.search(parse(format_query(query.root)), SearchOptions(limit=200, include_needs_review=include_needs_review))
    assert {hit.id for hit in again.hits} == expected


@pytest.mark.parametrize(
    "text",
    [
        "*字a*字*b" + "字" * 55 + "*",
        "ab*" + "đ" * 20,
        "中文",
        "حرب*",
        "čđ* " * 60,
        "🙂a",
        "a\x00b",
        "abcdefgh~2 " * 60,
        "x" * 1900,
        '"po* ob*"',
    ],
    ids=["longest-pattern", "pattern", "chinese", "arabic", "patterns", "emoji", "nul", "fuzzy", "long-word", "phrase"],
)
def test_odd_queries_are_answered(filled: Index, text: str) -> None:
    answer = filled.search(parse(text), SearchOptions())
    assert answer.total == len(answer.hits)


def test_documents_of_odd_characters_are_found(index: Index) -> None:
    index.rebuild([annotated("d1", "a\x00b 中文 🙂 حرب " + "x" * 70_000), annotated("d2", "⟦person⟧")], sequence=1)
    assert index.search(Query("", Wildcard("حر*")), SearchOptions()).total == 1
    assert index.search(Query("", And((Term("a"), Phrase(("a", "b"))))), SearchOptions()).total == 1
    assert index.search(Query("", Term("x" * MOST_LETTERS)), SearchOptions()).total == 1
    assert index.search(parse("x" * 1999), SearchOptions()).total == 1
    assert index.search(parse("person"), SearchOptions()).total == 0
