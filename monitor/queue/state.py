"""Whether the queue is alive: workers that gave a sign of life, and jobs that wait for one.

Asked over plain SQL, since `monitor status` must answer at once; needs nothing of the extra. The
database's clock decides, so that machines need not agree on theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import psycopg
from sqlalchemy import make_url

from monitor.errors import StoreError
from monitor.queue.app import conninfo, options


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue at one moment.

    `workers` gave a sign of life within `patience` seconds, `last_seen` is the newest such sign
    that is on record (workers that end in order leave none). `waiting` counts by name the jobs that
    could be done now and that nobody does, also those whose worker is gone; the oldest has waited
    since `since`, for `seconds`. `installed` is False where the database has no queue.
    """

    workers: int = 0
    last_seen: datetime | None = None
    waiting: Mapping[str, int] = field(default_factory=dict)
    since: datetime | None = None
    seconds: float = 0.0
    patience: float = 60.0
    installed: bool = True

    @property
    def complaint(self) -> str:
        """What the operator should know; empty while a worker lives, or nothing waits."""
        if self.workers or self.since is None:
            return ""
        seen = f"the last one {_when(self.last_seen)}" if self.last_seen else "none is registered"
        return (
            f"no worker of the queue has been seen lately ({seen}), and {self.told}. "
            "Start `monitor worker`."
        )

    @property
    def good(self) -> str:
        """What is to be said of workers and jobs when there is no complaint."""
        workers = {0: "no worker", 1: "1 worker"}.get(self.workers, f"{self.workers} workers")
        return f"{workers} seen lately, {self.told}"

    @property
    def overdue(self) -> bool:
        """Whether jobs have waited for a worker for longer than one may be silent."""
        return bool(self.complaint) and self.seconds > self.patience

    @property
    def told(self) -> str:
        """The jobs that wait, in words."""
        number = sum(self.waiting.values())
        if self.since is None:
            return "no job waits"
        kinds = ", ".join(f"{n} {name}" for name, n in sorted(self.waiting.items()))
        jobs = "1 job waits" if number == 1 else f"{number} jobs wait"
        return f"{jobs} ({kinds}) since {_when(self.since)}"


def look(url: str, patience: float) -> Queue:
    """Look at the queue of a database. Raises `StoreError`."""
    none = Queue(patience=patience, installed=False)
    if make_url(url).get_backend_name() != "postgresql":
        return none
    try:
        with psycopg.connect(conninfo(url), options=options(), autocommit=True) as connection:
            workers = connection.execute(_WORKERS, [patience]).fetchone()
            jobs = connection.execute(_WAITING, [patience]).fetchall()
    except psycopg.errors.UndefinedTable:
        return none
    except psycopg.Error as error:
        raise StoreError(f"the queue cannot be read: {str(error).strip()}.") from error
    alive, last_seen = workers or (0, None)
    return Queue(
        workers=alive,
        last_seen=last_seen,
        waiting={name: number for name, number, _, _ in jobs},
        since=min((since for _, _, since, _ in jobs), default=None),
        seconds=max((float(seconds) for *_, seconds in jobs), default=0.0),
        patience=patience,
    )


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


_WORKERS: Final = """
    SELECT count(*) FILTER (WHERE last_heartbeat > now() - make_interval(secs => %s)),
           max(last_heartbeat)
    FROM procrastinate_workers
"""
#: A job waits since it was put there, since its pause after a failure ended, or, when its worker
#: is gone, since that one's last sign of life.
_WAITING: Final = """
    SELECT task_name, count(*), min(since), extract(epoch FROM now() - min(since))
    FROM (
        SELECT job.task_name, coalesce(worker.last_heartbeat, job.scheduled_at, event.at) AS since
        FROM procrastinate_jobs AS job
        LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
            AND job.status = 'doing'
        LEFT JOIN LATERAL (
            SELECT max(at) AS at FROM procrastinate_events
            WHERE job_id = job.id AND type IN ('deferred', 'started')
        ) AS event ON true
        WHERE (job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now()))
           OR (job.status = 'doing'
               AND coalesce(worker.last_heartbeat <= now() - make_interval(secs => %s), true))
    ) AS waits
    GROUP BY task_name
"""
