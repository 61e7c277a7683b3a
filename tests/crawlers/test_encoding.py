"""Encodings: right ones are kept, wrong declarations are seen through."""

import codecs

import pytest

from crawlers.encoding import declared_encoding, decode

SQ = "Të kthyerit nga Siria: gjykata në Prishtinë dënoi një burrë, familja kërkon ndihmë për fëmijët e vegjël."
LATN = "Povratnici iz Sirije: sud u Prištini osudio muškarca, porodica traži pomoć za decu koja su preživela đavolske uslove."
CYRL = "Повратници из Сирије: суд у Приштини осудио мушкарца, породица тражи помоћ за децу која су преживела ђаволске услове."
ASCII = "Sud u Pristini osudio muskarca"


def page(text: str, meta: str = "") -> str:
    tag = f'<meta charset="{meta}">' if meta else ""
    return f"<html><head>{tag}<title>{text[:20]}</title></head><body><h1>{text}</h1><p>{text}</p></body></html>"


@pytest.mark.parametrize(
    ("text", "real", "header", "meta"),
    [
        pytest.param(SQ, "utf-8", "utf-8", "utf-8", id="sq-utf8"),
        pytest.param(SQ, "utf-8", None, "", id="sq-utf8-undeclared"),
        pytest.param(SQ, "utf-8", "iso-8859-1", "", id="sq-utf8-sent-as-latin1"),
        pytest.param(SQ, "utf-8", None, "windows-1252", id="sq-utf8-declared-1252"),
        pytest.param(SQ, "windows-1252", "iso-8859-1", "", id="sq-1252-sent-as-latin1"),
        pytest.param(SQ, "windows-1250", "utf-8", "utf-8", id="sq-1250-sent-as-utf8"),
        pytest.param(LATN, "windows-1250", "windows-1250", "", id="latn-1250"),
        pytest.param(LATN, "windows-1250", "utf-8", "utf-8", id="latn-1250-sent-as-utf8"),
        pytest.param(LATN, "windows-1250", None, "", id="latn-1250-undeclared"),
        pytest.param(LATN, "windows-1250", "iso-8859-1", "", id="latn-1250-sent-as-latin1"),
        pytest.param(LATN, "iso8859-2", None, "iso-8859-2", id="latn-8859-2"),
        pytest.param(LATN, "utf-8", "windows-1250", "", id="latn-utf8-sent-as-1250"),
        pytest.param(CYRL, "windows-1251", "windows-1251", "", id="cyrl-1251"),
        pytest.param(CYRL, "windows-1251", "utf-8", "", id="cyrl-1251-sent-as-utf8"),
        pytest.param(CYRL, "windows-1251", None, "windows-1250", id="cyrl-1251-declared-1250"),
        pytest.param(CYRL, "windows-1251", None, "", id="cyrl-1251-undeclared"),
        pytest.param(CYRL, "iso8859-5", None, "iso-8859-5", id="cyrl-8859-5"),
        pytest.param(CYRL, "utf-16-le", "utf-16le", "", id="cyrl-utf16-declared"),
        pytest.param(CYRL, "utf-16-be", "utf-16", "", id="cyrl-utf16-big-endian-no-mark"),
        pytest.param(LATN, "utf-16-le", None, "", id="latn-utf16-undeclared"),
        pytest.param(ASCII, "ascii", "utf-8", "", id="ascii"),
        pytest.param(ASCII, "ascii", "no-such-encoding", "", id="ascii-unknown-label"),
    ],
)
def test_text_comes_out_right(text: str, real: str, header: str | None, meta: str) -> None:
    assert decode(page(text, meta).encode(real), header).text == page(text, meta)


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        pytest.param(codecs.BOM_UTF8, "utf-8", id="utf-8"),
        pytest.param(codecs.BOM_UTF16_LE, "utf-16-le", id="utf-16-le"),
        pytest.param(codecs.BOM_UTF16_BE, "utf-16-be", id="utf-16-be"),
    ],
)
def test_byte_order_mark_overrides_declarations(mark: bytes, encoding: str) -> None:
    decoded = decode(mark + page(CYRL).encode(encoding), "windows-1250")
    assert decoded.text == page(CYRL)


def test_cut_character_at_the_end_stays_utf8() -> None:
    body = (page(CYRL) * 3).encode()[:-1] + "ш".encode()[:1]
    assert CYRL in decode(body, "utf-8").text


def test_repair_is_said() -> None:
    assert decode(page(LATN).encode("windows-1250"), "utf-8").repaired
    assert not decode(page(LATN).encode("windows-1250"), "windows-1250").repaired


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(
            b'<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">', "windows-1251", id="http-equiv"
        ),
        pytest.param(b"<meta charset=utf8>", "utf-8", id="unquoted"),
        pytest.param(b'<?xml version="1.0" encoding="ISO-8859-2"?>', "iso8859-2", id="xml"),
        pytest.param(b"<p>charset=windows-1250</p>", None, id="only-text"),
    ],
)
def test_declared_in_the_page(head: bytes, expected: str | None) -> None:
    assert declared_encoding(head, None) == expected
