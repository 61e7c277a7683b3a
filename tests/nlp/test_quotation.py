"""Quotation marks of the region, and whose voice a span is."""

from __future__ import annotations

import pytest

from nlp.quotation import is_quoted, quotations, speaker_of


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        pytest.param("Rekao je: „Nema predaje“, i otišao.", ["Nema predaje"], id="sr"),
        pytest.param("Рекао је: „Нема предаје”, и отишао.", ["Нема предаје"], id="sr-Cyrl"),
        pytest.param("Ai tha: “Nuk ka dorëzim”, dhe iku.", ["Nuk ka dorëzim"], id="sq"),
        pytest.param('Ai tha: «Nuk ka dorëzim», dhe "iku".', ["Nuk ka dorëzim", "iku"], id="guillemets"),
        pytest.param('Ekran od 15" je skup.', [], id="inches"),
        pytest.param("„Nikad zatvoreno\nNovi red“", [], id="unclosed"),
    ],
)
def test_quotations(text: str, inside: list[str]) -> None:
    assert [text[start:end] for start, end in quotations(text)] == inside


def _speaker(text: str, part: str, kind: str = "article", in_headline: bool = False) -> tuple[str, str]:
    start = text.index(part)
    quoted = is_quoted(quotations(text), start, start + len(part))
    found = speaker_of(text, start, start + len(part), kind=kind, in_headline=in_headline, in_quote=quoted)
    return found.type, found.attribution


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        pytest.param("Poslanik je rekao da su oni lažna država.", "lažna država", ("politician", "explicit"), id="sr-politician"),
        pytest.param(
            "Посланик је рекао да су они лажна држава.", "лажна држава", ("politician", "explicit"), id="sr-Cyrl-politician"
        ),
        pytest.param("Imami tha se grate e kthyera jane rrezik.", "jane rrezik", ("cleric", "explicit"), id="sq-cleric"),
        pytest.param(
            "Psikologia sqaroi se fëmijët janë viktima.", "fëmijët janë viktima", ("expert", "explicit"), id="sq-expert"
        ),
        pytest.param("Oni su tempirana bomba i to znamo.", "tempirana bomba", ("outlet_body", "none"), id="own-voice"),
    ],
)
def test_speaker_by_role_and_verb(text: str, part: str, expected: tuple[str, str]) -> None:
    assert _speaker(text, part) == expected


def test_a_comment_is_its_users_voice_and_a_headline_the_outlets() -> None:
    assert _speaker("neka ostanu tamo gde su", "ostanu tamo", kind="comment") == ("platform_user", "none")
    assert _speaker("Tempirana bomba na vratima", "Tempirana bomba", in_headline=True) == ("outlet_headline", "none")
