"""Locks that processes share through the database: one leader, one worker.

SQLite: a lock on a file beside the database, which the system gives back when a process dies.
PostgreSQL: an advisory lock of a connection, which the server gives back when that ends. A pooler
that shares connections between clients (pgbouncer in transaction mode) cannot be used for it.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from monitor.errors import StoreError
from monitor.store.engine import Store, sentence

#: Who runs the schedule.
LEADER: Final = "leader"
#: Who labels, keeps the ledger and makes issues: one process at a time.
WORK: Final = "work"
_NUMBERS: Final = {LEADER: 0x6C646E01, WORK: 0x6C646E02}
_PAUSE: Final = 0.2


class Lock:
    """A lock by name; `take` and `keep` never wait. Raises `StoreError`."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name
        self._file: IO[str] | None = None
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Take it; False when another process has it."""
        return self._take_file() if self._store.is_sqlite else self._take_advisory()

    @property
    def held(self) -> bool:
        """Whether we took it and did not notice that it was lost; nobody is asked."""
        return self._file is not None or self._connection is not None

    def keep(self) -> bool:
        """Whether it is still ours: PostgreSQL may have restarted since."""
        if self._file is not None:
            return True
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except (DBAPIError, PendingRollbackError):
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give it back."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                connection.execute(
                    text("SELECT pg_advisory_unlock(:id)"), {"id": _NUMBERS[self._name]}
                )
            except (DBAPIError, PendingRollbackError):
                with suppress(DBAPIError, PendingRollbackError):
                    connection.invalidate()  # with it the server forgets the lock
            with suppress(DBAPIError, PendingRollbackError):
                connection.close()

    def _take_file(self) -> bool:
        database = self._store.engine.url.database or "monitor.db"
        path = Path(f"{database}.{self._name}")
        try:
            file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise StoreError(
                f"{path}: the lock cannot be taken ({error.strerror}); make the folder of the "
                "database writable for this user."
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def _take_advisory(self) -> bool:
        try:
            connection = self._store.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            )
            ask = text("SELECT pg_try_advisory_lock(:id)")
            if connection.execute(ask, {"id": _NUMBERS[self._name]}).scalar():
                self._connection = connection
                return True
            connection.close()
        except DBAPIError as error:
            raise StoreError(sentence(self._store.url, error)) from error
        return False


@contextmanager
def required(store: Store, name: str) -> Iterator[None]:
    """Hold a lock; raises `StoreError` at once when another process has it."""
    lock = Lock(store, name)
    if not lock.take():
        raise StoreError(
            f"{store.url}: another process runs the schedule or a job of it; stop it first."
        )
    try:
        yield
    finally:
        lock.release()


@contextmanager
def waited(
    store: Store,
    name: str,
    *,
    told: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold a lock, once whoever has it is done; `told` is called once when there is a wait."""
    lock = Lock(store, name)
    first = True
    while not lock.take():
        if first:
            told()
            first = False
        sleep(_PAUSE)
    try:
        yield
    finally:
        lock.release()
