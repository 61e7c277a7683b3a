"""News agencies that a text names as where it comes from: "(Tanjug)", "Izvor: Beta", "/KosovaPress/", "FoNet javlja"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from eho.folding import fold

# Agencies and broadcasters that outlets of the region credit, as they are written when folded.
AGENCIES: Mapping[str, tuple[str, ...]] = {
    "tanjug": ("tanjug",),
    "beta": ("beta",),
    "fonet": ("fonet", "fo net"),
    "kosovapress": ("kosovapress", "kosova press"),
    "kossev": ("kossev",),
    "ekonomia": ("ekonomia online",),
    "ata": ("ata", "atsh"),
    "mia": ("mia",),
    "mina": ("mina", "mina news"),
    "srna": ("srna",),
    "fena": ("fena",),
    "onasa": ("onasa",),
    "hina": ("hina",),
    "sta": ("sta",),
    "bta": ("bta",),
    "reuters": ("reuters", "rojters"),
    "afp": ("afp", "frans pres"),
    "ap": ("ap", "asosijeted pres", "associated press"),
    "anadolu": ("aa", "anadolu", "anadolija", "anadolu agency"),
    "dpa": ("dpa",),
    "ansa": ("ansa",),
    "tass": ("tass", "tas"),
    "ria": ("ria novosti", "ria"),
    "xinhua": ("xinhua", "sinhua"),
    "rfe": ("rse", "rel", "radio slobodna evropa", "radio evropa e lire", "radio free europe"),
    "voa": ("voa", "zeri i amerikes", "glas amerike"),
    "dw": ("dw", "dojce vele", "deutsche welle"),
    "bbc": ("bbc", "bbc news na srpskom"),
    "birn": ("birn",),
}
_SURE_ALONE = frozenset({"tanjug", "fonet", "kosovapress", "rojters", "reuters", "anadolija", "srna", "hina", "kossev"})
_LABEL = r"(?:izvor|izvori|burimi|burim|foto|source|agencija|agjencia|agjensia)"
_SAYS = r"(?:javlja|javio|javila|prenosi|prenela|preneo|saznaje|njofton|raporton|transmeton|shkruan|pise|kaze za|thote per)"


@dataclass(frozen=True, slots=True)
class Credit:
    """A source that a text credits, with the span of its name in the text."""

    agency: str
    start: int
    end: int


def credits_of(text: str, others: Mapping[str, Sequence[str]] | None = None) -> list[Credit]:
    """Return each agency credited, once, in order of place; `others` adds ids with the names they are written by.

    A name counts in brackets or between slashes, after a label such as "Izvor:", before "javlja" and its like; a name that
    is no other word, also alone on a line or before a dash at the beginning.
    """
    folded = fold(text)
    ids, pattern = _pattern(tuple((id, tuple(names)) for id, names in (others or {}).items()))
    found: dict[str, Credit] = {}
    for match in pattern.finditer(folded.text):
        name = next(group for group in ("bracket", "label", "says", "line") if match[group])
        for part in re.finditer(r"[^,;/+&]+", match[name]):
            stripped = part.group().strip()
            agency = ids.get(stripped)
            if agency is None or agency in found:
                continue
            at = match.start(name) + part.start() + len(part.group()) - len(part.group().lstrip())
            start, end = folded.to_original(at, at + len(stripped))
            if _is_name(name, stripped, text[start:end]):
                found[agency] = Credit(agency, start, end)
    return sorted(found.values(), key=lambda credit: credit.start)


def _is_name(place: str, name: str, written: str) -> bool:
    """Tell a name from a word: "ata" are they, "šta javlja" asks, Mina is a woman."""
    if place in ("bracket", "label"):
        return not written.islower()
    if place == "line":
        return name in _SURE_ALONE
    return (
        len(name) > 4 or name in _SURE_ALONE or (written.isascii() and written.isupper()) or written in ("Beta", "Бета", "Fena")
    )


@lru_cache(maxsize=8)
def _pattern(others: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[dict[str, str], re.Pattern[str]]:
    ids = {name: id for id, names in AGENCIES.items() for name in names}
    ids |= {fold(name).text.strip(): id for id, names in others for name in names}
    names = "|".join(re.escape(name) for name in sorted(ids, key=len, reverse=True))
    one = rf"(?:{names})"
    several = rf"{one}(?:\s*[,;/+&]\s*{one})*"
    return ids, re.compile(
        rf"[(\[/]\s*(?:{_LABEL}\s*:?\s*)?(?P<bracket>{several})\s*[)\]/]"
        rf"|\b{_LABEL}\s*:\s*(?P<label>{several})\b"
        rf"|(?<![\w-])(?P<says>{one})(?![\w-])[,]?\s+{_SAYS}\b"
        rf"|(?:^|\n)\s*(?P<line>{one})\s*(?:-|\n|$)"
    )
