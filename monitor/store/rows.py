"""Small helpers that the files of this room share."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

T = TypeVar("T")

#: Sorts records without a Create Date before all others.
LONG_AGO = date(1800, 1, 1)

#: Values in one IN (...) list: below the limit of every SQLite.
CHUNK = 500


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Lists of at most `size` values."""
    source = iter(values)
    while part := list(islice(source, size)):
        yield part


def table(row: type[SQLModel]) -> Table:
    """The table of a row class."""
    found: Table = row.__table__  # type: ignore[attr-defined]  # SQLModel adds it
    return found


def insert(session: Session, row: type[SQLModel]) -> Any:
    """INSERT with ON CONFLICT, in the dialect at hand."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table(row))


def pack(xml: bytes) -> bytes:
    """Compressed XML; a higher level than 2 takes twice the time to save a tenth more."""
    return zlib.compress(xml, 2)


def unpack(blob: bytes) -> bytes:
    """What `pack` compressed."""
    return zlib.decompress(blob)
