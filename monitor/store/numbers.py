"""Counts for those who watch the program; no query names a reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from monitor.model import JobState, RunState
from monitor.store import imports
from monitor.store.engine import Store
from monitor.store.tables import (
    EventRow,
    HarvestRunRow,
    ImportFileRow,
    IssueEventRow,
    IssueRow,
    JobRunRow,
    SubscriberRow,
)

#: How an import of a file stands, in the words of jobs.
_OUTCOMES: Final = {
    imports.RUNNING: JobState.RUNNING.value,
    imports.DONE: JobState.GOOD.value,
    imports.BROKEN: JobState.FAILED.value,
}


@dataclass(frozen=True, slots=True)
class Runs:
    """Harvest runs of a topic: when the last good one ended, and how many ended how."""

    last_good: datetime | None
    ended: dict[str, int]


def harvest_runs(store: Store) -> dict[str, Runs]:
    """Runs by topic."""
    with store.read() as session:
        counted = session.exec(
            select(HarvestRunRow.topic, HarvestRunRow.state, func.count()).group_by(
                col(HarvestRunRow.topic), col(HarvestRunRow.state)
            )
        ).all()
        good = dict(
            session.exec(
                select(HarvestRunRow.topic, func.max(HarvestRunRow.finished))
                .where(HarvestRunRow.state == RunState.GOOD.value)
                .group_by(col(HarvestRunRow.topic))
            ).all()
        )
    states: dict[str, dict[str, int]] = {}
    for topic, state, number in counted:
        states.setdefault(topic, {})[state] = number
    return {topic: Runs(good.get(topic), ended) for topic, ended in states.items()}


@dataclass(frozen=True, slots=True)
class Job:
    """Runs of a job on record: when the last one began and the last good one ended.

    `seconds` is how long the last run that ended took, `states` how many there are by `JobState`.
    """

    began: datetime | None = None
    good: datetime | None = None
    seconds: float | None = None
    states: Mapping[str, int] = field(default_factory=dict)


def jobs(store: Store) -> dict[str, Job]:
    """Runs by job; each file of `import` is a run of it. Jobs that never ran are left out."""
    with store.read() as session:
        found = _scheduled(session)
        files = _imports(session)
    return found | ({"import": files} if files.states else {})


def _scheduled(session: Session) -> dict[str, Job]:
    row = JobRunRow
    states: dict[str, dict[str, int]] = {}
    counted = select(row.job, row.state, func.count()).group_by(col(row.job), col(row.state))
    for job, state, number in session.exec(counted):
        states.setdefault(job, {})[state] = number
    newest = select(func.max(row.id)).group_by(col(row.job))
    kinds = {
        "began": newest,
        "good": newest.where(col(row.state) == JobState.GOOD.value),
        "ended": newest.where(col(row.finished).is_not(None)),
    }
    last = {
        kind: {r.job: r for r in session.exec(select(row).where(col(row.id).in_(ids)))}
        for kind, ids in kinds.items()
    }
    found: dict[str, Job] = {}
    for job, ended in states.items():
        good = last["good"].get(job)
        found[job] = Job(
            began=last["began"][job].started,
            good=good.finished if good else None,
            seconds=_seconds(last["ended"].get(job)),
            states=ended,
        )
    return found


def _imports(session: Session) -> Job:
    row = ImportFileRow
    counted = session.exec(select(row.state, func.count()).group_by(col(row.state))).all()
    done = select(row).where(row.state == imports.DONE, col(row.finished).is_not(None))
    last = session.exec(done.order_by(col(row.finished).desc()).limit(1)).first()
    return Job(
        began=session.exec(select(func.max(row.started))).one(),
        good=last.finished if last else None,
        seconds=_seconds(last),
        states={_OUTCOMES[state]: number for state, number in counted},
    )


def _seconds(run: JobRunRow | ImportFileRow | None) -> float | None:
    if run is None or run.finished is None:
        return None
    return (run.finished - run.started).total_seconds()


def subscribers(store: Store) -> dict[str, int]:
    """Readers by state: confirmed, unconfirmed, suspended."""
    found = {"confirmed": 0, "unconfirmed": 0, "suspended": 0}
    with store.read() as session:
        rows = session.exec(
            select(SubscriberRow.confirmed, SubscriberRow.suspended, func.count()).group_by(
                col(SubscriberRow.confirmed), col(SubscriberRow.suspended)
            )
        )
        for confirmed, suspended, number in rows:
            state = "suspended" if suspended else "confirmed" if confirmed else "unconfirmed"
            found[state] += number
    return found


def untold(store: Store) -> int:
    """Events that no issue has told."""
    with store.read() as session:
        query = (
            select(func.count())
            .select_from(EventRow)
            .outerjoin(IssueEventRow, col(IssueEventRow.event_id) == col(EventRow.id))
            .where(col(IssueEventRow.issue).is_(None))
        )
        return session.exec(query).one()


def last_issue(store: Store) -> tuple[int, datetime] | None:
    """Number of the newest issue and when it was made."""
    with store.read() as session:
        query = select(IssueRow.number, IssueRow.made).order_by(col(IssueRow.number).desc())
        row = session.exec(query.limit(1)).first()
        return (row[0], row[1]) if row else None


def database_bytes(store: Store) -> int:
    """Size of the database, without what SQLite has not yet moved out of its journal."""
    with store.read() as session:
        connection = session.connection()
        if store.is_sqlite:
            pages = int(connection.execute(text("PRAGMA page_count")).scalar_one())
            return pages * int(connection.execute(text("PRAGMA page_size")).scalar_one())
        size = connection.execute(text("SELECT pg_database_size(current_database())"))
        return int(size.scalar_one())
