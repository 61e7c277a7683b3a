"""Language, script and variety, one row a spelling."""

from __future__ import annotations

import pytest

from nlp.language import identify

TEXTS = [
    pytest.param(
        "Kuvendi i Kosovës miratoi sot buxhetin për vitin e ardhshëm pas një debati të gjatë.", "sq", "standard", id="sq"
    ),
    pytest.param(
        "Kuvendi i Kosoves miratoi sot buxhetin per vitin e ardhshem pas nje debati te gjate.", "sq", "standard", id="sq-ascii"
    ),
    pytest.param("Nuk asht mirë qysh po e bojnë, tash krejt janë ardh me pa qka po ndodh.", "sq", "gheg", id="sq-gheg"),
    pytest.param(
        "Skupština opštine usvojila je budžet za narednu godinu posle duge rasprave.", "sr-Latn", "ekavian", id="sr-Latn"
    ),
    pytest.param(
        "Skupstina opstine usvojila je budzet za narednu godinu posle duge rasprave.", "sr-Latn", "ekavian", id="sr-ascii"
    ),
    pytest.param(
        "Скупштина општине усвојила је буџет за наредну годину после дуге расправе.", "sr-Cyrl", "ekavian", id="sr-Cyrl"
    ),
    pytest.param(
        "Djeca su poslije škole čekala na lijepom mjestu gdje vrijeme brzo prolazi.", "sr-Latn", "ijekavian", id="ijekavian"
    ),
    pytest.param("Tko je u listopadu i studenom pratio sveučilišni nogomet, zna za tisuće gledatelja.", "hr", None, id="hr"),
    pytest.param("Nijesam znao da će sjutra đe god pođem pričati o Cetinju i Nikšiću.", "cnr", "ijekavian", id="cnr"),
    pytest.param("The council adopted the budget for next year after a long debate.", "en", None, id="en"),
    pytest.param("Der Rat hat nach langer Debatte den Haushalt für das nächste Jahr beschlossen.", "de", None, id="de"),
    pytest.param("Советот на општината го усвои буџетот за следната година по долга расправа.", "mk", None, id="mk"),
    pytest.param("12.345,00 — 17:30 🙂🙂", "und", None, id="no-letters"),
    pytest.param("", "und", None, id="empty"),
]


@pytest.mark.parametrize(("text", "code", "variety"), TEXTS)
def test_language_script_and_variety(text: str, code: str, variety: str | None) -> None:
    language = identify(text)
    assert language.code == code
    if variety is not None:
        assert language.variety == variety


@pytest.mark.parametrize(
    ("text", "hint", "code"),
    [
        pytest.param("ne moze", "sr", "sr-Latn", id="sr-short"),
        pytest.param("po po", "sq", "sq", id="sq-short"),
        pytest.param("Не може", "sr", "sr-Cyrl", id="sr-cyrl-short"),
    ],
)
def test_a_hint_decides_where_the_text_is_too_short(text: str, hint: str, code: str) -> None:
    assert identify(text, hint).code == code


def test_a_hint_does_not_overrule_a_clear_text() -> None:
    assert identify("The council adopted the budget for next year after a long debate in the town hall.", "sq").code == "en"


def test_addresses_and_handles_do_not_decide() -> None:
    assert (
        identify("@the_english_handle https://example.org/this/is/english Sot u mbajt mbledhja e kuvendit komunal.").code == "sq"
    )
