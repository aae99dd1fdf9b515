"""How every connection to a SQLite file is set up."""

from __future__ import annotations

import sqlite3

_BUSY_SECONDS = 60


def prepare(connection: sqlite3.Connection) -> None:
    """WAL, foreign keys, patience with other writers; we send BEGIN ourselves."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
