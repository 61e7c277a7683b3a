"""Canonical addresses: one spelling for a page, never one for two pages."""

import pytest

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
        pytest.param(f"{PAGE}/amp/", PAGE, id="amp-folder"),
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
    ],
)
def test_canonical(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical
    assert canonical_url(canonical) == canonical


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
