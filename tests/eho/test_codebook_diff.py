"""Changes between two codebooks: what was added, removed or changed, by id, whatever the order."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from eho.codebook_diff import Change, compare, compare_files
from eho.errors import CodebookError

BUNDLED = Path(__file__).parents[2] / "eho" / "data" / "codebook.yaml"
ORIGINAL: dict[str, Any] = yaml.safe_load(BUNDLED.read_text(encoding="utf-8"))


def _write(path: Path, content: object) -> Path:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def test_a_codebook_is_equal_to_itself_in_any_order(tmp_path: Path) -> None:
    turned = copy.deepcopy(ORIGINAL)
    turned["narratives"].reverse()
    turned["register_markers"]["sr"].reverse()
    assert compare_files(BUNDLED, BUNDLED) == []
    assert compare_files(BUNDLED, _write(tmp_path / "turned.yaml", turned)) == []


def test_every_kind_of_change_is_named_by_ids(tmp_path: Path) -> None:
    changed = copy.deepcopy(ORIGINAL)
    changed["version"] = "1.1"
    changed["register_markers"]["sr"].append("Kosmetom")
    changed["narratives"][0]["includes"][0] = "slogans of return"
    changed["narratives"][0]["labels"]["en"] = "Reconquest"
    gone = changed["rules"].pop()
    found = compare_files(BUNDLED, _write(tmp_path / "changed.yaml", changed))
    first = ORIGINAL["narratives"][0]["id"]
    assert Change("changed", "version", "1.0", "1.1") in found
    assert Change("added", "register_markers.sr[Kosmetom]", None, "Kosmetom") in found
    assert Change("changed", f"narratives[{first}].labels.en", ORIGINAL["narratives"][0]["labels"]["en"], "Reconquest") in found
    assert [one.kind for one in found if one.place == f"rules[{gone['id']}]"] == ["removed"]
    assert {one.kind for one in found if one.place.startswith(f"narratives[{first}].includes")} == {"added", "removed"}
    assert len(found) == 6


def test_a_file_of_an_older_form_is_compared_as_written(tmp_path: Path) -> None:
    older = copy.deepcopy(ORIGINAL)
    for rule in older["rules"]:
        del rule["examples"]
    found = compare_files(_write(tmp_path / "older.yaml", older), BUNDLED)
    assert [one.place for one in found] == [f"rules[{rule['id']}].examples" for rule in ORIGINAL["rules"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"- a\n", "holds list", id="list"),
        pytest.param(b"a: [", "check the path", id="broken"),
        pytest.param(None, "No such file", id="absent"),
    ],
)
def test_what_is_no_codebook_is_named_in_one_line(content: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CodebookError, match=said) as raised:
        compare_files(BUNDLED, path)
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_entries_without_ids_are_compared_by_position() -> None:
    before, after = {"examples": [{"kind": "a", "n": 1}]}, {"examples": [{"kind": "a", "n": 2}]}
    assert compare(before, after) == [Change("changed", "examples[0].n", 1, 2)]
