from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.home_files import make_home
from api.http_schemas import SearchAnswer
from api.service import Service
from api.wiring import Parts
from eho.annotation import Language, Tags
from eho.document import Document
from eho.home import Home

# Of each language: what half of the documents share, what only the other half says, and a name that nobody knows.
TEXTS = {
    "sq": ("Kampi i shkretëtirës u mbyll dje nga autoritetet", "Buxheti i ri u miratua në kuvend", "Besnik Hyskaj"),
    "sr-Latn": ("Juče je pustinjski kamp zatvoren odlukom vlasti", "Novi budžet je usvojen u skupštini", "Milojko Radosavac"),
    "sr-Cyrl": ("Јуче је пустињски камп затворен одлуком власти", "Нови буџет је усвојен у скупштини", "Милојко Радосавац"),
}
ASKED = {"sq": "kthyerit", "sr-Latn": "povratnici", "sr-Cyrl": "повратници"}


def make(lang: str, number: int) -> Document:
    typical, ordinary, name = TEXTS[lang]
    found = number % 2 == 0
    said = f"{typical}. Të pranishëm: dje {ASKED[lang]} i priti {name} në fshat, dhe {name} foli." if found else f"{ordinary}."
    return Document(id=f"{lang}-{number}", source=f"s{number % 3}", text=f"{said} Vendi pret. {number}", lang=lang)


@pytest.fixture(scope="module", params=sorted(TEXTS))
def answered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service]]:
    home = Home(tmp_path_factory.mktemp("home"))
    make_home(home)
    parts = Parts(home)
    documents = [make(request.param, number) for number in range(80)]
    parts.store().put_all(documents)
    model = parts.model_version
    tags = [(one.id, Tags(language=Language(code=one.lang or "", confidence=1), model=model)) for one in documents]
    parts.store().put_all_tags(tags)
    with Service(parts) as service:
        service.index_update()
        yield request.param, service


def terms(service: Service, q: str, **filters: Any) -> dict[str, dict[str, Any]]:
    answer = service.search(q, terms=True, **filters)
    SearchAnswer.model_validate(answer)
    return {row["value"]: row for row in answer["significant_terms"]["terms"]}


def test_words_of_the_documents_found_are_named_with_their_counts(answered: tuple[str, Service]) -> None:
    lang, service = answered
    found = terms(service, ASKED[lang])
    expected = {"sq": "shkretëtirës", "sr-Latn": "pustinjski", "sr-Cyrl": "пустињски"}[lang]
    row = next(row for value, row in found.items() if expected in value)
    assert (row["count"], row["of"], row["elsewhere"], row["elsewhere_of"]) == (40, 40, 0, 40)
    assert row["lang"] == lang[:2]
    assert row["g2"] > 50


def test_neither_the_words_asked_for_nor_those_of_the_rest_are_named(answered: tuple[str, Service]) -> None:
    lang, service = answered
    named = " ".join(terms(service, ASKED[lang])).lower()
    assert ASKED[lang] not in named
    assert all(word not in named for word in ("buxheti", "budžet", "буџет", "vendi"))


def test_a_name_that_nobody_knows_is_never_named(answered: tuple[str, Service]) -> None:
    lang, service = answered
    named = " ".join(terms(service, ASKED[lang])).lower()
    assert named
    assert all(part.lower() not in named for part in TEXTS[lang][2].split())


def test_what_too_few_documents_or_sources_use_is_left_out(answered: tuple[str, Service]) -> None:
    lang, service = answered
    assert terms(service, ASKED[lang], source=["s1"]) == {}
    few = " OR ".join(f'"{number}"' for number in (0, 2, 4, 6))
    assert terms(service, f"{ASKED[lang]} ({few})") == {}


def test_an_earlier_snapshot_has_terms_of_its_own(answered: tuple[str, Service]) -> None:
    lang, service = answered
    answer = service.search(ASKED[lang], terms=True)
    assert service.at(answer["snapshot"]).search(ASKED[lang], terms=True) == answer


def test_command_line_and_tables(eho, demo_home: Path) -> None:
    ran = eho("search", "povratni* OR kthyer*", "--terms", "--json", home=demo_home)
    assert (ran.status, ran.err) == (0, "")
    rows = ran.json["significant_terms"]["terms"]
    assert {row["lang"] for row in rows} <= {"sq", "sr"} and rows
    table = eho("search", "povratni* OR kthyer*", "--terms", home=demo_home)
    assert table.status == 0 and rows[0]["value"] in table.out and "Words that set the hits apart" in table.out
    lines = eho("search", "povratni* OR kthyer*", "--terms", "--csv", home=demo_home).out.split("\r\n")
    assert lines[2] == "value,lang,count,of,elsewhere,elsewhere_of,g2,ratio"
    assert "significant_terms" not in eho("search", "povratni*", "--json", home=demo_home).json
