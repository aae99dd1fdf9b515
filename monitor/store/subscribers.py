"""Readers. Addresses stand in this table and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, func, select

from monitor.model import Subscriber
from monitor.store.codec import decode, encode
from monitor.store.engine import Store
from monitor.store.tables import DeliveryRow, SubscriberRow

_ID = col(SubscriberRow.id)


def add(store: Store, subscriber: Subscriber) -> tuple[Subscriber, bool]:
    """Add a reader, or update the choices of one with this address; (as stored, whether new).

    A reader who was suspended gets mails again; the moment of joining stays.
    """
    with store.write() as session:
        query = select(SubscriberRow).where(SubscriberRow.email == subscriber.email)
        row = session.exec(query).first()
        if row is not None:
            kept = replace(subscriber, id=row.id or 0, joined=row.joined)
            row.sqlmodel_update(_columns(kept) | {"bounces": 0})
            return kept, False
        row = SubscriberRow(
            email=subscriber.email, joined=subscriber.joined, **_columns(subscriber)
        )
        session.add(row)
        session.flush()
        return replace(subscriber, id=row.id or 0), True


def change(store: Store, subscriber: Subscriber) -> bool:
    """Write the choices of the reader with this id; address and joining stay. False: no reader."""
    with store.write() as session:
        row = session.get(SubscriberRow, subscriber.id)
        if row is None:
            return False
        row.sqlmodel_update(_columns(replace(subscriber, joined=row.joined)))
        return True


def remove(store: Store, email: str) -> bool:
    """Remove a reader for good, with all deliveries; False when there was none."""
    with store.write() as session:
        _overwrite(store, session)
        gone = session.exec(delete(SubscriberRow).where(col(SubscriberRow.email) == email))
        found = bool(gone.rowcount)
    if found:
        _flush_log(store)
    return found


def scrub(store: Store) -> None:
    """Write the database anew, so that nothing removed can be read from its free pages.

    SQLite only; PostgreSQL does so by its own vacuum.
    """
    if not store.is_sqlite:
        return
    connection = store.engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM")
    finally:
        connection.close()
    _flush_log(store)


def get(store: Store, subscriber: int, joined: datetime | None = None) -> Subscriber | None:
    """A reader by id; with `joined`, only the one who joined at that moment (links say both)."""
    with store.read() as session:
        row = session.get(SubscriberRow, subscriber)
        if row is None or (joined is not None and row.joined != joined):
            return None
        return to_subscriber(row)


def find(store: Store, email: str) -> Subscriber | None:
    """A reader by address."""
    with store.read() as session:
        row = session.exec(select(SubscriberRow).where(SubscriberRow.email == email)).first()
        return to_subscriber(row) if row else None


def everyone(store: Store) -> list[Subscriber]:
    """All readers, in the order in which they joined, also those unconfirmed or suspended."""
    with store.read() as session:
        return [to_subscriber(r) for r in session.exec(select(SubscriberRow).order_by(_ID))]


def count(store: Store) -> int:
    """How many readers there are who get mails."""
    with store.read() as session:
        query = select(func.count()).where(
            col(SubscriberRow.confirmed), col(SubscriberRow.suspended).is_(False)
        )
        return session.exec(query).one()


def joined_since(store: Store, moment: datetime) -> bool:
    """Whether a reader joined after an issue was made and has no delivery yet."""
    with store.read() as session:
        query = (
            select(_ID)
            .outerjoin(DeliveryRow, col(DeliveryRow.subscriber_id) == _ID)
            .where(
                col(SubscriberRow.joined) > moment,
                col(SubscriberRow.confirmed),
                col(SubscriberRow.suspended).is_(False),
                col(DeliveryRow.id).is_(None),
            )
        )
        return session.exec(query.limit(1)).first() is not None


def to_subscriber(row: SubscriberRow) -> Subscriber:
    """A row as a value."""
    return replace(
        decode(Subscriber, row.data),
        id=row.id or 0,
        email=row.email,
        joined=row.joined,
        confirmed=row.confirmed,
        suspended=row.suspended,
    )


def _columns(subscriber: Subscriber) -> dict[str, Any]:
    return {
        "confirmed": subscriber.confirmed,
        "suspended": subscriber.suspended,
        "data": encode(replace(subscriber, email="", id=0)),
    }


def _overwrite(store: Store, session: Session) -> None:
    """SQLite leaves what was deleted readable in the file unless it is told to overwrite it."""
    if store.is_sqlite:
        session.connection().exec_driver_sql("PRAGMA secure_delete = ON")


def _flush_log(store: Store) -> None:
    """Empty SQLite's write-ahead log, which keeps old pages; a busy database does so later."""
    if store.is_sqlite:
        connection = store.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
