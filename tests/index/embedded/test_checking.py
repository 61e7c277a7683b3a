from __future__ import annotations

import random
from pathlib import Path

import pytest

from eho.annotation import AnnotatedDocument
from eho.errors import EngineError
from index.embedded import EmbeddedIndex
from tests.index.conftest import annotated, annotation


def documents(count: int = 30) -> list[AnnotatedDocument]:
    return [annotated(f"d{number:02}", f"povratnici {number} Përplasje повратници", annotation("x")) for number in range(count)]


def test_a_sound_index_is_called_sound_and_every_difference_is_named(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path / "index", writer_memory_mb=15) as index:
        index.rebuild(documents(), sequence=7)
        asked: list[int] = []

        def store(sequence: int) -> list[AnnotatedDocument]:
            asked.append(sequence)
            return documents()

        assert index.check(store).is_sound
        assert asked == [7]
        other = [annotated("d00", "drugi tekst"), *documents()[2:], annotated("new")]
        found = index.check(lambda _: other)
        assert (found.missing, found.extra, found.different, found.doubled) == (("new",), ("d01",), ("d00",), ())
        assert not found.is_sound


@pytest.mark.parametrize("seed", range(12))
def test_one_changed_byte_anywhere_is_found(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    with EmbeddedIndex(tmp_path / "index", writer_memory_mb=15) as index:
        index.rebuild(documents(), sequence=1)
        index.update(documents(3), sequence=2)
    version = tmp_path / "index" / (tmp_path / "index" / "current").read_text(encoding="utf-8")
    suffix = draw.choice(["term", "idx", "pos", "fast", "fieldnorm", "store", "del"])
    path = draw.choice(sorted(version.glob(f"*.{suffix}")))
    data = bytearray(path.read_bytes())
    footer = 8 + int.from_bytes(data[-8:-4], "little")  # says who wrote the file, and is no content
    data[draw.randrange(len(data) - footer)] ^= 1 << draw.randrange(8)
    path.write_bytes(data)
    with EmbeddedIndex(tmp_path / "index") as index, pytest.raises(EngineError, match="Run eho index build") as caught:
        index.check(lambda _: documents())
    assert "\n" not in str(caught.value)
