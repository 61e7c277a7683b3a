"""What is masked in one document, given what was read in it: strictly where it is about returnees, else minors and victims."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from nlp.contacts import Found, find_streets
from nlp.mask_reading import DOORS, Reading, Readings
from nlp.mask_words import is_first_name, is_listed, is_same_word, listed
from nlp.masked_fields import KINDS, MaskedSpan
from nlp.person_mentions import Mention, find_mentions, is_in_title_case, opens_sentence, remembered
from nlp.public_names import PublicNames, has_role, is_known
from nlp.tied_places import find_schools, find_unknown_places, find_villages

_ADULT = 18
_AGE_AFTER = re.compile(r"[\s,(-]{1,3}(\d{1,2})(?=\s*(?:\)|,|\.|;|-?\s?(?:vjec|vjet|god)))")
_AGE_BEFORE = re.compile(r"(\d{1,2})[- ]?(?:vjec|godis)\w*,?\s+(?:\w+,?\s+){0,2}$")
_SENTENCE = re.compile(r"(?<=[^\W\d_]{3}[.!?])[\"')]*\s+(?=[\"'(]*[A-Z0-9])|\n")
_NEAR_MINOR = 3  # words before a name
_LEAST_PART = 4  # letters of a name's part that is looked for elsewhere in the document
_SPORT = 3


@dataclass
class _Field:
    reading: Reading
    mentions: list[Mention]
    public: list[Mention] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)


class Rules:
    """One pass over one document. `public` and `hidden` (masked words with their markers) go on to the next pass."""

    def __init__(self, readings: Readings, hidden: dict[str, str], public: PublicNames) -> None:
        self._readings = readings
        self._hidden = hidden
        self._public = public
        lowered = "\n".join(one.view for one in readings.fields).lower()
        self._is_sport = len(listed("sport").findall(lowered)) >= _SPORT
        self._is_remembrance = len(listed("remembrance").findall(lowered)) > 1
        self._is_harm = listed("harm").search(lowered) is not None
        self._with_school = listed("school").search(lowered) is not None
        self._strict = readings.is_about_returnees
        self._strict_names = self._strict or (readings.is_about_returning and not self._is_sport)

    def find(self) -> dict[str, list[MaskedSpan]]:
        """Return the spans to cover by field, in offsets of the fields as read."""
        fields = [_Field(one, []) for one in self._readings.fields]
        for one in fields:
            one.found += one.reading.contacts
        if self._strict_names or self._readings.is_touched:
            self._find_names(fields)
        return {one.reading.name: _to_spans(one) for one in fields}

    def _find_names(self, fields: Iterable[_Field]) -> None:
        for one in fields:
            reading = one.reading
            headline = not reading.in_capitals and is_in_title_case(reading.tokens)
            # where every word has a capital the recogniser takes verbs for names: first names and what the text says must do
            persons, thorough = ([], False) if headline else (reading.persons, self._strict_names)
            one.mentions = find_mentions(reading.view, reading.tokens, persons, thorough=thorough)
            self._find_public(one)
        for one in fields:
            one.public += [mention for mention in one.mentions if mention not in one.public and self._public.has(mention)]
            one.found += self._private(one)
        with_minor = any(found.kind == "minor" for one in fields for found in one.found) or "minor" in self._hidden.values()
        for one in fields:
            one.found += self._tied(one, with_minor=with_minor)
            self._hide(one)
        for one in fields:
            one.found += self._repeated(one)

    def _find_public(self, one: _Field) -> None:
        reading = one.reading
        role_rules = {"strict": self._strict_names, "with_school": self._strict_names and self._with_school}
        for mention in one.mentions:
            office = any(start < mention.end and mention.start < end for start, end in reading.public)
            if (
                office
                or is_known(reading.view, mention)
                or has_role(reading.tokens, mention, self._readings.language, **role_rules)
            ):
                one.public.append(mention)
                self._public.add(mention)

    def _private(self, one: _Field) -> Iterable[Found]:
        reading = one.reading
        for mention in one.mentions:
            if mention in one.public:
                continue
            is_minor = _is_minor(reading, mention)
            if self._strict_names:
                if _counts(reading, mention):
                    yield Found(mention.start, mention.end, "minor" if is_minor else "person")
            elif len(mention.words) == 1 and _is_known_place(reading, mention):
                continue
            elif is_minor and not (self._is_sport and not self._is_harm):
                yield Found(mention.start, mention.end, "minor")
            elif self._is_harmed(reading, mention) or self._is_beside(one, mention):
                yield Found(mention.start, mention.end, "person")

    def _is_beside(self, one: _Field, mention: Mention) -> bool:
        """True in one sentence with a minor or with what leads to a door: who they are follows from one another."""
        if len(mention.words) < 2 or self._is_sport:
            return False
        start, end = _sentence_around(one.reading.view, mention)
        near = [found.kind for found in one.found if found.start < end and start < found.end]
        minors = any(
            other is not mention and start <= other.start < end and other not in one.public and _is_minor(one.reading, other)
            for other in one.mentions
        )
        return minors or any(kind in DOORS for kind in near)

    def _is_harmed(self, reading: Reading, mention: Mention) -> bool:
        if self._is_remembrance or not self._is_harm:
            return False
        start, end = _sentence_around(reading.view, mention)
        sentence = reading.view[start:end]
        if remembered(_paragraph_around(reading.view, mention)):
            return False
        if _is_named_after(reading, mention):
            return False
        # persons of the region: a foreign celebrity's death is told of nobody whom a neighbour could find
        named = (len(mention.words) > 1 and is_first_name(mention.words[0])) or _is_relative(reading, mention)
        if mention.is_short and len(mention.words) > 1 and len(mention.words[0].rstrip(".")) > 2:
            return True  # a first name with an initial: whoever wrote it meant to protect somebody
        return named and listed("harm").search(sentence.lower()) is not None

    def _tied(self, one: _Field, *, with_minor: bool) -> Iterable[Found]:
        reading = one.reading
        if self._strict:
            yield from find_streets(reading.view)
            known = [*reading.known, *((mention.start, mention.end) for mention in one.mentions), *_ranges(one.found)]
            places = [place for place in reading.places if _is_single_place(reading.view, place)]
            unknown = find_unknown_places(reading.view, reading.tokens, [*places, *reading.villages], known)
            yield from (place for place in unknown if self._is_home(one, place))
        if self._strict or with_minor:
            yield from find_schools(reading.view, reading.tokens)
            yield from find_villages(reading.view, reading.tokens)

    def _is_home(self, one: _Field, place: Found) -> bool:
        """True where the sentence speaks of somebody: a masked name, a relative, living or being born."""
        start, end = _sentence_around(one.reading.view, place)
        if any(found.start < end and start < found.end for found in one.found if found.kind in ("person", "minor")):
            return True
        sentence = one.reading.view[start:end].lower()
        return listed("kin").search(sentence) is not None or listed("home").search(sentence) is not None or "⟦" in sentence

    def _hide(self, one: _Field) -> None:
        """Remember the words of what is masked by name, for other fields and for addresses."""
        for found in one.found:
            if found.kind in ("person", "minor", "place", "school"):
                for word in re.findall(r"[a-z][a-z'-]+", one.reading.view[found.start : found.end].lower()):
                    if len(word) >= _LEAST_PART and not self._stays(word):
                        self._hidden.setdefault(word, found.kind)

    def _stays(self, word: str) -> bool:
        return word in KINDS or self._public.has_word(word) or is_listed("places", word) or is_listed("bodies", word)

    def _repeated(self, one: _Field) -> Iterable[Found]:
        """Yield what was masked elsewhere in the document: "Valbona" after "Valbona Hasani"."""
        taken = [*_ranges(one.found), *((mention.start, mention.end) for mention in one.public), *one.reading.known]
        for token in one.reading.tokens:
            small_tag = one.reading.name.startswith("extra")
            if not (token.is_capital or small_tag) or len(token.text) < _LEAST_PART - 1 or self._stays(token.lower):
                continue
            if any(start < token.end and token.start < end for start, end in taken):
                continue
            kind = next((kind for word, kind in self._hidden.items() if is_same_word(token.lower, word)), None)
            if kind is not None and not (opens_sentence(one.reading.view, token.start) and len(token.text) < _LEAST_PART):
                yield Found(token.start, token.end, kind)


def _counts(reading: Reading, mention: Mention) -> bool:
    """True for what is a name beyond doubt: more than one word, seen by the recogniser, or no mere start of a sentence."""
    first = mention.words[0]
    if is_listed("bodies", first) or (is_listed("places", first) and not is_first_name(first)):
        return False
    if any(start < mention.end and mention.start < end for start, end in reading.known):
        return len(mention.words) > 1 and mention.is_sure
    if len(mention.words) == 1 and is_listed("places", mention.words[0]):
        return False
    if len(mention.words) == 1:
        return mention.is_sure or not opens_sentence(reading.view, mention.start)
    return True


def _is_minor(reading: Reading, mention: Mention) -> bool:
    view = reading.view.lower()
    if (age := _AGE_AFTER.match(view, mention.end)) or (
        age := _AGE_BEFORE.search(view[max(0, mention.start - 40) : mention.start])
    ):
        return int(age[1]) < _ADULT
    after = view[mention.end : mention.end + 40].split()
    if any(is_listed("number", one) and two.startswith("vjec") for one, two in pairwise(after)):
        return True
    before = [token.lower for token in reading.tokens if mention.start - 60 < token.start < mention.start][-_NEAR_MINOR:]
    return any(is_listed("minor", word) or is_listed("years_old", word) for word in before)


def _is_relative(reading: Reading, mention: Mention) -> bool:
    before = [token.lower for token in reading.tokens if mention.start - 40 < token.start < mention.start][-3:]
    return any(is_listed("kin", word) for word in before)


def _is_known_place(reading: Reading, mention: Mention) -> bool:
    return is_listed("places", mention.words[0]) or any(s < mention.end and mention.start < e for s, e in reading.known)


def _is_named_after(reading: Reading, mention: Mention) -> bool:
    """True for a street, a hospital, a prize that bears somebody's name."""
    before = [token for token in reading.tokens if mention.start - 30 < token.start < mention.start][-2:]
    return bool(before) and any(is_listed("named_after", token.lower) for token in before)


def _is_single_place(view: str, place: tuple[int, int]) -> bool:
    """True for a recognised place after a preposition or of one or two words: bodies are longer."""
    return len(view[place[0] : place[1]].split()) <= 2


def _sentence_around(view: str, mention: Mention | Found) -> tuple[int, int]:
    start, end = 0, len(view)
    low = max(0, mention.start - 1000)
    for match in _SENTENCE.finditer(view, low, min(len(view), mention.end + 1000)):
        if match.start() <= mention.start:
            start = match.end()
        elif match.start() >= mention.end:
            end = match.start()
            break
    return max(start, low), min(end, mention.end + 1000)


def _paragraph_around(view: str, mention: Mention) -> str:
    start = view.rfind("\n", 0, mention.start) + 1
    end = view.find("\n", mention.end)
    return view[start : end if end >= 0 else len(view)][:4000]


def _ranges(found: Iterable[Found]) -> list[tuple[int, int]]:
    return [(one.start, one.end) for one in found]


def _to_spans(one: _Field) -> list[MaskedSpan]:
    folded = one.reading.folded
    return [MaskedSpan(*folded.to_original(found.start, found.end), found.kind) for found in one.found if found.start < found.end]
