"""The registry: one file a source; a broken one is named in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawlers.registry import load_registry
from eho.errors import SourceError

GOOD = "id: vala\nname: Vala\nfeeds: [http://vala.test/feed.xml]\n"


def test_sources_by_id(tmp_path: Path) -> None:
    (tmp_path / "vala.yaml").write_text(GOOD, encoding="utf-8")
    assert load_registry(tmp_path)["vala"].feeds == ["http://vala.test/feed.xml"]


def test_folder_that_does_not_exist_adds_nothing(tmp_path: Path) -> None:
    assert "vala" not in load_registry(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("id: vala\n", ["name"], id="missing-name"),
        pytest.param("id: Vala!\nname: V\n", ["id", "Vala!"], id="bad-id"),
        pytest.param("id: v\nname: V\nfeeds: [feed.xml]\n", ["feeds", "feed.xml"], id="no-address"),
        pytest.param("id: v\nname: V\nfeed: x\n", ["feed"], id="unknown-field"),
        pytest.param("- a\n- b\n", ["list"], id="no-mapping"),
        pytest.param("id: [\n", ["cannot be read"], id="no-yaml"),
    ],
)
def test_broken_file_is_one_line(tmp_path: Path, text: str, parts: list[str]) -> None:
    (tmp_path / "broken.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        load_registry(tmp_path)
    message = str(caught.value)
    assert "broken.yaml" in message and "\n" not in message
    assert all(part in message for part in parts)


def test_id_given_twice(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
    with pytest.raises(SourceError, match="'vala' is taken"):
        load_registry(tmp_path)
