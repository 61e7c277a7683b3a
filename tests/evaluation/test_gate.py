"""The gate through the command line: floors kept, raised by hand, lowered, and data that changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api import cli
from eho.home import Home
from evaluation.gate import Floor


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    monkeypatch.setenv("EHO_HOME", str(home.path))
    monkeypatch.delenv("EHO_DATA", raising=False)


@pytest.fixture
def recorded(root: Path) -> Path:
    """A folder with floors on its development split."""
    assert _gate(root, "--record", "--set", "corpus-dev") == 0
    return root


def _gate(root: Path, *arguments: str) -> int:
    return cli.run(["evaluate", "gate", "--root", str(root), *arguments])


def _floors(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "baseline.json").read_text(encoding="utf-8"))
    return found


def _dev_floors(content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = content["models"]["tagger"]["corpus-dev"]
    return found


def _write(root: Path, content: dict[str, Any]) -> None:
    (root / "baseline.json").write_text(json.dumps(content), encoding="utf-8")


def test_recorded_floors_are_kept_and_lie_a_little_under_what_was_measured(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    floors = _dev_floors(_floors(recorded))["floors"]
    assert len(floors) > 5
    assert all(
        0 <= bound["measured"] - bound["floor"] <= 0.0201 if "floor" in bound else bound["ceiling"] > bound["measured"]
        for bound in floors.values()
    )
    capsys.readouterr()
    assert _gate(recorded) == 0
    assert "BROKEN" not in capsys.readouterr().out


def test_a_floor_raised_by_hand_breaks(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = _floors(recorded)
    _dev_floors(content)["floors"]["overall/any/listed_f1"]["floor"] = 1.1
    _write(recorded, content)
    capsys.readouterr()
    assert _gate(recorded) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("BROKEN corpus-dev overall/any/listed_f1")
    assert sum(line.startswith("BROKEN") for line in out) == 1


def test_a_corrupted_label_is_refused(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recorded / "corpus" / "dev" / "b02.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("returnee_rejection", "returnee_irredeemable"), encoding="utf-8")
    capsys.readouterr()
    assert _gate(recorded) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "corpus-dev" in said
    assert "digest" in said
    assert "--record" in said


def test_line_ends_of_another_system_are_the_same_data(recorded: Path) -> None:
    path = recorded / "corpus" / "dev" / "b02.jsonl"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert _gate(recorded) == 0


def test_floors_are_lowered_only_with_a_reason_that_is_kept(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = _floors(recorded)
    _dev_floors(content)["floors"]["overall/any/listed_f1"]["floor"] = 1.1
    _write(recorded, content)
    before = (recorded / "baseline.json").read_bytes()
    assert _gate(recorded, "--record", "--set", "corpus-dev") == 2
    assert "would lower 1 floor" in capsys.readouterr().err
    assert _gate(recorded, "--record", "--lower", "--set", "corpus-dev") == 2
    assert "--reason" in capsys.readouterr().err
    assert (recorded / "baseline.json").read_bytes() == before
    assert _gate(recorded, "--record", "--lower", "--reason", "an honest mistake", "--set", "corpus-dev") == 0
    (kept,) = _floors(recorded)["lowered"]
    assert (kept["floor"], kept["from"], kept["reason"]) == ("overall/any/listed_f1", 1.1, "an honest mistake")
    assert _gate(recorded) == 0


def test_recording_again_never_lowers_a_floor_that_is_kept(recorded: Path) -> None:
    content = _floors(recorded)
    bound = _dev_floors(content)["floors"]["overall/any/listed_f1"]
    bound["floor"] = round(bound["measured"] - 0.001, 4)
    _write(recorded, content)
    assert _gate(recorded, "--record", "--set", "corpus-dev") == 0
    assert _dev_floors(_floors(recorded))["floors"]["overall/any/listed_f1"]["floor"] == bound["floor"]


def test_json_names_every_floor(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert _gate(recorded, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["kept"] is True
    assert {row["floor"] for row in answer["floors"]} == set(_dev_floors(_floors(recorded))["floors"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--lower",), "--lower goes with --record"),
        (("--set", "nope"), "no floors"),
        (("--record", "--set", "nope"), "no set 'nope'"),
        (("--record", "--set", "check"), "no NarrativeCheck cases"),
    ],
    ids=["lower alone", "no floors yet", "unknown set", "absent set"],
)
def test_what_cannot_be_done_is_said_in_one_line(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert _gate(root, *arguments) == 2
    err = capsys.readouterr().err.strip()
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("bound", "value", "is_kept"),
    [
        (Floor(0.5, 0.52), 0.5, True),
        (Floor(0.5, 0.52), 0.49, False),
        (Floor(0.1, 0.08, is_ceiling=True), 0.1, True),
        (Floor(0.1, 0.08, is_ceiling=True), 0.11, False),
        (Floor(0.0, 0.0), None, False),
    ],
    ids=["floor kept", "floor broken", "ceiling kept", "ceiling broken", "no longer measured"],
)
def test_bounds(bound: Floor, value: float | None, is_kept: bool) -> None:
    assert bound.is_kept_by(value) is is_kept
