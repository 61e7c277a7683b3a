"""What was sealed, opened for a reason and logged: the door for `eho raw show`, and for accounts over HTTP once there are any."""

from __future__ import annotations

from pathlib import Path

from api.audit_log import AuditLog
from crawlers.capture import WarcArchive
from crawlers.sealing import SealingKey, is_sealed, seal_file, wipe_remains
from crawlers.stored import StoredPage, read_page
from eho.document import Capture
from eho.errors import InputError
from eho.home import Home
from eho.settings import Settings
from index.store import Store

_LEAST_REASON = 5  # characters
_CAPTURES = (".warc", ".warc.gz")


def key_path(home: Home, settings: Settings) -> Path:
    """Return where the key of the sealed captures lies."""
    named = settings.privacy.key_file
    return Path(named).expanduser() if named else home.path / "raw.key"


def present_key(home: Home, settings: Settings) -> SealingKey | None:
    """Return the key where there is one. Raises SealError for a broken one, or one that others may read."""
    path = key_path(home, settings)
    return SealingKey.load(path) if path.exists() else None


def sealed_archive(home: Home, settings: Settings) -> WarcArchive:
    """Return where a crawl keeps its pages: sealed, with a key that is made at the first crawl."""
    key = SealingKey.load_or_make(key_path(home, settings))
    return WarcArchive(home.captures, user_agent=settings.crawl.user_agent, key=key)


def address_key(home: Home, settings: Settings) -> bytes:
    """Return the key under which masked addresses are known again."""
    return SealingKey.load_or_make(key_path(home, settings)).derive(b"addresses")


def audit_log(home: Home) -> AuditLog:
    """Return the log of this data folder."""
    return AuditLog(home.path / "audit.jsonl")


def original(home: Home, settings: Settings, store: Store, document_id: str, reason: str) -> StoredPage:
    """Open the page of a document as it was fetched; logged before it is read.

    Raises InputError for an unknown document, one without a capture, or no reason; SealError without the right key.
    """
    if len(reason.strip()) < _LEAST_REASON:
        raise InputError(f"--reason is {reason!r}; say why the original is needed, it is logged.", field="reason")
    found = store.get(document_id)
    if found is None:
        raise InputError(f"There is no document {document_id!r}; see eho search.", field="id")
    capture: Capture | None = found.document.provenance.capture
    if capture is None:
        raise InputError(f"Document {document_id!r} was not fetched by Eho, so no original of it is kept.", field="id")
    path = home.path / capture.file
    if not path.is_file():
        raise InputError(
            f"The capture {capture.file} of document {document_id!r} is not here; restore it from a backup.", field="id"
        )
    audit_log(home).add("raw show", document_id, reason.strip())
    page = read_page(path, capture.offset, present_key(home, settings))
    if not isinstance(page, StoredPage):
        raise InputError(f"The original of document {document_id!r} cannot be read: {page.reason}.", field="id")
    return page


def key_for_extraction(path: Path) -> SealingKey | None:
    """Return the home's key where a path holds sealed captures, and log that they are opened; None where nothing is sealed."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    sealed = [one.name for one in sorted(files) if one.name.lower().endswith(_CAPTURES) and is_sealed(one)]
    home = Home.find()
    if not sealed or not home.exists():
        return None
    from eho.settings import load_settings

    settings = load_settings(home.config)
    key = present_key(home, settings)
    if key is not None:
        with home.writing("extract", settings.home.lock_wait_s):
            audit_log(home).add("extract", f"{sealed[0]} and {len(sealed) - 1} more" if len(sealed) > 1 else sealed[0])
    return key


def seal_captures(home: Home, settings: Settings) -> tuple[list[str], int]:
    """Seal all plain captures of the data folder; return their names and how many were sealed already."""
    key = SealingKey.load_or_make(key_path(home, settings))
    if home.captures.exists():
        wipe_remains(home.captures)
    files = (
        sorted(one for one in home.captures.rglob("*") if one.name.lower().endswith(_CAPTURES)) if home.captures.exists() else []
    )
    sealed = [one.name for one in files if seal_file(one, key)]
    audit_log(home).add("seal", f"{len(sealed)} captures")
    return sealed, len(files) - len(sealed)
