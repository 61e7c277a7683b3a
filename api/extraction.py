"""`eho extract`: stored pages to documents, with the rules of the crawl and masked like stored ones."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.originals import key_for_extraction
from crawlers.outlets import Outlets
from crawlers.registry import load_registry
from crawlers.stored import read_stored
from eho.document import Document
from eho.errors import InputError
from eho.home import Home
from nlp.masking import mask

_STDIN = "-"
_MAGIC = ((b"\x1f\x8b", "stdin.warc.gz"), (b"WARC/", "stdin.warc"), (b"<", "stdin.html"))


def extract_paths(paths: Sequence[str], *, url: str | None, fetched_at: str | None, is_masked: bool) -> Iterator[dict[str, Any]]:
    """Yield a document's JSON, or `{"url","outcome","reason"}`, for every page. Raises InputError for a bad argument."""
    fetched = None if fetched_at is None else _read_time(fetched_at)
    for name in paths:
        if name != _STDIN and not Path(name).exists():
            raise InputError(f"{name} does not exist; give an HTML file, a WARC file, JSON lines or a folder of them.")
    if url is not None and (len(paths) > 1 or Path(paths[0]).is_dir()):
        raise InputError(f"--url is {url!r}, but it can be the address of one file only; give one HTML file.", field="url")
    home = Home.find()
    outlets = Outlets(load_registry(home.sources), home.blocks) if home.exists() else None
    with ExitStack() as until_read:
        for name in paths:
            path = _spool_stdin(until_read) if name == _STDIN else Path(name)
            for item in read_stored(path, url=url, fetched_at=fetched, outlets=outlets, key=key_for_extraction(path)):
                if isinstance(item, Document):
                    yield (mask(item) if is_masked else item).to_mapping()
                else:
                    yield {"url": item.url, "outcome": item.outcome.value, "reason": item.reason}


def _read_time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"--fetched-at is {text!r}; give a time such as 2026-09-03T07:40:00Z.", field="fetched_at") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _spool_stdin(until_read: ExitStack) -> Path:
    """Keep standard input in a file while it is read: WARC records are sought by offset."""
    folder = Path(until_read.enter_context(tempfile.TemporaryDirectory(prefix="eho-")))
    head = sys.stdin.buffer.read(1024)
    name = next((name for magic, name in _MAGIC if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(magic)), "stdin.jsonl")
    path = folder / name
    with path.open("wb") as file:
        file.write(head)
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path
