from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api.home_files import make_home
from api.pages_frame import POLICY
from api.pages_wording import Wording
from api.service import Service
from eho.annotation import ModelVersion, Tags
from eho.codebook import LANGUAGES, Language
from eho.document import Document
from eho.home import Home
from evaluation.miniweb.content import load_articles
from index.store import Store
from tests.api.pages_corpus import make_gold_home, serving

PAGES = ("/", "/?q=povratnic*", "/trends", "/mirror", "/narratives", "/narratives/returnee_rejection", "/sources", "/about")
MARK = {language: Wording(language)("invented_mark") for language in LANGUAGES}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service.open(make_gold_home(tmp_path_factory.mktemp("gold"))) as service:
        yield service


@pytest.fixture(scope="module")
def web(service: Service) -> Iterator[httpx.Client]:
    with serving(service) as address, httpx.Client(base_url=address, timeout=60, headers={"Accept-Language": "en"}) as client:
        yield client


def page(web: httpx.Client, path: str, **query: str) -> str:
    answer = web.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    return answer.text


def plain(text: str) -> str:
    """Return what a reader sees of a page, without what only a screen reader says."""
    text = re.sub(r'<span class="visually-hidden">.*?</span>', "", text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def hits(text: str) -> list[str]:
    return re.findall(r'<li class="hit">(.*?)</li>\s*(?=<li class="hit">|</ol>)', text, re.DOTALL)


def document_with(service: Service, wanted: Any) -> dict[str, Any]:
    for hit in service.search("", limit=200)["hits"]:
        document = service.document(hit["id"])
        if document is not None and wanted(document):
            return document
    raise AssertionError("no such document among the invented articles")


# -- every page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_speaks_every_language_and_says_that_outlets_are_invented(
    web: httpx.Client, path: str, language: Language
) -> None:
    answer = web.get(path, params={**httpx.URL(path).params, "ui": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert f'<p class="invented" role="note">{MARK[language]}</p>' in answer.text
    assert answer.headers["content-language"] == language
    assert 'href="#content"' in answer.text and '<main id="content"' in answer.text
    web.cookies.clear()


@pytest.mark.parametrize("path", [*PAGES, "/static/eho.css", "/trends.svg", "/documents/none", "/?q=("])
def test_the_policy_allows_own_files_only_and_no_page_needs_more(web: httpx.Client, path: str) -> None:
    answer = web.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and POLICY.split(";")[0] in policy
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=\"/static/)|\son[a-z]+=\"|javascript:", answer.text)
    assert not re.search(r"""(?:src|href)="(?:https?:)?//(?![a-z0-9-]+\.test/)(?!127)""", answer.text)


def test_the_language_is_remembered_and_else_the_browsers_wish(web: httpx.Client) -> None:
    web.get("/about", params={"ui": "sr-Cyrl"})
    assert 'lang="sr-Cyrl"' in page(web, "/narratives")
    web.cookies.clear()
    assert '<html lang="sq">' in web.get("/about", headers={"Accept-Language": "sq"}).text


def test_an_unknown_language_is_no_silent_fallback(web: httpx.Client) -> None:
    answer = web.get("/", params={"ui": "de"})
    assert answer.status_code == 400
    assert "There is no interface language “de”" in plain(answer.text)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/documents/none", 404, "There is no document with this id."),
        ("/narratives/none", 404, "There is no such narrative"),
        ("/?from=yesterday", 400, "from is 'yesterday'; write a day like"),
        ("/?sort=best", 400, "sort is 'best'; use one of relevance, date"),
        ("/?narrative=none", 400, "There is no narrative 'none'"),
        ("/?cursor=broken", 400, "ursor"),
        ("/trends?by=year", 400, "by is 'year'; use one of auto, day"),
        ("/trends?narrative=none", 400, "Unknown narrative 'none'"),
        ("/trends.png?split=party", 400, "split is 'party'"),
        ("/static/wording.yaml", 404, ""),
    ],
)
def test_bad_addresses_say_what_is_wrong(web: httpx.Client, path: str, status: int, said: str) -> None:
    answer = web.get(path)
    assert answer.status_code == status
    assert said in plain(answer.text)
    assert "Traceback" not in answer.text


# -- search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["povratnic*", "повратниц*", "POVRATNIC*"], ids=["sr-Latn", "sr-Cyrl", "capitals"])
def test_both_scripts_find_and_mark_the_same(web: httpx.Client, query: str) -> None:
    text = page(web, "/", q=query)
    assert re.search(r"<mark>\s*[Pp]ovratni", text) and re.search(r"<mark>\s*[Пп]овратни", text)
    assert re.findall(r'href="(/documents/\w+)"', text) == re.findall(r'href="(/documents/\w+)"', page(web, "/", q="povratnic*"))


def test_albanian_without_diacritics_marks_the_original(web: httpx.Client) -> None:
    assert re.search(r"<mark>[Kk]thyerit?</mark>|<mark>të kthyer\w*</mark>", page(web, "/", q='"te kthyer*"'))


def test_a_narrative_never_stands_without_its_stance_and_its_judge(web: httpx.Client) -> None:
    chips = re.findall(r'<span class="chip[^"]*">(.*?)</span>\s*</li>', page(web, "/", q="sense:conflict_zone"), re.DOTALL)
    assert len(chips) > 10
    for chip in chips:
        assert re.search(r'href="/narratives/\w+"', chip) and 'class="stance stance-' in chip and "machine, not reviewed" in chip


def test_evidence_of_harm_is_blurred_until_asked_for(web: httpx.Client, service: Service) -> None:
    text = page(web, "/", q="narrative:returnee_rejection stance:endorse")
    found = hits(text)
    assert found and 'id="reveal-all"' in text
    for hit in found:
        document = service.document(re.findall(r"/documents/(\w+)", hit)[0]) or {}
        spans = [
            document[span["field"]][span["start"] : span["end"]]
            for annotation in document["tags"]["annotations"]
            if not annotation["needs_review"]
            and annotation["stance"] != "counter"
            and not annotation["narrative"].startswith(("child_", "second_", "reint"))
            for span in annotation["spans"]
        ]
        clear = re.sub(r'<span class="veil">.*?</span>', "", hit, flags=re.DOTALL)
        assert 'type="checkbox"' in hit
        assert not any(span in plain(clear) for span in spans)


def test_filters_are_links_that_keep_the_others(web: httpx.Client) -> None:
    text = page(web, "/", q="sense:conflict_zone", lang="sq")
    assert re.search(
        r'<a href="/\?q=sense%3Aconflict_zone" aria-current="true"><span>Albanian', text
    )  # pressing it again removes it
    link = html.unescape(re.findall(r'<a href="(/\?[^"]*stance=counter[^"]*)"', text)[0])
    assert "lang=sq" in link and "q=sense" in link
    total = int(re.findall(r"(\d+) documents?", plain(page(web, link)))[0])
    assert 0 < total < int(re.findall(r"(\d+) documents?", plain(text))[0])
    month = html.unescape(re.findall(r'<a href="(/\?[^"]*from=2026-10-01&amp;to=2026-10-31[^"]*)"', text)[0])
    assert "October 2026" in plain(page(web, month))


def test_pages_follow_one_another_without_repeats(web: httpx.Client, service: Service) -> None:
    seen: list[str] = []
    text = page(web, "/")
    while True:
        seen += re.findall(r'<h3><a href="/documents/(\w+)"', text)
        following = re.findall(r'<a href="([^"]+)" rel="next">', text)
        if not following:
            break
        text = page(web, html.unescape(following[0]))
    assert len(seen) == len(set(seen)) == service.search("", collapse=True)["total"]
    assert "Back to the first page" in plain(text)


def test_copies_are_shown_once_and_all_when_asked_for(web: httpx.Client) -> None:
    once, every = page(web, "/"), page(web, "/", copies="all")
    assert (
        int(re.findall(r"(\d+) documents", plain(once))[0])
        < int(re.findall(r"(\d+) documents", plain(every))[0])
        == len(load_articles())
    )
    assert re.search(r"\d copies elsewhere|1 copy elsewhere", plain(page(web, "/", q="narrative:existential_victimhood")))


def test_a_query_error_is_marked_at_its_place(web: httpx.Client) -> None:
    answer = web.get("/", params={"q": "Siri narative:x"})
    assert answer.status_code == 400
    assert "Did you mean narrative:?" in plain(answer.text)
    assert "Siri <mark>narative</mark>:x" in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_found_helps_on(web: httpx.Client, language: Language) -> None:
    words = Wording(language)
    said = plain(page(web, "/", q="zzzzqqq", lang="sq", ui=language))
    assert words("no_results") in said and words("no_results_filters") in said
    web.cookies.clear()


def test_what_a_reader_typed_is_never_markup(web: httpx.Client) -> None:
    typed = '"><script>alert(1)</script>'
    for path in ("/", "/trends"):
        answer = web.get(path, params={"q": typed, "of": typed})
        assert "<script>" not in answer.text


# -- document ---------------------------------------------------------------------------------------------------------


def test_a_document_shows_its_evidence_in_place(web: httpx.Client, service: Service) -> None:
    def wanted(document: dict[str, Any]) -> bool:
        shown = [one for one in document["tags"]["annotations"] if not one["needs_review"]]
        return len(shown) == 2 and any(one["in_headline"] for one in shown) and document["cluster"] is not None

    document = document_with(service, wanted)
    text = page(web, f"/documents/{document['id']}")
    for number, annotation in enumerate(document["tags"]["annotations"][:2], 1):
        assert f'id="annotation-{number}"' in text and f'href="#annotation-{number}"' in text
        for span in annotation["spans"]:
            assert plain(document[span["field"]][span["start"] : span["end"]]) in plain(text)
    article = plain(re.sub(r'<a class="ref".*?</a>', "", re.findall(r"<article.*?</article>", text, re.DOTALL)[0]))
    assert all(" ".join(line.split()) in article for line in document["text"].splitlines() if line.strip())
    said = plain(text)
    assert document["provenance"]["capture"]["file"] in said and document["id"] in said
    assert "of the text kept" in said
    assert "Other versions of this text" in said and "to the minute" in said and document["snapshot"] in said
    assert f"{document['title'].rstrip('.')}" in plain(re.findall(r'id="cite">(.*?)</p>', text, re.DOTALL)[0])


def test_uncertain_annotations_stand_apart(web: httpx.Client, service: Service) -> None:
    document = document_with(service, lambda one: any(label["needs_review"] for label in one["tags"]["annotations"]))
    before, apart = page(web, f"/documents/{document['id']}").split('id="for-review"')
    assert "For review, not shown in results" in plain(f"<{apart}")
    waiting = [one for one in document["tags"]["annotations"] if one["needs_review"]]
    assert apart.split("</section>")[0].count("<details") == len(waiting)
    assert before.count('class="annotation" id=') == len(document["tags"]["annotations"]) - len(waiting)


@pytest.mark.parametrize(("code", "said"), [("sq", "Albanian"), ("sr-Latn", "Serbian, Latin"), ("sr-Cyrl", "Serbian, Cyrillic")])
def test_foreign_text_says_its_language(web: httpx.Client, service: Service, code: str, said: str) -> None:
    document = document_with(service, lambda one: one["lang"] == code)
    text = page(web, f"/documents/{document['id']}")
    assert f'<article lang="{code}">' in text and said in plain(text)


# -- trends, narratives, sources --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", [{}, {"narrative": "returnee_rejection"}, {"split": "language", "measure": "count", "by": "month"}], ids=str
)
def test_the_table_holds_every_number_of_the_answer(web: httpx.Client, service: Service, query: dict[str, str]) -> None:
    text = page(web, "/trends", **query)
    options = {"narrative": [query["narrative"]]} if "narrative" in query else {}
    answer = service.trends("", by=query.get("by", "auto"), split=query.get("split"), **options)  # type: ignore[arg-type]
    cell = r'<td class="num" data-name="Found"><a href="([^"]+)">(\d+)</a></td><td class="num" data-name="Out of">(\d+)</td>'
    points = [point for one in answer["series"] for point in one["points"]]
    expected = [(point["query"], str(point["count"]), str(point["denominator"])) for point in points]
    assert [
        (parse_qs(urlsplit(html.unescape(link)).query)["q"][0], *cells) for link, *cells in re.findall(cell, text)
    ] == expected
    assert text.count("<svg") == 2 and MARK["en"] in re.findall(r"<svg.*?</svg>", text, re.DOTALL)[0]
    said = plain(text)
    assert ("Not corrected for the errors of the machine" in said) == ("narrative" in query)
    assert "Television, radio, Facebook, TikTok, Viber" in said


def test_a_trend_without_documents_says_so(web: httpx.Client) -> None:
    assert "There is nothing to draw" in plain(page(web, "/trends", **{"from": "2001-01-01", "to": "2001-02-01"}))


@pytest.mark.parametrize(
    ("path", "kind", "begins"), [("/trends.png", "image/png", b"\x89PNG"), ("/trends.svg", "image/svg+xml", b"<svg")]
)
def test_charts_can_be_taken_away(web: httpx.Client, path: str, kind: str, begins: bytes) -> None:
    answer = web.get(path, params={"narrative": "returnee_rejection", "ui": "sq"})
    assert answer.headers["content-type"] == kind and answer.content.startswith(begins)
    assert kind == "image/png" or MARK["sq"] in answer.text


def test_narratives_count_what_the_search_finds(web: httpx.Client, service: Service) -> None:
    text = page(web, "/narratives")
    links = re.findall(r'<a href="/\?q=narrative%3A(\w+)\+stance%3A(\w+)">(\d+)</a>', text)
    assert len(links) > 30
    for narrative, stance, number in links:
        assert service.search(f"narrative:{narrative} stance:{stance}", limit=1)["total"] == int(number)
    assert str(len(load_articles())) in plain(text)


def test_a_narrative_is_explained_with_cues_examples_and_mirror(web: httpx.Client, service: Service) -> None:
    narrative = service.codebook.narrative("greater_albania_threat")
    text = page(web, "/narratives/greater_albania_threat", ui="sq")
    said = plain(text)
    web.cookies.clear()
    assert narrative.labels["sq"] in said and narrative.definition["sq"] in said
    assert all(plain(line) in said for line in (*narrative.includes, *narrative.excludes))
    assert all(cue.text in said for cue in (*narrative.cues.sq, *narrative.cues.sr))
    assert 'href="/narratives/greater_serbia_threat"' in text
    assert text.count("e dëshmuar") == sum(cue.attested for cue in (*narrative.cues.sq, *narrative.cues.sr))


def test_sources_say_what_could_not_be_had(web: httpx.Client, service: Service) -> None:
    said = plain(page(web, "/sources"))
    assert all(source["name"] in said for source in service.sources())
    assert "server error: 1" in said and "behind a paywall: 1" in said and "not allowed by robots.txt: 1" in said


# -- a folder that is not a demonstration --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    home = Home(tmp_path_factory.mktemp("real"))
    make_home(home)
    model = ModelVersion(name="m", version="1", codebook="c")
    rows = [
        {"id": "js", "source": "s", "title": "<b>&", "text": "Tekst <i>jedan</i>", "url": "javascript:alert(1)"},
        {"id": "en", "source": "s", "text": "English words"},
        {"id": "new", "source": "s", "text": "Ende pa etiketë", "published_at": "2026-09-03", "published_at_precision": "day"},
    ]
    tags = {
        "language": {"code": "en", "confidence": 1},
        "outcome": "abstained",
        "reason": "language:en",
        "model": model.model_dump(),
    }
    with Store.open(f"sqlite:///{home.store}") as store:
        store.put_all(Document.from_mapping(row) for row in rows)
        store.put_tags("en", Tags.model_validate_json(json.dumps(tags)))
    with Service.open(home) as service:
        service.index_build()
        with serving(service) as address, httpx.Client(base_url=address, headers={"Accept-Language": "en"}) as client:
            yield client


def test_nothing_is_called_invented_where_nothing_is(real: httpx.Client) -> None:
    for path in ("/", "/about", "/trends", "/documents/js"):
        assert MARK["en"] not in real.get(path).text


def test_an_imported_address_that_is_no_web_address_stays_text(real: httpx.Client) -> None:
    text = page(real, "/documents/js")
    assert 'href="javascript:' not in text and "javascript:alert(1)" in plain(text)
    assert "&lt;b&gt;&amp;" in text and "&lt;i&gt;jedan" in text


def test_untagged_and_abstained_documents_say_so(real: httpx.Client) -> None:
    assert "has not been tagged yet" in plain(page(real, "/documents/new"))
    said = plain(page(real, "/documents/en"))
    assert "it does not judge the language “English”" in said and "Without title" in said


def test_a_day_is_not_told_to_the_minute(real: httpx.Client) -> None:
    said = plain(page(real, "/documents/new"))
    assert "3 September 2026, day only" in said and "3 September 2026, 0" not in said


def test_a_folder_without_documents_says_what_to_run(tmp_path: Path) -> None:
    home = Home(tmp_path / "empty")
    make_home(home)
    with Service.open(home) as service, serving(service) as address:
        text = httpx.get(f"{address}/", headers={"Accept-Language": "sq"}).text
        assert Wording("sq")("empty_store") in plain(text) and "eho run" in text
        assert httpx.get(f"{address}/trends").status_code == 503
