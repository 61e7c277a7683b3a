"""Significant terms: the words and pairs that set the documents found apart from the rest of their language.

Candidates are read from the hits that match best, their numbers counted exactly by the index, whichever engine it is. What
could name a private person is left out, see nlp.phrases; so is what too few documents or sources use.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from index.answers import Filters, SearchOptions
from index.filters import any_of, with_filters
from index.nodes import Keyword, Node, Phrase, Query, conjoin, text_leaves
from index.significance import ALPHA, TermCounts, significant
from index.snippets import find_matches
from models.topics.terms import distinct
from nlp.gazetteer import NameLanguage
from nlp.phrases import PhraseBook

if TYPE_CHECKING:
    from api.wiring import Parts
    from eho.annotation import AnnotatedDocument
    from index.protocol import Index

READ = 400  # stories of each language, best first, whose words are candidates
TRIED = 150  # candidates of each language
SHOWN = 20  # terms of each language
LEAST_DOCUMENTS = 5
LEAST_SOURCES = 2

_LANGUAGES: Mapping[NameLanguage, tuple[str, ...]] = {"sq": ("sq",), "sr": ("sr", "bs", "hr", "cnr")}


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Terms of the stories read, most frequent first, and how they are spelt."""

    read: int
    terms: Sequence[str]
    spellings: Mapping[tuple[str, NameLanguage], str]


def significant_terms(parts: Parts, query: Query, options: SearchOptions) -> dict[str, Any]:
    """Return the terms of each language with their counts, and how they were found. Raises as `search`."""
    root = with_filters(query.root, options.filters, parts.vocabulary)
    plain = replace(options, filters=Filters(), facets=False, cursor=None, sort="relevance")
    counter = _Counter(parts.index(), plain)
    terms: list[dict[str, Any]] = []
    method: dict[str, Any] = {}
    for language, codes in _LANGUAGES.items():
        whole = any_of([Keyword("lang", code) for code in codes])
        found = conjoin(root, whole)
        candidates = _candidates(parts, Query("", found), plain, language)
        counts = list(counter.counts(candidates.terms, found, whole, language))
        chosen = {one.term: one for one in significant(counts)}
        for term, _ in distinct([(term, one.g2) for term, one in chosen.items()], SHOWN):
            terms.append(chosen[term].to_mapping(candidates.spellings[term, language]))
        method[language] = {"stories_read": candidates.read, "terms_tried": len(counts)}
    return {
        "terms": terms,
        "method": {
            **method,
            "measure": "log-likelihood ratio (G2) of numbers of documents, copies included",
            "alpha": ALPHA,
            "corrected_for": "the terms tried (Bonferroni)",
            "least_documents": LEAST_DOCUMENTS,
            "least_sources": LEAST_SOURCES,
        },
    }


def _candidates(parts: Parts, query: Query, options: SearchOptions, language: NameLanguage) -> _Candidates:
    """Read the best stories, one document of each; keep terms of enough stories and sources, without the query's own."""
    hits = parts.index().search(query, replace(options, limit=READ, collapse=True)).hits
    stored = parts.store().get_all([hit.id for hit in hits])
    read = [stored[hit.id] for hit in hits if hit.id in stored]
    book = PhraseBook([_text(item) for item in read], [language] * len(read))
    stories: dict[str, int] = defaultdict(int)
    sources: dict[str, set[str]] = defaultdict(set)
    for item, found in zip(read, book.terms(), strict=True):
        for term in set(found):
            stories[term] += 1
            sources[term].add(item.document.source)
    asked = text_leaves(query.root)
    kept = [
        term
        for term, number in sorted(stories.items(), key=lambda pair: (-pair[1], pair[0]))
        if number >= LEAST_DOCUMENTS
        and len(sources[term]) >= LEAST_SOURCES
        and not find_matches(term.replace("_", " "), asked, "text")
    ]
    return _Candidates(len(read), kept[:TRIED], book.spellings(kept[:TRIED]))


def _text(item: AnnotatedDocument) -> str:
    return "\n".join(part for part in (item.document.title, item.document.lead, item.document.text) if part)


class _Counter:
    """Counts documents in the index."""

    def __init__(self, index: Index, options: SearchOptions) -> None:
        self._index = index
        self._options = replace(options, limit=1, collapse=False)

    def counts(self, terms: Sequence[str], found: Node, whole: Node, language: str) -> Iterator[TermCounts]:
        """Yield the counts of each term among the documents found and among the others of the whole."""
        if not terms:
            return
        found_of, all_of = self._total(found), self._total(whole)
        for term in terms:
            words = Phrase(tuple(term.split("_")))
            inside, everywhere = self._total(conjoin(found, words)), self._total(conjoin(whole, words))
            yield TermCounts(term, language, inside, found_of, everywhere - inside, all_of - found_of)

    def _total(self, node: Node) -> int:
        return self._index.search(Query("", node), self._options).total
