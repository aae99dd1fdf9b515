"""The database behind everything: SQLite by default, PostgreSQL unchanged.

`Store.read()` and `Store.write()` give a session each, one transaction a use. Failures of the
database leave this file as `StoreError`, in a sentence for the operator.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlmodel import Session

from monitor.errors import ConfigurationError, ConflictError, StoreError
from monitor.store import faults, sqlite


class Store:
    """A database by SQLAlchemy URL, connected on first use.

    SQLite runs in WAL mode with foreign keys on; writers take the lock at once (BEGIN IMMEDIATE),
    so that two processes never lose each other's update. `read_only` opens a SQLite file (a backup)
    without changing a byte of it. Raises `ConfigurationError` for a bad URL.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        try:
            parsed = make_url(url)
            if parsed.drivername == "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")
            self._engine = create_engine(
                _read_only(parsed) if read_only else parsed, pool_pre_ping=True
            )
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "MONITOR_DATABASE_URL: this database needs one more package "
                f"({error.name}): pip install 'evidence-monitor[postgres]'."
            ) from error
        except (ArgumentError, NoSuchModuleError) as error:
            raise ConfigurationError(
                "MONITOR_DATABASE_URL: not a database URL that can be used here; "
                "sqlite:///monitor.db and postgresql://user@host/name are."
            ) from error
        self.url = parsed.render_as_string(hide_password=True)
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_reader if read_only else _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        self._writer = self._engine.execution_options(immediate=True)

    @property
    def engine(self) -> Engine:
        """The engine, for migrations."""
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        with self._session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work is committed whole at the end, or not at all."""
        with self._session(self._writer) as session:
            yield session
            session.commit()

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        try:
            with Session(engine, expire_on_commit=False) as session:
                yield session
        except IntegrityError as error:
            raise ConflictError(sentence(self.url, error)) from error
        except DBAPIError as error:
            raise StoreError(sentence(self.url, error)) from error

    def revision(self) -> str | None:
        """Schema revision of the database, None when it has no tables. Raises `StoreError`."""
        try:
            with self._engine.connect() as connection:
                row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
        except DBAPIError as error:
            if error.orig and faults.is_missing_table(error.orig):
                return None
            raise StoreError(sentence(self.url, error)) from error
        return str(row[0]) if row else None

    def require_current(self) -> None:
        """Raise `StoreError` unless the schema is the one this version was made for."""
        faults.require_current(self.url, self.revision())

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    sqlite.prepare(connection)


def _prepare_reader(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None


def _read_only(url: URL) -> URL:
    if url.get_backend_name() != "sqlite" or not url.database:
        return url
    path = quote(str(Path(url.database).absolute()))
    return url.set(database=f"file:{path}").update_query_dict({"mode": "ro", "uri": "true"})


def _begin_sqlite(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("immediate") else "BEGIN")


def sentence(url: str, error: DBAPIError) -> str:
    """What happened and what to do; the statement and its values stay out of it."""
    return faults.sentence(url, error.orig or error)
