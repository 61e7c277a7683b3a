from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from eho.annotation import AnnotatedDocument
from eho.document import Cluster
from eho.errors import InputError
from evaluation.document_audit import draw, read_rows, to_form, with_known, write_rows
from tests.index.conftest import annotated, annotation


def corpus() -> list[AnnotatedDocument]:
    tagged = [annotated(f"t{n}", "tekst", annotation("x"), lang="sr-Latn" if n % 2 else "sr-Cyrl") for n in range(40)]
    plain = [annotated(f"p{n}", "tekst", lang="sq" if n % 4 else "sr-Latn") for n in range(400)]
    counter = [
        annotated("counter", "tekst", annotation("x", "counter")),
        annotated("weak", "tekst", annotation("x", needs_review=True)),
    ]
    copy = annotated("copy", "tekst", annotation("x"), cluster=Cluster(id="t0", role="copy", similarity=0.9))
    return [*tagged, *plain, *counter, copy, annotated("undated", published_at=None)]


def test_weights_add_up_to_all_dated_originals() -> None:
    rows = draw(corpus(), ["x"], most=60)
    assert len(rows) == 60 and len({row.id for row in rows}) == 60
    assert sum(row.weight for row in rows) == pytest.approx(442)
    assert sum(row.weight for row in rows if row.id.startswith("t")) == pytest.approx(40)
    assert sum(row.id.startswith("t") for row in rows) == 20  # three pools: Serbian with the tag, Serbian without, Albanian
    assert not {"copy", "undated"} & {row.id for row in rows}
    assert rows == draw(reversed(corpus()), ["x"], most=60)


def test_all_are_drawn_where_there_are_few() -> None:
    rows = draw(corpus()[:10], ["x"], most=60)
    assert len(rows) == 10 and {row.weight for row in rows} == {1.0}


def test_rows_survive_the_file_and_judgements_are_carried_over(tmp_path: Path) -> None:
    rows = draw(corpus(), ["x", "y"], most=30)
    write_rows(rows, tmp_path / "a.jsonl")
    assert read_rows(tmp_path) == rows
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    lines[0] |= {"annotations": [{"narrative": "y", "stance": "counter"}], "judged_by": "ab"}
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    again = with_known(draw(corpus(), ["y"], most=443), read_rows(tmp_path))
    known = {row.id: row for row in again if row.annotations is not None}
    assert known[rows[0].id].annotations == (("y", "counter"),) and known[rows[0].id].judged_by == "ab"
    assert len(known) == 1
    assert all(row.annotations is None for row in with_known(draw(corpus(), ["y", "z"], most=443), read_rows(tmp_path)))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"weight": 0.5}, "weight is 0.5"),
        ({"weight": "much"}, "weight is 'much'"),
        ({"annotations": [{"narrative": "z", "stance": "endorse"}]}, "'z' was found but is not among"),
        ({"annotations": [{"narrative": "x", "stance": "likes"}]}, "'likes'"),
        ({"surprise": 1}, "surprise"),
    ],
    ids=["weight", "no-number", "not-asked", "stance", "field"],
)
def test_a_broken_row_is_named(tmp_path: Path, change: dict[str, object], line: str) -> None:
    write_rows(draw(corpus(), ["x"], most=2), tmp_path / "a.jsonl")
    first = json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()[0]) | change
    (tmp_path / "a.jsonl").write_text(json.dumps(first), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(line)) as error:
        read_rows(tmp_path)
    assert "a.jsonl:1" in str(error.value)


@pytest.mark.parametrize("text", ["Të kthyerit <b>", "Povratnici", "Повратници"], ids=["sq", "sr-Latn", "sr-Cyrl"])
def test_the_form_shows_texts_but_not_what_the_machine_said(text: str) -> None:
    rows = draw(corpus(), ["x"], most=4)
    form = to_form(rows, {row.id: (text, f"{text} tekst") for row in rows}, {"x": "Label of x"})
    assert form.count("Label of x") == 4 and "<b>" not in form.replace("&lt;b&gt;", "")
    assert "found" not in re.findall(r'"(\w+)":', form)
    stored = json.loads(re.search(r'<script id="rows"[^>]*>(.*?)</script>', form, re.DOTALL)[1])  # type: ignore[index]
    assert [row["id"] for row in stored] == [row.id for row in rows]
