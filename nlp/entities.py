"""Names in a document: public bodies and places with ids that join both languages, and persons in public office.

A gazetteer finds what is known, a recogniser what is not. Every other person's name is passed over: it is neither given
out nor kept, and what lies inside it is no place either (Rexhep Prizreni).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spacy.language import Language as SpacyLanguage
from spacy.tokens import Doc, Span

from eho.annotation import Entity
from eho.folding import Folded, fold
from models.entities.recogniser import EntityRecogniser, NamedSpan, new_tokenizer
from nlp.gazetteer import Gazetteer, Match, NameLanguage, beside_village_word
from nlp.lexicon import words
from nlp.public_roles import has_public_role, is_office_holder, vetoed
from nlp.segmentation import Passage

_PERSON = "PER"
_INITIALS = re.compile(r"[A-Z]\.?|(?:[A-Z][a-z]?\.){2,4}|(?:[A-Z]\.){1,3}[A-Z]")
_AGE_AFTER = re.compile(r"\( \d{1,2} \)|, \d{1,2}(?: [,.]|$| god| vjec)")
_SURNAME_ENDINGS = ("ic", "iq", "ovica", "evica", "ovicu", "evicu", "ovicem", "evicem", "iqi", "iqit", "iqin")


@dataclass(frozen=True, slots=True)
class _Named:
    """Tokens `[start, end)` to be given out."""

    start: int
    end: int
    type: str
    id: str | None


class EntityStep:
    """Finds entities in passages. Without a recogniser it is the gazetteer alone, and persons those of its list."""

    def __init__(self, recogniser: EntityRecogniser | None = None) -> None:
        self._recogniser = recogniser
        self._pipeline: SpacyLanguage = new_tokenizer() if recogniser is None else recogniser.pipeline
        self._gazetteers: dict[NameLanguage, Gazetteer] = {}
        self._lock = threading.Lock()
        self._first_names = frozenset(words("entity_roles")["first_names"])

    def find(self, passages: Sequence[Passage], language: str, *, conflict_zone: bool = False) -> tuple[Entity, ...]:
        """Return the entities of one document's passages, in document offsets, in order of field and place.

        `conflict_zone`: the document is about people who returned from a war; then no place below the municipality is
        named, nor any that has no id.
        """
        spoken: NameLanguage = "sq" if language.startswith("sq") else "sr"
        gazetteer = self._gazetteer(spoken)  # made outside the zone: it stays
        with self._lock, self._pipeline.memory_zone():  # words met are forgotten again, private names among them
            folded = [fold(passage.text, keep_case=True) for passage in passages]
            docs = [self._pipeline.make_doc(one.text) for one in folded]
            if self._recogniser is not None:
                self._recogniser.tag_docs(docs)
            return tuple(
                entity
                for passage, text, doc in zip(passages, folded, docs, strict=True)
                for entity in self._of_passage(passage, text, doc, gazetteer, spoken, conflict_zone=conflict_zone)
            )

    def known(self, text: str, language: NameLanguage) -> list[NamedSpan]:
        """Return what the gazetteer alone finds in a text, persons and villages too: for measuring it."""
        folded = fold(text, keep_case=True)
        doc = self._pipeline.make_doc(folded.text)
        return [
            NamedSpan(*folded.to_original(doc[one.start].idx, doc[one.end - 1].idx + len(doc[one.end - 1])), one.name.type)
            for one in self._gazetteer(language).find(doc)
        ]

    def _of_passage(
        self,
        passage: Passage,
        text: Folded,
        doc: Doc,
        gazetteer: Gazetteer,
        language: NameLanguage,
        *,
        conflict_zone: bool,
    ) -> Iterator[Entity]:
        for named in self._of_doc(doc, gazetteer.find(doc), language, conflict_zone=conflict_zone):
            start, end = text.to_original(doc[named.start].idx, doc[named.end - 1].idx + len(doc[named.end - 1]))
            yield Entity(
                start=passage.start + start,
                end=passage.start + end,
                field=passage.field,
                type=named.type,
                canonical_id=named.id,
            )

    def _of_doc(self, doc: Doc, known: Sequence[Match], language: NameLanguage, *, conflict_zone: bool) -> list[_Named]:
        recognised = [_capitalised(span) for span in doc.ents]
        bodies = {at for match in known if match.name.type != _PERSON for at in range(match.start, match.end)}
        bodies |= {at for span in recognised if span.label_ in ("LOC", "ORG") for at in range(span.start, span.end)}
        found = [
            _Named(match.start, match.end, match.name.type, match.name.id)
            for match in known
            if self._may_stand(doc, match, language, bodies, recognised, conflict_zone=conflict_zone)
        ]
        people = [match for match in known if match.name.type == _PERSON]
        held: list[_Named | Match] = [*found, *people]
        taken = {at for one in held for at in range(one.start, one.end)}
        unknown = [span for span in recognised if taken.isdisjoint(range(span.start, span.end))]
        found += [
            _Named(span.start, span.end, span.label_, None)
            for span in unknown
            if self._may_add(span, language, bodies, conflict_zone=conflict_zone)
        ]
        return sorted(found, key=lambda one: one.start)

    def _may_stand(
        self,
        doc: Doc,
        match: Match,
        language: NameLanguage,
        bodies: set[int],
        recognised: Sequence[Span],
        *,
        conflict_zone: bool,
    ) -> bool:
        name = match.name
        if name.type == _PERSON:
            return is_office_holder(doc, match.start, match.end, language, bodies, surname=name.surname)
        after_first_name = match.start > 0 and doc[match.start - 1].lower_ in self._first_names
        if after_first_name or any(_is_person_around(span, match) for span in recognised):
            return False
        if name.settlement:
            sure = any((span.start, span.end, span.label_) == (match.start, match.end, "LOC") for span in recognised)
            return not conflict_zone and (sure or beside_village_word(doc, match.start))
        return True

    def _may_add(self, span: Span, language: NameLanguage, bodies: set[int], *, conflict_zone: bool) -> bool:
        if span.label_ == _PERSON:
            return has_public_role(span.doc, span.start, span.end, language, bodies)
        return not conflict_zone and not self._looks_personal(span)

    def _looks_personal(self, span: Span) -> bool:
        """True where a supposed body or place may be a person that the recogniser misread: minors go by initials and age."""
        lowered = [token.lower_ for token in span]
        named = any(word in self._first_names or word.endswith(_SURNAME_ENDINGS) for word in lowered)
        if named or _is_like_a_full_name(span):
            return True
        return any(_INITIALS.fullmatch(token.text) for token in span) or _is_of_an_age(span) or _is_called_private(span)

    def _gazetteer(self, language: NameLanguage) -> Gazetteer:
        if language not in self._gazetteers:
            self._gazetteers[language] = Gazetteer(language, self._pipeline)
        return self._gazetteers[language]


def _capitalised(span: Span) -> Span:
    """Return a person's name as far as it is capitalised: the recogniser takes a verb and what follows it along at times."""
    if span.label_ != _PERSON or not span[0].text[:1].isupper():
        return span
    length = next((at for at, token in enumerate(span) if token.is_alpha and token.text[0].islower()), len(span))
    return Span(span.doc, span.start, span.start + length, label=span.label_)


def _is_like_a_full_name(span: Span) -> bool:
    """True for two or three capitalised words, as first name and surname are written.

    Half of the private names that the recogniser took for bodies and places were such; of "Crveni krst" and "Shoqata e
    Gjeologëve" not every word is.
    """
    return 2 <= len(span) <= 3 and all(token.is_alpha and token.is_title for token in span)


def _is_of_an_age(span: Span) -> bool:
    """True where an age follows: "A. B. (16)", "Drita, 14"."""
    return bool(_AGE_AFTER.match(" ".join(token.lower_ for token in span.doc[span.end : span.end + 3])))


def _is_called_private(span: Span) -> bool:
    """True where the word before is one for an accused, a victim, a relative, a child: what follows it is who that is."""
    return span.start > 0 and vetoed(span.doc, span.start - 1, span.start, 0)


def _is_person_around(span: Span, match: Match) -> bool:
    """True where the recogniser sees a person of which the match is a part."""
    longer = span.end - span.start > match.end - match.start
    return bool(span.label_ == _PERSON and longer and span.start < match.end and match.start < span.end)
