"""Whether the queue is alive: workers that gave a sign of life, and jobs that wait for one.

Asked over plain SQL, since `monitor status` must answer at once; needs nothing of the extra. The
database's clock decides, so that machines need not agree on theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import make_url

from monitor.errors import StoreError
from monitor.queue.app import conninfo, options

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Waiting:
    """Jobs of one kind that could be done now and that nobody does, since when and how long."""

    number: int
    since: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue at one moment.

    `takes` holds, for each worker that gave a sign of life within `patience` seconds, the kinds of
    jobs that it does; None for all kinds. `last_seen` is the newest sign that is on record (workers
    that end in order leave none). `waiting` names by kind also the jobs whose worker is gone,
    `failed` those that were given up. `installed` is False where the database has no queue.
    """

    takes: tuple[frozenset[str] | None, ...] = ()
    last_seen: datetime | None = None
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    patience: float = 60.0
    installed: bool = True

    @property
    def workers(self) -> int:
        """How many workers were seen lately."""
        return len(self.takes)

    def takers(self, kind: str) -> int:
        """How many of them do jobs of a kind."""
        return sum(kinds is None or kind in kinds for kinds in self.takes)

    @property
    def since(self) -> datetime | None:
        """Since when the oldest job waits."""
        return min((w.since for w in self.waiting.values()), default=None)

    @property
    def complaint(self) -> str:
        """What the operator should know; empty while a worker lives for whatever waits."""
        left = self._left
        if not left:
            return ""
        if self.takes:
            kinds = " ".join(f"--job {kind}" for kind in sorted(left))
            return (
                f"{_told(left)}, and no worker of the queue that does such jobs has been seen "
                f"lately ({self._seen}). Start `monitor worker {kinds}`, or one without --job."
            )
        seen = f"the last one {_when(self.last_seen)}" if self.last_seen else "none is registered"
        return (
            f"no worker of the queue has been seen lately ({seen}), and {_told(left)}. "
            "Start `monitor worker`."
        )

    @property
    def good(self) -> str:
        """What is to be said of workers and jobs when there is no complaint."""
        return f"{self._seen} seen lately, {_told(self.waiting)}"

    @property
    def overdue(self) -> bool:
        """Whether jobs have waited for a worker for longer than one may be silent."""
        return any(w.seconds > self.patience for w in self._left.values())

    @property
    def told(self) -> str:
        """The jobs that wait, in words."""
        return _told(self.waiting)

    @property
    def _left(self) -> dict[str, Waiting]:
        """What waits and no worker does."""
        return {kind: w for kind, w in self.waiting.items() if not self.takers(kind)}

    @property
    def _seen(self) -> str:
        """The workers in words, with what they do where that is not everything."""
        workers = {0: "no worker", 1: "1 worker"}.get(self.workers, f"{self.workers} workers")
        some = [kinds for kinds in self.takes if kinds is not None]
        if not some or len(some) < self.workers:
            return workers
        return f"{workers} for {', '.join(sorted(frozenset().union(*some)))} only"


def _told(waiting: Mapping[str, Waiting]) -> str:
    if not waiting:
        return "no job waits"
    number = sum(w.number for w in waiting.values())
    kinds = ", ".join(f"{w.number} {kind}" for kind, w in sorted(waiting.items()))
    jobs = "1 job waits" if number == 1 else f"{number} jobs wait"
    return f"{jobs} ({kinds}) since {_when(min(w.since for w in waiting.values()))}"


def look(url: str, patience: float) -> Queue:
    """Look at the queue of a database. Raises `StoreError`."""
    none = Queue(patience=patience, installed=False)
    if make_url(url).get_backend_name() != "postgresql":
        return none
    import psycopg  # noqa: PLC0415 - an extra, which SQLite does without

    try:
        with psycopg.connect(conninfo(url), options=options(), autocommit=True) as connection:
            signs = _signs(connection, patience)
            jobs = connection.execute(_WAITING, [patience]).fetchall()
            failed = connection.execute(_FAILED).fetchall()
    except psycopg.errors.UndefinedTable:
        return none
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0]
        raise StoreError(f"the queue cannot be read: {said}.") from error
    return Queue(
        takes=tuple(frozenset(kinds) if kinds else None for _, alive, kinds in signs if alive),
        last_seen=max((at for at, *_ in signs), default=None),
        waiting={kind: Waiting(number, since, float(s)) for kind, number, since, s in jobs},
        failed=dict(failed),
        patience=patience,
    )


def _signs(
    connection: psycopg.Connection[tuple[Any, ...]], patience: float
) -> list[tuple[datetime, bool, list[str] | None]]:
    """Of each worker: its last sign of life, whether that is fresh, and what it does."""
    found = connection.execute("SELECT to_regclass('monitor_worker_kinds')").fetchone()
    query = _WORKERS.format(_OF_KINDS if found and found[0] else _WITHOUT_KINDS)
    return connection.execute(query, [patience]).fetchall()


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


_WORKERS: Final = """
    SELECT last_heartbeat, last_heartbeat > now() - make_interval(secs => %s), {}
"""
_OF_KINDS: Final = """
    kinds FROM procrastinate_workers LEFT JOIN monitor_worker_kinds ON worker_id = id
"""
#: Until `monitor db upgrade` has made the table, workers count as before: for everything.
_WITHOUT_KINDS: Final = "NULL FROM procrastinate_workers"
_FAILED: Final = """
    SELECT task_name, count(*) FROM procrastinate_jobs WHERE status = 'failed' GROUP BY task_name
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
