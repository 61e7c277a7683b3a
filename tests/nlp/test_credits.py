"""Credits of agencies are found where outlets write them, and words that look like them are left alone."""

from __future__ import annotations

import pytest

from nlp.credits import credits_of

OTHERS = {"agencija-most": ["Agencija Most", "Агенција Мост"]}


@pytest.mark.parametrize(
    ("text", "agencies"),
    [
        ("PRIŠTINA (Tanjug) – Devet osoba vratilo se juče.", ["Tanjug"]),
        ("ПРИШТИНА (Танјуг) – Девет особа вратило се јуче.", ["Танјуг"]),
        ("PRISHTINË, 12 shtator /KosovaPress/ – Nëntë persona u kthyen dje.", ["KosovaPress"]),
        ("Most je otvoren posle radova.\nIzvor: Beta, FoNet", ["Beta", "FoNet"]),
        ("Ura u hap pas punimeve.\nBurimi: Reuters", ["Reuters"]),
        ("(FoNet/Beta) Most je otvoren.", ["FoNet", "Beta"]),
        ("Most je otvoren, Rojters javlja iz Skoplja.", ["Rojters"]),
        ("Otvoren je most.\nTanjug", ["Tanjug"]),
        ("Zjarri u shua (REL), tha zëdhënësi.", ["REL"]),
        ("Agencija Most javlja da je put prohodan.", ["Agencija Most"]),
        ("Beta verzija programa (beta) radi.", []),
        ("Šta javlja komšija sa Drine?", []),
        ("Policia kërkoi dëshmitarë (ata që ishin aty).", []),
        ("Direktor Tanjuga govorio je o medijima.", []),
        ("Mina prenosi nameštaj u novi stan.", []),
        ("", []),
    ],
    ids=["sr-Latn", "sr-Cyrl", "sq", "label", "label-sq", "two", "says", "line", "brackets-sq", "registry", "word", "question", "ata", "about", "woman", "empty"],
)  # fmt: skip
def test_credits(text: str, agencies: list[str]) -> None:
    found = credits_of(text, OTHERS)
    assert [text[credit.start : credit.end] for credit in found] == agencies


def test_an_agency_counts_once() -> None:
    assert [credit.agency for credit in credits_of("(Tanjug) Vest je stigla. Tanjug javlja da je mirno. Izvor: Tanjug")] == [
        "tanjug"
    ]
