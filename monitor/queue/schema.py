"""The queue's tables: made and brought up to date with the installed procrastinate."""

from __future__ import annotations

from importlib import resources
from typing import Final

import psycopg

from monitor.errors import StoreError
from monitor.queue.app import SCHEMA, conninfo, options

_LOCK: Final = 0x6C646E10
#: Our one table beside procrastinate's: which kinds of jobs a worker does, NULL for all. A row goes
#: with its worker's, which procrastinate keeps.
_KINDS: Final = """
    CREATE TABLE IF NOT EXISTS monitor_worker_kinds (
        worker_id bigint PRIMARY KEY REFERENCES procrastinate_workers (id) ON DELETE CASCADE,
        kinds text[]
    )
"""


def upgrade(url: str) -> tuple[str | None, str]:
    """Make the tables, or migrate them: (last migration before, after).

    The name of the last migration is kept as the comment of the schema, since procrastinate itself
    keeps no record of it. Raises `StoreError`.
    """
    files = resources.files("procrastinate.sql")
    migrations = sorted(f.name for f in (files / "migrations").iterdir() if f.name.endswith(".sql"))
    newest = migrations[-1]
    try:
        with psycopg.connect(conninfo(url), options=options(), autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            before = _state(connection)
            if before is None:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                with connection.transaction():
                    connection.execute((files / "schema.sql").read_text(encoding="utf-8"))
                    connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{newest}'")
            for name in (n for n in migrations if before is not None and n > before):
                text = (files / "migrations" / name).read_text(encoding="utf-8")
                connection.execute(text)
                connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{name}'")
            connection.execute(_KINDS)
            return before, newest
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0]
        raise StoreError(f"the queue's tables cannot be made: {said}.") from error


def _state(connection: psycopg.Connection[tuple[str | None, ...]]) -> str | None:
    row = connection.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s",
        [SCHEMA],
    ).fetchone()
    return row[0] if row else None
