"""Readers. Addresses stand in this table and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlmodel import col, delete, select

from monitor.model import Subscriber
from monitor.store.codec import decode, encode
from monitor.store.engine import Store
from monitor.store.tables import SubscriberRow


def add(store: Store, subscriber: Subscriber) -> tuple[Subscriber, bool]:
    """Add a reader, or update the choices of one with this address; (as stored, whether new)."""
    with store.write() as session:
        query = select(SubscriberRow).where(SubscriberRow.email == subscriber.email)
        row = session.exec(query).first()
        if row is not None:
            kept = replace(subscriber, id=row.id or 0, joined=row.joined)
            row.sqlmodel_update(_columns(kept))
            return kept, False
        row = SubscriberRow(
            email=subscriber.email, joined=subscriber.joined, **_columns(subscriber)
        )
        session.add(row)
        session.flush()
        return replace(subscriber, id=row.id or 0), True


def remove(store: Store, email: str) -> bool:
    """Remove a reader for good, with all deliveries; False when there was none."""
    with store.write() as session:
        gone = session.exec(delete(SubscriberRow).where(col(SubscriberRow.email) == email))
        return bool(gone.rowcount)


def get(store: Store, subscriber: int) -> Subscriber | None:
    """A reader by id."""
    with store.read() as session:
        row = session.get(SubscriberRow, subscriber)
        return to_subscriber(row) if row else None


def find(store: Store, email: str) -> Subscriber | None:
    """A reader by address."""
    with store.read() as session:
        row = session.exec(select(SubscriberRow).where(SubscriberRow.email == email)).first()
        return to_subscriber(row) if row else None


def everyone(store: Store) -> list[Subscriber]:
    """All readers, in the order in which they joined, also those unconfirmed or suspended."""
    with store.read() as session:
        return [to_subscriber(r) for r in session.exec(select(SubscriberRow).order_by(_ID))]


_ID = col(SubscriberRow.id)


def _columns(subscriber: Subscriber) -> dict[str, Any]:
    return {
        "confirmed": subscriber.confirmed,
        "suspended": subscriber.suspended,
        "data": encode(replace(subscriber, email="", id=0)),
    }


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
