"""Which person may be named: one with a public role beside the name, and nobody near words of accusation, harm or kinship."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from spacy.tokens import Doc

from nlp.gazetteer import NameLanguage, is_capitalised, sentence_of
from nlp.lexicon import pattern

_LEXICON = "entity_roles"
_MOST_BETWEEN = 7  # tokens between role and name: "kryetari i komunës së Lloznicës, …"
_MOST_AFTER = 3  # tokens between the comma after a name and the role
_NEAR = 6  # tokens around role and name in which a word of the veto list ends the right to name
_NEAR_OFFICE_HOLDER = 3  # for those on the list of office holders, whose name says who they are
_STOPS = frozenset(".,;:()!?-\"'")


def has_public_role(doc: Doc, start: int, end: int, language: NameLanguage, names: Collection[int]) -> bool:
    """True where tokens `[start, end)` name a person with a public role beside the name.

    `names`: tokens of known places and bodies, which may stand between role and name. Former office does not count.
    """
    found = _role_before(doc, start, language, names)
    first, last = (found, end) if found is not None else (start, _role_after(doc, end, language, names))
    if last is None:
        return False
    return not vetoed(doc, first, last, _NEAR)


def is_office_holder(doc: Doc, start: int, end: int, language: NameLanguage, names: Collection[int], *, surname: bool) -> bool:
    """True where a name of the list of office holders means that person: no other name beside a bare surname, no veto near."""
    if surname:
        before = doc[start - 1].text if start > 0 else ""
        if is_capitalised(before) and start - 1 not in names and not _is(f"role_{language}", before):
            return False
        if end < len(doc) and is_capitalised(doc[end].text) and end not in names:
            return False
    return not vetoed(doc, start, end, _NEAR_OFFICE_HOLDER)


def vetoed(doc: Doc, start: int, end: int, near: int) -> bool:
    """True where a word of the veto list stands within `near` tokens of `[start, end)` in the same sentence."""
    first, last = sentence_of(doc, start, end)
    return any(_is("veto", doc[at].text) for at in range(max(first, start - near), min(last, end + near)))


def _role_before(doc: Doc, start: int, language: NameLanguage, names: Collection[int]) -> int | None:
    """Return the token of the role that leads up to a name, None where there is none."""
    for at in range(start - 1, max(-1, start - 2 - _MOST_BETWEEN), -1):
        word = doc[at].text
        if _is(f"role_{language}", word):
            return None if _former(doc, at) else at
        if word != "," and at not in names and not _is(f"between_{language}", word):
            return None
    return None


def _role_after(doc: Doc, end: int, language: NameLanguage, names: Collection[int]) -> int | None:
    """Return the end of the role in apposition: "Vuk Jeremić, ministar spoljnih poslova"."""
    if end >= len(doc) or doc[end].text not in (",", "(", "-"):
        return None
    for at in range(end + 1, min(len(doc), end + 2 + _MOST_AFTER)):
        word = doc[at].text
        if _is(f"role_{language}", word):
            following = doc[at + 1].text if at + 1 < len(doc) else "."
            belongs = following in _STOPS or at + 1 in names or _is(f"between_{language}", following)
            return at + 1 if belongs and not _former(doc, at) else None
        if at not in names and not _is(f"between_{language}", word):
            return None
    return None


def _former(doc: Doc, at: int) -> bool:
    before: Iterable[str] = (doc[one].text for one in range(max(0, at - 3), at))
    return any(_is("former", word) for word in before)


def _is(lists: str, word: str) -> bool:
    return pattern(_LEXICON, lists).fullmatch(word.lower()) is not None
