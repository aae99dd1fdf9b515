"""Putting jobs into the queue. Needs the extra: `app.require` comes first."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from monitor.errors import ConfigurationError, StoreError
from monitor.queue.app import Job, conninfo, options


def defer(url: str, jobs: Sequence[Job]) -> int:
    """Put jobs into the queue; how many, for those that wait in it already are left out."""
    connector = SyncPsycopgConnector(
        conninfo=conninfo(url), kwargs={"options": options()}, min_size=1, max_size=1
    )
    put = 0
    try:
        with App(connector=connector).open() as app:
            for job in jobs:
                lock = f"{job.name}:{job.key}"
                task = app.configure_task(job.name, queue=job.name, lock=lock, queueing_lock=lock)
                try:
                    task.defer(**job.arguments)
                    put += 1
                except AlreadyEnqueued:
                    continue
    except ConnectorException as error:
        raise ConfigurationError(
            f"the queue cannot be used ({error}): run `monitor db upgrade`."
        ) from error
    return put


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
