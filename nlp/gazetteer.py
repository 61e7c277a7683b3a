"""Known names: spaCy's phrase matcher over all inflected forms, with the context that an ambiguous name needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from spacy.language import Language as SpacyLanguage
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from eho.folding import fold_text
from nlp.inflection import forms
from nlp.lexicon import entry_pattern, pattern

NameLanguage = Literal["sq", "sr"]
_SENTENCE_END = frozenset(".!?…\n")
_OPENING = frozenset("\"'([-")
_FIRST_CAPITAL = re.compile(r"[A-Z]")


@dataclass(frozen=True, slots=True)
class KnownName:
    """One entry; `settlement`: a village, which needs more than its name; `surname`: of a holder of public office."""

    id: str | None
    type: str
    cue: re.Pattern[str] | None = None
    before: re.Pattern[str] | None = None
    not_first: bool | frozenset[str] = False
    settlement: bool = False
    surname: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Tokens `[start, end)` that are a known name."""

    start: int
    end: int
    name: KnownName


@dataclass
class _Forms:
    """Forms of all names of one language while they are gathered; a form of two villages has no id."""

    names: dict[str, KnownName] = field(default_factory=dict)

    def add(self, form: str, name: KnownName) -> None:
        known = self.names.get(form)
        if known is None or (known.settlement and not name.settlement):
            self.names[form] = name
        elif known.settlement and name.settlement and known.id != name.id:
            self.names[form] = KnownName(None, "LOC", settlement=True)


class Gazetteer:
    """Finds known names in texts of one language; tokens are those of `pipeline`, texts are folded with capitals kept."""

    def __init__(self, language: NameLanguage, pipeline: SpacyLanguage) -> None:
        self._vocab = pipeline.vocab
        self._matcher = PhraseMatcher(pipeline.vocab, attr="ORTH")
        self._names: list[KnownName] = []
        numbers: dict[KnownName, int] = {}
        patterns: dict[int, list[Doc]] = {}
        for form, name in known_forms(language).items():
            number = numbers.setdefault(name, len(numbers))
            if number == len(self._names):
                self._names.append(name)
            patterns.setdefault(number, []).append(_tokens(pipeline, form))
        for number, docs in patterns.items():
            self._matcher.add(str(number), docs)

    def find(self, doc: Doc) -> list[Match]:
        """Return the known names in order; of overlapping ones the longest."""
        raw = [
            Match(start, end, self._names[int(self._vocab.strings[key])])
            for key, start, end in self._matcher(doc)
        ]  # fmt: skip
        taken: set[int] = set()
        found: list[Match] = []
        for match in sorted(raw, key=lambda one: (one.start - one.end, one.start)):
            if taken.isdisjoint(range(match.start, match.end)) and _fits(doc, match):
                taken.update(range(match.start, match.end))
                found.append(match)
        return sorted(found, key=lambda one: one.start)


def sentence_of(doc: Doc, start: int, end: int) -> tuple[int, int]:
    """Return the tokens of the sentence around `[start, end)`."""
    first, last = start, end
    while first > 0 and doc[first - 1].text not in _SENTENCE_END:
        first -= 1
    while last < len(doc) and doc[last].text not in _SENTENCE_END:
        last += 1
    return first, last


def _fits(doc: Doc, match: Match) -> bool:
    name = match.name
    if name.not_first and _opens_sentence(doc, match.start):
        form = doc[match.start : match.end].text.lower()
        if name.not_first is True or form in name.not_first:
            return False
    if name.before is not None and match.start > 0 and name.before.fullmatch(doc[match.start - 1].text.lower()):
        return False
    if name.cue is not None:
        first, last = sentence_of(doc, match.start, match.end)
        around = (doc[at].text.lower() for at in range(first, last) if not match.start <= at < match.end)
        return any(name.cue.fullmatch(word) for word in around)
    return True


def _opens_sentence(doc: Doc, at: int) -> bool:
    while at > 0 and doc[at - 1].text in _OPENING:
        at -= 1
    return at == 0 or doc[at - 1].text in _SENTENCE_END or doc[at - 1].is_space


def _tokens(pipeline: SpacyLanguage, form: str) -> Doc:
    """Cut a form as the tokenizer would; plain words need no tokenizer, which is most of the time that loading takes."""
    if form.replace(" ", "").isalnum():
        return Doc(pipeline.vocab, words=form.split())
    return pipeline.make_doc(form)


@lru_cache(maxsize=2)
def known_forms(language: NameLanguage) -> dict[str, KnownName]:
    """Return every form of every known name in one language, folded, with what it names."""
    gathered = _Forms()
    for key, entry in _read("gazetteer").items():
        options: dict[str, Any] = entry[3] if len(entry) > 3 else {}
        name = _known(key, entry[0], options)
        written = entry[1] if language == "sq" else entry[2]
        for form in _written_forms(written, language, lower=bool(options.get("lower"))):
            gathered.add(form, name)
        if surname := options.get("surname"):
            alone = KnownName(name.id, name.type, surname=True)
            for form in _written_forms(surname, language, lower=False):
                gathered.add(form, alone)
    for albanian, serbian, municipality in _read("gazetteer_places")["settlements"]:
        place = KnownName(settlement_id(serbian, municipality), "LOC", settlement=True)
        for form in forms(albanian if language == "sq" else serbian, language):
            gathered.add(form, place)
    return gathered.names


def settlement_id(name: str, municipality: str) -> str:
    """Return the id of a village: municipality and Serbian name, since a dozen villages share theirs."""
    return f"place:xk-{_slug(municipality)}-{_slug(name)}"


def _slug(name: str) -> str:
    return "-".join(re.findall(r"\w+", fold_text(name)))


def _known(key: str, kind: str, options: dict[str, Any]) -> KnownName:
    first = options.get("not_first", False)
    return KnownName(
        id=options.get("id", key),
        type=kind,
        cue=_stems(options.get("cue")),
        before=_stems(options.get("before")),
        not_first=frozenset(fold_text(form).strip() for form in first.split(";")) if isinstance(first, str) else bool(first),
    )


def _written_forms(written: str, language: NameLanguage, *, lower: bool) -> Iterator[str]:
    for name in filter(None, (part.strip() for part in written.split(";"))):
        for form in forms(name, language):
            yield form
            if len(form) > 4 and not form.isupper():
                yield form.upper()  # headlines
            if lower:
                yield form.lower()


def _stems(entries: Sequence[str] | None) -> re.Pattern[str] | None:
    if not entries:
        return None
    return re.compile("|".join(map(entry_pattern, entries)))


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((files("nlp") / "data" / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def beside_village_word(doc: Doc, start: int) -> bool:
    """True where a word for "village" stands just before the name."""
    village = pattern("entity_roles", "village")
    return any(village.fullmatch(doc[at].text.lower()) for at in range(max(0, start - 2), start))


def is_capitalised(word: str) -> bool:
    """True for a word that begins with a capital."""
    return _FIRST_CAPITAL.match(word) is not None
