"""Putting jobs into the queue. Needs the extra: `app.require` comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg
from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from psycopg.types.json import Jsonb

from monitor.errors import ConfigurationError, MonitorError, StoreError
from monitor.queue.app import Job, Put, conninfo, options

_EXTEND: Final = """
    UPDATE procrastinate_jobs SET args = args || %(more)s
    WHERE queueing_lock = %(lock)s AND status = 'todo' AND NOT args @> %(more)s
"""
_TRIES: Final = 5


def defer(url: str, jobs: Sequence[Job]) -> list[Put]:
    """Put jobs into the queue; what became of each, for of equal ones only one waits."""
    connector = SyncPsycopgConnector(
        conninfo=conninfo(url), kwargs={"options": options()}, min_size=1, max_size=1
    )
    try:
        with App(connector=connector).open() as app:
            return [_defer(app, url, job) for job in jobs]
    except (ConnectorException, psycopg.Error) as error:
        raise translated(error) from error


def translated(error: ConnectorException | psycopg.Error) -> MonitorError:
    """What happened, for the operator; procrastinate itself says "Database error"."""
    cause = error.__cause__ or error
    said = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    if isinstance(cause, psycopg.ProgrammingError):
        return ConfigurationError(f"the queue cannot be used ({said}): run `monitor db upgrade`.")
    return StoreError(f"the queue cannot be used: {said}.")


def _defer(app: App, url: str, job: Job) -> Put:
    lock = f"{job.name}:{job.key}"
    task = app.configure_task(job.name, queue=job.name, lock=lock, queueing_lock=lock)
    for _ in range(_TRIES):
        try:
            task.defer(**job.arguments)
        except AlreadyEnqueued:
            if not job.extends:
                return Put.WAITED
            if (found := _extended(url, lock, job.extends)) is not None:
                return found
            continue  # a worker took it meanwhile: now one may wait again
        return Put.QUEUED
    raise StoreError(f"the queue would not take {lock}: it changed {_TRIES} times; try again.")


def _extended(url: str, lock: str, more: Mapping[str, Any]) -> Put | None:
    """Have the job that waits take arguments over; None when none waits any more."""
    values = {"lock": lock, "more": Jsonb(dict(more))}
    waits = "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo'"
    try:
        with psycopg.connect(conninfo(url), options=options(), autocommit=True) as connection:
            if connection.execute(_EXTEND, values).rowcount:
                return Put.EXTENDED
            return Put.WAITED if connection.execute(waits, [lock]).fetchone() else None
    except psycopg.Error as error:
        raise StoreError(f"the queue cannot be read: {str(error).strip()}.") from error


def unfinished(url: str, name: str) -> int:
    """How many jobs of a name wait or are being done. Raises `StoreError`."""
    query = (
        "SELECT count(*) FROM procrastinate_jobs "
        "WHERE task_name = %s AND status IN ('todo', 'doing')"
    )
    try:
        with psycopg.connect(conninfo(url), options=options(), autocommit=True) as connection:
            row = connection.execute(query, [name]).fetchone()
    except psycopg.Error as error:
        raise StoreError(f"the queue cannot be read: {str(error).strip()}.") from error
    return int(row[0]) if row else 0
