"""Tags in the wild: drawing with weights, carrying verdicts over, and precision as a user meets it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from statsmodels.stats.proportion import proportion_confint

from api import cli
from eho.document import Document
from eho.errors import InputError
from eho.home import Home
from evaluation import audit
from evaluation.audit import AuditRow
from evaluation.labelled import MissingSetError
from evaluation.predictions import Tagger

_CARRYING = "Të kthyerit nga Siria janë bombë me sahat për vendin tonë, terrorist një herë, terrorist gjithmonë."
_BARE = "Kuvendi miratoi buxhetin për vitin e ardhshëm me shumicë votash dhe pa debat."


def _row(number: int, **more: object) -> AuditRow:
    row = AuditRow(
        id=f"tag-{number}", type="tag", dataset="news_sq", document=f"d{number}", kind="article", lang="sq", field="text",
        start=0, end=5, weight=1.0, model="baseline", version="1", narrative="ingroup_traitor", stance="endorse", score=0.9,
    )  # fmt: skip
    return replace(row, **more)  # type: ignore[arg-type]


def _documents(count: int) -> list[Document]:
    return [
        Document(id=f"d{at}", source="news_sq", lang="sq", title="Lajme", text=f"{_CARRYING}\n{_BARE} {at}")
        for at in range(count)
    ]


def test_drawing_gives_each_data_set_its_turn_and_weights_undo_it() -> None:
    pools = {
        "news_sq": [_row(at) for at in range(300)],
        "news_sr": [_row(1000 + at, dataset="news_sr") for at in range(10)],
        "comments_sr": [],
    }
    drawn = audit.draw_evenly(pools, 50)
    assert Counter(row.dataset for row in drawn) == {"news_sq": 40, "news_sr": 10}
    assert sum(row.weight for row in drawn if row.dataset == "news_sq") == pytest.approx(300)
    assert {row.weight for row in drawn if row.dataset == "news_sr"} == {1.0}
    assert len({row.id for row in drawn}) == 50
    assert audit.draw_evenly(pools, 50) == drawn


def test_everything_is_drawn_where_there_is_little() -> None:
    drawn = audit.draw_evenly({"news_sq": [_row(at) for at in range(7)]}, 400)
    assert [row.weight for row in drawn] == [1.0] * 7


def test_shown_tags_and_bare_passages_of_documents(tagger: Tagger, tmp_path: Path) -> None:
    drawn = audit.draw(_documents(6), tagger, most=400, untagged=4)
    tags = [row for row in drawn.rows if row.type == "tag"]
    bare = [row for row in drawn.rows if row.type == "untagged"]
    assert drawn.documents == 6
    assert len(tags) == drawn.pool
    assert len(bare) == 4
    assert all(_BARE[:20] in drawn.texts[row.id] for row in bare if row.field == "text" and row.start > 0)
    for row in tags:
        assert "[" in drawn.texts[row.id]
        assert row.score is not None
    path = tmp_path / "audit.jsonl"
    audit.write_rows(drawn.rows, path)
    assert _BARE[:20] not in path.read_text(encoding="utf-8")
    assert audit.read_rows(path) == list(drawn.rows)
    audit.write_rows(drawn.rows, path, drawn.texts)
    assert _BARE[:20] in path.read_text(encoding="utf-8")
    assert audit.read_rows(path) == list(drawn.rows)


def test_the_form_holds_every_row_and_no_text_in_what_it_saves() -> None:
    rows = [_row(1, verdict="right"), _row(2, id="untagged-2", type="untagged", narrative=None, stance=None, score=None)]
    page = audit.to_form(rows, {"tag-1": "<b>tekst</b> </script>", "untagged-2": "tjetër"})
    assert "&lt;b&gt;tekst&lt;/b&gt;" in page
    saved = json.loads(page[page.index('type="application/json">') + 24 :].partition("</script>")[0])
    assert [row["id"] for row in saved] == ["tag-1", "untagged-2"]
    assert "tekst" not in json.dumps(saved)
    assert page.count('type="radio"') == len(audit.VERDICTS) + len(audit.UNTAGGED_VERDICTS)
    assert page.count(" checked") == 1


def test_a_verdict_is_carried_over_to_the_same_tag_of_another_version() -> None:
    known = [_row(1, verdict="right", judged_by="a"), _row(2)]
    rows = audit.with_known_verdicts([_row(1, version="2"), _row(2, version="2"), _row(3, version="2")], known)
    assert [(row.version, row.verdict) for row in rows] == [("2", "right"), ("2", None), ("2", None)]


def test_precision_as_a_user_meets_it_is_weighted() -> None:
    rows = [_row(at, verdict="right", weight=1.0) for at in range(30)]
    rows += [_row(100 + at, verdict="wrong_narrative", weight=9.0, kind="comment", lang="sr-Latn") for at in range(10)]
    rows += [_row(200, verdict="wrong_stance"), _row(201, verdict="unclear"), _row(202)]
    result = audit.score(rows, "d")
    whole = result.figure("precision/all/right")
    assert whole is not None
    assert whole.value == pytest.approx(31 / 122)
    assert whole.n == 42
    stance_too = result.figure("precision/all/stance_too")
    assert stance_too is not None
    assert stance_too.value == pytest.approx(30 / 122)
    comments = result.figure("precision/sr-comment/right")
    assert comments is not None
    assert (comments.low, comments.high) == pytest.approx(proportion_confint(0, 10, method="wilson"))
    assert result.figure("precision/all/right_low") is None
    assert any("1 of 43 rows have no verdict" in note for note in result.notes)


def test_the_lower_end_becomes_a_floor_from_a_hundred_judgements_on() -> None:
    rows = [_row(at, verdict="right" if at % 4 else "nothing") for at in range(120)]
    low = audit.score(rows, "d").figure("precision/all/right_low")
    assert low is not None
    assert low.value is not None
    assert 0.6 < low.value < 0.75


def test_judgements_of_another_version_do_not_speak_for_this_model(tmp_path: Path, tagger: Tagger) -> None:
    with pytest.raises(MissingSetError, match="no judgements"):
        audit.evaluate_audit(tmp_path, tagger)
    (tmp_path / "audit").mkdir()
    audit.write_rows([_row(1, verdict="right", version="0.0")], tmp_path / "audit" / "a.jsonl")
    with pytest.raises(MissingSetError, match=r"are of baseline 0\.0, not of"):
        audit.evaluate_audit(tmp_path, tagger)
    audit.write_rows([_row(1, verdict="right", version=tagger.model.version)], tmp_path / "audit" / "a.jsonl")
    assert audit.evaluate_audit(tmp_path, tagger).n == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [({"verdict": "maybe"}, "verdict is 'maybe'"), ({"colour": "red"}, "colour"), ({"type": "untagged", "verdict": "right"}, "use one of nothing")],
    ids=["unknown verdict", "unknown field", "verdict of another type"],
)  # fmt: skip
def test_a_broken_judgement_is_named(tmp_path: Path, change: dict[str, str], said: str) -> None:
    path = tmp_path / "a.jsonl"
    audit.write_rows([_row(1)], path)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.jsonl:1") as error:
        audit.read_rows(path)
    assert said in str(error.value)


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Home) -> None:
    monkeypatch.setenv("EHO_HOME", str(home.path))
    monkeypatch.delenv("EHO_DATA", raising=False)
    out = tmp_path / "review.jsonl"
    assert cli.run(["evaluate", "audit", "draw", "--out", str(out)]) == 2
    assert "EHO_DATA" in capsys.readouterr().err
    folder = tmp_path / "data" / "text"
    folder.mkdir(parents=True)
    with gzip.open(folder / "news_sq.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.writelines(
            json.dumps({"id": one.id, "lang": "sq", "title": one.title, "text": one.text}, ensure_ascii=False) + "\n"
            for one in _documents(3)
        )
    monkeypatch.setenv("EHO_DATA", str(tmp_path / "data"))
    assert cli.run(["evaluate", "audit", "draw", "--out", str(out), "--untagged", "2", "--root", str(tmp_path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["documents"] == 3
    rows = [replace(row, verdict="nothing") for row in audit.read_rows(out)]
    assert len(rows) == answer["rows"] >= 2
    audit.write_rows(rows, out)
    assert cli.run(["evaluate", "audit", "score", str(out)]) == 0
    assert "Passages without a shown tag" in capsys.readouterr().out
