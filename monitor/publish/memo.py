"""What was computed of each paper, kept between builds: a file that may be lost at any time.

A build after twenty new papers reads the rest from here instead of from their records. Each row
names the digest of what it was computed from, the file as a whole that of program, queries and
settings; whatever does not match is computed again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import PublishError

_NAME = "memo.db"


class Memo:
    """Rows of a paper's key, digest, value and pieces of text by the name of their column."""

    def __init__(self, connection: sqlite3.Connection, columns: Sequence[str]) -> None:
        self._connection = connection
        self._columns = tuple(columns)

    def digests(self) -> dict[str, str]:
        """What each row was computed from."""
        return dict(self._connection.execute("SELECT key, digest FROM paper"))

    def values(self, keys: Sequence[str]) -> dict[str, str]:
        """The values of these papers; those that are not there are left out."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, value FROM paper WHERE key IN ({marks})"  # noqa: S608 - only marks
        return dict(self._connection.execute(query, keys))

    def put(self, rows: Iterable[tuple[str, str, str, Mapping[str, str]]]) -> None:
        """Keep rows of (key, digest, value, pieces)."""
        marks = ",".join("?" * (3 + len(self._columns)))
        self._connection.executemany(
            f"INSERT OR REPLACE INTO paper VALUES ({marks})",  # noqa: S608 - only marks
            [(k, d, v, *(pieces[c] for c in self._columns)) for k, d, v, pieces in rows],
        )
        self._connection.commit()  # a build that is killed leaves what it did

    def drop(self, keys: Iterable[str]) -> None:
        """Forget these papers."""
        self._connection.executemany("DELETE FROM paper WHERE key = ?", [(k,) for k in keys])

    def pieces(self, column: str) -> dict[str, str]:
        """One piece of every paper."""
        assert column in self._columns
        return dict(self._connection.execute(f"SELECT key, {column} FROM paper"))  # noqa: S608


@contextmanager
def opened(room: Path, stamp: str, columns: Sequence[str]) -> Iterator[Memo]:
    """The memo in a folder, emptied when it was made under another stamp or cannot be read.

    Raises `PublishError` when it cannot be written.
    """
    path = room / _NAME
    try:
        try:
            connection = _open(path, stamp, columns)
        except sqlite3.DatabaseError:
            path.unlink(missing_ok=True)
            connection = _open(path, stamp, columns)
        try:
            yield Memo(connection, columns)
            connection.commit()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise PublishError(
            f"{path}: it cannot be written ({error}); the site is as it was."
        ) from error


def _open(path: Path, stamp: str, columns: Sequence[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    try:
        # It may be lost, so nothing waits for the disk.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("CREATE TABLE IF NOT EXISTS stamp (stamp TEXT PRIMARY KEY)")
        if connection.execute("SELECT stamp FROM stamp").fetchall() != [(stamp,)]:
            texts = ", ".join(f"{c} TEXT NOT NULL" for c in ("digest", "value", *columns))
            connection.execute("DROP TABLE IF EXISTS paper")
            connection.execute(f"CREATE TABLE paper (key TEXT PRIMARY KEY, {texts})")
            connection.execute("DELETE FROM stamp")
            connection.execute("INSERT INTO stamp VALUES (?)", (stamp,))
            connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection
