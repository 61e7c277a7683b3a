"""The jobs of the index: brought up to the store, built anew, moved to another engine, compared with the store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from api.jobs import Say, counted, silent
from api.model_choice import write_setting
from api.wiring import Parts
from eho.errors import EngineAwayError, EngineError, InputError
from eho.settings import IndexSettings

if TYPE_CHECKING:
    from index.answers import IndexStats
    from index.checking import Findings
    from index.protocol import Index

_ENGINES = ("embedded", "elasticsearch")


def update_index(parts: Parts, *, rebuild: bool = False, say: Say = silent) -> IndexStats:
    """Bring the index up to the store, from what changed since its sequence number or, when asked or needed, anew.

    It is built anew where documents were removed, so that nothing of them stays in its files.
    """
    store, index, snapshots = parts.store(), parts.index(), parts.snapshots()
    sequence, indexed = store.sequence(), None if rebuild else indexed_sequence(index, parts.encoder.space)
    if indexed is not None and store.last_removal() > indexed:
        indexed = None
    if indexed != sequence:
        snapshots.keep_live()
    then = store.at(sequence)  # what another process writes meanwhile is for the next time
    if indexed is None:
        stats = index.rebuild(counted(then.documents(), then.count(), say), sequence=sequence)
    else:
        stats = index.update(counted(then.documents(since_seq=indexed), None, say), sequence=sequence)
    snapshots.forget_removed()
    snapshots.current_id()
    return stats


def drop_removed(parts: Parts, *, say: Say = silent) -> None:
    """Build the index anew where it still holds documents that were erased or have expired."""
    if (last := parts.store().last_removal()) == 0:
        return  # and the encoder need not be loaded
    indexed = indexed_sequence(parts.index(), parts.encoder.space)
    if indexed is not None and last > indexed:
        update_index(parts, say=say)


def build(parts: Parts, *, engine: str | None, url: str | None, say: Say = silent) -> IndexStats:
    """Build the index anew, with the engine in use or another one, which nobody asks before `migrate` switches to it."""
    chosen = _chosen(parts, engine, url)
    if chosen == parts.settings.index:
        return update_index(parts, rebuild=True, say=say)
    index = parts.open_index(chosen)
    try:
        then = parts.store().at(parts.store().sequence())
        return index.rebuild(counted(then.documents(), then.count(), say), sequence=then.sequence())
    finally:
        index.close()


def migrate(parts: Parts, *, engine: str | None, url: str | None, say: Say = silent) -> IndexStats:
    """Build the index anew, then use the engine that holds it. Raises EngineError where it lacks a document; the old one stays.

    Raises InputError where the environment sets the engine and would undo the change.
    """
    chosen = _chosen(parts, engine, url)
    changed = {name: getattr(chosen, name) for name in ("engine", "url")}
    changed = {name: value for name, value in changed.items() if value != getattr(parts.settings.index, name)}
    for name in changed:
        if (variable := f"EHO_INDEX__{name.upper()}") in os.environ:
            raise InputError(f"{variable} is {os.environ[variable]!r} and stands above the settings file; unset it first.")
    stats = build(parts, engine=engine, url=url, say=say)
    if stats.failures:
        first = stats.failures[0]
        raise EngineError(
            f"{len(stats.failures)} documents are not in the new index; the first is {first['id']}: {first['reason']}"
        )
    for name, value in changed.items():
        write_setting(parts.home.config, "index", name, value)
    return stats


def check(parts: Parts) -> Findings:
    """Read the whole index and compare it with the store as of its number. Raises EngineError."""
    return parts.index().check(lambda sequence: parts.store().at(sequence).documents())


def indexed_sequence(index: Index, space: str) -> int | None:
    """Return up to where the index is complete; None where it is missing, broken or without the encoder's vectors.

    Raises EngineAwayError where the server is away and never told.
    """
    try:
        status = index.status()
    except EngineAwayError as error:
        if error.sequence is None:
            raise
        return error.sequence
    except EngineError:
        return None
    return status.sequence if status.vector_space == space else None


def _chosen(parts: Parts, engine: str | None, url: str | None) -> IndexSettings:
    if engine is not None and engine not in _ENGINES:
        raise InputError(f"--engine is {engine!r}; use one of {', '.join(_ENGINES)}.", field="engine")
    given = {name: value for name, value in (("engine", engine), ("url", url)) if value is not None}
    return parts.settings.index.model_copy(update=given)
