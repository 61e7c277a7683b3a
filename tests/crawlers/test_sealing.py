"""Sealed captures: nothing readable on the disk, the same bytes at the same places with the key, and nothing without it."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.capture import WarcArchive
from crawlers.sealing import SealedReader, SealedWriter, SealingKey, is_sealed, open_capture, seal_file, wipe_remains
from crawlers.stored import StoredPage, read_page, read_stored
from eho.document import Document
from eho.errors import SealError
from eho.outcome import Outcome, OutcomeRecord
from tests.crawlers.test_stored import TEXT, fetched

KEY = SealingKey(bytes(range(32)))


class Kept(io.BytesIO):
    """A file whose content outlives its closing."""

    content = b""

    def close(self) -> None:
        self.content = self.getvalue()
        super().close()


@given(
    st.lists(st.tuples(st.binary(max_size=300), st.booleans()), max_size=8),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 400)), max_size=5),
)
def test_any_place_reads_what_was_written_there(pieces: list[tuple[bytes, bool]], places: list[tuple[int, int]]) -> None:
    file = Kept()
    writer = SealedWriter(file, KEY)
    plain = b"".join(piece for piece, _ in pieces)
    for at, (piece, is_end) in enumerate(pieces):
        assert writer.tell() == sum(len(before) for before, _ in pieces[:at])
        writer.write(piece)
        if is_end:
            writer.flush()
    writer.close()
    reader = io.BufferedReader(SealedReader(io.BytesIO(file.content), KEY, "x"))
    assert reader.read() == plain
    for start, length in places:
        reader.seek(start)
        assert reader.read(length) == plain[start : start + length]


def test_a_sealed_crawl_is_read_like_a_plain_one(tmp_path: Path) -> None:
    archive = WarcArchive(tmp_path / "captures", user_agent="test", key=KEY)
    captures = [archive.keep(fetched()) for _ in range(3)]
    archive.close()
    [path] = (tmp_path / "captures").glob("*.warc.gz")
    assert is_sealed(path) and b"WARC" not in path.read_bytes()
    documents = list(read_stored(path, key=KEY))
    assert [one.provenance.capture for one in documents if isinstance(one, Document)] == captures
    assert captures[2] is not None
    page = read_page(path, captures[2].offset, KEY)
    assert isinstance(page, StoredPage) and page.url == "http://sever.test/a"


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_killed_crawl_leaves_a_file_that_can_be_read(tmp_path: Path, cut: int) -> None:
    archive = WarcArchive(tmp_path, user_agent="test", key=KEY)
    for _ in range(3):
        archive.keep(fetched())
    archive.close()
    [path] = tmp_path.glob("*.warc.gz")
    path.write_bytes(path.read_bytes()[:-cut])
    results = list(read_stored(path, key=KEY))
    assert [result.text for result in results if isinstance(result, Document)][:2] == [TEXT, TEXT]
    assert any(isinstance(result, OutcomeRecord) and result.outcome is Outcome.TRUNCATED for result in results)


@pytest.mark.parametrize(("key", "says"), [(None, "its key is not here"), (SealingKey(bytes(32)), "another one")])
def test_without_the_key_there_is_one_clear_outcome(tmp_path: Path, key: SealingKey | None, says: str) -> None:
    archive = WarcArchive(tmp_path, user_agent="test", key=KEY)
    archive.keep(fetched())
    archive.close()
    [record] = read_stored(tmp_path, key=key)
    assert isinstance(record, OutcomeRecord) and record.outcome.is_failure and says in (record.reason or "")


def test_a_changed_byte_and_a_moved_chunk_are_refused() -> None:
    file = Kept()
    writer = SealedWriter(file, KEY)
    for piece in (b"a" * 50, b"b" * 50):
        writer.write(piece)
        writer.flush()
    writer.close()
    head, chunk = 24, 4 + 12 + 50 + 16
    swapped = file.content[:head] + file.content[head + chunk :] + file.content[head : head + chunk]
    changed = file.content[:-1] + bytes([file.content[-1] ^ 1])
    for content in (swapped, changed):
        with pytest.raises(SealError, match="chunk"):
            SealedReader(io.BytesIO(content), KEY, "x").readall()


def test_a_plain_capture_is_sealed_in_its_place(tmp_path: Path) -> None:
    archive = WarcArchive(tmp_path, user_agent="test")
    archive.keep(fetched())
    archive.close()
    [path] = tmp_path.glob("*.warc.gz")
    plain = path.read_bytes()
    assert seal_file(path, KEY) and not seal_file(path, KEY)
    assert [one.name for one in tmp_path.glob("*.warc.gz*")] == [path.name] and is_sealed(path)
    with open_capture(path, KEY) as stream:
        assert stream.read() == plain
    path.with_name("x.plain").write_bytes(b"left by a killed sealing")
    wipe_remains(tmp_path)
    assert not path.with_name("x.plain").exists() and path.exists()


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "raw.key"
    made = SealingKey.load_or_make(path)
    assert SealingKey.load_or_make(path).derive(b"x") == made.derive(b"x") != made.derive(b"y")
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
        with pytest.raises(SealError, match="chmod 600"):
            SealingKey.load(path)
        path.chmod(0o600)
    path.write_text("nothing\n", encoding="ascii")
    with pytest.raises(SealError, match="key"):
        SealingKey.load(path)
