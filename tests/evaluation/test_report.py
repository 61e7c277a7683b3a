"""The page: nothing active in it, harmful text closed and escaped, every set and figure there; and `eho evaluate run`."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from api import cli
from eho.home import Home
from evaluation.figures import ErrorExample, Evaluation, Figure, SetResult, Table, TableRow
from evaluation.report import render
from evaluation.runs import SETS


class _Reader(HTMLParser):
    """Collects tags and the text that stands outside `<details>`."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open_text: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href") or name.startswith("on")]
        self._depth += tag == "details"

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "details"

    def handle_data(self, data: str) -> None:
        if self._depth == 0:
            self.open_text.append(data)


def _evaluation(model: str, value: float) -> Evaluation:
    figure = Figure(value, 120, value - 0.1, value + 0.1)
    rows = (
        TableRow("micro", "All narratives", {"listed_f1": figure, "shown_precision": Figure(None, 0)}, 200),
        TableRow("few", "Few cases", {"listed_f1": Figure(0.3, 4)}),
    )
    table = Table("overall", "Narratives overall", "What it says.", {"listed_f1": "Listed: F1", "shown_precision": "Right"}, rows)
    examples = (ErrorExample("missed", "b01-001", "sq", "x (endorse)", "nothing", "<script>alert(1)</script> tekst i dëmshëm"),)
    measured = SetResult(
        "corpus-dev", "Narrative corpus, dev", "abc", 200, 4, "batch", (table,), ("A note.",), examples, ("A summary.",)
    )
    missing = SetResult("real", "real", "", 0, 0, "", (), skipped="Set EHO_DATA.")
    return Evaluation(model, "1", "d", "1.0+x", "2026-11-21T00:00:00Z", (measured, missing))


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader


def test_a_page_has_nothing_active_and_loads_nothing() -> None:
    page = render([_evaluation("baseline", 0.5)])
    reader = _read(page)
    assert "script" not in reader.tags
    assert not reader.links
    assert "default-src 'none'" in page
    assert "url(" not in page


def test_harmful_text_stands_behind_a_fold_and_is_escaped() -> None:
    page = render([_evaluation("baseline", 0.5)])
    assert "&lt;script&gt;alert(1)&lt;/script&gt; tekst i dëmshëm" in page
    open_text = " ".join(_read(page).open_text)
    assert "tekst i dëmshëm" not in open_text
    assert "Content note" in open_text


def test_figures_come_with_interval_and_n_and_what_is_missing_is_said() -> None:
    page = render([_evaluation("baseline", 0.5)])
    text = " ".join(_read(page).open_text)
    assert "50%" in text
    assert "40–60, n 120" in text
    assert "–" in text
    assert re.search(r"Not measured\. Set EHO_DATA\.", text)
    assert "A summary." in text
    assert "A note." in text


def test_two_models_stand_side_by_side() -> None:
    page = render([_evaluation("baseline", 0.5), _evaluation("newer", 0.75)])
    table = page[page.index("Models and sets") : page.index("</table>", page.index("Models and sets"))]
    assert table.index("baseline 1") < table.index("newer 1")
    assert "50%" in table
    assert "75%" in table


@pytest.fixture
def _home(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    monkeypatch.setenv("EHO_HOME", str(home.path))
    monkeypatch.delenv("EHO_DATA", raising=False)


@pytest.mark.usefixtures("_home")
def test_run_writes_page_and_json_and_names_sets_that_are_not_here(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figures = tmp_path / "report.html", tmp_path / "report.json"
    run = ["evaluate", "run", "--model", "baseline", "--set", "all", "--root", str(root), "--json"]
    assert cli.run([*run, "--out", str(page), "--out", str(figures)]) == 0
    (answer,) = json.loads(capsys.readouterr().out)["evaluations"]
    assert answer == json.loads(figures.read_text(encoding="utf-8"))["evaluations"][0]
    assert set(answer["sets"]) == set(SETS) - {"corpus-train"}
    assert {"corpus-dev", "corpus-test", "real", "check", "audit", "public", "retrieval", "metamorphic"} <= set(answer["sets"])
    assert answer["sets"]["corpus-dev"]["n"] == 40
    assert "EHO_DATA" in answer["sets"]["public"]["skipped"]
    assert "Serbët" not in json.dumps(answer, ensure_ascii=False)
    reader = _read(page.read_text(encoding="utf-8"))
    assert "Narrative corpus, dev" in " ".join(reader.open_text)
    assert "script" not in reader.tags


@pytest.mark.usefixtures("_home")
def test_no_row_of_the_test_split_is_shown(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "corpus" / "dev").rename(root / "corpus" / "test")
    assert (
        cli.run(["evaluate", "run", "--set", "corpus-test", "--root", str(root), "--out", str(tmp_path / "t.html"), "--json"])
        == 0
    )
    (answer,) = json.loads(capsys.readouterr().out)["evaluations"]
    assert answer["sets"]["corpus-test"]["examples"] == []
    assert "Graçanica" not in (tmp_path / "t.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("_home")
def test_run_prints_tables(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["evaluate", "run", "--root", str(root)]) == 0
    out = capsys.readouterr().out
    assert "Narrative corpus, dev: 40 cases" in out
    assert "Families of narratives" in out


@pytest.mark.usefixtures("_home")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "nope"), "no set 'nope'"),
        (("--set", "corpus-test"), "no rows"),
        (("--model", "nope"), "no model 'nope'"),
        (("--out", "report.pdf"), "'report.pdf'"),
        (("--root", "/does/not/exist"), "which is no folder"),
    ],
    ids=["unknown set", "absent set", "unknown model", "unknown form", "absent folder"],
)
def test_run_says_in_one_line_what_is_wrong(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert cli.run(["evaluate", "run", "--root", str(root), *arguments]) == 2
    err = capsys.readouterr().err.strip()
    assert said in err
    assert len(err.splitlines()) == 1
