"""The sealed reference store: nothing readable on the disk, keys that are guarded and replaced, and documents found again."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlers.social.post import Post
from crawlers.social.references import References
from eho.errors import StoreError

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
POSTS = [
    Post(
        native_id=f"at://did:plc:abc/app.bsky.feed.post/{number}",
        url=f"https://bsky.app/profile/abc/post/{number}",
        text="t",
        published_at=NOW,
    )
    for number in range(3)
]


def _open(folder: Path) -> References:
    return References(folder / "references.sqlite", folder / "keys" / "social.key")


def test_a_post_keeps_its_document_and_its_first_source(tmp_path: Path) -> None:
    with _open(tmp_path) as references:
        first = references.claim("one", "bluesky", POSTS[:2])
    with _open(tmp_path) as references:
        again = references.claim("two", "bluesky", POSTS)
        assert {id: again[id] for id in first} == first and again[POSTS[2].native_id].source == "two"
        found = references.get(first[POSTS[0].native_id].document_id)
        assert found is not None and (found.native_id, found.url) == (POSTS[0].native_id, POSTS[0].url)
        assert references.find("mastodon", POSTS[0].native_id) is None


def test_nothing_on_the_disk_can_be_read_and_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    with _open(tmp_path) as references:
        claims = references.claim("one", "bluesky", POSTS)
        references.set_mark("listing", "one", "account", "zeri.test", value={"next": POSTS[0].native_id})
        rows = sqlite3.connect(tmp_path / "references.sqlite").execute("SELECT sealed FROM post").fetchall()
        references.forget([claim.document_id for claim in claims.values()])
        assert references.count() == 0
        assert references.mark("listing", "one", "account", "zeri.test") == {"next": POSTS[0].native_id}
    data = (tmp_path / "references.sqlite").read_bytes()
    for secret in (b"did:plc", b"bsky.app", b"zeri.test", *(row[0] for row in rows)):
        assert secret not in data


def test_rotation_keeps_documents_and_changes_every_hash(tmp_path: Path) -> None:
    with _open(tmp_path) as references:
        claims = references.claim("one", "bluesky", POSTS)
        number = references.number("bluesky", "x")
        assert not references.rotate(after=timedelta(days=90))
        assert references.rotate(after=timedelta(days=90), now=datetime.now(UTC) + timedelta(days=91))
        assert references.number("bluesky", "x") != number
        assert references.claim("one", "bluesky", POSTS) == claims
    with _open(tmp_path) as references:
        assert references.find("bluesky", POSTS[1].native_id) == claims[POSTS[1].native_id].document_id


def test_a_rotation_that_is_cut_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _open(tmp_path) as references:
        claims = references.claim("one", "bluesky", POSTS)
        monkeypatch.setattr(references, "_put_hash_key", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            references.rotate()
    with _open(tmp_path) as references:
        assert references.claim("one", "bluesky", POSTS) == claims and references.count() == 3


@pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's")
def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    _open(tmp_path).close()
    key = tmp_path / "keys" / "social.key"
    assert key.stat().st_mode & 0o777 == 0o600 and key.parent.stat().st_mode & 0o777 == 0o700
    key.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        _open(tmp_path)


@pytest.mark.parametrize("damage", ["missing", "short", "other"])
def test_a_wrong_key_is_one_line(tmp_path: Path, damage: str) -> None:
    with _open(tmp_path) as references:
        references.claim("one", "bluesky", POSTS)
    key = tmp_path / "keys" / "social.key"
    if damage == "missing":
        key.unlink()
    else:
        key.write_bytes(b"short" if damage == "short" else bytes(32))
    with pytest.raises(StoreError) as raised:
        _open(tmp_path)
    assert "restore" in str(raised.value) and "\n" not in str(raised.value)
    assert damage != "missing" or not key.exists()


def test_due_are_those_unseen_for_longest(tmp_path: Path) -> None:
    with _open(tmp_path) as references:
        for number, post in enumerate(POSTS):
            references.claim("one", "bluesky", [post], at=NOW + timedelta(hours=number))
        due = references.due("one", NOW + timedelta(hours=1))
        assert [one.native_id for one in due] == [POSTS[0].native_id, POSTS[1].native_id]
        references.checked([due[0].document_id], at=NOW + timedelta(hours=5))
        assert [one.native_id for one in references.due("one", NOW + timedelta(hours=1))] == [POSTS[1].native_id]
