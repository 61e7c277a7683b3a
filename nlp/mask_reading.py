"""Reads the fields of one document for masking: folded text, words, names seen by the recogniser, places of the gazetteer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from eho.folding import Folded, fold
from models.entities.recogniser import EntityRecogniser, new_tokenizer
from nlp.contacts import Found, find_contacts
from nlp.gazetteer import Gazetteer, NameLanguage
from nlp.mask_words import listed
from nlp.person_mentions import Token, is_in_capitals, tokens_of
from nlp.public_names import language_of

_PARAGRAPH = re.compile(r"[^\n]+")
_INITIALS = re.compile(r"(?<![\w.])[A-Z][a-z]?\.\s?[A-Z]\b|[A-Z][a-z]+ [A-Z][a-z]?\.")
DOORS = frozenset({"address", "plate", "id", "phone"})  # details that lead to a door
_NEAR = 150  # characters
Ranges = list[tuple[int, int]]


@dataclass
class Reading:
    """One field: `view` is the folded text with its capitals (small letters restored where all were capitals)."""

    name: str
    folded: Folded
    view: str
    tokens: list[Token]
    in_capitals: bool
    contacts: list[Found]
    persons: Ranges = field(default_factory=list)  # by the recogniser
    places: Ranges = field(default_factory=list)  # places, bodies and others by the recogniser
    public: Ranges = field(default_factory=list)  # holders of public office by the gazetteer
    known: Ranges = field(default_factory=list)  # places from the municipality up, and bodies, by the gazetteer
    villages: Ranges = field(default_factory=list)  # by the gazetteer


@dataclass(frozen=True)
class Readings:
    """The fields of one document, and what sort of document it is."""

    fields: list[Reading]
    language: NameLanguage
    is_about_returnees: bool  # from a war: names and places are masked
    is_about_returning: bool  # from anywhere: names are masked
    is_touched: bool  # words of harm, minors, initials or an address stand in it


class Reader:
    """Reads documents one at a time; words met are forgotten again, private names among them."""

    def __init__(self, recogniser: EntityRecogniser | None) -> None:
        self._recogniser = recogniser
        self._pipeline = new_tokenizer() if recogniser is None else recogniser.pipeline
        self._gazetteers: dict[NameLanguage, Gazetteer] = {}

    def read(self, fields: Mapping[str, str]) -> Readings:
        """Read all fields; the recogniser is asked only where masking may depend on names."""
        readings = [_reading(name, text) for name, text in fields.items()]
        own = [one for one in readings if not one.name.startswith("extra")]
        whole = "\n".join(one.view for one in own)
        lowered = whole.lower()
        strict = _is_about_returnees(lowered)
        touched = any(listed(name).search(lowered) for name in ("harm", "minor", "years_old")) or bool(_INITIALS.search(whole))
        touched = touched or any(found.kind in DOORS for one in readings for found in one.contacts)
        returning = strict or listed("returnee").search(lowered) is not None
        language = language_of(whole)
        if returning or touched:
            for one in readings:
                self._recognise(one, language, thorough=returning)
        return Readings(readings, language, strict, returning, touched)

    def _recognise(self, reading: Reading, language: NameLanguage, *, thorough: bool) -> None:
        if language not in self._gazetteers:
            self._gazetteers[language] = Gazetteer(language, self._pipeline)  # made outside the zone: it stays
        with self._pipeline.memory_zone():
            paragraphs = [match for match in _PARAGRAPH.finditer(reading.view) if thorough or _is_touched(reading, match)]
            docs = [self._pipeline.make_doc(match.group()) for match in paragraphs]
            if self._recogniser is not None and docs:
                self._recogniser.tag_docs(docs)
            for match, doc in zip(paragraphs, docs, strict=True):
                at = match.start()
                for span in doc.ents:
                    ranges = reading.persons if span.label_ == "PER" else reading.places
                    ranges.append((at + span.start_char, at + span.end_char))
                for one in self._gazetteers[language].find(doc):
                    last = doc[one.end - 1]
                    place = (at + doc[one.start].idx, at + last.idx + len(last))
                    kind = reading.villages if one.name.settlement else reading.known
                    (reading.public if one.name.type == "PER" else kind).append(place)


def _reading(name: str, text: str) -> Reading:
    folded = fold(text, keep_case=True)
    in_capitals = is_in_capitals(folded.text)
    view = folded.text.title() if in_capitals else folded.text
    return Reading(name, folded, view, tokens_of(view), in_capitals, list(find_contacts(folded.text)))


def _is_about_returnees(lowered: str) -> bool:
    """True where a word of the war zone and one of returning, fighting, trial or family stand near each other."""
    returning = listed("returning")
    return any(
        returning.search(lowered, max(0, match.start() - _NEAR), match.end() + _NEAR) is not None
        for match in listed("zone").finditer(lowered)
    )


def _is_touched(reading: Reading, paragraph: re.Match[str]) -> bool:
    lowered = paragraph.group().lower()
    if any(listed(name).search(lowered) for name in ("harm", "minor", "years_old")) or _INITIALS.search(paragraph.group()):
        return True
    return any(found.kind in DOORS and paragraph.start() <= found.start < paragraph.end() for found in reading.contacts)
