"""Canonical addresses: one spelling for a page, never one for two pages."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.urls import canonical_url, is_loopback, same_address, same_site
from eho.errors import InputError

PAGE = "https://vala.test/lajme/nje-lajm"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        pytest.param(PAGE, PAGE, id="as-it-is"),
        pytest.param("  https://vala.test/lajme/nje-lajm\n", PAGE, id="blanks-around"),
        pytest.param("HTTPS://Vala.TEST/lajme/nje-lajm", PAGE, id="case-of-scheme-and-host"),
        pytest.param("https://vala.test./lajme/nje-lajm", PAGE, id="trailing-dot-of-host"),
        pytest.param(f"{PAGE}#komentet", PAGE, id="fragment"),
        pytest.param(f"{PAGE}?utm_source=rss&utm_medium=feed", PAGE, id="utm"),
        pytest.param(f"{PAGE}?fbclid=Iw1&gclid=2", PAGE, id="click-ids"),
        pytest.param("https://vala.test/lajm?id=7&utm_source=x", "https://vala.test/lajm?id=7", id="own-parameter-kept"),
        pytest.param("https://vala.test/lajm?b=2&a=1", "https://vala.test/lajm?a=1&b=2", id="parameters-sorted"),
        pytest.param(f"{PAGE}/amp/", f"{PAGE}/", id="amp-folder"),
        pytest.param(f"{PAGE}/amp", PAGE, id="amp-path"),
        pytest.param(f"{PAGE}?amp=1", PAGE, id="amp-parameter"),
        pytest.param("https://vala.test/a.amp.html", "https://vala.test/a.html", id="amp-in-file-name"),
        pytest.param("https://m.vala.test/lajme/nje-lajm", PAGE, id="mobile-host"),
        pytest.param("https://amp.vala.test/lajme/nje-lajm", PAGE, id="amp-host"),
        pytest.param("https://vala.test:443/lajme/nje-lajm", PAGE, id="default-port-https"),
        pytest.param("http://vala.test:80/a", "http://vala.test/a", id="default-port-http"),
        pytest.param("http://127.0.0.1:8099/a", "http://127.0.0.1:8099/a", id="other-port-kept"),
        pytest.param("https://vala.test/lajme/index.html", "https://vala.test/lajme/", id="index-html"),
        pytest.param("https://vala.test/index.php?id=3", "https://vala.test/?id=3", id="index-php"),
        pytest.param("https://vala.test", "https://vala.test/", id="no-path"),
        pytest.param("https://vala.test//lajme//nje-lajm", PAGE, id="double-slashes"),
        pytest.param("https://gëzuar.test/a", "https://xn--gzuar-nsa.test/a", id="idna-sq"),
        pytest.param("https://вести.test/a", "https://xn--b1agj9af.test/a", id="idna-sr-cyrl"),
        pytest.param("https://vala.test/вест", "https://vala.test/%D0%B2%D0%B5%D1%81%D1%82", id="path-sr-cyrl"),
        pytest.param("https://vala.test/%d0%b2%d0%b5%d1%81%d1%82", "https://vala.test/%D0%B2%D0%B5%D1%81%D1%82", id="escapes"),
        pytest.param("https://vala.test/novi-amper", "https://vala.test/novi-amper", id="amp-inside-a-word"),
        pytest.param("https://m.test/a", "https://m.test/a", id="host-named-m"),
        # what the region's systems append: WordPress, Joomla, Blogger, own CMSs
        pytest.param("https://vala.test/?p=4711&preview_nonce=a1", "https://vala.test/?p=4711", id="wordpress-number-kept"),
        pytest.param(f"{PAGE}/?share=facebook&nb=1", f"{PAGE}/", id="jetpack-share"),
        pytest.param(f"{PAGE}/?replytocom=812#respond", f"{PAGE}/", id="wordpress-reply"),
        pytest.param("https://vest.test/vest.php?nav_id=99&yyyy=2026&mm=09", "https://vest.test/vest.php?mm=09&nav_id=99&yyyy=2026", id="number-in-query-kept"),
        pytest.param("https://vest.test/a?id=7&tmpl=component&print=1", "https://vest.test/a?id=7", id="joomla-print"),
        pytest.param("https://vest.test/2026/09/a.html?m=1", "https://vest.test/2026/09/a.html", id="blogger-mobile"),
        pytest.param("https://vest.test/a?m=12", "https://vest.test/a?m=12", id="month-kept"),
        pytest.param("https://vest.test/a?amp", "https://vest.test/a", id="amp-without-value"),
        pytest.param("https://vest.test/a?outputType=amp&output=1", "https://vest.test/a?output=1", id="output"),
        pytest.param("https://vest.test/lista?page=2&strana=3", "https://vest.test/lista?page=2&strana=3", id="list-pages-kept"),
        pytest.param("https://vest.test/a?lang=sq", "https://vest.test/a?lang=sq", id="language-kept"),
        pytest.param("https://vest.test/a?ref=naslovna_blok2", "https://vest.test/a", id="referrer"),
        pytest.param("https://vest.test/a?ref=20931", "https://vest.test/a?ref=20931", id="number-called-ref-kept"),
        pytest.param("https://vest.test/a?source=rss&from=facebook", "https://vest.test/a", id="came-from"),
        pytest.param("https://vest.test/a?source=agencija&from=2026-09-01", "https://vest.test/a?from=2026-09-01&source=agencija", id="filters-kept"),
        pytest.param("https://vest.test/a?tblci=GiC&dicbo=v2&obOrigUrl=x&hsa_acc=1&mtm_campaign=2&_ga=2.1&ysclid=k", "https://vest.test/a", id="advertisers"),
        pytest.param("https://vest.test/a;jsessionid=0A1B?id=1", "https://vest.test/a?id=1", id="session-in-path"),
        pytest.param("https://vest.test/a?PHPSESSID=0a1b2c&sid=0123456789abcdef0", "https://vest.test/a", id="sessions"),
        pytest.param("https://vest.test/a?sid=412", "https://vest.test/a?sid=412", id="short-sid-kept"),
        pytest.param("https://vest.test/a?_=1763750000123", "https://vest.test/a", id="cache-buster"),
        pytest.param("https://vest.test/a?id=7&amp;utm_source=x&amp;b=2", "https://vest.test/a?b=2&id=7", id="escaped-ampersands"),
        pytest.param("https://vest.test/a?", "https://vest.test/a", id="empty-query"),
        pytest.param("https://vest.test/a/./b/../c", "https://vest.test/a/c", id="dot-segments"),
        pytest.param("https://ana:tajna@vest.test/a", "https://vest.test/a", id="name-and-password"),
        pytest.param("http://[2001:DB8::1]:8080/a", "http://[2001:db8::1]:8080/a", id="ipv6"),
        pytest.param("https://vest.test/%7Eana/vest%20dana", "https://vest.test/~ana/vest%20dana", id="escapes-that-need-not-be"),
        pytest.param("https://vest.test/a%2Fb", "https://vest.test/a%2Fb", id="escaped-slash-kept"),
        pytest.param("https://vest.test/vesti/", "https://vest.test/vesti/", id="trailing-slash-kept"),
        pytest.param("https://www.vest.test/a", "https://www.vest.test/a", id="www-kept"),
        pytest.param("https://vest.test/Vesti/Srbija", "https://vest.test/Vesti/Srbija", id="case-of-path-kept"),
        pytest.param("https://xn--b1agj9af.test/a", "https://xn--b1agj9af.test/a", id="punycode"),
        # AMP, mobile, caches
        pytest.param("https://vest.test/a/amp.html", "https://vest.test/a", id="amp-html"),
        pytest.param("https://www.google.com/amp/s/vest.test/svet/a/amp/", "https://vest.test/svet/a/", id="google-amp"),
        pytest.param("https://vest-test.cdn.ampproject.org/c/s/vest.test/svet/a?amp=1", "https://vest.test/svet/a", id="amp-cache"),
        pytest.param("https://vest-test.cdn.ampproject.org/v/vest.test/a?amp_js_v=a6&usqp=mq331", "http://vest.test/a", id="amp-viewer"),
        pytest.param("https://www.google.com/search?q=amp", "https://www.google.com/search?q=amp", id="google-search"),
        pytest.param("https://touch.vest.test/a", "https://vest.test/a", id="touch-host"),
        # one text in two scripts
        pytest.param("https://lat.vest.test/a", "https://vest.test/a", id="script-host"),
        pytest.param("https://m.cir.vest.test/a", "https://vest.test/a", id="script-and-mobile-host"),
        pytest.param("https://vest.test/lat/svet/a", "https://vest.test/svet/a", id="script-folder"),
        pytest.param("https://vest.test/cir/svet/a", "https://vest.test/svet/a", id="script-folder-cyrl"),
        pytest.param("https://vest.test/sr_lat/svet/a", "https://vest.test/sr/svet/a", id="language-and-script-folder"),
        pytest.param("https://vest.test/sr-Cyrl/svet/a", "https://vest.test/sr/svet/a", id="language-and-script-tag"),
        pytest.param("https://vest.test/svet/a?script=lat&id=3", "https://vest.test/svet/a?id=3", id="script-parameter"),
        pytest.param("https://vest.test/svet/a?pismo=cir", "https://vest.test/svet/a", id="script-parameter-sr"),
        pytest.param("https://vest.test/svet/lat/a", "https://vest.test/svet/lat/a", id="lat-deeper-in-the-path-kept"),
        pytest.param("https://vest.test/latini/a", "https://vest.test/latini/a", id="lat-inside-a-word"),
        pytest.param("https://vest.test/sr/a", "https://vest.test/sr/a", id="language-folder-kept"),
        pytest.param("https://sr.vest.test/a", "https://sr.vest.test/a", id="language-host-kept"),
    ],
)  # fmt: skip
def test_canonical(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical
    assert canonical_url(canonical) == canonical


_WORDS = st.sampled_from(
    [
        "vesti",
        "lajme",
        "amp",
        "lat",
        "m",
        "index.html",
        "a.amp.html",
        "2026",
        "вест",
        "nj%C3%AB",
        ".",
        "..",
        "",
        "sr_lat",
        "é",
        "x;jsessionid=1",
        "%2F",
    ]
)
_HOSTS = st.lists(st.sampled_from(["m", "lat", "amp", "www", "vala", "вести", "sport"]), min_size=1, max_size=4).map(".".join)
_QUERIES = st.lists(
    st.tuples(st.sampled_from(["id", "p", "utm_x", "m", "amp", "ref", "script", "sid", "a b", "ë"]), st.sampled_from(["", "1", "amp", "lat", "ana", "12 3", "ж"])),
    max_size=4,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))  # fmt: skip


@given(host=_HOSTS, words=st.lists(_WORDS, max_size=6), query=_QUERIES, fragment=st.sampled_from(["", "#x"]))
def test_a_canonical_address_stays_as_it_is(host: str, words: list[str], query: str, fragment: str) -> None:
    canonical = canonical_url(f"https://{host}.test/{'/'.join(words)}?{query}{fragment}")
    assert canonical_url(canonical) == canonical


_PLAIN = st.lists(
    st.from_regex(r"[a-zčćšžđë]{2,8}-[a-z0-9]{1,6}", fullmatch=True), min_size=1, max_size=4
)  # a hyphen: no word is a mark of a script or rendering


@given(first=_PLAIN, second=_PLAIN, noise=_QUERIES)
def test_addresses_with_other_path_words_are_never_one(first: list[str], second: list[str], noise: str) -> None:
    one, other = (canonical_url(f"https://m.vala.test/{'/'.join(words)}/amp?{noise}#x") for words in (first, second))
    assert (one == other) == (first == second)
    assert urlsplit(one).path.count("/") == len(first)


@given(
    first=st.integers(0, 10**7), second=st.integers(0, 10**7), name=st.sampled_from(["id", "p", "nav_id", "nid", "ref", "vijest"])
)
def test_numbers_of_pages_are_never_one(first: int, second: int, name: str) -> None:
    one, other = (canonical_url(f"https://vala.test/vest.php?fbclid=Iw&{name}={number}") for number in (first, second))
    assert (one == other) == (first == second)


@pytest.mark.parametrize(
    "url", ["", "lajme/1", "mailto:a@vala.test", "javascript:void(0)", "http://", "http://[::1", "ftp://vala.test/a"]
)
def test_no_address(url: str) -> None:
    with pytest.raises(InputError, match="address") as caught:
        canonical_url(url)
    assert repr(url) in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param("https://www.vala.test/a", "http://vala.test/b", True, id="www"),
        pytest.param("https://m.vala.test/a", "http://www.vala.test/b", True, id="mobile"),
        pytest.param("https://sport.vala.test/a", "http://vala.test/b", True, id="below"),
        pytest.param("https://vala.test/a", "https://rrufeja.test/a", False, id="another"),
        pytest.param("https://notvala.test/a", "https://vala.test/a", False, id="ends-alike"),
        pytest.param("https://vala.test/a", "mailto:x", False, id="no-host"),
    ],
)
def test_same_site(first: str, second: str, expected: bool) -> None:
    assert same_site(first, second) is expected


def test_same_address_ignores_what_redirects_commonly_change() -> None:
    assert same_address("http://vala.test/a", "https://www.vala.test/a/")
    assert not same_address("http://vala.test/a", "http://vala.test/b")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
