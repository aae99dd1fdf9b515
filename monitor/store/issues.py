"""Issues of the digest and their deliveries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam
from sqlmodel import Session, and_, col, func, or_, select, update

from monitor.errors import ConflictError
from monitor.model import Delivery, DeliveryState, Event, Issue
from monitor.store.codec import decode, encode
from monitor.store.engine import Store
from monitor.store.rows import chunks, insert
from monitor.store.subscribers import to_subscriber
from monitor.store.tables import (
    DeliveryRow,
    EventRow,
    IssueEventRow,
    IssueRow,
    SubscriberRow,
    UTCDateTime,
)


def untold(store: Store) -> list[Event]:
    """Events that no issue has told, in the order in which they were written."""
    with store.read() as session:
        query = (
            select(EventRow.data)
            .outerjoin(IssueEventRow, col(IssueEventRow.event_id) == col(EventRow.id))
            .where(col(IssueEventRow.issue).is_(None))
            .order_by(col(EventRow.id))
        )
        return [decode(Event, data) for data in session.exec(query)]


def create(
    store: Store,
    issue: Issue,
    event_keys: Iterable[str],
    deliveries: Sequence[tuple[int, str]],
) -> bool:
    """Freeze an issue with the events it tells and its deliveries, in one transaction.

    `deliveries` are (subscriber id, Message-ID). False, and nothing written, when another process
    made this number or told one of these events first.
    """
    try:
        with store.write() as session:
            session.add(IssueRow(number=issue.number, made=issue.made, data=encode(issue)))
            session.flush()
            for part in chunks(event_keys):
                ids = session.exec(select(EventRow.id).where(col(EventRow.key).in_(part)))
                session.add_all(
                    IssueEventRow(event_id=i, issue=issue.number) for i in ids if i is not None
                )
            session.add_all(
                DeliveryRow(
                    issue=issue.number,
                    subscriber_id=subscriber,
                    message_id=message_id,
                    next_try=issue.made,
                )
                for subscriber, message_id in deliveries
            )
    except ConflictError:
        return False
    return True


def add_deliveries(
    store: Store, number: int, deliveries: Sequence[tuple[int, str]], now: datetime
) -> None:
    """Queue an issue for more subscribers (someone who joined); those who have it are left out."""
    if not deliveries:
        return
    with store.write() as session:
        session.connection().execute(
            insert(session, DeliveryRow).on_conflict_do_nothing(
                index_elements=["issue", "subscriber_id"]
            ),
            [
                {
                    "issue": number,
                    "subscriber_id": subscriber,
                    "message_id": message_id,
                    "state": DeliveryState.PENDING.value,
                    "attempts": 0,
                    "next_try": now,
                    "error": "",
                    "papers": "[]",
                }
                for subscriber, message_id in deliveries
            ],
        )


def latest(store: Store) -> Issue | None:
    """The newest issue."""
    with store.read() as session:
        row = session.exec(select(IssueRow).order_by(col(IssueRow.number).desc()).limit(1)).first()
        return decode(Issue, row.data) if row else None


def latest_made(store: Store) -> tuple[int, datetime] | None:
    """Number of the newest issue and when it was made, without reading it."""
    with store.read() as session:
        query = select(IssueRow.number, IssueRow.made).order_by(col(IssueRow.number).desc())
        return session.exec(query.limit(1)).first()


def get(store: Store, number: int) -> Issue | None:
    """An issue as it was frozen."""
    with store.read() as session:
        row = session.get(IssueRow, number)
        return decode(Issue, row.data) if row else None


def all_issues(store: Store) -> list[Issue]:
    """All issues, oldest first."""
    with store.read() as session:
        rows = session.exec(select(IssueRow).order_by(col(IssueRow.number)))
        return [decode(Issue, row.data) for row in rows]


def due(store: Store, now: datetime, limit: int) -> list[Delivery]:
    """Deliveries to try now, oldest issue first; those that another process holds are left out."""
    with store.read() as session:
        query = (
            select(DeliveryRow, SubscriberRow)
            .join(SubscriberRow, col(SubscriberRow.id) == col(DeliveryRow.subscriber_id))
            .where(_is_due(now), col(SubscriberRow.suspended).is_(False))
            .order_by(col(DeliveryRow.issue), col(DeliveryRow.id))
            .limit(limit)
        )
        found = session.exec(query).all()
        before = _before(session, [row for row, _ in found])
        return [_delivery(row, reader, before.get(row.id)) for row, reader in found]


def due_count(store: Store, now: datetime) -> int:
    """How many deliveries could be tried now."""
    with store.read() as session:
        query = (
            select(func.count())
            .select_from(DeliveryRow)
            .join(SubscriberRow, col(SubscriberRow.id) == col(DeliveryRow.subscriber_id))
            .where(_is_due(now), col(SubscriberRow.suspended).is_(False))
        )
        return session.exec(query).one()


def of_reader(store: Store, number: int, subscriber: int) -> Delivery | None:
    """The delivery of an issue to a reader, whatever became of it."""
    with store.read() as session:
        query = (
            select(DeliveryRow, SubscriberRow)
            .join(SubscriberRow, col(SubscriberRow.id) == col(DeliveryRow.subscriber_id))
            .where(DeliveryRow.issue == number, DeliveryRow.subscriber_id == subscriber)
        )
        found = session.exec(query).first()
        if found is None:
            return None
        row, reader = found
        return _delivery(row, reader, _before(session, [row]).get(row.id))


def before(store: Store, subscriber: int, number: int) -> tuple[int, str] | None:
    """The last issue below `number` that was made out to a reader, and its Message-ID."""
    with store.read() as session:
        row = session.exec(
            select(DeliveryRow.issue, DeliveryRow.message_id)
            .where(DeliveryRow.subscriber_id == subscriber, DeliveryRow.issue < number)
            .order_by(col(DeliveryRow.issue).desc())
            .limit(1)
        ).first()
        return (row[0], row[1]) if row else None


def reopen(store: Store, number: int, now: datetime, *, subscriber: int | None = None) -> int:
    """Make deliveries of an issue due again under their Message-IDs; how many.

    Those that failed, of readers who are not suspended; or that of one reader, also a sent one.
    """
    active = select(SubscriberRow.id).where(col(SubscriberRow.suspended).is_(False))
    which = (
        DeliveryRow.state == DeliveryState.FAILED.value
        if subscriber is None
        else DeliveryRow.subscriber_id == subscriber
    )
    with store.write() as session:
        done = session.exec(
            update(DeliveryRow)
            .where(
                col(DeliveryRow.issue) == number,
                which,  # type: ignore[arg-type]  # a SQLAlchemy clause
                col(DeliveryRow.subscriber_id).in_(active),
            )
            .values(
                state=DeliveryState.PENDING.value, attempts=0, next_try=now, leased=None, error=""
            )
        )
        return int(done.rowcount)


def lease(store: Store, delivery: int, now: datetime, seconds: int) -> bool:
    """Take a delivery for this process; False when another has it or it is no longer due."""
    until = now + timedelta(seconds=seconds)
    with store.write() as session:
        values = {"which": delivery, "now": now, "until": until}
        return bool(session.connection().execute(_LEASE, values).rowcount)


def release(store: Store, delivery: int) -> None:
    """Give back a delivery that was taken and not tried."""
    with store.write() as session:
        session.exec(update(DeliveryRow).where(col(DeliveryRow.id) == delivery).values(leased=None))


def mark_sent(store: Store, delivery: int, now: datetime, papers: Iterable[str]) -> None:
    """The server took the mail; `papers` are those it showed.

    Nothing is written about a reader who left meanwhile; so it is with the next two.
    """
    shown = encode(sorted(set(papers)), list[str])
    with store.write() as session:
        connection = session.connection()
        connection.execute(_SENT, {"which": delivery, "now": now, "shown": shown})
        connection.execute(_WELL, {"which": delivery})


def postpone(store: Store, delivery: int, next_try: datetime, error: str) -> None:
    """The server was not there or said "later"."""
    with store.write() as session:
        row = session.get(DeliveryRow, delivery)
        if row is None:
            return
        row.next_try, row.leased, row.error = next_try, None, error
        row.attempts += 1


def mark_failed(store: Store, delivery: int, error: str, *, suspend_after: int | None) -> bool:
    """This mail will not arrive; True when that suspended the subscriber.

    `suspend_after` is the number of refused addresses in a row that does, None when this failure
    was not about the address. What else waits for a suspended reader fails too: who comes back
    gets the next issue, never the backlog.
    """
    with store.write() as session:
        row = session.get(DeliveryRow, delivery)
        if row is None:
            return False
        row.state, row.leased, row.error = DeliveryState.FAILED.value, None, error
        row.attempts += 1
        subscriber = session.get_one(SubscriberRow, row.subscriber_id)
        if suspend_after is None:
            return False
        subscriber.bounces += 1
        if subscriber.bounces < suspend_after or subscriber.suspended:
            return False
        subscriber.suspended = True
        session.exec(
            update(DeliveryRow)
            .where(
                col(DeliveryRow.subscriber_id) == subscriber.id,
                col(DeliveryRow.state) == DeliveryState.PENDING.value,
            )
            .values(state=DeliveryState.FAILED.value, leased=None, error="suspended")
        )
        return True


def between(store: Store, after: int, last: int) -> list[Issue]:
    """Issues with a number above `after`, up to `last`, oldest first."""
    with store.read() as session:
        query = (
            select(IssueRow)
            .where(col(IssueRow.number) > after, col(IssueRow.number) <= last)
            .order_by(col(IssueRow.number))
        )
        return [decode(Issue, row.data) for row in session.exec(query)]


def shown(store: Store, subscriber: int, before: int) -> set[str]:
    """Papers that this subscriber was shown by issues before this number."""
    with store.read() as session:
        query = select(DeliveryRow.papers).where(
            DeliveryRow.subscriber_id == subscriber,
            DeliveryRow.issue < before,
            col(DeliveryRow.papers) != "[]",
        )
        return {p for text in session.exec(query) for p in decode(list[str], text)}


def delivery_counts(store: Store, number: int | None = None) -> dict[str, int]:
    """How many deliveries are in each state, of one issue or of all."""
    with store.read() as session:
        query = select(DeliveryRow.state, func.count()).group_by(DeliveryRow.state)
        if number is not None:
            query = query.where(DeliveryRow.issue == number)
        found = dict(session.exec(query).all())
        return {state.value: found.get(state.value, 0) for state in DeliveryState}


def _is_due(now: Any) -> ColumnElement[bool]:
    return and_(
        col(DeliveryRow.state) == DeliveryState.PENDING.value,
        or_(col(DeliveryRow.next_try).is_(None), col(DeliveryRow.next_try) <= now),
        or_(col(DeliveryRow.leased).is_(None), col(DeliveryRow.leased) <= now),
    )


# Statements of every single mail: to build one takes longer than to run it.
_NOW: Final = bindparam("now", type_=UTCDateTime)
_LEASE: Final = (
    update(DeliveryRow)
    .where(col(DeliveryRow.id) == bindparam("which"), _is_due(_NOW))
    .values(leased=bindparam("until", type_=UTCDateTime))
)
_SENT: Final = (
    update(DeliveryRow)
    .where(col(DeliveryRow.id) == bindparam("which"))
    .values(
        state=DeliveryState.SENT.value,
        sent=_NOW,
        leased=None,
        error="",
        attempts=col(DeliveryRow.attempts) + 1,
        papers=bindparam("shown"),
    )
)
_WELL: Final = (
    update(SubscriberRow)
    .where(
        col(SubscriberRow.bounces) > 0,
        col(SubscriberRow.id).in_(
            select(DeliveryRow.subscriber_id).where(col(DeliveryRow.id) == bindparam("which"))
        ),
    )
    .values(bounces=0)
)


def _before(session: Session, rows: Sequence[DeliveryRow]) -> dict[int | None, tuple[int, str]]:
    """By delivery: the issue made out to the same reader before it, and its Message-ID."""
    found: dict[int | None, tuple[int, str]] = {}
    for number in {row.issue for row in rows}:
        of = {row.subscriber_id: row.id for row in rows if row.issue == number}
        for part in chunks(of):
            latest = (
                select(DeliveryRow.subscriber_id, func.max(col(DeliveryRow.issue)).label("issue"))
                .where(col(DeliveryRow.subscriber_id).in_(part), DeliveryRow.issue < number)
                .group_by(col(DeliveryRow.subscriber_id))
                .subquery()
            )
            query = select(
                DeliveryRow.subscriber_id, DeliveryRow.issue, DeliveryRow.message_id
            ).join(
                latest,
                and_(
                    col(DeliveryRow.subscriber_id) == latest.c.subscriber_id,
                    col(DeliveryRow.issue) == latest.c.issue,
                ),
            )
            for subscriber, issue, message_id in session.exec(query):
                found[of[subscriber]] = (issue, message_id)
    return found


def _delivery(
    row: DeliveryRow, subscriber: SubscriberRow, before: tuple[int, str] | None
) -> Delivery:
    return Delivery(
        id=row.id or 0,
        issue=row.issue,
        subscriber=to_subscriber(subscriber),
        message_id=row.message_id,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_try=row.next_try,
        sent=row.sent,
        error=row.error,
        before=before,
    )
