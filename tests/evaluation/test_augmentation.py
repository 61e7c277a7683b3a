"""Rewritings of training passages keep labels and evidence where they belong."""

from __future__ import annotations

import pytest

from eho.codebook import Codebook
from evaluation.augmentation import rewritings
from models.corpus import LabelledAnnotation, LabelledPassage


def _passage(lang: str, text: str, piece: str, narrative: str, target: str) -> LabelledPassage:
    start = text.index(piece)
    one = LabelledAnnotation(narrative, "endorse", (target,), ((start, start + len(piece)),))
    return LabelledPassage("x-1", "x", lang, text, None, None, 3, (one,))


@pytest.mark.parametrize(
    ("lang", "text", "piece", "expected"),
    [
        pytest.param("sq", "Tha se serbët s'kanë vend këtu.", "serbët s'kanë vend", "shqiptarët s'kanë vend", id="sq"),
        pytest.param(
            "sr-Latn", "Rekao je da Albanci tu nemaju šta da traže.", "Albanci tu nemaju", "Srbi tu nemaju", id="sr-Latn"
        ),
        pytest.param(
            "sr-Cyrl", "Рекао је да Албанци ту немају шта да траже.", "Албанци ту немају", "Срби ту немају", id="sr-Cyrl"
        ),
    ],
)
def test_exchanged_peoples_take_evidence_and_targets_along(lang: str, text: str, piece: str, expected: str) -> None:
    target, other = ("serbs", "albanians") if lang == "sq" else ("albanians", "serbs")
    row = _passage(lang, text, piece, "ethnic_exclusion_expulsion", target)
    rewritten = rewritings(Codebook.load())[0][0](row)
    assert rewritten is not None
    (one,) = rewritten.annotations
    assert one.narrative == "ethnic_exclusion_expulsion"
    assert one.target_groups == (other,)
    assert [rewritten.text[start:end] for start, end in one.evidence] == [expected]


def test_a_plot_becomes_its_mirror_and_a_narrative_without_one_is_left_out() -> None:
    exchanged = rewritings(Codebook.load())[0][0]
    plot = _passage("sr-Latn", "Albanci spremaju veliku državu.", "spremaju veliku državu", "greater_albania_threat", "albanians")
    mirrored = exchanged(plot)
    assert mirrored is not None
    assert mirrored.annotations[0].narrative == "greater_serbia_threat"
    war = _passage("sr-Latn", "Vratićemo se tamo gde su sada Albanci.", "Vratićemo se", "kosovo_reconquest", "albanians")
    assert exchanged(war) is None


def test_what_cannot_be_rewritten_is_left_out() -> None:
    row = LabelledPassage("x-2", "x", "sq", "Sot bie shi në qytet.", None, None, 0, ())
    assert [rewriting(row) for rewriting, _ in rewritings(Codebook.load())][:2] == [None, None]
