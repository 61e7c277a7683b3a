"""Turns a query tree into a Tantivy query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import tantivy

from index.embedded.fields import schema
from index.embedded.nearby import Nearby, is_looked_up, pair, phrase, regex
from index.facts import AnnotationFacts
from index.nodes import (
    And,
    AnnotationGroup,
    DateRange,
    Everything,
    Fuzzy,
    Keyword,
    Node,
    Not,
    Or,
    Phrase,
    Term,
    TextLeaf,
    Wildcard,
)
from index.text_fields import AS_TYPED, BY_STEM, EXACT, STEMS, TITLE_BOOST, parts_of, rows_of_stems

_KEYWORD_FIELDS = {"source": "source_key", "lang": "lang_key"}

Query = tantivy.Query
Occur = tantivy.Occur


class Compiler:
    """Compiles for one state of the index, whose distinct annotations it knows."""

    def __init__(
        self, annotations: Sequence[str], *, include_needs_review: bool, searcher: tantivy.Searcher | None = None
    ) -> None:
        """`searcher`: of that state, in which words near each other are looked up."""
        self._nearby = None if searcher is None else Nearby(searcher)
        facts = ((token, AnnotationFacts.from_token(token)) for token in annotations)
        self._annotations = [(token, fact) for token, fact in facts if include_needs_review or not fact.needs_review]

    def compile(self, node: Node) -> tantivy.Query:
        """Return the query; only words count towards the score."""
        if isinstance(node, And):
            return self._and(node.parts)
        if isinstance(node, Or):
            return Query.boolean_query([(Occur.Should, self.compile(part)) for part in node.parts])
        if isinstance(node, Not):
            return self._and((node,))
        if isinstance(node, Term | Phrase | Wildcard | Fuzzy):
            return self._text(node)
        return Query.const_score_query(self._filter(node), 0.0)

    def _and(self, parts: Sequence[Node]) -> tantivy.Query:
        clauses = [
            (Occur.MustNot, self.compile(part.part)) if isinstance(part, Not) else (Occur.Must, self.compile(part))
            for part in parts
        ]
        if all(isinstance(part, Not) for part in parts):
            clauses.append((Occur.Must, everything()))
        return Query.boolean_query(clauses)

    def _filter(self, node: Node) -> tantivy.Query:
        if isinstance(node, Everything):
            return Query.all_query()
        if isinstance(node, Keyword):
            return _keyword(node)
        if isinstance(node, DateRange):
            return days(node)
        if isinstance(node, AnnotationGroup):
            tokens = [token for token, fact in self._annotations if fact.meets(node.expression)]
            return Query.term_set_query(schema(), "annotation", tokens) if tokens else Query.empty_query()
        raise TypeError(f"{type(node).__name__} stands outside an AnnotationGroup")

    def _text(self, leaf: TextLeaf) -> tantivy.Query:
        if isinstance(leaf, Phrase) and is_looked_up(leaf):
            if self._nearby is None:
                raise TypeError("words near each other need a searcher")
            return self._nearby.compile(leaf)
        return _text(leaf)


def everything() -> tantivy.Query:
    """Return the query for all documents, with no weight in the score."""
    return Query.const_score_query(Query.all_query(), 0.0)


def days(node: DateRange) -> tantivy.Query:
    """Return the query for documents published on the days of a range; undated ones are never among them."""
    first = None if node.first is None else node.first.toordinal()
    last = None if node.last is None else node.last.toordinal()
    if first is None and last is None:
        return Query.exists_query("day")
    return Query.range_query(schema(), "day", tantivy.FieldType.Integer, first, last)


def _keyword(node: Keyword) -> tantivy.Query:
    field = _KEYWORD_FIELDS.get(node.field, node.field)
    if "*" in node.value:
        return Query.regex_query(schema(), field, regex(node.value))
    return Query.term_query(schema(), field, node.value, "basic")


def _text(leaf: TextLeaf) -> tantivy.Query:
    suffix = EXACT if isinstance(leaf, Phrase) and leaf.exact else ""
    as_typed = _any_of(_weighted(part, _in_field(leaf, f"{part}{suffix}")) for part in parts_of(leaf))
    rows = rows_of_stems(leaf)
    if not rows:
        return as_typed
    by_stem = _any_of(_weighted(part, _row(f"{part}{STEMS}", list(row))) for row in rows for part in parts_of(leaf))
    by_stem = Query.boost_query(by_stem, BY_STEM)
    above = _any_of((as_typed, Query.const_score_query(as_typed, AS_TYPED)))
    if isinstance(leaf, Term) and leaf.is_of_one_language:  # stems tell languages apart, words do not
        return Query.boolean_query([(Occur.Must, by_stem), (Occur.Should, above)])
    return _any_of((above, by_stem))


def _any_of(clauses: Iterable[tantivy.Query]) -> tantivy.Query:
    return Query.boolean_query([(Occur.Should, clause) for clause in clauses])


def _weighted(part: str, query: tantivy.Query) -> tantivy.Query:
    return Query.boost_query(query, TITLE_BOOST) if part == "title" else query


def _row(field: str, words: list[str]) -> tantivy.Query:
    return Query.term_query(schema(), field, words[0]) if len(words) == 1 else Query.phrase_query(schema(), field, [*words])


def _in_field(leaf: TextLeaf, field: str) -> tantivy.Query:
    if isinstance(leaf, Term):
        return Query.term_query(schema(), field, leaf.text)
    if isinstance(leaf, Wildcard):
        return Query.regex_query(schema(), field, regex(leaf.pattern))
    if isinstance(leaf, Fuzzy):
        return Query.fuzzy_term_query(schema(), field, leaf.text, leaf.distance, True)
    if len(leaf.words) == 1:
        return Query.term_query(schema(), field, leaf.words[0])
    return pair(field, leaf.words, leaf.slop) if leaf.slop else phrase(field, leaf.words, 0)
