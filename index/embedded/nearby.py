"""Words near each other in the embedded engine.

Tantivy counts moves, which come to the words between for two different words only (asked both ways round). Three words and
more, and two that one word of a text might stand for, are looked up: documents in which neighbours are near enough are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise

import tantivy

from eho.errors import QueryError
from index.embedded.fields import schema
from index.entry import hash_of
from index.nodes import Phrase
from index.proximity import may_share_a_place
from index.snippets import find_matches
from index.text_fields import EXACT, TITLE_BOOST, parts_of

Query = tantivy.Query
Occur = tantivy.Occur

_MOST_READ = 20_000  # documents; reading one takes about half a millisecond


def is_looked_up(leaf: Phrase) -> bool:
    """Tell whether Tantivy's own slop would count otherwise."""
    return leaf.slop > 0 and (len(leaf.words) > 2 or may_share_a_place(leaf.words))


class Nearby:
    """Looks up words near each other in one state of the index, each question once."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher
        self._known: dict[Phrase, tantivy.Query] = {}

    def compile(self, leaf: Phrase) -> tantivy.Query:
        """Return the query for the documents of a phrase. Raises QueryError where too many would have to be read."""
        if leaf not in self._known:
            suffix = EXACT if leaf.exact else ""
            self._known[leaf] = Query.boolean_query([(Occur.Should, self._in(leaf, part, suffix)) for part in parts_of(leaf)])
        return self._known[leaf]

    def _in(self, leaf: Phrase, part: str, suffix: str) -> tantivy.Query:
        field, slop = f"{part}{suffix}", leaf.slop + len(leaf.words) - 2
        candidates = Query.boolean_query([(Occur.Must, pair(field, words, slop)) for words in pairwise(leaf.words)])
        found = self._searcher.search(candidates, _MOST_READ + 1, count=False).hits
        if len(found) > _MOST_READ:
            hint = "Take rarer words, fewer words or a smaller number behind ~."
            raise QueryError("The words stand near each other in too many documents", position=leaf.position, hint=hint)
        rows = (json.loads(bytes(self._searcher.doc(address).get_first("body") or b"{}")) for _, address in found)
        kept = [
            hash_of(row["id"]) for row in rows if find_matches(row[part] or "", [leaf], "title" if part == "title" else "text")
        ]
        among = Query.const_score_query(Query.term_set_query(schema(), "tie", kept), 0.0) if kept else Query.empty_query()
        near = Query.boolean_query([(Occur.Must, candidates), (Occur.Must, among)])
        return Query.boost_query(near, TITLE_BOOST) if part == "title" else near


def pair(field: str, words: Sequence[str], slop: int) -> tantivy.Query:
    """Return the query for two words with at most so many between them, in either order: Tantivy counts a swap as two moves."""
    first, second = words
    if first == second:
        return _one(field, first)
    return Query.boolean_query([(Occur.Should, phrase(field, order, slop)) for order in ((first, second), (second, first))])


def phrase(field: str, words: Sequence[str], slop: int) -> tantivy.Query:
    """Return a phrase, of patterns where one word holds `*`."""
    if any("*" in word for word in words):
        return Query.regex_phrase_query(schema(), field, [regex(word) for word in words], slop)
    return Query.phrase_query(schema(), field, [*words], slop)


def regex(pattern: str) -> str:
    """Return the regular expression of a word in which `*` stands for any characters."""
    return ".*".join(re.escape(part) for part in pattern.split("*"))


def _one(field: str, word: str) -> tantivy.Query:
    return Query.regex_query(schema(), field, regex(word)) if "*" in word else Query.term_query(schema(), field, word)
