"""Backups: one SQLite file each, of either database, made while the program runs, and verified."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from monitor.errors import StoreError
from monitor.store import copying, schema
from monitor.store.copying import Progress, Sums
from monitor.store.engine import Store
from monitor.store.migrations import HEAD


def backup(store: Store, file: Path, progress: Progress | None = None) -> dict[str, int]:
    """Write the state of this moment into a file, verified; rows by table.

    Other processes may read and write meanwhile. The file appears under its name once it is whole;
    only its owner can read it, since it holds the readers' addresses. Raises `StoreError`.
    """
    if file.exists():
        raise StoreError(f"{file}: there is such a file already; name another one.")
    draft = file.with_name(file.name + ".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _remove(draft)
        os.close(os.open(draft, os.O_CREAT | os.O_WRONLY, 0o600))
        wanted = _write(store, draft, progress)
        if (found := verify(draft)) != wanted:
            raise StoreError(f"{file}: the backup holds other rows than the database: given up.")
        _sync(draft)
        draft.replace(file)
        _sync(file.parent)
    except OSError as error:
        raise StoreError(f"{file}: the backup cannot be written ({error.strerror}).") from error
    except sqlite3.Error as error:
        raise StoreError(f"{file}: the backup cannot be written ({error}).") from error
    finally:
        _remove(draft)
    return found


def verify(file: Path) -> dict[str, int]:
    """Read a backup whole, pages and foreign keys; rows by table.

    Raises `StoreError` that says what is wrong with it.
    """
    if not file.is_file():
        raise StoreError(f"{file}: there is no such file.")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True)) as c:
            said = [row[0] for row in c.execute("PRAGMA integrity_check(10)")]
            broken = c.execute("PRAGMA foreign_key_check").fetchall()
            rows = _rows(c)
    except sqlite3.Error as error:
        raise StoreError(f"{file}: it is no sound backup ({error}).") from error
    if said != ["ok"]:
        raise StoreError(f"{file}: it is no sound backup ({said[0]}).")
    if broken:
        raise StoreError(f"{file}: row {broken[0][1]} of {broken[0][0]} refers to nothing.")
    return rows


def restore(file: Path, store: Store, progress: Progress | None = None) -> Sums:
    """Put what a backup holds in the place of everything that the database holds, verified.

    One transaction: others see the old state or the new one. A backup of an older schema is
    brought up to date in a copy first. Raises `StoreError`; the database then holds what it held.
    """
    verify(file)
    if store.revision() is None:
        schema.upgrade(store)
    store.require_current()
    with (
        _current(file) as source,
        copying.snapshot(source) as reader,
        copying.transaction(store) as writer,
    ):
        for table in reversed(copying.ordered()):
            writer.execute(table.delete())
        return copying.pour(reader, writer, store.url, progress)


def _write(store: Store, draft: Path, progress: Progress | None) -> dict[str, int]:
    if store.is_sqlite:
        with copying.snapshot(store) as reader, closing(sqlite3.connect(draft)) as target:
            raw = reader.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            raw.backup(target)  # the pages of the very state that this transaction sees
            rows = _rows(raw)
    else:
        target_store = Store(f"sqlite:///{draft}")
        try:
            sums = copying.copy(store, target_store, progress)
        finally:
            target_store.close()
        rows = {name: found.rows for name, found in sums.items()} | {"alembic_version": 1}
    with closing(sqlite3.connect(draft)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()  # a backup is one file
    return rows


def _rows(connection: sqlite3.Connection) -> dict[str, int]:
    listed = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    names = [str(name) for (name,) in listed]
    # The names are those of the tables themselves.
    return {
        n: int(connection.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0])  # noqa: S608
        for n in names
    }


@contextmanager
def _current(file: Path) -> Iterator[Store]:
    """The backup at the schema of this version; one of an older schema is upgraded in a copy."""
    store = Store(f"sqlite:///{file}", read_only=True)
    draft = file.with_name(file.name + ".upgrade")
    try:
        if store.revision() != HEAD:
            _remove(draft)
            draft.write_bytes(file.read_bytes())
            draft.chmod(0o600)
            store = Store(f"sqlite:///{draft}")
            schema.upgrade(store)
        yield store
    except OSError as error:
        raise StoreError(f"{draft}: it cannot be written ({error.strerror}).") from error
    finally:
        store.close()
        _remove(draft)


def _remove(draft: Path) -> None:
    """Where nothing can be written nothing can be removed: whoever writes tells of that."""
    for ending in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            draft.with_name(draft.name + ending).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Make sure that a file or folder is on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
