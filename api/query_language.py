"""Reads and explains the queries of one data folder, and edits the paired terms that they may use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from api.pages_links import SearchAsked
from api.wiring import Parts
from eho.errors import InputError
from index.answers import ExplainLanguage
from index.explanation import explain
from index.filters import any_of
from index.nodes import Keyword, Query, conjoin, format_query, leaves
from index.query import parse
from index.term_list import TermList, TermPair, to_yaml
from index.tokens import folded_words

_OWN = "own"


class QueryLanguage:
    """The query language with this folder's codebook, settings and term list."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def parse(self, q: str, sense: Sequence[str] = (), *, stems: bool | None = None) -> Query:
        """Read a query; without `stems` the setting decides. Raises QueryError."""
        vocabulary = self._parts.vocabulary
        query = parse(q, vocabulary, stems=self._parts.settings.search.stems if stems is None else stems)
        for value in sense:
            vocabulary.check("sense", value, None)
        return Query(query.text, conjoin(query.root, any_of([Keyword("sense", value) for value in sense]))) if sense else query

    def explain(self, q: str, *, stems: bool | None = None) -> dict[str, Any]:
        """Answer as `eho explain --json`: the query in words, its cost, and its address on the search page. Raises QueryError."""
        root, vocabulary = self.parse(q, stems=stems).root, self._parts.vocabulary
        switch = "" if stems is None else str(stems).lower()
        return {
            "query": q,
            "normal": format_query(root),
            "explained": {language: explain(root, language, vocabulary) for language in get_args(ExplainLanguage)},
            "clauses": len(leaves(root)),
            "link": SearchAsked(q=q, stems=switch).link("/"),
        }

    def term_list(self, term: str | None = None) -> dict[str, Any]:
        """Answer as `eho terms list --json`, of one term where it is given. Raises InputError for a broken file."""
        terms = self._parts.term_list()
        found = terms.pairs if term is None else dict.fromkeys(one.pair for one in terms.find(folded_words(term)))
        return {"term_list": terms.tag, "version": terms.version, "pairs": [pair.model_dump(mode="json") for pair in found]}

    def add_terms(self, sq: Sequence[str], sr: Sequence[str], *, topic: str = _OWN) -> str:
        """Add a pair to the folder's own list and return the list's new name. Raises InputError."""
        with self._writing("terms add"):
            terms = self._parts.term_list()
            try:
                pair = TermPair(topic=topic, sq=tuple(sq), sr=tuple(sr))
                return self._keep(terms, (*terms.pairs, pair))
            except ValidationError as error:
                reason = error.errors()[0]["msg"].removeprefix("Value error, ")
                raise InputError(f"The pair cannot be added: {reason}.", field="sq") from error

    def remove_terms(self, sq: str, sr: str) -> str:
        """Remove the pair of both terms from the folder's own list and return the list's new name. Raises InputError."""
        with self._writing("terms remove"):
            terms = self._parts.term_list()
            albanian, serbian = tuple(folded_words(sq)), tuple(folded_words(sr))
            kept = tuple(pair for pair in terms.pairs if albanian not in pair.words("sq") or serbian not in pair.words("sr"))
            if len(kept) == len(terms.pairs):
                message = f"{sq!r} and {sr!r} are not paired in term list {terms.tag}; eho terms list prints the pairs."
                raise InputError(message, field="sq")
            return self._keep(terms, kept)

    def _keep(self, terms: TermList, pairs: tuple[TermPair, ...]) -> str:
        """Write the folder's own list; the first change copies the bundled one there."""
        version = terms.version if terms.version.endswith(f".{_OWN}") else f"{terms.version}.{_OWN}"
        changed = TermList(version=version, pairs=pairs)
        path: Path = self._parts.home.term_list
        draft = path.with_suffix(".new")
        draft.write_text(to_yaml(changed), encoding="utf-8", newline="\n")
        draft.replace(path)
        return changed.tag

    def _writing(self, command: str) -> Any:
        return self._parts.home.writing(command, self._parts.settings.home.lock_wait_s)
