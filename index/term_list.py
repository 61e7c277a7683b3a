"""The list of paired terms: what a subject is called in Albanian and in Serbian, for `~~term` in queries.

A YAML file that a person may edit: a version and one pair a line. Words are compared folded, so Serbian in either script and
Albanian with or without diacritics are the same; a typed form finds its pair through the stems.
"""

from __future__ import annotations

import difflib
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from eho.errors import InputError
from index.stemming import STEM_LANGUAGES, StemLanguage, stem_tokens
from index.tokens import folded_words

MAX_WORDS = 6
MAX_TERMS = 8

Words = tuple[str, ...]


def _checked(term: str) -> str:
    words = folded_words(term)
    if not words:
        raise ValueError(f"term {term!r} has no letters or digits")
    if len(words) > MAX_WORDS:
        raise ValueError(f"term {term!r} has {len(words)} words; write at most {MAX_WORDS}")
    if any(mark in term for mark in '*~"()[]:'):
        raise ValueError(f"term {term!r} holds signs of the query language; write plain words")
    return " ".join(term.split())


ListedTerm = Annotated[str, AfterValidator(_checked)]
Terms = Annotated[tuple[ListedTerm, ...], Field(min_length=1, max_length=MAX_TERMS)]


class TermPair(BaseModel):
    """The terms of one thing: any of one language stands for any of the other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str = Field(default="own", pattern=r"^[a-z][a-z0-9_]*$")
    sq: Terms
    sr: Terms

    def terms(self, language: StemLanguage) -> tuple[str, ...]:
        """Return the terms of one language, the preferred one first."""
        return self.sq if language == "sq" else self.sr

    def words(self, language: StemLanguage) -> list[Words]:
        """Return the terms of one language as folded words, each once."""
        return list(dict.fromkeys(tuple(folded_words(term)) for term in self.terms(language)))


class Found(NamedTuple):
    """A pair, and the language in which the word asked for stands in it."""

    pair: TermPair
    language: StemLanguage


class TermList(BaseModel):
    """All pairs with the list's version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(pattern=r"^[\w.-]+$")
    pairs: tuple[TermPair, ...]

    @model_validator(mode="after")
    def _no_pair_twice(self) -> TermList:
        seen: dict[tuple[Words, Words], TermPair] = {}
        for pair in self.pairs:
            for sq in pair.words("sq"):
                for sr in pair.words("sr"):
                    if (sq, sr) in seen:
                        raise ValueError(f"{' '.join(sq)!r} and {' '.join(sr)!r} are paired twice; write the pair once")
                    seen[sq, sr] = pair
        return self

    @cached_property
    def tag(self) -> str:
        """Return the version with a digest of the pairs, so that an edited list has another name."""
        text = "\n".join(sorted(f"{pair.words('sq')} {pair.words('sr')}" for pair in self.pairs))
        return f"{self.version}+{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @classmethod
    def bundled(cls) -> TermList:
        """Return the list that comes with Eho."""
        return _bundled()

    @classmethod
    def load(cls, path: Path) -> TermList:
        """Read a list; the same file is read once as long as nobody changes it. Raises InputError naming file and place."""
        try:
            changed_at = path.stat().st_mtime_ns
        except OSError as error:
            raise InputError(f"Term list {path} cannot be read: {error.strerror or error}.") from error
        return _read(path, changed_at)

    def find(self, words: Sequence[str]) -> list[Found]:
        """Return the pairs that hold a term: as written, else in another form."""
        asked = tuple(words)
        exact = self._by_words.get(asked)
        if exact is not None:
            return exact
        return [found for language in STEM_LANGUAGES for found in self._by_stems.get(stem_tokens(asked, language), ())]

    def close_to(self, words: Sequence[str]) -> list[str]:
        """Return up to three terms spelt much like these words."""
        known = {" ".join(one): one for one in self._by_words}
        return difflib.get_close_matches(" ".join(words), known, n=3, cutoff=0.7)

    @cached_property
    def _by_words(self) -> Mapping[Words, list[Found]]:
        found: dict[Words, list[Found]] = defaultdict(list)
        for words, one in self._all():
            found[words].append(one)
        return dict(found)

    @cached_property
    def _by_stems(self) -> Mapping[Words, list[Found]]:
        found: dict[Words, list[Found]] = defaultdict(list)
        for words, one in self._all():
            tokens = stem_tokens(words, one.language)
            if one not in found[tokens]:
                found[tokens].append(one)
        return dict(found)

    def _all(self) -> Iterator[tuple[Words, Found]]:
        for pair in self.pairs:
            for language in get_args(StemLanguage):
                for words in pair.words(language):
                    yield words, Found(pair, language)


def to_yaml(terms: TermList) -> str:
    """Write a list with one pair a line, as a person edits it."""
    head = "# Paired terms for ~~term in queries; docs/query-language.md says how they are used. One pair a line.\n"
    lines = [
        yaml.safe_dump(pair.model_dump(mode="json"), allow_unicode=True, sort_keys=False, default_flow_style=True, width=10_000)
        for pair in terms.pairs
    ]
    return f'{head}version: "{terms.version}"\npairs:\n' + "".join(f"- {line.strip()}\n" for line in lines)


@lru_cache(maxsize=1)
def _bundled() -> TermList:
    return _parse(bundled_text(), "The bundled term list")


def bundled_text() -> str:
    """Return the file that comes with Eho."""
    return (resources.files("index") / "data" / "terms.yaml").read_text(encoding="utf-8")


@lru_cache(maxsize=8)
def _read(path: Path, _changed_at: int) -> TermList:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Term list {path} cannot be read: {error}. Save it as UTF-8.") from error
    return _parse(text, f"Term list {path}")


def _parse(text: str, name: str) -> TermList:
    try:
        value: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = " ".join(str(error).split())[:200]
        raise InputError(f"{name} is no YAML: {line}. Mend it, or remove it to use the bundled list.") from error
    try:
        return TermList.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{name}: {place}: {first['msg']}. Mend it, or remove it to use the bundled list.") from error
