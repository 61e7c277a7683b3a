"""Phrases of documents for topics: folded words and pairs, their spelling as readers know it, and which may name a person.

A name is shown only where the gazetteer knows it as a public body, a place of the size of a municipality or a holder of
public office. What is merely written with a capital may be somebody's name and is held back.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from eho.folding import fold_text
from nlp.gazetteer import KnownName, NameLanguage, known_forms
from nlp.lexicon import words

_TOKEN = re.compile(r"⟦[^⟧]*⟧|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\s\w]|\d[\d.,]*\d|\d|\n")
_SENTENCE_END = frozenset('.!?…:;\n"„“”«»')
_SHORTEST = 3  # letters; two-letter words are function words or abbreviations of parties that need their context
_ACRONYM = 4  # capitals that are no shouted surname
_NAMELIKE = 0.5  # share of the mentions inside sentences that begin with a capital
_PERSON = "PER"


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: `opens` where a capital says nothing, `follows` where the word before stands right beside it."""

    text: str
    folded: str
    opens: bool
    follows: bool


def read_words(text: str) -> Iterator[Word]:
    """Yield the words of a text; masking markers, numbers and punctuation part them."""
    opens, follows = True, False
    for found in _TOKEN.finditer(text):
        token = found.group()
        if token[0].isalpha():
            yield Word(token, _fold(token), opens, follows)
            opens, follows = False, True
        else:
            opens = token in _SENTENCE_END or (opens and not token[0].isdigit())
            follows = False


@lru_cache(maxsize=200_000)
def _fold(word: str) -> str:
    return fold_text(word)


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """Return the stop words and outlets' own phrases of both languages, folded."""
    lists = words("stopwords")
    return frozenset(word for name in ("sq", "sr", "boilerplate") for word in lists[name])


class PhraseBook:
    """What the words of a corpus are: which are written like names, and how each is spelt."""

    def __init__(self, texts: Sequence[str], languages: Sequence[NameLanguage]) -> None:
        self._words = [list(read_words(text)) for text in texts]
        self._languages = list(languages)
        self._inside: Counter[str] = Counter()
        self._capital: Counter[str] = Counter()
        self._lower: Counter[str] = Counter()
        for word in (word for row in self._words for word in row):
            if not word.text[0].isupper():
                self._lower[word.folded] += 1
            if not word.opens and not _is_shouted(word.text):
                self._inside[word.folded] += 1
                self._capital[word.folded] += word.text[0].isupper()

    def terms(self) -> list[list[str]]:
        """Return the terms of each document: single words and pairs (`word_word`), stop words and private names left out."""
        return [
            [term for term in _terms(row) if self._may_show(term, language)]
            for row, language in zip(self._words, self._languages, strict=True)
        ]

    def spellings(self, terms: Collection[str]) -> dict[tuple[str, NameLanguage], str]:
        """Return the most frequent spelling of each term in each language in which it occurs."""
        asked = set(terms)
        seen: dict[tuple[str, NameLanguage], Counter[str]] = defaultdict(Counter)
        for row, language in zip(self._words, self._languages, strict=True):
            for at, word in enumerate(row):
                if word.folded in asked:
                    seen[word.folded, language][self._written(word)] += 1
                if word.follows and (pair := f"{row[at - 1].folded}_{word.folded}") in asked:
                    seen[pair, language][f"{self._written(row[at - 1])} {self._written(word)}"] += 1
        return {key: min(found, key=lambda text: (-found[text], text)) for key, found in seen.items()}

    def names_somebody(self, text: str, language: NameLanguage) -> bool:
        """True for a headline that holds a masking marker, or two names side by side that are not publicly known."""
        if "⟦" in text:
            return True
        row = list(read_words(text))
        return any(
            second.follows and self._looks_named(first) and self._looks_named(second) and not self._is_public(pair, language)
            for first, second in pairwise(row)
            for pair in [(first.folded, second.folded)]
        )

    def _looks_named(self, word: Word) -> bool:
        """True for a capital that the word does not owe to its place; a headline in capitals tells by the corpus alone."""
        if not word.text[0].isupper() or word.folded in stop_words():
            return False
        return self._is_namelike(word.folded) or (word.folded not in self._inside and not self._lower[word.folded])

    def _may_show(self, term: str, language: NameLanguage) -> bool:
        parts = term.split("_")
        return not any(self._is_namelike(part) for part in parts) or self._is_public(parts, language)

    def _is_namelike(self, folded: str) -> bool:
        if folded in _peoples():
            return False
        inside = self._inside[folded]
        return self._capital[folded] >= _NAMELIKE * inside if inside else not self._lower[folded]

    def _is_public(self, parts: Sequence[str], language: NameLanguage) -> bool:
        """True where the whole is a known name, or each part written like a name is one of a body or place (or a surname
        of a holder of office beside a word that is no name)."""
        known = _public_forms(language)
        if " ".join(parts) in known:
            return True
        named = [part for part in parts if self._is_namelike(part)]
        if any(part not in known for part in named):
            return False
        return len(named) == 1 or all(known[part] != _PERSON for part in named)

    def _written(self, word: Word) -> str:
        if _is_shouted(word.text) or not self._is_namelike(word.folded):
            return word.text if _is_acronym(word.text) else word.text.lower()
        return word.text


def _terms(row: Sequence[Word]) -> Iterable[str]:
    stops = stop_words()
    before: str | None = None
    for word in row:
        is_term = len(word.folded) >= _SHORTEST and word.folded not in stops and word.folded.isalpha()
        if is_term:
            yield word.folded
            if before is not None and word.follows and before != word.folded:
                yield f"{before}_{word.folded}"
        before = word.folded if is_term else None


def _is_acronym(text: str) -> bool:
    return 2 <= len(text) <= _ACRONYM and text.isupper()


def _is_shouted(text: str) -> bool:
    return len(text) > _ACRONYM and text.isupper()


@lru_cache(maxsize=1)
def _peoples() -> frozenset[str]:
    return frozenset(words("stopwords")["peoples"])


@lru_cache(maxsize=2)
def _public_forms(language: NameLanguage) -> dict[str, str]:
    """Return the folded forms of names that may be shown, with their type: no villages, whose name may lead to a family."""
    return {form.lower(): name.type for form, name in known_forms(language).items() if _may_be_shown(name)}


def _may_be_shown(name: KnownName) -> bool:
    return not name.settlement
