"""Which mentions name a public person: by the role beside the name, or by the list of known persons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nlp.gazetteer import NameLanguage
from nlp.mask_words import is_listed, is_same_word, listed
from nlp.person_mentions import Mention, Token

_MOST_BETWEEN = 9
_MOST_AFTER = 5
_PARTICLES = {"sq": frozenset({"i", "e", "te", "se", "per"}), "sr": frozenset({"za"})}
_MARKS = frozenset("\"'-()⟦⟧")


@dataclass
class PublicNames:
    """The public persons of one document, gathered over its fields: a surname stands alone after its first mention."""

    full: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, mention: Mention) -> None:
        """Remember a person whose role was seen."""
        self.full.append(tuple(word for word in mention.words if len(word) > 2))

    def has(self, mention: Mention) -> bool:
        """True where every word of the mention is one of a public person's name."""
        words = [word for word in mention.words if len(word.rstrip(".")) > 1]
        return bool(words) and any(all(any(is_same_word(word, own) for own in name) for word in words) for name in self.full)

    def has_word(self, word: str) -> bool:
        """True where a word is part of a public person's name."""
        return any(is_same_word(word, own) for name in self.full for own in name)


def is_known(folded: str, mention: Mention) -> bool:
    """True for somebody of the list of persons known to history or to the whole public."""
    name = folded[mention.start : mention.end].lower()
    pattern = listed("public_persons")
    around = folded[max(0, mention.start - 12) : mention.end + 24].lower()
    return pattern.search(name) is not None or any(name in match.group() for match in pattern.finditer(around))


def has_role(tokens: Sequence[Token], mention: Mention, language: NameLanguage, *, strict: bool, with_school: bool) -> bool:
    """True where a public role stands just before the name or in apposition after it.

    `strict`: some roles do not count; `with_school`: the document names a school, so a bare "director" may be its own.
    """
    first = next((at for at, token in enumerate(tokens) if token.start >= mention.start), len(tokens))
    last = next((at for at in range(first, len(tokens)) if tokens[at].start >= mention.end), len(tokens))
    if with_school and first and is_listed("head", tokens[first - 1].lower):
        return False
    return _role_before(tokens, first, language, strict=strict) or _role_after(tokens, last, language, strict=strict)


def _is_role(word: str, *, strict: bool) -> bool:
    word = word.removeprefix("ish-")
    if strict and is_listed("not_strict", word):
        return False
    return is_listed("role_sq", word) or is_listed("role_sr", word)


def _role_before(tokens: Sequence[Token], first: int, language: NameLanguage, *, strict: bool) -> bool:
    particles = _PARTICLES[language]
    comma = False
    for at in range(first - 1, max(-1, first - 2 - _MOST_BETWEEN), -1):
        token, word = tokens[at], tokens[at].lower
        if _is_role(word, strict=strict):
            return not (is_listed("not_strict", word) and _is_suspected(tokens, first))
        if is_listed("local", word) and word not in ("selektor", "selektora"):
            return False
        if word == ",":
            if comma or at != first - 1:
                return False
            comma = True
        elif token.text == ":":
            if at != first - 1:
                return False
        elif not _may_stand_between(tokens, at, language, particles):
            return False
    return False


def _is_suspected(tokens: Sequence[Token], first: int) -> bool:
    return any(is_listed("suspected", token.lower) for token in tokens[first : first + 10])


def _may_stand_between(tokens: Sequence[Token], at: int, language: NameLanguage, particles: frozenset[str]) -> bool:
    token, word = tokens[at], tokens[at].lower
    if token.text[0].isupper() or token.text in _MARKS or is_listed(f"between_{language}", word):
        return not is_listed("kin", word)
    after_role = language == "sq" and at > 0 and is_listed("role_sq", tokens[at - 1].lower)
    if after_role and at + 1 < len(tokens) and tokens[at + 1].lower in particles and not is_listed("speech", word):
        return True  # "Sekretari organizativ i Aleancës": the adjective of the role
    after_particle = at > 0 and tokens[at - 1].lower in particles
    return after_particle and word.isalpha() and not is_listed("kin", word)


def _role_after(tokens: Sequence[Token], last: int, language: NameLanguage, *, strict: bool) -> bool:
    if last >= len(tokens) or tokens[last].lower not in (",", "(", "-", "iz", "nga"):
        return False
    for at in range(last + 1, min(len(tokens), last + 2 + _MOST_AFTER)):
        word = tokens[at].lower
        if _is_role(word, strict=strict):
            return not any(is_listed("local", one.lower) for one in tokens[at + 1 : at + 4])
        if word != "," and not _may_stand_between(tokens, at, language, _PARTICLES[language]):
            return False
    return False


_ALBANIAN = re.compile(r"(?<!\w)(?:dhe|nje|qe|eshte|per|nga|te|ne|me|se|u)(?!\w)")
_SERBIAN = re.compile(r"(?<!\w)(?:je|su|na|da|od|sa|za|koji|koja|kao|iz|u|se)(?!\w)")


def language_of(folded: str) -> NameLanguage:
    """Tell Albanian from Serbian by small words; enough to know which particles join a role and its holder."""
    lowered = folded[:4000].lower()
    return "sq" if len(_ALBANIAN.findall(lowered)) >= len(_SERBIAN.findall(lowered)) else "sr"
