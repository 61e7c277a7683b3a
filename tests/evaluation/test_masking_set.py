"""The masking set: passages that are whole and balanced, and figures that fall when masking does nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from eho.errors import InputError
from evaluation.masking_set import evaluate_masking, read_passages
from nlp.masking import Masker

ROOT = Path(__file__).resolve().parents[2] / "evaluation"


def test_passages_are_balanced_and_their_spans_are_words() -> None:
    passages = [*read_passages(ROOT / "masking" / "dev"), *read_passages(ROOT / "masking" / "test")]
    assert len({one.id for one in passages}) == len(passages) >= 150
    languages = Counter(one.lang for one in passages)
    assert min(languages.values()) > 0.3 * len(passages)
    assert sum(one.about == "public" for one in passages) >= len(passages) / 4
    for one in passages:
        for span in one.spans:
            assert one.fields[span.field][span.start : span.end].strip(), one.id
            assert span.must_go or span.kind == "public"


def test_rules_without_a_recogniser_find_far_more_than_contact_rules() -> None:
    result = evaluate_masking(ROOT, masker=Masker())
    rules, contacts = result.figure("masking/all/gone"), result.figure("masking/contacts/gone")
    lost = result.figure("masking/contacts/lost")
    assert rules is not None and contacts is not None and lost is not None
    assert (rules.value or 0) > 0.5 > (contacts.value or 0) > 0 == lost.value
    assert all(example.text is None for example in result.examples)


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "x", "lang": "sq"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.jsonl"):
        read_passages(tmp_path)
