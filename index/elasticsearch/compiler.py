"""Turns a query tree into Elasticsearch's query language, as shallow as it can be: servers take thirty levels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, permutations
from typing import Any, TypeAlias

from index.nodes import (
    And,
    AnnotationGroup,
    Condition,
    DateRange,
    Everything,
    Fuzzy,
    Keyword,
    Node,
    Not,
    Or,
    Phrase,
    SeverityRange,
    Term,
    TextLeaf,
    Wildcard,
    text_leaves,
)
from index.proximity import may_share_a_place
from index.text_fields import AS_TYPED, BY_STEM, EXACT, STEMS, TITLE_BOOST, parts_of, rows_of_stems

Clause: TypeAlias = dict[str, Any]

# Lucene leaves out the constant factor k1 + 1 of BM25, which Tantivy keeps: with it the scores of both are on one scale.
_BM25 = 2.2

_KEYWORD_FIELDS = {"source": "source_key", "lang": "lang_key"}


def compile_query(node: Node, *, include_needs_review: bool) -> Clause:
    """Return the query; only words count towards the score."""
    return _Compiler(include_needs_review=include_needs_review).compile(node, scored=True)


def everything() -> Clause:
    """Return the query for all documents."""
    return {"match_all": {}}


class _Compiler:
    def __init__(self, *, include_needs_review: bool) -> None:
        self._include_needs_review = include_needs_review

    def compile(self, node: Node, *, scored: bool) -> Clause:
        if isinstance(node, And | Not):
            return self._and(node.parts if isinstance(node, And) else (node,), scored=scored)
        if isinstance(node, Or):
            return self._or(node.parts, scored=scored)
        if isinstance(node, Term | Phrase | Wildcard | Fuzzy):
            return _scored(node) if scored else _any_of(_matching(node))
        return {"constant_score": {"filter": self._filter(node), "boost": 0.0}} if scored else self._filter(node)

    def _and(self, parts: Sequence[Node], *, scored: bool) -> Clause:
        clauses: dict[str, list[Clause]] = {"must": [], "filter": [], "must_not": []}
        for part in parts:
            if isinstance(part, Not):
                clauses["must_not"].append(self.compile(part.part, scored=False))
            elif scored and text_leaves(part):
                clauses["must"].append(self.compile(part, scored=True))
            else:
                clauses["filter"].append(self.compile(part, scored=False))
        if scored and not clauses["must"]:
            clauses["must"].append({"match_all": {"boost": 0.0}})
        return {"bool": {name: found for name, found in clauses.items() if found}}

    def _or(self, parts: Sequence[Node], *, scored: bool) -> Clause:
        plain: dict[str, list[str]] = {}
        rest: list[Clause] = []
        for part in parts:
            if not scored and isinstance(part, Keyword) and "*" not in part.value:
                plain.setdefault(_KEYWORD_FIELDS.get(part.field, part.field), []).append(part.value)
            else:
                rest.append(self.compile(part, scored=scored))
        return _any_of([*({"terms": {field: values}} for field, values in plain.items()), *rest])

    def _filter(self, node: Node) -> Clause:
        if isinstance(node, Everything):
            return everything()
        if isinstance(node, Keyword):
            return _value(_KEYWORD_FIELDS.get(node.field, node.field), node.value)
        if isinstance(node, DateRange):
            return days(node)
        if isinstance(node, AnnotationGroup):
            clauses = {"filter": [_annotation(node.expression)]}
            if not self._include_needs_review:
                clauses["filter"].append({"term": {"annotations.needs_review": False}})
            return {"nested": {"path": "annotations", "query": {"bool": clauses}, "score_mode": "none"}}
        raise TypeError(f"{type(node).__name__} stands outside an AnnotationGroup")


def days(node: DateRange) -> Clause:
    """Return the query for documents published on the days of a range; undated ones are never among them."""
    ends = {"gte": node.first, "lte": node.last}
    given = {name: day.toordinal() for name, day in ends.items() if day is not None}
    return {"range": {"day": given}} if given else {"exists": {"field": "day"}}


def _annotation(node: Node) -> Clause:
    if isinstance(node, Condition):
        return _value(f"annotations.{node.field}", node.value)
    if isinstance(node, SeverityRange):
        return {"range": {"annotations.severity": {"gte": node.low, "lte": node.high}}}
    if isinstance(node, And):
        return {"bool": {"filter": [_annotation(part) for part in node.parts]}}
    if isinstance(node, Or):
        return _any_of([_annotation(part) for part in node.parts])
    if isinstance(node, Not):
        return {"bool": {"must_not": [_annotation(node.part)]}}
    raise TypeError(f"{type(node).__name__} stands inside an AnnotationGroup")


def _value(field: str, value: str) -> Clause:
    return {"wildcard": {field: {"value": _pattern(value)}}} if "*" in value else {"term": {field: value}}


def _any_of(clauses: Iterable[Clause]) -> Clause:
    found = list(clauses)
    return found[0] if len(found) == 1 else {"bool": {"should": found, "minimum_should_match": 1}}


def _matching(leaf: TextLeaf) -> list[Clause]:
    """Return the alternatives of a leaf where nothing is ranked by it."""
    by_stem = [_row(f"{part}{STEMS}", row, 1.0) for row in rows_of_stems(leaf) for part in parts_of(leaf)]
    if by_stem and isinstance(leaf, Term) and leaf.is_of_one_language:
        return by_stem
    return [*_as_typed(leaf), *by_stem]


def _scored(leaf: TextLeaf) -> Clause:
    typed = _as_typed(leaf)
    rows = rows_of_stems(leaf)
    if not rows:
        return _any_of(typed)
    by_stem = [_row(f"{part}{STEMS}", row, BY_STEM * _BM25 * _weight(part)) for row in rows for part in parts_of(leaf)]
    above = [*typed, {"constant_score": {"filter": _any_of(typed), "boost": AS_TYPED}}]
    if isinstance(leaf, Term) and leaf.is_of_one_language:  # stems tell languages apart, words do not
        return {"bool": {"must": [_any_of(by_stem)], "should": above}}
    return _any_of([*above, *by_stem])


def _weight(part: str) -> float:
    return TITLE_BOOST if part == "title" else 1.0


def _as_typed(leaf: TextLeaf) -> list[Clause]:
    suffix = EXACT if isinstance(leaf, Phrase) and leaf.exact else ""
    return [clause for part in parts_of(leaf) for clause in _in_field(leaf, f"{part}{suffix}", _weight(part))]


def _row(field: str, words: Sequence[str], boost: float) -> Clause:
    if len(words) == 1:
        return {"term": {field: {"value": words[0], "boost": boost}}}
    return {"match_phrase": {field: {"query": " ".join(words), "boost": boost}}}


def _in_field(leaf: TextLeaf, field: str, weight: float) -> list[Clause]:
    if isinstance(leaf, Term):
        return [_row(field, [leaf.text], weight * _BM25)]
    if isinstance(leaf, Wildcard):
        return [_wildcard(field, leaf.pattern, weight)]
    if isinstance(leaf, Fuzzy):
        return list(_fuzzy(leaf, field, weight))
    if any("*" in word for word in leaf.words):
        return [_spans(leaf, field, weight)]
    if leaf.slop == 0 or len(leaf.words) == 1:
        return [_row(field, leaf.words, weight * _BM25)]
    near = {"match": {"query": " ".join(leaf.words), "ordered": False, "max_gaps": leaf.slop}}
    return [{"intervals": {field: {**near, "boost": weight * _BM25}}}]


def _wildcard(field: str, pattern: str, boost: float) -> Clause:
    return {"wildcard": {field: {"value": _pattern(pattern), "boost": boost}}}


def _pattern(text: str) -> str:
    return text.replace("\\", "\\\\").replace("?", "\\?")


def _spans(leaf: Phrase, field: str, boost: float) -> Clause:
    """Return a phrase that holds patterns; where a word might stand for two of them, each order is asked for."""

    def clause(words: Sequence[str], *, ordered: bool) -> Clause:
        return {"span_near": {"clauses": [_span(field, word) for word in words], "slop": leaf.slop, "in_order": ordered}}

    if leaf.slop == 0 or len(leaf.words) == 1:
        found = clause(leaf.words, ordered=True)
    elif not may_share_a_place(leaf.words):
        found = clause(leaf.words, ordered=False)
    else:
        found = _any_of(clause(words, ordered=True) for words in sorted(set(permutations(leaf.words))))
    return {"constant_score": {"filter": found, "boost": boost}}


def _span(field: str, word: str) -> Clause:
    if "*" in word:
        return {"span_multi": {"match": {"wildcard": {field: {"value": _pattern(word)}}}}}
    return {"span_term": {field: word}}


def _fuzzy(leaf: Fuzzy, field: str, boost: float) -> Iterable[Clause]:
    """Yield the fuzzy term, and the short words that Lucene leaves out because two edits are the whole of them."""
    options = {"value": leaf.text, "fuzziness": leaf.distance, "rewrite": "constant_score", "boost": boost}
    yield {"fuzzy": {field: options}}
    if leaf.distance < 2 or len(leaf.text) > 4:
        return
    if len(leaf.text) == 4:
        short = {"".join(pair) for pair in combinations(leaf.text, 2)}
        yield {"constant_score": {"filter": {"terms": {field: sorted(short)}}, "boost": boost}}
        return
    first, second, third = tuple(leaf.text)
    for pattern in sorted({f"{first}?", f"{second}?", f"?{second}", f"?{third}"}):
        yield {"wildcard": {field: {"value": pattern, "boost": boost}}}
    yield {"constant_score": {"filter": {"terms": {field: sorted(set(leaf.text))}}, "boost": boost}}
