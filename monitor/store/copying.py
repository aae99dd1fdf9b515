"""Moving a whole database into another one: SQLite or PostgreSQL, in either direction.

Both ends are read and written in one transaction each, so the copy is one state of the source, and
the target holds all of it or nothing. What was written is read back and compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, func, select, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlmodel import SQLModel

from monitor.errors import StoreError
from monitor.store import schema, tables  # noqa: F401 - tables fills SQLModel.metadata
from monitor.store.engine import Store, sentence

Progress = Callable[[int, int], None]
_BATCH: Final = 500
_WRAP: Final = 1 << 256


@dataclass(frozen=True, slots=True)
class Sum:
    """What a table holds: its rows, and a checksum of all values that no order of rows changes."""

    rows: int = 0
    checksum: int = 0

    def plus(self, values: Iterator[object]) -> Sum:
        """This sum and one row more."""
        row = hashlib.sha256(repr(tuple(values)).encode()).digest()
        return Sum(self.rows + 1, (self.checksum + int.from_bytes(row)) % _WRAP)


Sums = dict[str, Sum]


def copy(source: Store, target: Store, progress: Progress | None = None) -> Sums:
    """Copy every row into an empty target at the same schema; what each table holds, verified.

    A target without tables gets them. Raises `StoreError`; the target then holds what it held.
    """
    source.require_current()
    if target.revision() is None:
        schema.upgrade(target)
    target.require_current()
    with snapshot(source) as reader, transaction(target) as writer:
        if filled := [t.name for t in ordered() if _count(writer, t)]:
            raise StoreError(
                f"{target.url} is not empty (table {filled[0]}): nothing was copied; name an "
                "empty database, or `monitor db restore` a backup over it."
            )
        return pour(reader, writer, target.url, progress)


def pour(
    reader: Connection, writer: Connection, url: str, progress: Progress | None = None
) -> Sums:
    """Copy all tables within two open transactions, and compare. Raises `StoreError`."""
    total = sum(_count(reader, t) for t in ordered())
    sums: Sums = {}
    done = 0
    for table in ordered():
        found = Sum()
        for rows in _batches(reader, table):
            for row in rows:
                found = found.plus(iter(row))
            writer.execute(table.insert(), [dict(row._mapping) for row in rows])  # noqa: SLF001
            done += len(rows)
            if progress:
                progress(done, total)
        sums[table.name] = found
    _set_sequences(writer)
    compare(sums, sums_of(writer), url)
    return sums


def compare(wanted: Sums, found: Sums, url: str) -> None:
    """Raise `StoreError` for the first table that does not hold what it should."""
    for name, sum_ in wanted.items():
        other = found.get(name, Sum())
        if sum_ != other:
            what = (
                f"{other.rows} rows instead of {sum_.rows}"
                if other.rows != sum_.rows
                else "rows that differ from those that were read"
            )
            raise StoreError(f"{url}: table {name} holds {what}: the copy was given up.")


def sums_of(connection: Connection) -> Sums:
    """What every table holds."""
    sums: Sums = {}
    for table in ordered():
        found = Sum()
        for rows in _batches(connection, table):
            for row in rows:
                found = found.plus(iter(row))
        sums[table.name] = found
    return sums


def ordered() -> list[Table]:
    """All tables, each after those that it refers to."""
    return list(SQLModel.metadata.sorted_tables)


@contextmanager
def snapshot(store: Store) -> Iterator[Connection]:
    """A transaction that sees one state of the database, however long it takes."""
    options: dict[str, Any] = {} if store.is_sqlite else {"isolation_level": "REPEATABLE READ"}
    with _told(store.url), store.engine.connect().execution_options(**options) as connection:
        if store.is_sqlite:  # a snapshot starts with the first read
            connection.execute(text("SELECT 1 FROM sqlite_master")).all()
        yield connection


@contextmanager
def transaction(store: Store) -> Iterator[Connection]:
    """A transaction that writes; committed whole at the end, or not at all."""
    engine = store.engine.execution_options(immediate=True)
    with _told(store.url), engine.begin() as connection:
        yield connection


@contextmanager
def _told(url: str) -> Iterator[None]:
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise StoreError(
            f"{url}: a row cannot be copied: {str(error.orig).splitlines()[0]}; "
            "run `monitor db check` on the source."
        ) from error
    except DBAPIError as error:
        raise StoreError(sentence(url, error)) from error


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _batches(connection: Connection, table: Table) -> Iterator[list[Row[Any]]]:
    # A cursor on the server's side: a table need not fit into memory.
    with connection.execute(select(table), execution_options={"yield_per": _BATCH}) as result:
        for part in result.partitions(_BATCH):
            yield list(part)


def _set_sequences(connection: Connection) -> None:
    """PostgreSQL counts on from the highest id that was copied."""
    if connection.dialect.name != "postgresql":
        return
    for table in ordered():
        column = table.autoincrement_column
        if column is None:
            continue
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": f'"{table.name}"', "column": column.name},
        ).scalar()
        highest = connection.execute(select(func.max(column))).scalar()
        if sequence and highest:
            connection.execute(text("SELECT setval(:s, :n)"), {"s": sequence, "n": highest})
