"""Runs of the jobs of the schedule, whoever did them: the schedule, a hand, or workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlmodel import col, delete, func, select, update

from monitor.errors import MonitorError
from monitor.model import JobRun, JobState
from monitor.store.engine import Store
from monitor.store.tables import HarvestRunRow, JobRunRow


def start(store: Store, job: str, run: str, now: datetime) -> int:
    """Write down that a job began; its id."""
    with store.write() as session:
        row = JobRunRow(job=job, run=run, state=JobState.RUNNING.value, started=now)
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id


def note(store: Store, run: JobRun) -> None:
    """Write down a run that has ended."""
    with store.write() as session:
        session.add(_row(run))


def note_part(store: Store, part: JobRun, within: timedelta) -> None:
    """Write down a part of a run, as workers do them: topics, batches of mails, files.

    A good part lengthens the last run of that job, when that was good too and ended less than
    `within` before; so a thousand parts in a row are one run, not a thousand.
    """
    assert part.finished is not None
    with store.write() as session:
        newest = select(func.max(JobRunRow.id)).where(JobRunRow.job == part.job).scalar_subquery()
        longer = (
            update(JobRunRow)
            .where(
                col(JobRunRow.id) == newest,
                col(JobRunRow.state) == JobState.GOOD.value,
                col(JobRunRow.finished) >= part.started - within,
            )
            .values(finished=part.finished)
        )
        if part.state is not JobState.GOOD or not session.exec(longer).rowcount:
            session.add(_row(part))


def finish(store: Store, job: int, state: JobState, error: str, now: datetime) -> None:
    """Write down how it ended."""
    with store.write() as session:
        session.exec(
            update(JobRunRow)
            .where(col(JobRunRow.id) == job)
            .values(state=state.value, error=error, finished=now)
        )


def abandon(store: Store, now: datetime, *, run: str | None = None) -> int:
    """Jobs that run on paper were killed with their process; how many. For the leader only.

    With `run`, only those of that run: what a job that was ended had begun.
    """
    killed = (
        update(JobRunRow)
        .where(col(JobRunRow.state) == JobState.RUNNING.value)
        .values(state=JobState.STOPPED.value, error="its process was killed", finished=now)
    )
    if run is not None:
        killed = killed.where(col(JobRunRow.run) == run)
    with store.write() as session:
        return int(session.exec(killed).rowcount)


def since(store: Store, moment: datetime) -> list[JobRun]:
    """Runs that started after a moment, and the last good one of each job; oldest first."""
    with store.read() as session:
        good = (
            select(func.max(JobRunRow.id))
            .where(JobRunRow.state == JobState.GOOD.value)
            .group_by(col(JobRunRow.job))
        )
        query = select(JobRunRow).where(
            (col(JobRunRow.started) > moment) | col(JobRunRow.id).in_(good)
        )
        return [_run(row) for row in session.exec(query.order_by(col(JobRunRow.id)))]


def last(store: Store) -> dict[str, JobRun]:
    """The last run of each job."""
    with store.read() as session:
        newest = select(func.max(JobRunRow.id)).group_by(col(JobRunRow.job))
        query = select(JobRunRow).where(col(JobRunRow.id).in_(newest))
        return {row.job: _run(row) for row in session.exec(query)}


def prune(store: Store, before: datetime) -> int:
    """Forget runs of long ago, except the last good one of each job; how many."""
    with store.write() as session:
        good = (
            select(func.max(JobRunRow.id))
            .where(JobRunRow.state == JobState.GOOD.value)
            .group_by(col(JobRunRow.job))
        )
        gone = session.exec(
            delete(JobRunRow).where(col(JobRunRow.started) < before, col(JobRunRow.id).not_in(good))
        )
        return int(gone.rowcount)


def begun(store: Store) -> datetime | None:
    """When the first harvest of this database began."""
    with store.read() as session:
        query = select(HarvestRunRow.started).order_by(col(HarvestRunRow.id)).limit(1)
        return session.exec(query).first()


@contextmanager
def tracked(store: Store, job: str, run: str, clock: Callable[[], datetime]) -> Iterator[None]:
    """Write down a job that runs in this process."""
    number = start(store, job, run, clock())
    try:
        yield
    except MonitorError as error:
        finish(store, number, JobState.FAILED, str(error), clock())
        raise
    except KeyboardInterrupt:
        finish(store, number, JobState.STOPPED, "it was interrupted", clock())
        raise
    except BaseException as error:
        finish(store, number, JobState.FAILED, type(error).__name__, clock())
        raise
    finish(store, number, JobState.GOOD, "", clock())


def _row(run: JobRun) -> JobRunRow:
    return JobRunRow(
        job=run.job,
        run=run.run,
        state=run.state.value,
        error=run.error,
        started=run.started,
        finished=run.finished,
    )


def _run(row: JobRunRow) -> JobRun:
    return JobRun(
        job=row.job,
        run=row.run,
        state=JobState(row.state),
        started=row.started,
        finished=row.finished,
        error=row.error,
    )
