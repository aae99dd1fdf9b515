"""Counts for those who watch the program; no query names a reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, func, select

from monitor.model import RunState
from monitor.store.engine import Store
from monitor.store.tables import EventRow, HarvestRunRow, IssueEventRow, IssueRow, SubscriberRow


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
