"""Notices and news that sounds like them, in both languages and scripts."""

from __future__ import annotations

import pytest

from crawlers.notices import notice_kind


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Lajmi po përditësohet…", "state"),
        ("Vest se dopunjuje.", "state"),
        ("Вест се допуњује.", "state"),
        ("Lexo edhe: Dëbora mbyll rrugën", "pointer"),
        ("PROČITAJTE JOŠ Sneg zatvorio put", "pointer"),
        ("ПРОЧИТАЈТЕ И: Снег затворио пут", "pointer"),
        ("Bashkohu me grupin tonë në Viber", "invitation"),
        ("Pridružite se našoj Viber zajednici", "invitation"),
        ("Пратите нас на Фејсбуку и Инстаграму", "invitation"),
        ("Shkarkoni aplikacionin tonë", "invitation"),
        ("Ndalohet kopjimi i teksteve pa lejen e redaksisë.", "rights"),
        ("Preuzimanje tekstova dozvoljeno je samo uz navođenje izvora.", "rights"),
        ("Сва права задржана.", "rights"),
        ("Ky artikull u realizua me mbështetjen e fondit për media.", "funding"),
        ("Ovaj tekst nastao je u okviru projekta koji finansira Evropska unija.", "funding"),
        ("Donirajte i pomozite nam da istražujemo.", "support"),
        ("Ставови изнети у колумни не представљају став редакције.", "disclaimer"),
        ("Autor je novinar i pisac iz Niša.", "author"),
        ("Foto: Arkivi", "credit"),
    ],
)
def test_notices(line: str, kind: str) -> None:
    assert notice_kind(line, from_end=0) == kind


@pytest.mark.parametrize(
    "line",
    [
        "Preuzmite aplikaciju i prijavite kvar, poručili su iz elektrodistribucije.",
        "“Shkarkoni aplikacionin dhe njoftoni policinë”, tha zëdhënësi.",
        "Preuzimanje firme koštalo je četiri miliona evra, a radnici ostaju na poslu.",
        "Policia e mbylli kanalin në Telegram që shiste armë.",
        "Autor je uhapšen u Nišu zbog pretnji povratnicima.",
        "Ministria ndau fonde për rikthimin e familjeve në fshat.",
        "Pročitao je pismo pred skupštinom.",
        "Вест о поплави стигла је око поноћи.",
        "Foto-finiš odlučio je trku na deset kilometara.",
    ],
)
def test_news_is_no_notice(line: str) -> None:
    assert notice_kind(line, from_end=0) is None


def test_what_could_be_news_is_dropped_at_the_end_only() -> None:
    line = "Ndalohet kopjimi i teksteve pa lejen e redaksisë."
    assert (notice_kind(line, from_end=1), notice_kind(line, from_end=9)) == ("rights", None)
