"""Which words may be shown as shared: ordinary ones, whatever the script; no name, no marker, no stop word."""

from __future__ import annotations

import pytest

from nlp.entity_names import names_of
from nlp.shared_words import ordinary_words, shared_words


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("Kamenice su razbile prozore kuće.", "Каменице су разбиле прозоре куће.", ["разбиле", "прозоре", "куће"]),
        ("Gurët thyen dritaret e shtëpisë.", "Dje u thyen dritaret, tha policia.", ["thyen", "dritaret"]),
        ("Svedok Petar Privatnik krije istinu.", "Petar Privatnik opet krije istinu.", ["krije", "istinu"]),
        ("Zvala je ⟦person⟧ iz škole.", "Dete ⟦person⟧ ide u školu, person iz škole.", ["škole"]),
        ("SVE JE VIKALO NA GLAS", "sve je vikalo na glas", []),
    ],
    ids=["scripts", "sq", "names", "markers", "shouted"],
)
def test_only_ordinary_words_are_shown(one: str, other: str, shared: list[str]) -> None:
    first, second = ordinary_words(one), ordinary_words(other)
    found = shared_words(first, second, dict.fromkeys(first | second, 1.0))
    assert sorted(found) == sorted(shared)


def test_the_most_telling_come_first_and_few_are_shown() -> None:
    words = ordinary_words("avion sleteo decu vraća kamp šator voda lekari")
    weights = {word: float(number) for number, word in enumerate(words)}
    assert shared_words(words, words, weights, most=2) == ["lekari", "voda"]


@pytest.mark.parametrize(
    ("id", "names"),
    [
        ("place:raska", ("Rashka", "Raška")),
        ("place:north-mitrovica", ("Mitrovica e Veriut", "Severna Mitrovica")),
        ("place:fushe-kosova", ("Fushë Kosovë", "Kosovo Polje")),
        ("person:albin-kurti", ("Albin Kurti", "Aljbin Kurti")),
        ("place:unknown", None),
    ],
)  # fmt: skip
def test_an_entity_has_a_name_in_each_language(id: str, names: tuple[str, str] | None) -> None:
    assert names_of(id) == names
