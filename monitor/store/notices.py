"""What the operator should know, until it was mailed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, func, select, update

from monitor.store.engine import Store
from monitor.store.tables import NoticeRow


def add(store: Store, subject: str, body: str, now: datetime) -> None:
    """Note something for the operator; the same subject and text waits only once."""
    with store.write() as session:
        waiting = select(func.count()).where(
            col(NoticeRow.mailed).is_(None), NoticeRow.subject == subject, NoticeRow.body == body
        )
        if not session.exec(waiting).one():
            session.add(NoticeRow(at=now, subject=subject, body=body))


def waiting(store: Store) -> list[tuple[int, datetime, str, str]]:
    """Notices that were not mailed yet, oldest first: id, time, subject, text."""
    with store.read() as session:
        query = select(NoticeRow).where(col(NoticeRow.mailed).is_(None)).order_by(col(NoticeRow.id))
        return [(r.id or 0, r.at, r.subject, r.body) for r in session.exec(query)]


def last_mailed(store: Store) -> datetime | None:
    """When the operator was last written to."""
    with store.read() as session:
        query = select(NoticeRow).where(col(NoticeRow.mailed).is_not(None))
        row = session.exec(query.order_by(col(NoticeRow.mailed).desc()).limit(1)).first()
        return row.mailed if row else None


def mark_mailed(store: Store, notices: Sequence[int], now: datetime) -> None:
    """These were mailed."""
    with store.write() as session:
        session.exec(update(NoticeRow).where(col(NoticeRow.id).in_(notices)).values(mailed=now))
