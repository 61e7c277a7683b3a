"""Authors: names from a byline, without its label, and nobody where it names the outlet or an agency."""

from __future__ import annotations

import re
from collections.abc import Iterable

from crawlers.markup import HtmlElement, block_lines
from eho.folding import fold_text

_LABEL = re.compile(
    r"^\s*(?:autor(?:ka|ja|i|ët|ica)?|аутор(?:ка)?|piš[eu]|пиш[еу]|napisa(?:o|la)|tekst|текст|razgovarala?o?"
    r"|novinar(?:ka)?|новинар(?:ка)?"
    r"|nga|shkruan|shkruajnë|shkroi|përgatiti|gazetar(?:ja|i)?|by|izvor|извор|burimi)\s*(?::|-|–|\s)\s*",
    re.IGNORECASE,
)
_STRICT_LABEL = re.compile(
    r"^\s*(?:(?:autor(?:ka|ja|i|ica)?|аутор(?:ка)?|gazetar(?:ja|i)?)\s*:|(?:piš[eu]|пиш[еу]|nga|shkruan|shkroi)\s*:?)\s+\S",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*[,;/&|]\s*|\s+(?:i|и|dhe|and)\s+")
_NO_PERSON = frozenset(
    {
        "redakcija", "redaksia", "redaksija", "desk", "newsroom", "administrator", "admin", "editor", "webmaster",
        "agencija", "agencije", "agjencia", "agjencija", "fonet", "tanjug", "beta", "srna", "mina", "hina", "reuters",
        "afp", "ap", "dpa", "ansa",
        "tass", "kosovapress", "ata", "atsh", "birn", "anadolu", "online", "portal", "press", "tim", "team", "izvor",
    }
)  # fmt: skip
_PARTS = re.compile(r"\s*[|·•]\s*")
_WEEKDAY = (
    r"(?:e (?:hënë|martë|mërkurë|enjte|premte|shtunë|diel)|ponedelj\w+|utor\w+|sred\w|srijed\w"
    r"|četvrt\w+|petak|petka|subot\w|nedjelj\w|nedelj\w"
    r"|понедељ\w+|утор\w+|сред\w|сриједа|четврт\w+|петак|петка|субот\w|недељ\w|недјељ\w),?\s+"
)
_DATED = re.compile(rf"[\s,|–-]+(?:{_WEEKDAY})?\d{{1,2}}[.\s/].*$", re.IGNORECASE)  # a date behind a name
_CONTACT = re.compile(r"@|https?:|www\.|\d")
_MAX_LENGTH = 80
_CLASSES = re.compile(
    r"(?:^|[\s_-])(?:author|autor|autori|byline|potpis|gazetari|novinar|signature|writer)(?:$|[\s_-])|(?:author|autor)-?name",
    re.IGNORECASE,
)


def clean_authors(names: Iterable[str], *, outlet_names: Iterable[str]) -> list[str] | None:
    """Return the persons among the names, labels stripped, in order; None where nobody is named."""
    outlets = {_key(name) for name in outlet_names}
    people: dict[str, None] = {}
    for name in names:
        bare = _strip_label(" ".join(name.split()))
        parts = [part for part in _SPLIT.split(bare) if part]
        for person in parts if all(" " in part for part in parts) or "," in bare or "/" in bare else [bare]:
            if _is_person(person, outlets):
                people[person.strip(" .,:;–-") + ("." if re.search(r"\b\w\.$", person) else "")] = None
    return list(people) or None


def find_bylines(tree: HtmlElement) -> list[str]:
    """Find byline texts: elements declared or named as the author's, else short lines with a byline's label."""
    for is_marked in (_is_declared, _is_named):
        marked = [
            part
            for element in tree.iter("span", "a", "div", "p", "address", "strong", "li", "h4", "h5", "h6", "em", "b")
            if is_marked(element)
            for part in _parts(element)
            if _looks_like_names(_strip_label(part), least_share=0.5)
        ]
        if marked:
            return marked[:1]
    for element in tree.iter("p", "div", "span", "strong", "em", "li", "b"):
        for part in _parts(element):
            if is_byline(part):
                return [part]
    return []


def is_byline(text: str) -> bool:
    """Tell whether a line of the text is a byline with its label, which belongs to the authors and not to the text."""
    if len(text) > _MAX_LENGTH or _STRICT_LABEL.match(text) is None:
        return False
    name = _strip_label(text)
    return _looks_like_names(name) and (":" in text or " " in name)  # `Nga Prishtina` is where from, not by whom


def _is_declared(element: HtmlElement) -> bool:
    return "author" in (element.get("rel"), element.get("itemprop"))


def _is_named(element: HtmlElement) -> bool:
    return _CLASSES.search(element.get("class") or "") is not None or _CLASSES.search(element.get("id") or "") is not None


def _parts(element: HtmlElement) -> list[str]:
    """Split a short line such as `12.11.2026. | Piše: Ime Prezime` into its parts, dates cut off; long texts have none."""
    if len(element) > 6:
        return []
    text = "".join(element.itertext())
    if len(text) > 4 * _MAX_LENGTH:
        return []
    if element.find("br") is not None:
        text = "|".join(block_lines(element))
    text = " ".join(text.split())
    parts = [_DATED.sub("", part).strip(" ,") for part in _PARTS.split(text)]
    return [part for part in parts if len(part) >= 3] if len(text) <= _MAX_LENGTH + 40 else []


def _looks_like_names(text: str, *, least_share: float = 0.67) -> bool:
    words = [word for word in re.split(r"[\s,]+", text) if word]
    capital = sum(1 for word in words if word[:1].isupper())
    return (
        1 <= len(words) <= 8
        and capital >= least_share * len(words)
        and not text.endswith((".", "!", "?", ":"))
        and words[0][:1].isupper()
    )


def _strip_label(text: str) -> str:
    previous = None
    while previous != text:
        previous, text = text, _LABEL.sub("", text, count=1)
    return text


def _is_person(name: str, outlets: set[str]) -> bool:
    key = _key(name)
    words = key.split()
    return (
        bool(words)
        and len(name) <= 60
        and not _CONTACT.search(name)
        and key not in outlets
        and not any(word in _NO_PERSON for word in words)
        and name[:1].isupper()
    )


def _key(name: str) -> str:
    return re.sub(r"\W+", " ", fold_text(name)).strip()
