"""The outlets behind the mini web: pages, feeds, sitemaps and the server that answers for them."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import feedparser
import httpx
import pytest
from lxml import etree, html

from eho.codebook import Codebook
from eho.errors import InputError
from eho.source import load_sources
from evaluation.miniweb import MiniWeb, Outlet, write_sources
from evaluation.miniweb.content import LAYOUTS, load_articles, load_copies, load_copy_plans, load_originals, load_outlets
from evaluation.miniweb.script import replace_words, to_cyrillic

FIXTURE = Path(__file__).parents[1] / "data" / "miniweb" / "three-texts.jsonl"
OUTLETS = list(load_outlets().values())


@pytest.fixture(scope="module")
def web() -> Iterator[MiniWeb]:
    with MiniWeb(hostile=False, delay_scale=0.1) as running:
        yield running


@pytest.fixture(scope="module")
def client(web: MiniWeb) -> Iterator[httpx.Client]:
    with httpx.Client(proxy=web.proxy_url) as browser:
        yield browser


def _locations(response: httpx.Response) -> list[str]:
    body = gzip.decompress(response.content) if response.url.path.endswith(".gz") else response.content
    return [element.text or "" for element in etree.fromstring(body).iter("{*}loc")]


def _listed(client: httpx.Client, web: MiniWeb, outlet: str) -> set[str]:
    """Return every page that the outlet's feeds and sitemaps list, campaign parameters taken off."""
    source = next(source for source in web.sources if source.id == outlet)
    urls: set[str] = set()
    for feed in source.feeds:
        urls |= {entry.link for entry in feedparser.parse(client.get(feed).content).entries}
    for sitemap in source.sitemaps:
        found = _locations(client.get(sitemap))
        parts = [url for url in found if url.endswith((".xml", ".gz"))]
        urls |= set(found) - set(parts)
        for part in parts:
            urls |= set(_locations(client.get(part)))
    return {url.split("?utm_")[0].split("&utm_")[0].split("?ref=")[0] for url in urls}


@pytest.mark.parametrize("outlet", OUTLETS, ids=[outlet.id for outlet in OUTLETS])
def test_feeds_and_sitemaps_list_every_article(outlet: Outlet, web: MiniWeb, client: httpx.Client) -> None:
    published = {web.url_of(article.id) for article in web.articles if article.outlet == outlet.id}
    listed = _listed(client, web, outlet.id)
    assert len(published) >= 12
    assert published <= listed
    assert all("/lat/" in url or "/cyr/" in url for url in listed - published)


def test_every_article_is_served_with_its_text(web: MiniWeb, client: httpx.Client) -> None:
    for article in web.articles:
        outlet = web.outlets[article.outlet]
        response = client.get(web.url_of(article.id))
        assert response.status_code == 200, article.id
        text = " ".join(
            html.fromstring(response.content.decode("windows-1250" if article.id in outlet.miscoded else outlet.charset))
            .text_content()
            .split()
        )
        shown = article.paragraphs[:0] if article.id in outlet.paywalled else article.paragraphs
        assert all(" ".join(part.split()) in text for part in (article.title, *shown)), article.id
        assert "shpikur" in text or "izmišljen" in text.lower() or "измишљен" in text.lower(), article.id


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_carry_canonical_and_teasers_inside_the_body(layout: str, web: MiniWeb, client: httpx.Client) -> None:
    outlet = next(outlet for outlet in OUTLETS if outlet.layout == layout)
    article = next(a for a in web.articles if a.outlet == outlet.id and len(a.paragraphs) > 2 and a.id not in outlet.paywalled)
    tree = html.fromstring(client.get(web.url_of(article.id)).content.decode(outlet.charset))
    assert tree.xpath("//link[@rel='canonical']/@href") == [web.url_of(article.id)]
    last = next(p for p in tree.iter("p") if "".join(p.itertext()).strip() == article.paragraphs[-1])
    body = last.getparent()
    assert body is not None
    inside = " ".join(body.text_content().split())
    others = {a.title for a in web.articles if a.outlet == outlet.id and a.id != article.id}
    assert any(" ".join(title.split()) in inside for title in others)


def test_headers_and_bytes_declare_what_the_outlet_says(web: MiniWeb, client: httpx.Client) -> None:
    def page(article_id: str) -> httpx.Response:
        return client.get(web.url_of(article_id))

    assert page("glasnik-001").headers["content-type"] == "text/html; charset=windows-1251"
    assert page("glasnik-001").content.decode("windows-1251").count("Шљива") >= 1
    assert page("lugi-001").headers["content-type"] == "text/html"
    assert b'http-equiv="Content-Type"' in page("lugi-001").content
    assert page("zeri-001").content.startswith(b"\xef\xbb\xbf")
    lying = page("alarm-004")
    assert lying.headers["content-type"] == "text/html; charset=utf-8"
    with pytest.raises(UnicodeDecodeError):
        lying.content.decode("utf-8")
    assert "Povratnici iz Sirije od juče" in lying.content.decode("windows-1250")


def test_twins_and_mirrors_name_one_canonical_address(web: MiniWeb, client: httpx.Client) -> None:
    url = web.url_of("puls-004")
    paths = [url, url.replace(".test/", ".test/lat/"), url.replace(".test/", ".test/cyr/")]
    pages = [html.fromstring(client.get(path).content.decode()) for path in paths]
    assert {page.xpath("//link[@rel='canonical']/@href")[0] for page in pages} == {url}
    assert "Повратак из Ал Хола" in pages[2].text_content()
    amp = html.fromstring(client.get(f"{web.url_of('vala-003')}/amp").content.decode())
    assert amp.xpath("//link[@rel='canonical']/@href") == [web.url_of("vala-003")]
    plain, tracked = (client.get(web.url_of("vala-003") + tail) for tail in ("", "?utm_source=x&fbclid=1"))
    assert plain.content == tracked.content


def test_paywalled_pages_hide_the_rest_and_say_so(web: MiniWeb, client: httpx.Client) -> None:
    walled = [(outlet, article_id) for outlet in OUTLETS for article_id in sorted(outlet.paywalled)]
    assert len({outlet.id for outlet, _ in walled}) >= 2
    for _, article_id in walled:
        text = client.get(web.url_of(article_id)).text
        article = next(article for article in web.articles if article.id == article_id)
        assert "isAccessibleForFree" in text
        assert article.paragraphs[-1] not in html.fromstring(text).text_content()


def test_robots_differ(web: MiniWeb, client: httpx.Client) -> None:
    def robots(outlet: str) -> httpx.Response:
        return client.get(f"http://{outlet}.test/robots.txt")

    assert "Disallow: /beograd/" in robots("puls-portal").text
    assert any("/beograd/" in url for url in _listed(client, web, "puls-portal"))
    assert "Crawl-delay: 0.04" in robots("jezero-vijesti").text  # 0.4 s scaled by 0.1
    assert robots("lugina-info").status_code == 404
    assert robots("sever-danas").headers["content-type"].startswith("text/html")


def test_malformed_feed_is_broken_and_still_readable(client: httpx.Client) -> None:
    body = client.get("http://rrufeja.test/feed.xml").content
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(body)
    feed = feedparser.parse(body)
    assert feed.bozo
    assert all(entry.link.startswith("http://rrufeja.test/lajm/") and entry.published_parsed for entry in feed.entries)


def test_home_and_section_pages_lead_to_articles_that_exist(web: MiniWeb, client: httpx.Client) -> None:
    for outlet in OUTLETS:
        tree = html.fromstring(client.get(f"{outlet.root}/").content)
        links = [link for link in tree.xpath("//a/@href") if link.startswith(("/", outlet.root))]
        assert len(links) > 12
        for link in dict.fromkeys(links):
            assert client.get(link if link.startswith("http") else outlet.root + link).status_code == 200, (outlet.id, link)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(lambda r: {"If-None-Match": r.headers["etag"]}, id="etag"),
        pytest.param(lambda r: {"If-Modified-Since": r.headers["last-modified"]}, id="last-modified"),
    ],
)
def test_unchanged_page_answers_304(
    headers: Callable[[httpx.Response], dict[str, str]], web: MiniWeb, client: httpx.Client
) -> None:
    url = web.url_of("most-003")
    first = client.get(url)
    again = client.get(url, headers=headers(first))
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_gzip_only_where_the_site_has_it(web: MiniWeb, client: httpx.Client) -> None:
    assert client.get(web.url_of("vala-001")).headers.get("content-encoding") == "gzip"
    assert "content-encoding" not in client.get(web.url_of("most-001")).headers
    assert "content-encoding" not in client.get(web.url_of("vala-001"), headers={"Accept-Encoding": "identity"}).headers


def test_log_tells_who_asked_for_what_and_when(web: MiniWeb, client: httpx.Client) -> None:
    before = len(web.log)
    client.get("http://vala-e-re.test/robots.txt", headers={"User-Agent": "EhoBot/test"})
    client.get("http://nowhere.test/x")
    asked, unknown = web.log[before:]
    assert (asked.host, asked.path, asked.status, asked.user_agent) == ("vala-e-re.test", "/robots.txt", 200, "EhoBot/test")
    assert (unknown.host, unknown.status) == ("nowhere.test", 502)
    assert timedelta() <= unknown.at - asked.at < timedelta(minutes=1)


def test_answers_by_host_header_and_refuses_other_methods(web: MiniWeb) -> None:
    with httpx.Client(base_url=web.proxy_url) as direct:
        assert "Vala e Re" in direct.get("/", headers={"Host": "vala-e-re.test"}).text
        assert "agencija-most.test" in direct.get("/").text
        assert direct.post("/", headers={"Host": "vala-e-re.test"}).status_code == 405
        assert direct.head("/", headers={"Host": "vala-e-re.test"}).content == b""


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"GET http://[bad/ HTTP/1.1\r\nHost: x\r\n\r\n", id="address"),
        pytest.param(b"\x16\x03\x01 no http\r\n\r\n", id="no-http"),
    ],
)
def test_nonsense_closes_the_connection_and_the_server_goes_on(line: bytes, web: MiniWeb, client: httpx.Client) -> None:
    with socket.create_connection(("127.0.0.1", int(web.proxy_url.rpartition(":")[2])), timeout=30) as raw:
        raw.sendall(line)
        assert raw.recv(100) == b""
    assert client.get("http://vala-e-re.test/").status_code == 200


def test_server_leaves_no_thread_and_frees_its_port() -> None:
    before = set(threading.enumerate())
    with MiniWeb(hostile=False) as first, httpx.Client(proxy=first.proxy_url) as browser:
        assert browser.get("http://vala-e-re.test/").status_code == 200
        port = int(first.proxy_url.rpartition(":")[2])
        with pytest.raises(OSError), MiniWeb(hostile=False, port=port):
            pass
    assert set(threading.enumerate()) == before


def test_sources_round_trip_through_their_files(web: MiniWeb, tmp_path: Path) -> None:
    write_sources(web.sources, tmp_path)
    assert load_sources([tmp_path]) == {source.id: source for source in web.sources}
    assert all(source.invented for source in web.sources)


def test_copies_follow_their_originals() -> None:
    originals = {article.id: article for article in load_originals()}
    copies = load_copies()
    assert len(copies) >= 24
    assert len({article.id for article in load_articles()}) == len(originals) + len(copies)
    for copy in copies:
        original = originals[copy.copy_of or ""]
        assert timedelta() < copy.published_at - original.published_at < timedelta(days=2), copy.id
        assert copy.outlet != original.outlet
        assert copy.title != original.title
        assert copy.text != original.text or copy.lead == original.lead


def test_copies_cross_scripts_and_oppose_headlines() -> None:
    cyrillic = next(copy for copy in load_copies() if copy.outlet == "glasnik-dana" and copy.copy_of == "most-003")
    original = next(article for article in load_originals() if article.id == "most-003")
    assert cyrillic.text == to_cyrillic(original.text)
    assert "djece" in next(c for c in load_copies() if c.outlet == "jezero-vijesti" and c.copy_of == "most-003").text
    opposed = [plan.original for plan in load_copy_plans() if plan.opposite]
    assert sum(opposed.count(original) >= 2 for original in set(opposed)) >= 5


def test_labels_of_all_articles_point_at_their_evidence() -> None:
    codebook = Codebook.load()
    for article in load_articles():
        for label in article.gold["annotations"]:
            field = {"title": article.title, "lead": article.lead or "", "text": article.text}[label["field"]]
            assert label["evidence"] in field, article.id
            assert codebook.narrative(label["narrative"]).id == label["narrative"]


@pytest.mark.parametrize(
    ("latin", "cyrillic"),
    [
        pytest.param("Ljubica iz Njegoševe, džep", "Љубица из Његошеве, џеп", id="digraphs"),
        pytest.param("injekcija i konjunktura u Tanjugu", "инјекција и конјунктура у Танјугу", id="two-sounds"),
        pytest.param("LJUBAV I NJEGA", "ЉУБАВ И ЊЕГА", id="capitals"),
        pytest.param("đak čuva žabu, šta će", "ђак чува жабу, шта ће", id="diacritics"),
        pytest.param("podaci UNHCR-a", "подаци UNHCR-а", id="acronym"),
    ],
)
def test_to_cyrillic(latin: str, cyrillic: str) -> None:
    assert to_cyrillic(latin) == cyrillic


def test_replace_words_keeps_case() -> None:
    assert replace_words("Deca i deca, DECA, dečak", {"deca": "djeca"}) == "Djeca i djeca, DJECA, dečak"


def test_corpus_is_shown_as_outlets() -> None:
    rows = [json.loads(line) for line in FIXTURE.read_text(encoding="utf-8").splitlines()]
    with MiniWeb(corpus=[FIXTURE], hostile=False) as web, httpx.Client(proxy=web.proxy_url) as client:
        assert {source.languages[0] for source in web.sources} == {"sq", "sr-Cyrl", "sr-Latn"}
        assert all(source.id.startswith("three-texts-") for source in web.sources)
        listed = set().union(*(_listed(client, web, source.id) for source in web.sources))
        assert listed == {web.url_of(row["id"]) for row in rows}
        for row in rows:
            assert web.expected_text(row["id"]) == " ".join(row["text"].split())
            page = html.fromstring(client.get(web.url_of(row["id"])).content.decode())
            assert page.xpath("//meta[@property='article:published_time']/@content") == [web.expected_date(row["id"]).isoformat()]
        assert web.expected_date("t-1").date().isoformat() == "2019-09-22"
        assert 2018 <= web.expected_date("t-2").year <= 2019
    with MiniWeb(corpus=[FIXTURE], hostile=False) as again:
        assert again.expected_date("t-2") == web.expected_date("t-2")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param('{"id": "a", "text": "Një."}\n{"id"', "line 2: not JSON", id="cut"),
        pytest.param('{"id": "a"}\n', "line 1: no text", id="no-text"),
        pytest.param('{"id": "a", "text": "x."}\n{"id": "a", "text": "y."}\n', "line 2: id 'a' is taken", id="same-id"),
        pytest.param('{"id": "a", "text": "x.", "published_on": "12. maj"}\n', "published_on is '12. maj'", id="date"),
    ],
)
def test_broken_corpus_is_named_in_one_line(content: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "corpus.jsonl"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        MiniWeb(corpus=[file])
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_runs_in_the_foreground(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evaluation.miniweb", "--port", "0", "--no-hostile", "--sources", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        proxy = process.stdout.readline().split()[1]
        process.stdout.readline()
        try:
            assert httpx.get("http://vala-e-re.test/", proxy=proxy).status_code == 200
            assert len(load_sources([tmp_path])) == len(OUTLETS)
        finally:
            process.kill()


def test_published_dates_lie_in_the_twelve_weeks() -> None:
    dates = [article.published_at for article in load_articles()]
    assert min(dates) >= datetime.fromisoformat("2026-08-24T00:00:00+02:00")
    assert max(dates) < datetime.fromisoformat("2026-11-16T00:00:00+01:00")
