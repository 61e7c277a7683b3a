"""A source's own selectors, readers' comments, and what a page says of its section, keywords and form."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from crawlers.extraction import Page, extract_page
from crawlers.outlets import Outlet
from eho.document import Document
from eho.errors import SourceError
from eho.outcome import Outcome, OutcomeRecord
from eho.source import ExtractRules, Source

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FIRST = "Opština je juče izdvojila sto hiljada evra za seoske puteve, a radovi počinju na proleće."
SECOND = "Banorët presin prej vitesh që autobusi i nxënësve të kalojë edhe dimrit, tha këshilli lokal."
HTML = (
    "<html><head><title>Sve o putevima</title>{head}</head><body><div class='a'><h1>Kutija</h1><h2 class='t'>Putevi</h2><p class='l'>Podnaslov vesti o putevima.</p>"
    "<p class='w'>Autor: Ana Anić</p><p class='d'>12. novembar 2026. 14:30</p><div class='b'>"
    f"<p>{FIRST}</p><div class='x'>Ovo je okvir o nečem sasvim drugom, bez imena.</div><p>{SECOND}</p></div></div>{{after}}</body></html>"
)


def read(rules: dict[str, Any] | None = None, *, head: str = "", after: str = "", url: str = "http://sever.test/a") -> Page:
    outlet = Outlet(None if rules is None else ExtractRules.model_validate(rules))
    html = HTML.replace("{head}", head).replace("{after}", after).encode()
    return extract_page(html, url=url, source="sever", fetched_at=NOW, outlet=outlet)


def document_of(page: Page) -> Document:
    assert isinstance(page.result, Document), page.result
    return page.result


def test_selectors_say_where_things_stand() -> None:
    rules = {"body": "div.b", "remove": [".x"], "title": "h2.t", "lead": ".l", "authors": ".w", "date": ".d"}
    document = document_of(read(rules))
    assert (document.title, document.lead, document.authors) == ("Putevi", "Podnaslov vesti o putevima.", ["Ana Anić"])
    assert document.text == f"{FIRST}\n{SECOND}"
    assert (document.published_at, document.published_at_from) == (datetime(2026, 11, 12, 13, 30, tzinfo=UTC), "selector")


def test_a_body_selector_that_finds_nothing_is_noted_and_the_rules_go_on() -> None:
    document = document_of(read({"body": "div.redesigned"}))
    assert document.extra["selectors_missed"] == ["body"]
    assert FIRST in document.text


def test_a_selector_that_is_no_css_is_a_failure_that_names_it() -> None:
    result = read({"remove": ["div[["]}).result
    assert isinstance(result, OutcomeRecord)
    assert result.outcome is Outcome.EXTRACTION_ERROR and "'div[['" in (result.reason or "")


def test_unknown_rules_are_refused() -> None:
    with pytest.raises(SourceError, match=r"extract\.heading"):
        Source.from_mapping({"id": "sever", "name": "Sever", "extract": {"heading": "h1"}}, "file")


COMMENTS = (
    "<ul><li itemprop='comment' itemscope itemtype='https://schema.org/Comment'><span itemprop='author'>Zoki NS</span>"
    "<time datetime='2026-11-13T10:00:00+01:00'>juče</time><div itemprop='text'>Neka prvo poprave most, pa onda put.</div></li>"
    "<li itemprop='comment' itemscope itemtype='https://schema.org/Comment'><span itemprop='author'>Lulja</span> Pa rrugë s'ka fshat.</li></ul>"
)


def test_comments_are_documents_without_an_author() -> None:
    page = read({"comments": True}, after=COMMENTS)
    [comment] = page.comments
    assert (comment.kind, comment.text, comment.authors) == ("comment", "Neka prvo poprave most, pa onda put.", None)
    assert comment.parent_id == document_of(page).id
    assert comment.published_at == datetime(2026, 11, 13, 9, tzinfo=UTC)
    assert "Zoki" not in comment.model_dump_json()
    assert "most" not in document_of(page).text


def test_comments_stay_out_unless_the_source_opts_in() -> None:
    assert not read(after=COMMENTS).comments and not read({"comment": "li"}, after=COMMENTS).comments


def test_comments_by_selector() -> None:
    after = "<div class='k'><b>Zoki</b><p>Neka prvo poprave most.</p></div><div class='k'><b>Ana</b><p>Slažem se.</p></div>"
    page = read({"comments": True, "comment": ".k", "comment_text": "p"}, after=after)
    assert [comment.text for comment in page.comments] == ["Neka prvo poprave most.", "Slažem se."]
    assert len({comment.id for comment in page.comments}) == 2


def ld(**fields: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@context": "https://schema.org", "@type": "NewsArticle", **fields})}</script>'


@pytest.mark.parametrize(
    ("head", "after", "section", "keywords"),
    [
        pytest.param(ld(articleSection=["Društvo"], keywords="put, most"), "", "Društvo", ["put", "most"], id="json-ld"),
        pytest.param('<meta property="article:section" content="Lajme"><meta property="article:tag" content="rruga"><meta property="article:tag" content="ura">', "", "Lajme", ["rruga", "ura"], id="meta"),
        pytest.param("", '<div class="breadcrumbs"><a href="/">Почетна</a> / <a href="/h">Хроника</a></div><p class="tags">Тагови: пут, мост</p>', "Хроника", ["пут", "мост"], id="visible"),
        pytest.param("", "", None, None, id="none"),
    ],
)  # fmt: skip
def test_section_and_keywords(head: str, after: str, section: str | None, keywords: list[str] | None) -> None:
    extra = document_of(read(head=head, after=after)).extra
    assert (extra.get("section"), extra.get("keywords")) == (section, keywords)


@pytest.mark.parametrize(
    ("head", "after", "url", "form"),
    [
        pytest.param(ld(**{"@type": "LiveBlogPosting"}), "", "http://sever.test/a", "live_blog", id="declared"),
        pytest.param(
            "", "<b>13:42</b><b>13:05</b><b>12:20</b>", "http://sever.test/uzivo/protest", "live_blog", id="named-with-hours"
        ),
        pytest.param("", "<b>13:42</b>", "http://sever.test/uzivo/protest", None, id="named-only"),
        pytest.param("", "<b>13:42</b><b>13:05</b><b>12:20</b>", "http://sever.test/red-voznje", None, id="hours-only"),
    ],
)
def test_live_blogs(head: str, after: str, url: str, form: str | None) -> None:
    assert document_of(read(head=head, after=after, url=url)).extra.get("form") == form


def test_quoted_lines_are_numbered() -> None:
    quote = "Ne damo put, rekli su meštani na zboru, i neka to svako čuje."
    document = document_of(read({"body": "body"}, after=f"<blockquote><p>{quote}</p></blockquote>"))
    assert [document.text.split("\n")[number] for number in document.extra["quote_lines"]] == [quote]
