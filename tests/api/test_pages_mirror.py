"""The mirror's page: both sides in every language of the interface, blurred where it does harm, and clear where it abstains."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import httpx
import pytest

from api.pages_wording import Wording
from api.service import Service
from eho.codebook import LANGUAGES, Language
from tests.api.pages_corpus import serving

RASKA = {"sq": "Rashka", "sr-Latn": "Raška", "sr-Cyrl": "Рашка", "en": "Rashka/Raška"}


@pytest.fixture(scope="module")
def web(demo_service: Service) -> Iterator[httpx.Client]:
    with serving(demo_service) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_sides_stand_side_by_side_in_every_language(web: httpx.Client, language: Language) -> None:
    words = Wording(language)
    answer = web.get("/mirror", params={"q": "vojska Raška", "ui": language})
    text = html.unescape(answer.text)
    assert answer.status_code == 200 and f'<html lang="{language}">' in text
    assert RASKA[language] in text
    places = [text.index(words(key)) for key in ("mirror_in_sq", "mirror_in_sr", "mirror_caution")]
    assert places == sorted(places)
    albanian, serbian = text[places[0] : places[1]], text[places[1] : places[2]]
    assert 'lang="sq"' in albanian and 'lang="sr' not in albanian.split('class="card"')[0]
    assert 'lang="sr' in serbian and 'lang="sq"' not in serbian.split('class="card"')[0]
    assert words("mirror_voices") in albanian and words("mirror_voices") in serbian
    web.cookies.clear()


def test_a_harmful_headline_is_blurred_until_asked_for(web: httpx.Client, demo_service: Service) -> None:
    asked = demo_service.search('title:"OPASNOST NA PISTI"', limit=1)["hits"][0]["id"]
    event = demo_service.mirror(asked)["events"][0]
    harmful = [row for row in event["sides"]["sr"]["documents"] if row["headline_annotations"]]
    text = web.get("/mirror", params={"q": asked, "ui": "en"}).text
    assert bool(harmful) <= ('class="veil"' in text and 'class="reveal"' in text)
    assert asked in [row["id"] for row in event["sides"]["sr"]["documents"]]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("asked", "key"), [("zzzz", "mirror_no_hits"), ("grožđe OR rrush*", "mirror_no_partner")], ids=["none", "alone"]
)
def test_it_abstains_in_the_readers_language(web: httpx.Client, language: Language, asked: str, key: str) -> None:
    text = html.unescape(web.get("/mirror", params={"q": asked, "ui": language}).text)
    assert Wording(language)(key) in text and "<h4>" not in text
    web.cookies.clear()


@pytest.mark.parametrize("asked", ["(", "narrative:zzz", "a" * 64], ids=["syntax", "narrative", "id"])
def test_what_cannot_be_asked_is_said_on_the_page(web: httpx.Client, asked: str) -> None:
    answer = web.get("/mirror", params={"q": asked, "ui": "en"})
    assert answer.status_code == 400 and 'role="alert"' in answer.text
    assert html.escape(asked) in re.sub(r"&#3[49];", "", answer.text)


def test_the_document_page_leads_to_it(web: httpx.Client, demo_service: Service) -> None:
    found = demo_service.search("Raška", limit=1)["hits"][0]["id"]
    assert f'href="/mirror?q={found}"' in web.get(f"/documents/{found}", params={"ui": "en"}).text
