"""Rewrites a text in another spelling, script, variety, or with two peoples exchanged; names of relations are theirs.

Word lists lie in `nlp/data/variants.yaml`. A rewriting that finds nothing to change returns the text as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

from nlp.lexicon import words as lexicon

Rewrite = Callable[[str, str], str]  # text, language

_PAIRS = (
    "а a б b в v г g д d ђ đ е e ж ž з z и i ј j к k л l љ lj м m н n њ nj о o п p р r с s т t ћ ć у u ф f х h ц c ч č џ dž ш š"
)
_TO_LATIN = dict(zip(_PAIRS.split()[::2], _PAIRS.split()[1::2], strict=True))
_TO_CYRILLIC = {latin: cyrillic for cyrillic, latin in _TO_LATIN.items()}
_LATIN_LETTER = re.compile("dž|lj|nj|[a-pr-vzčćšžđ]", re.IGNORECASE)  # q, w, x, y are foreign and stay
# n+j and d+ž that are two sounds at the seam of a prefix: injekcija, konjunktura, nadživeti
_SEAM = re.compile(r"\b(?:in(?=jek)|kon(?=ju[gn])|van(?=jezi)|nad(?=živ)|od(?=žal)|pod(?=žanr))", re.IGNORECASE)
_APART = "\N{ZERO WIDTH NON-JOINER}"
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")
_QUOTES = str.maketrans(dict.fromkeys("“”„«»‟", '"'))


def to_cyrillic(text: str, lang: str = "sr") -> str:
    """Write Serbian Latin letters as Cyrillic; other text is left as it is."""
    if not lang.startswith("sr"):
        return text
    apart = _SEAM.sub(lambda match: match.group() + _APART, text)
    return _LATIN_LETTER.sub(lambda match: _cased(_TO_CYRILLIC[match.group().lower()], match.group()), apart).replace(
        "\u200c", ""
    )


def to_latin(text: str, lang: str = "sr") -> str:
    """Write Serbian Cyrillic letters as Latin."""
    if not lang.startswith("sr"):
        return text
    found = []
    for at, char in enumerate(text):
        latin = _TO_LATIN.get(char.lower())
        if latin is None:
            found.append(char)
        elif char.islower():
            found.append(latin)
        else:
            around = text[at + 1 : at + 2] or text[at - 1 : at]
            found.append(latin.upper() if around.isupper() else latin.capitalize())
    return "".join(found)


def other_script(text: str, lang: str) -> str:
    """Write Serbian in its other script."""
    return to_latin(text, lang) if re.search(r"[Ѐ-ӿ]", text) else to_cyrillic(text, lang)


def without_diacritics(text: str, lang: str = "") -> str:
    """Drop the diacritics of Latin letters, as most people type; đ becomes dj."""
    plain = text.replace("đ", "dj").replace("Đ", "Dj")
    if re.search(r"[Ѐ-ӿ]", plain):
        return text
    parts = unicodedata.normalize("NFD", plain)
    return unicodedata.normalize("NFC", "".join(char for char in parts if unicodedata.category(char) != "Mn"))


def typed_plainly(text: str, lang: str) -> str:
    """Write as most people type: Serbian in Latin letters, no diacritics."""
    return without_diacritics(to_latin(text, lang))


def dj_for_d(text: str, lang: str = "sr") -> str:
    """Write dj for đ, Serbian in Latin letters; text without đ is left as it is."""
    latin = to_latin(text, lang)
    return latin.replace("đ", "dj").replace("Đ", "Dj") if "đ" in latin.lower() else text


def to_upper(text: str, lang: str = "") -> str:
    """Write in capitals."""
    return text.upper()


def to_lower(text: str, lang: str = "") -> str:
    """Write without capitals."""
    return text.lower()


def straight_quotes(text: str, lang: str = "") -> str:
    """Write all double quotation marks as straight ones."""
    return text.translate(_QUOTES)


def to_ijekavian(text: str, lang: str) -> str:
    """Write ekavian Serbian in ijekavian, as far as the word list goes."""
    return _replaced(text, lang, "ijekavian") if lang.startswith("sr") else text


def to_gheg(text: str, lang: str) -> str:
    """Write the commonest words of standard Albanian in Gheg."""
    return _replaced(text, lang, "gheg") if lang.startswith("sq") else text


def with_peoples_exchanged(text: str, lang: str) -> str:
    """Exchange Serbs and Albanians, their countries, languages and capitals, in every inflected form of the list."""
    return _replaced(text, lang, f"peoples_{lang[:2]}", both_ways=True)


def with_other_return(text: str, lang: str) -> str:
    """Exchange words of a foreign war for words of work and asylum abroad: somebody else returns."""
    phrases = _PHRASES.get(lang[:2], {})
    cyrillic = re.search(r"[Ѐ-ӿ]", text) is not None
    for phrase, other in phrases.items():
        before, after = (to_cyrillic(phrase), to_cyrillic(other)) if cyrillic else (phrase, other)
        text = re.sub(rf"\b{re.escape(before)}\b", after, text, flags=re.IGNORECASE)
    return _replaced(text, lang, f"senses_{lang[:2]}")


_PHRASES: Mapping[str, Mapping[str, str]] = {
    "sq": {
        "Shteti Islamik": "zyra e azilit",
        "Shtetit Islamik": "zyrës së azilit",
        "Shtetin Islamik": "zyrën e azilit",
        "luftëtarë të huaj": "punëtorë të huaj",
        "Al Hol": "Dortmund",
    },
    "sr": {
        "Islamska država": "azilna služba",
        "Islamske države": "azilne službe",
        "Islamskoj državi": "azilnoj službi",
        "Islamsku državu": "azilnu službu",
        "strani borci": "strani radnici",
        "strani borac": "strani radnik",
        "stranih boraca": "stranih radnika",
        "Al Hol": "Dortmund",
        "Al Hola": "Dortmunda",
        "Al Holu": "Dortmundu",
    },
}


def _cased(word: str, like: str) -> str:
    """Give a word the capitals of another."""
    if len(like) > 1 and like.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


def _replaced(text: str, lang: str, name: str, *, both_ways: bool = False) -> str:
    cyrillic = re.search(r"[Ѐ-ӿ]", text) is not None
    names, whole, stems = _tables(name, both_ways, cyrillic)

    def other(match: re.Match[str]) -> str:
        word = match.group()
        if word in names:
            return names[word]
        lowered = word.lower()
        if lowered in whole:
            return _cased(whole[lowered], word)
        for size in range(len(lowered), 3, -1):
            if lowered[:size] in stems:
                return _cased(stems[lowered[:size]] + word[size:], word)
        return word

    return _WORD.sub(other, text)


@lru_cache(maxsize=16)
def _tables(name: str, both_ways: bool, cyrillic: bool) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return names, whole words and stems, with the spellings that people type."""
    lists = cast(Mapping[str, Any], lexicon("variants")[name])
    found = []
    for kind in ("names", "words", "stems"):
        pairs = dict(lists.get(kind) or {})
        if both_ways:
            pairs = {**{new: old for old, new in pairs.items()}, **pairs}
        if cyrillic:
            pairs = {to_cyrillic(old): to_cyrillic(new) for old, new in pairs.items()}
        else:
            pairs = {**{without_diacritics(old): without_diacritics(new) for old, new in pairs.items()}, **pairs}
        found.append(pairs)
    return found[0], found[1], found[2]
