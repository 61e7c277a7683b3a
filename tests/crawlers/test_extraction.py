"""From one page to a document: fields of their own, nothing beside the article, every refusal with its reason."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest

from crawlers.dates import Stamp
from crawlers.extraction import EXTRACTOR, extract
from eho.document import Document
from eho.outcome import Outcome, OutcomeRecord

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
URL = "http://sever.test/vesti/jedan-dan"
FIRST = {
    "sq": "Komuna ndau dje njëqind mijë euro për rrugët e fshatrave, kurse punimet nisin në pranverë sipas drejtorisë.",
    "sr-Latn": "Opština je juče izdvojila sto hiljada evra za seoske puteve, a radovi počinju na proleće, kažu u direkciji.",
    "sr-Cyrl": "Општина је јуче издвојила сто хиљада евра за сеоске путеве, а радови почињу на пролеће, кажу у дирекцији.",
    "ascii": "Opstina je juce izdvojila sto hiljada evra za seoske puteve, a radovi pocinju na prolece, kazu u direkciji.",
}
SECOND = {
    "sq": "Banorët presin prej vitesh që autobusi i nxënësve të kalojë edhe dimrit, tha kryetari i këshillit lokal.",
    "sr-Latn": "Meštani godinama čekaju da đački autobus prolazi i zimi, rekao je predsednik mesne zajednice na skupu.",
    "sr-Cyrl": "Мештани годинама чекају да ђачки аутобус пролази и зими, рекао је председник месне заједнице на скупу.",
    "ascii": "Mestani godinama cekaju da djacki autobus prolazi i zimi, rekao je predsednik mesne zajednice na skupu.",
}
TEXT = f"{FIRST['sr-Latn']}\n{SECOND['sr-Latn']}"


def page(
    *, head: str = "", before: str = "", after: str = "", title: str = "Sto hiljada za puteve", language: str = "sr-Latn"
) -> str:
    body = f"<p>{FIRST[language]}</p><p>{SECOND[language]}</p>"
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title} | Sever danas</title>{head}</head><body>'
        f"<nav><a href='/'>Naslovna</a><a href='/sport'>Sport</a></nav><article><h1>{title}</h1>{before}<div>{body}</div>{after}</article>"
        f"<footer>Sva prava zadržana</footer></body></html>"
    )


def read(html: str | bytes, **options: Any) -> Document:
    result = extract(
        html if isinstance(html, bytes) else html.encode(),
        url=options.pop("url", URL),
        source="sever-danas",
        fetched_at=NOW,
        **options,
    )
    assert isinstance(result, Document), result
    return result


def refused(html: str | bytes, **options: Any) -> OutcomeRecord:
    result = extract(
        html if isinstance(html, bytes) else html.encode(),
        url=options.pop("url", URL),
        source="sever-danas",
        fetched_at=NOW,
        **options,
    )
    assert isinstance(result, OutcomeRecord), result
    return result


def ld(**fields: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@context": "https://schema.org", "@type": "NewsArticle", **fields})}</script>'


@pytest.mark.parametrize("language", FIRST)
def test_text_is_the_body_alone(language: str) -> None:
    assert read(page(language=language)).text == f"{FIRST[language]}\n{SECOND[language]}"


def test_decomposed_letters_are_stored_composed() -> None:
    document = read(unicodedata.normalize("NFD", page(title="Šešir, đak, çadër")))
    assert document.text == unicodedata.normalize("NFC", TEXT)
    assert document.title == "Šešir, đak, çadër"


def test_provenance() -> None:
    body = page().encode()
    document = read(body, requested_url=f"{URL}?utm_source=rss")
    assert document.id == hashlib.sha256(URL.encode()).hexdigest()
    assert document.provenance.html_sha256 == hashlib.sha256(body).hexdigest()
    assert (document.provenance.requested_url, document.provenance.final_url) == (f"{URL}?utm_source=rss", URL)
    assert document.provenance.extractor == EXTRACTOR and EXTRACTOR.startswith("trafilatura ")
    assert document.fetched_at == NOW


@pytest.mark.parametrize(
    ("link", "canonical"),
    [
        pytest.param("http://sever.test/vesti/jedan-dan-2", "http://sever.test/vesti/jedan-dan-2", id="same-site"),
        pytest.param("/vesti/jedan-dan-2?utm_source=x", "http://sever.test/vesti/jedan-dan-2", id="relative"),
        pytest.param("https://www.sever.test/vesti/a", "https://www.sever.test/vesti/a", id="www"),
        pytest.param("http://tabloid.test/vesti/a", URL, id="another-site"),
        pytest.param("http://sever.test/", URL, id="home-page"),
        pytest.param("javascript:void(0)", URL, id="no-address"),
    ],
)
def test_canonical_link(link: str, canonical: str) -> None:
    assert read(page(head=f'<link rel="canonical" href="{link}">')).canonical_url == canonical


@pytest.mark.parametrize(
    ("before", "authors"),
    [
        pytest.param('<p class="byline">Piše: Ana Anić</p>', ["Ana Anić"], id="latn-pise"),
        pytest.param('<p class="byline">Аутор: Видоје Лазаренко</p>', ["Видоје Лазаренко"], id="cyrl-autor"),
        pytest.param("<p>Shkruan: Njomza Islami</p>", ["Njomza Islami"], id="sq-shkruan"),
        pytest.param('<span rel="author">Nga Klea Mërkuri</span>', ["Klea Mërkuri"], id="sq-nga"),
        pytest.param('<div class="autor">Ana Anić, Marko Marković</div>', ["Ana Anić", "Marko Marković"], id="two"),
        pytest.param('<p class="meta">12.11.2026. | Piše: Ana Anić</p>', ["Ana Anić"], id="beside-the-date"),
        pytest.param('<p class="byline">Autor: Agencija Most</p>', None, id="agency"),
        pytest.param('<p class="byline">Autor: Sever danas</p>', None, id="outlet"),
        pytest.param('<p class="byline">Redakcija</p>', None, id="desk"),
        pytest.param('<p class="byline">redakcija@sever.test</p>', None, id="mail-address"),
        pytest.param("", None, id="nobody"),
    ],
)
def test_authors(before: str, authors: list[str] | None) -> None:
    document = read(page(before=before, head='<meta property="og:site_name" content="Sever danas">'))
    assert document.authors == authors
    assert document.text == TEXT


def test_authors_of_json_ld_come_first() -> None:
    people = [{"@type": "Person", "name": "Ana Anić"}, {"@type": "Organization", "name": "Beta"}]
    assert read(page(head=ld(author=people), before='<p class="byline">Marko Marković</p>')).authors == ["Ana Anić"]


@pytest.mark.parametrize("title", ["Sto hiljada | za puteve - odmah", "Vučić – Kurti: bez dogovora"])
def test_title_keeps_its_own_dashes(title: str) -> None:
    assert read(page(title=title)).title == title


@pytest.mark.parametrize(
    ("head", "title"),
    [
        pytest.param("<title>Sto hiljada za puteve - Sever danas</title>", "Sto hiljada za puteve", id="title-element"),
        pytest.param(
            '<meta property="og:title" content="Sto hiljada za puteve | Sever danas">', "Sto hiljada za puteve", id="og"
        ),
        pytest.param("<title>Sever danas :: Sto hiljada za puteve</title>", "Sto hiljada za puteve", id="name-first"),
        pytest.param("<title>Sto hiljada - za puteve</title>", "Sto hiljada - za puteve", id="no-name"),
    ],
)
def test_title_without_a_heading(head: str, title: str) -> None:
    html = f"<html><head>{head}</head><body><article><p>{FIRST['sr-Latn']}</p><p>{SECOND['sr-Latn']}</p></article></body></html>"
    assert read(html).title == title


LEAD = "Posle tri godine čekanja radovi na seoskim putevima konačno imaju i datum i novac."


@pytest.mark.parametrize(
    ("head", "before", "lead"),
    [
        pytest.param("", f'<p class="lead">{LEAD}</p>', LEAD, id="marked"),
        pytest.param(f'<meta name="description" content="{LEAD}">', "", LEAD, id="description"),
        pytest.param(ld(description=LEAD), f"<p>{LEAD}</p>", LEAD, id="description-repeated-in-the-body"),
        pytest.param("", f"<p><strong>{LEAD}</strong></p>", LEAD, id="bold-first-paragraph"),
        pytest.param(f'<meta name="description" content="{FIRST["sr-Latn"][:60]}...">', "", None, id="cut-copy-of-the-text"),
        pytest.param('<meta name="description" content="Sto hiljada za puteve">', "", None, id="the-title-again"),
        pytest.param("", "", None, id="none"),
    ],
)
def test_lead_is_a_field_and_not_in_the_text(head: str, before: str, lead: str | None) -> None:
    document = read(page(head=head, before=before))
    assert (document.lead, document.text) == (lead, TEXT)


@pytest.mark.parametrize(
    "box",
    [
        '<div class="related-news"><a href="/a">Povratnici uhapšeni na granici, tvrdi tabloid</a></div>',
        "<aside><p>Najčitanije: povratnici uhapšeni na granici, tvrdi tabloid iz prestonice</p></aside>",
        '<p>Pročitajte još: <a href="/a">Povratnici uhapšeni na granici, tvrdi tabloid</a></p>',
        '<p>Прочитајте и: <a href="/a">Повратници ухапшени на граници</a></p>',
        '<p>Lexo edhe: <a href="/a">Të kthyerit u arrestuan në kufi, sipas tabloidit</a></p>',
        '<div class="tags">Oznake: <a href="/t">povratnici</a></div>',
        "<p>Foto: Povratnici, arhiva redakcije</p>",
        '<div id="comments"><p>Ovi povratnici su svi isti, kaže čitalac u komentaru ispod teksta.</p></div>',
    ],
)
def test_boxes_stay_out_of_the_text(box: str) -> None:
    assert read(page(after=box)).text == TEXT


def test_a_box_name_on_the_whole_page_drops_nothing() -> None:
    html = page().replace("<article>", '<div class="page-with-sidebar related-content"><article class="share post">')
    assert read(html.replace("</article>", "</article></div>")).text == TEXT


DAY = datetime(2026, 11, 12, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "url", "origin", "precision"),
    [
        pytest.param({"head": ld(datePublished="2026-11-12T14:30:00+01:00")}, URL, "json-ld", "second", id="json-ld"),
        pytest.param(
            {"head": '<meta property="article:published_time" content="2026-11-12T14:30+01:00">'},
            URL,
            "meta",
            "minute",
            id="meta",
        ),
        pytest.param({"before": '<time datetime="2026-11-12T14:30">juče</time>'}, URL, "time", "minute", id="time"),
        pytest.param({"before": '<p class="datum">12. novembar 2026. 14:30</p>'}, URL, "text", "minute", id="visible-latn"),
        pytest.param(
            {"before": "<p>четвртак, 12. новембар 2026. у 14:30</p>"}, URL, "text", "minute", id="visible-cyrl-unmarked"
        ),
        pytest.param({"before": '<p class="data">12 nëntor 2026, 14:30</p>'}, URL, "text", "minute", id="visible-sq"),
        pytest.param(
            {"before": "<p>12.11.2026. 14:30</p>"}, "http://sever.test/2026/11/12/dan", "text", "minute", id="address-made-finer"
        ),
    ],
)
def test_date(options: dict[str, str], url: str, origin: str, precision: str) -> None:
    document = read(page(**options), url=url)
    assert (document.published_at, document.published_at_from, document.published_at_precision) == (DAY, origin, precision)
    assert document.text == TEXT


def test_date_of_the_address_alone_is_a_day() -> None:
    document = read(page(), url="http://sever.test/2026/11/12/dan")
    assert (document.published_at_from, document.published_at_precision) == ("url", "day")


def test_date_of_the_feed_comes_last() -> None:
    assert read(page(), feed_date=Stamp(DAY, "second")).published_at_from == "feed"
    assert read(page(before="<time datetime='2026-11-11'></time>"), feed_date=Stamp(DAY, "second")).published_at_from == "time"


def test_a_date_in_a_sentence_is_no_publication_date() -> None:
    sentence = "<p>U selu se 12. novembra 2026. godine u 14:30 održava zbor građana o putevima i vodi, kažu u opštini danas.</p>"
    assert read(page(before=sentence)).published_at is None


def test_update_is_kept_apart() -> None:
    lines = '<p class="datum">12.11.2026. 14:30</p><p class="datum">Ažurirano: 13.11.2026. 09:00</p>'
    document = read(page(before=lines))
    assert (document.published_at, document.updated_at) == (DAY, datetime(2026, 11, 13, 8, tzinfo=UTC))


def test_unbelievable_date_is_noted_and_the_next_taken() -> None:
    document = read(page(head=ld(datePublished="2099-01-01T00:00:00Z"), before="<time datetime='2026-11-12T14:30'></time>"))
    assert document.published_at == DAY
    assert document.extra["date_rejected"]["from"] == "json-ld"


@pytest.mark.parametrize(
    ("html", "outcome", "reason"),
    [
        pytest.param(b"", Outcome.EMPTY, "without a body", id="empty"),
        pytest.param(b" \r\n ", Outcome.EMPTY, "without a body", id="blank"),
        pytest.param(b"%PDF-1.7 ...", Outcome.NOT_HTML, "PDF", id="pdf"),
        pytest.param(bytes(range(256)) * 9, Outcome.NOT_HTML, "binary", id="binary"),
        pytest.param("<?xml version='1.0'?><rss version='2.0'><channel/></rss>", Outcome.NOT_HTML, "feed", id="feed"),
        pytest.param("<urlset xmlns='x'><url/></urlset>", Outcome.NOT_HTML, "feed or sitemap", id="sitemap"),
        pytest.param('{"error": "not found"}', Outcome.NOT_HTML, "no markup", id="json"),
        pytest.param("<html><body><img src='a.jpg'></body></html>", Outcome.NO_TEXT, "characters of text", id="no-text"),
        pytest.param(page(head=ld(isAccessibleForFree=False)), Outcome.PAYWALLED, "accessible for free", id="paywall-json-ld"),
        pytest.param(page(head=ld(isAccessibleForFree="False")), Outcome.PAYWALLED, "accessible for free", id="paywall-string"),
        pytest.param(
            page(after='<div class="paywall">Pretplatite se</div>'), Outcome.PAYWALLED, "subscribers", id="paywall-markup"
        ),
        pytest.param(
            "<html><body><h1>Prijava</h1><form><p>Unesite ime i lozinku da biste videli ovu stranicu portala.</p>"
            "<input type='password'></form></body></html>",
            Outcome.NO_TEXT,
            "login form",
            id="login",
        ),
    ],
)
def test_refusals(html: str | bytes, outcome: Outcome, reason: str) -> None:
    record = refused(html)
    assert record.outcome is outcome
    assert reason in (record.reason or "")
    assert (record.url, record.source) == (URL, "sever-danas")


def test_other_media_type_is_refused() -> None:
    assert refused(b"some bytes of a film", content_type="video/mp4").outcome is Outcome.NOT_HTML


def test_a_page_sent_with_a_wrong_media_type_is_still_a_page() -> None:
    assert read(page(), content_type="application/json").text == TEXT


def test_home_and_section_pages_are_no_documents() -> None:
    assert refused(page(), url="http://sever.test/").outcome is Outcome.SKIPPED
    listing = (
        "<html><head><meta property='og:type' content='website'></head><body><h2>Vesti</h2><p>Prva vest dana</p></body></html>"
    )
    assert refused(listing).outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    "json_ld", ["{broken", "[]", "null", '{"@graph": [1, null, {"@type": ["NewsArticle"], "author": 5}]}', "[[[[[[[[]]]]]]]]"]
)
def test_broken_json_ld_is_as_if_absent(json_ld: str) -> None:
    assert read(page(head=f'<script type="application/ld+json">{json_ld}</script>')).text == TEXT


def test_repaired_encoding_is_noted() -> None:
    document = read(page().encode("windows-1250"), charset="utf-8")
    assert (document.text, document.extra["encoding"]) == (TEXT, "windows-1250")


def test_deep_nesting_is_survived() -> None:
    assert read(page(after="<div>" * 6000 + "x" + "</div>" * 6000)).title == "Sto hiljada za puteve"


def test_bad_address_is_an_outcome() -> None:
    assert refused(page(), url="mailto:a@b").outcome is Outcome.BAD_URL
