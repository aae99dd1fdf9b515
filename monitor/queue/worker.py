"""`monitor worker`: takes jobs one at a time, until it is told to stop.

A worker gives a sign of life every few seconds. When one is killed its signs end, and another one
puts its job back into the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

import psycopg
import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job as Taken
from procrastinate.manager import JobManager

from monitor.errors import MailError, MonitorError, PubMedError, StoppedError, StoreError
from monitor.queue.app import conninfo, options
from monitor.queue.deferring import translated

#: A function of a job: gets `stop` (asked between small steps) and the job's arguments.
Work = Callable[..., None]
_TRIES: Final = 5
_PAUSES: Final = (5, 30, 120, 600)
#: A job may end its batch for so long after SIGTERM; then it is asked to stop.
_GRACE_SECONDS: Final = 2.0
_RECOVERY_LOCK: Final = 0x6C646E11
log = structlog.get_logger()


def run(
    url: str,
    work: Mapping[str, Work],
    *,
    failed: Callable[[str, str], None],
    only: Iterable[str] | None = None,
    drain: bool = False,
    timeout: timedelta = timedelta(seconds=60),
) -> None:
    """Work until SIGTERM or SIGINT, or (`drain`) until the queue is empty.

    `work` maps names of jobs to functions. A job that fails for a reason that may pass is tried
    again, five times in all; `failed` is told (name, reason) of one that is given up. A worker
    without a sign of life for `timeout` counts as dead.
    """
    connector = PsycopgConnector(
        conninfo=conninfo(url), kwargs={"options": options()}, min_size=1, max_size=4
    )
    app = App(connector=connector)
    app.job_manager = _Manager(connector, kinds=list(only) if only else None)
    for name, function in work.items():
        _add(app, name, function, failed)
    seconds = timeout.total_seconds()
    try:
        asyncio.run(_run(app, url, list(only or work), seconds, drain=drain))
    except ConnectorException as error:
        raise translated(error) from error


class _Manager(JobManager):
    """Signs a worker on with the kinds of jobs that it does, for those who watch the queue."""

    def __init__(self, connector: PsycopgConnector, kinds: list[str] | None) -> None:
        super().__init__(connector)
        self._kinds = kinds

    async def register_worker(self) -> int:
        """Sign on; the number of the worker."""
        number = await super().register_worker()
        await self.connector.execute_query_async(_SIGN_ON, worker=number, kinds=self._kinds)
        return number


_SIGN_ON: Final = """
    INSERT INTO monitor_worker_kinds (worker_id, kinds) VALUES (%(worker)s, %(kinds)s)
"""


def _add(app: App, name: str, function: Work, failed: Callable[[str, str], None]) -> None:
    def do(context: JobContext, /, **arguments: Any) -> None:
        log.info("started", job=name, **arguments)
        try:
            function(context.should_abort, **arguments)
        except Exception as error:
            if not isinstance(error, StoppedError) and _pause(error, context.job) is None:
                log.warning("failed", job=name, reason=str(error), **arguments)
                failed(name, _reason(error))
            raise
        log.info("done", job=name, **arguments)

    app.task(name=name, queue=name, pass_context=True, retry=_Retries())(do)


def _reason(error: Exception) -> str:
    if isinstance(error, MonitorError):
        return str(error)
    return f"{type(error).__name__}: a fault of the program, see its log"


def _pause(error: BaseException, job: Taken) -> int | None:
    """Seconds until a job is tried again, None when that is no use."""
    if isinstance(error, StoppedError):
        return 0
    if not isinstance(error, StoreError | PubMedError | MailError):
        return None
    if job.attempts + 1 >= _TRIES:
        return None
    return _PAUSES[min(job.attempts, len(_PAUSES) - 1)]


class _Retries(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Taken) -> RetryDecision | None:
        """When a job is tried again."""
        pause = _pause(exception, job)
        return None if pause is None else RetryDecision(retry_in={"seconds": pause})


async def _run(app: App, url: str, queues: list[str], seconds: float, *, drain: bool) -> None:
    async with app.open_async():
        await _recover(app, url, seconds)
        watch = asyncio.create_task(_watch(app, url, seconds))
        try:
            await app.run_worker_async(
                queues=queues,
                wait=not drain,
                update_heartbeat_interval=seconds / 5,
                stalled_worker_timeout=seconds,
                shutdown_graceful_timeout=_GRACE_SECONDS,
                delete_jobs="successful",
            )
        finally:
            watch.cancel()


async def _watch(app: App, url: str, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds / 2)
        await _recover(app, url, seconds)


async def _recover(app: App, url: str, seconds: float) -> None:
    """Put the jobs of dead workers back; one worker at a time does it, or a job would go twice."""
    try:
        async with await psycopg.AsyncConnection.connect(
            conninfo(url), options=options(), autocommit=True
        ) as connection:
            row = await (
                await connection.execute("SELECT pg_try_advisory_lock(%s)", [_RECOVERY_LOCK])
            ).fetchone()
            if not row or not row[0]:
                return
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=seconds):
                log.warning("taken up again: its worker is gone", job=job.task_name, id=job.id)
                await app.job_manager.retry_job(job)
    except (psycopg.Error, ConnectorException) as error:
        log.warning("jobs of dead workers could not be looked for", reason=str(error).strip())
