"""similar, context and mirror on the demonstration outlets: command line and HTTP give one answer, and abstain in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import http_story_schemas as schemas
from api.headlines import headline_difference
from api.service import Service
from api.text_changes import text_changes
from eho.document import Document
from eho.errors import InputError
from eho.home import Home
from tests.api.test_http import serving


@pytest.fixture(scope="module")
def client(demo_service: Service) -> Iterator[httpx.Client]:
    with serving(demo_service, "127.0.0.1") as browser:
        yield browser


def id_of(service: Service, title: str) -> str:
    hits = service.search(f'title:"{title}"', limit=1)["hits"]
    assert hits, title
    return str(hits[0]["id"])


@pytest.fixture(scope="module")
def klina(demo_service: Service) -> str:
    return id_of(demo_service, "Gurë mbi shtëpinë")


# -- similar ----------------------------------------------------------------------------------------------------------


def test_similar_answers_alike_everywhere_and_says_why(eho: Any, client: httpx.Client, demo_home: Path, klina: str) -> None:
    ran = eho("similar", klina, "--json", home=demo_home)
    assert (ran.status, ran.err) == (0, "")
    schemas.SimilarAnswer.model_validate(ran.json)
    assert ran.json == client.get("/v1/similar", params={"id": klina}).json()
    first = ran.json["documents"][0]
    assert {"place:klina"} <= {entity["id"] for entity in first["shared"]["entities"]} and first["shared"]["words"]
    assert klina not in [row["id"] for row in ran.json["documents"]]
    assert all("authors" not in row for row in ran.json["documents"])


@pytest.mark.parametrize(
    "text",
    [
        "Napadnuta kuća srpskih povratnika kod Kline, polomljeni prozori kamenjem",
        "Нападнута кућа српских повратника код Клине, поломљени прозори камењем",
        "Napadnuta kuca srpskih povratnika kod Kline, polomljeni prozori kamenjem",
        "U sulmua me gurë shtëpia e të kthyerve serbë pranë Klinës, u thyen dritaret",
    ],
    ids=["sr-Latn", "sr-Cyrl", "ascii", "sq"],
)
def test_a_text_finds_both_languages_in_every_spelling(demo_service: Service, text: str) -> None:
    documents = demo_service.similar(text=text, limit=12)["documents"]
    about = [row for row in documents if "klin" in json.dumps(row["shared"]).lower()]
    assert {row["lang"].split("-")[0] for row in about} == {"sq", "sr"}
    assert documents[0] in about


def test_filters_and_copies_hold(demo_service: Service, klina: str) -> None:
    once = demo_service.similar(klina, limit=100)["documents"]
    every = demo_service.similar(klina, limit=100, copies=True)["documents"]
    own = {row["id"] for row in demo_service.context(klina)["versions"]}
    assert not own & {row["id"] for row in once}
    assert own - {klina} <= {row["id"] for row in every}
    assert any(row["cluster_size"] > 1 for row in once)
    serbian = demo_service.similar(klina, lang=["sr"], source=["glasnik-dana"])["documents"]
    assert serbian and {row["source"] for row in serbian} == {"glasnik-dana"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["similar", "zzz"], "There is no document 'zzz'"),
        (["similar"], "Give the id of a document, or a text"),
        (["similar", "--text", "  "], "The text is empty"),
        (["similar", "zzz", "--text", "x"], "one of both"),
        (["similar", "--text", "x", "--limit", "0"], "limit is 0"),
        (["similar", "--text", "Die Bundesregierung hat gestern ein neues Gesetz über die Rückkehr der Flüchtlinge beschlossen, und es kostet viel Geld."], "in 'de'; Albanian, Serbian and English are read"),
        (["context", "zzz"], "There is no document 'zzz'"),
        (["mirror", " "], "Nothing is asked"),
        (["mirror", "a" * 64], "There is no document 'aaaa"),
        (["mirror", "narrative:zzz"], "There is no narrative 'zzz'"),
        (["mirror", "x", "--limit", "99"], "limit is 99"),
    ],
    ids=["id", "nothing", "empty", "both", "limit", "language", "context", "blank", "unknown", "query", "events"],
)  # fmt: skip
def test_bad_input_is_one_line(eho: Any, demo_home: Path, arguments: list[str], said: str) -> None:
    ran = eho(*arguments, home=demo_home)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert said in ran.err


def test_a_text_may_be_posted_and_stays_out_of_the_address(client: httpx.Client) -> None:
    text = "Povratnici iz Sirije stigli su u Prištinu. " * 300
    answer = client.post("/v1/similar", params={"lang": "sq", "limit": 3}, json={"text": text})
    assert answer.status_code == 200
    schemas.SimilarAnswer.model_validate(answer.json())
    assert {row["lang"] for row in answer.json()["documents"]} == {"sq"}
    assert client.get("/v1/similar", params={"text": text}).status_code == 422
    assert client.get("/v1/similar").json()["error"]["field"] == "id"


# -- context ----------------------------------------------------------------------------------------------------------


def test_context_tells_original_copies_times_and_headlines(eho: Any, client: httpx.Client, demo_home: Path) -> None:
    with Service.open(Home(demo_home)) as service:
        asked = id_of(service, "Tri žene i šestoro dece")
    ran = eho("context", asked, "--json", home=demo_home)
    schemas.ContextAnswer.model_validate(ran.json)
    assert ran.json == client.get("/v1/context", params={"id": asked}).json()
    versions = ran.json["versions"]
    assert [row["role"] for row in versions].count("original") == 1
    assert versions[0]["source"] == "agencija-most" and len(versions) >= 3
    minutes = [row["minutes_after"] for row in versions]
    assert minutes[0] == 0 and minutes == sorted(minutes)
    own = next(row for row in versions if row["id"] == asked)
    assert not own["headline"]["same"] and own["headline"]["left_out"]
    assert versions[0]["text"] == {"kept": 1.0, "new": 0.0, "added": []} and ran.json["original_is_sure"]
    assert all(row["text"]["kept"] > 0.5 for row in versions) and any(row["text"]["kept"] < 0.9 for row in versions)
    assert eho("context", asked, home=demo_home).err.startswith(f"{len(versions)} versions in {len(ran.json['sources'])} sources")


def test_a_text_that_stands_alone_says_so(eho: Any, demo_home: Path) -> None:
    with Service.open(Home(demo_home)) as service:
        alone = id_of(service, "Shatërvani zbrazet")
    ran = eho("context", alone, home=demo_home)
    assert ran.status == 0 and ran.err.startswith("No other outlet has this text.")


@pytest.mark.parametrize(
    ("original", "version", "new", "left_out"),
    [
        ("Девет повратника стигло", "Devet povratnika stiglo", [], []),
        ("Devet povratnika stiglo", "OPASNOST! Devet povratnika", ["OPASNOST"], ["stiglo"]),
        ("Nëntë të kthyer nga Siria", "Rreziku zbriti: nëntë nga Siria", ["Rreziku zbriti"], ["të kthyer"]),
        ("", "Naslov", ["Naslov"], []),
    ],
    ids=["script", "sr", "sq", "none"],
)  # fmt: skip
def test_headlines_differ_by_words_not_by_script(original: str, version: str, new: list[str], left_out: list[str]) -> None:
    found = headline_difference(original, version)
    assert [version[start:end] for start, end in found["new"]] == new
    assert (found["left_out"], found["same"]) == (left_out, not new and not left_out)
    assert [original[start:end] for start, end in found["removed"]] == left_out


BODY = "Voda je ponovo ispravna za piće u svim naseljima. Uzorke je ispitao zavod, a rezultati stižu dva puta nedeljno."


@pytest.mark.parametrize(
    ("version", "kept", "added"),
    [
        (BODY, 1.0, []),
        ("Вода је поново исправна за пиће у свим насељима. Узорке је испитао завод, а резултати стижу два пута недјељно.", 1.0, []),
        (BODY.split(". ")[0] + ".", 0.474, []),
        (f"{BODY} Cisterne se povlače od ponedeljka ujutru.", 1.0, ["Cisterne se povlače od ponedeljka ujutru"]),
        (". ".join(reversed(BODY.rstrip(".").split(". "))) + ".", 1.0, []),
        ("", 0.0, []),
    ],
    ids=["same", "script-and-variety", "cut", "added", "reordered", "empty"],
)  # fmt: skip
def test_what_a_version_kept_and_added(version: str, kept: float, added: list[str]) -> None:
    found = text_changes(BODY, version)
    assert [version[start:end] for start, end in found["added"]] == added
    assert found["kept"] == pytest.approx(kept, abs=0.01)


# -- mirror -----------------------------------------------------------------------------------------------------------


def test_mirror_sets_one_event_side_by_side(eho: Any, client: httpx.Client, demo_home: Path, klina: str) -> None:
    ran = eho("mirror", klina, "--json", home=demo_home)
    assert (ran.status, ran.err) == (0, "")
    schemas.MirrorAnswer.model_validate(ran.json)
    assert ran.json == client.get("/v1/mirror", params={"q": klina}).json()
    (event,) = ran.json["events"]
    assert event["seed"] == klina and "place:klina" in {entity["id"] for entity in event["shared"]["entities"]}
    for side in ("sq", "sr"):
        row = event["sides"][side]
        assert row["documents"] and {one["lang"].split("-")[0] for one in row["documents"]} == {side}
        other = event["sides"]["sr" if side == "sq" else "sq"]
        assert not {one["narrative"] for one in row["not_in_other"]["narratives"]} & {
            one["narrative"] for one in other["stances"]
        }
        assert not {e["id"] for e in row["not_in_other"]["entities"]} & {e["id"] for e in event["shared"]["entities"]}
        assert set(row["not_in_other"]["speakers"]) <= {voice["speaker"] for voice in row["voices"]}


@pytest.mark.parametrize("query", ["vojska Raška", "војска Рашка", "ushtri* Rashk*"], ids=["sr-Latn", "sr-Cyrl", "sq"])
def test_a_query_finds_the_event_from_either_language(demo_service: Service, query: str) -> None:
    (event, *_) = demo_service.mirror(query)["events"]
    assert "place:raska" in {entity["id"] for entity in event["shared"]["entities"]}


def test_no_document_stands_in_two_events(demo_service: Service) -> None:
    answer = demo_service.mirror("sense:conflict_zone OR Klin* OR Rašk*", limit=20)
    seeds = [event["seed"] for event in answer["events"]]
    assert len(seeds) > 1 and len(seeds) == len(set(seeds))
    for number, event in enumerate(answer["events"]):
        later = set(seeds[number + 1 :])
        assert not later & {row["id"] for side in event["sides"].values() for row in side["documents"]}


@pytest.mark.parametrize(
    ("asked", "reason"),
    [("Shatërvani zbrazet", "no_partner"), ("zzzz", "no_hits")],
    ids=["alone", "nothing-found"],
)
def test_without_a_sure_partner_it_abstains_and_is_done(eho: Any, demo_home: Path, asked: str, reason: str) -> None:
    with Service.open(Home(demo_home)) as service:
        found = service.search(f'title:"{asked}"', limit=1)["hits"]
    ran = eho("mirror", found[0]["id"] if found else asked, "--json", home=demo_home)
    assert (ran.status, ran.json["events"], ran.json["reason"]) == (0, [], reason)
    assert ran.json["message"].endswith(".")
    assert eho("mirror", asked, home=demo_home).err.count("\n") == 1


@pytest.fixture(scope="module")
def own_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two reports of one event, one without a date, one in English, and a comment by a private person."""
    rows = [
        {"id": "sq", "lang": "sq", "published_at": "2026-09-03T08:00:00Z", "title": "KFOR-i në Graçanicë", "text": "KFOR-i dhe OSBE-ja njoftuan për patrullën në Graçanicë. Ambasadori tha se Graçanica është e qetë. Na shkruani në redaksi@prove.test."},
        {"id": "sr", "lang": "sr", "published_at": "2026-09-03T12:00:00Z", "title": "KFOR u Gračanici", "text": "KFOR i OEBS obavestili su o patroli u Gračanici. Ambasador je rekao da je Gračanica mirna. Pišite nam na redakcija@proba.test."},
        {"id": "late", "lang": "sr", "published_at": "2026-09-07T12:00:00Z", "title": "KFOR u Gračanici", "text": "KFOR i OEBS opet su obavestili o patroli u Gračanici, gde je sve mirno, rekao je ambasador juče."},
        {"id": "undated", "lang": "sr", "title": "KFOR u Gračanici", "text": "KFOR i OEBS obavestili su građane o jučerašnjoj patroli u selu Gračanica."},
        {"id": "en", "lang": "en", "published_at": "2026-09-03T12:00:00Z", "title": "KFOR in Gracanica", "text": "KFOR and the OSCE informed the public about yesterday's patrol in Gracanica, where the ambassador said that everything was quiet."},
        {"id": "comment", "lang": "sr", "kind": "comment", "parent_id": "sr", "authors": ["Petar Privatnik"], "published_at": "2026-09-03T13:00:00Z", "text": "KFOR i OEBS u Gračanici, patrola je bila kod mene, petar privatnik, ambasador laže."},
    ]  # fmt: skip
    rows += [  # what is rare shows only beside other documents
        {
            "id": f"other-{at}",
            "published_at": "2026-08-01T12:00:00Z",
            "text": f"Vest broj {at} o vremenu, putevima i cenama na pijaci.",
        }
        for at in range(40)
    ]
    home = Home(tmp_path_factory.mktemp("own"))
    documents = [Document.from_mapping({"source": f"prove-{row['id']}", **row}) for row in rows]
    with Service.open(home, create=True) as service:
        service.import_documents(documents)
        yield service


def test_only_the_window_counts_and_a_comment_is_nobodys_account(own_service: Service) -> None:
    (event,) = own_service.mirror("sq")["events"]
    assert [[row["id"] for row in event["sides"][side]["documents"]] for side in ("sq", "sr")] == [["sq"], ["sr"]]


def test_masked_details_and_private_persons_are_in_no_answer(own_service: Service) -> None:
    answers = [own_service.mirror("sq"), own_service.context("sr"), own_service.similar("sr", kind=["comment", "article"])]
    said = json.dumps(answers, ensure_ascii=False).lower()
    assert "comment" in {row["id"] for row in answers[2]["documents"]}
    for secret in ("privatnik", "⟦", "redak", "authors"):
        assert secret not in said, secret


def test_undated_and_foreign_documents_are_refused_in_words(own_service: Service) -> None:
    assert own_service.mirror("undated")["reason"] == "no_date"
    with pytest.raises(InputError, match="is in 'en'; a mirror needs Albanian or Serbian"):
        own_service.mirror("en")
    with pytest.raises(InputError, match="is a comment; a mirror takes articles and posts"):
        own_service.mirror("comment")


def test_search_collapses_copies_when_asked(eho: Any, demo_home: Path) -> None:
    every, once = (eho("search", "Sirij*", *more, "--json", home=demo_home).json["total"] for more in ([], ["--collapse"]))
    assert 0 < once < every
