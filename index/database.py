"""Opens the store's database: SQLite in write-ahead mode by default, or any other SQLAlchemy address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from eho.errors import StoreError
from index.schema import SCHEMA_VERSION, metadata, store_info
from index.upgrades import upgrade

_WRITES = "eho_writes"
_BUSY_TIMEOUT_S = 30.0
_UPGRADABLE = range(1, SCHEMA_VERSION)


class Database:
    """An engine with its connection pool; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})

    @classmethod
    def open(cls, address: str) -> Database:
        """Connect and make or check the tables. Raises StoreError naming the address and what to do."""
        try:
            url = make_url(address)
            engine = _sqlite(url) if url.get_backend_name() == "sqlite" else create_engine(url, pool_pre_ping=True)
        except (ArgumentError, ImportError) as error:
            raise StoreError(
                f"Store address {address!r} cannot be used: {_line(error)}. Set store.url, or leave it unset."
            ) from error
        database = cls(engine)
        try:
            if not database._is_made(url):
                database._make()
        except StoreError:
            database.close()
            raise
        return database

    def _is_made(self, url: URL) -> bool:
        with self.reading() as connection:
            if not inspect(connection).has_table(store_info.name):
                return False
            found = connection.scalar(select(store_info.c.value).where(store_info.c.name == "schema"))
        if found in _UPGRADABLE:
            self._upgrade()
        elif found not in (None, SCHEMA_VERSION):
            raise StoreError(
                f"Store {_shown(url)} has layout {found}, this eho reads layout {SCHEMA_VERSION}. Use the eho that made it."
            )
        return found is not None

    def _upgrade(self) -> None:
        with self.writing() as connection:
            found = connection.scalar(select(store_info.c.value).where(store_info.c.name == "schema").with_for_update())
            if found is not None and found in _UPGRADABLE:  # no other process did it meanwhile
                upgrade(connection, found)

    def _make(self) -> None:
        with self.writing() as connection:
            metadata.create_all(connection)
            if connection.scalar(select(store_info.c.value).where(store_info.c.name == "schema")) is None:
                facts = {"schema": SCHEMA_VERSION, "sequence": 0, "history": 0}
                rows = [{"name": name, "value": value} for name, value in facts.items()]
                connection.execute(store_info.insert(), rows)

    def close(self) -> None:
        """Close all pooled connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state. Raises StoreError for any failure of the database."""
        with self._saying(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in one write transaction, committed at the end. Raises StoreError as `reading`."""
        with self._saying(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _saying(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise StoreError(
                f"Store {_shown(self._engine.url)} failed: {_line(getattr(error, 'orig', None) or error)}. "
                "Check that the file is a store and the disk has room, or restore a backup."
            ) from error


def reserve(connection: Connection, count: int) -> int:
    """Take `count` sequence numbers and return the first.

    The row is locked until the transaction ends, so numbers become visible in the order in which they were given.
    """
    taken = connection.scalar(select(store_info.c.value).where(store_info.c.name == "sequence").with_for_update()) or 0
    connection.execute(update(store_info).where(store_info.c.name == "sequence").values(value=taken + count))
    return taken + 1


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin, not by the driver's guess
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",  # readers go on while one process writes
        # FULL: a commit is on the disk when it returns, so neither kill -9 nor a power cut loses it. NORMAL would survive the
        # kill only, and gained a third for single documents (1,250 against 850 a second), nothing for batches.
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # what is erased is overwritten, not only unlinked; most builds of SQLite do this by default
        "cache_size=-16384",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A deferred transaction that turns to writing fails at once when another process wrote meanwhile; IMMEDIATE waits its turn.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".")
