"""What a build of the site asks: which papers there are, whether they changed, what happened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as core
from sqlmodel import Session, col, func, select

from monitor.model import Balance, Bearing, Event
from monitor.store import ledger
from monitor.store.codec import decode
from monitor.store.engine import Store
from monitor.store.rows import LONG_AGO, chunks, table
from monitor.store.tables import (
    ArticleRow,
    ArticleTopicRow,
    AssessmentRow,
    ClaimHistoryRow,
    EventPaperRow,
    EventRow,
)

_PART = 1000


def digests(store: Store) -> dict[str, str]:
    """Of every wanted paper, newest first: a digest of its record, labels and standing.

    The same digest means that `Paper` is the same, whatever the database.
    """
    with store.read() as session:
        topics: dict[str, list[Any]] = {}
        for link in session.exec(
            select(ArticleTopicRow.pmid, ArticleTopicRow.topic, ArticleTopicRow.seed).order_by(
                col(ArticleTopicRow.topic)
            )
        ):
            topics.setdefault(link[0], []).append((link[1], link[2]))
        rows, labels = table(ArticleRow).c, table(AssessmentRow).c
        query = (
            core.select(rows.pmid, rows.data, labels.data, rows.gone, rows.first_seen)
            .join_from(table(ArticleRow), table(AssessmentRow), labels.id == rows.assessment_id)
            .where(labels.wanted)
        )
        found: dict[str, str] = {}
        for pmid, article, assessment, *standing in _stream(session, query):
            more = repr((standing, topics.get(pmid)))
            found[pmid] = _digest(article, assessment, more)
        return {pmid: found[pmid] for pmid in _newest_first(session) if pmid in found}


def event_digests(store: Store) -> dict[str, str]:
    """Of every paper with events: a digest of them."""
    with store.read() as session:
        query = (
            select(EventPaperRow.pmid, EventRow.data)
            .join(EventRow, col(EventRow.id) == col(EventPaperRow.event_id))
            .order_by(col(EventRow.id))
        )
        found: dict[str, Any] = {}
        for pmid, data in _stream(session, query):
            if pmid not in found:
                found[pmid] = hashlib.blake2b(digest_size=16)
            found[pmid].update(data.encode())
        return {pmid: digest.hexdigest() for pmid, digest in found.items()}


def bearings(store: Store) -> dict[str, tuple[str, list[Bearing]]]:
    """By claim: a digest of its bearings, and the bearings in the order of PMIDs."""
    texts = ledger.bearing_texts(store)
    return {c: (_digest(*sorted(texts[c])), ledger.bearings_of(texts[c])) for c in sorted(texts)}


def events_of(store: Store, pmids: Sequence[str]) -> dict[str, list[Event]]:
    """Events of these papers, newest first; papers without events are left out."""
    found: dict[str, list[Event]] = {}
    with store.read() as session:
        for part in chunks(pmids):
            query = (
                select(EventPaperRow.pmid, EventRow.data)
                .join(EventRow, col(EventRow.id) == col(EventPaperRow.event_id))
                .where(col(EventPaperRow.pmid).in_(part))
                .order_by(col(EventRow.id).desc())
            )
            for pmid, data in session.exec(query):
                found.setdefault(pmid, []).append(decode(Event, data))
    return found


def events(store: Store) -> Iterator[Event]:
    """All events, newest first, read as they are asked for."""
    last: int | None = None
    while True:
        with store.read() as session:
            query = select(EventRow.id, EventRow.data).order_by(col(EventRow.id).desc())
            if last is not None:
                query = query.where(col(EventRow.id) < last)
            rows = session.exec(query.limit(_PART)).all()
        if not rows:
            return
        last = rows[-1][0]
        yield from (decode(Event, data) for _, data in rows)


def status_changes(store: Store) -> dict[str, list[tuple[datetime, str, Balance]]]:
    """Of every claim, oldest first: when its status changed, the paper that did it, the balance."""
    rows = table(ClaimHistoryRow).c
    before = core.func.lag(rows.status).over(partition_by=rows.claim, order_by=rows.id)
    marked = core.select(rows.id, rows.status, before.label("before")).subquery()
    query = (
        core.select(rows.claim, rows.at, rows.cause, rows.data)
        .join(marked, marked.c.id == rows.id)
        .where(core.or_(marked.c.before.is_(None), marked.c.before != marked.c.status))
        .order_by(rows.id)
    )
    found: dict[str, list[tuple[datetime, str, Balance]]] = {}
    with store.read() as session:
        for claim, at, cause, data in _stream(session, query):
            found.setdefault(claim, []).append((at, cause, decode(Balance, data)))
    return found


def _newest_first(session: Session) -> list[str]:
    query = (
        select(ArticleRow.pmid)
        .join(AssessmentRow, col(AssessmentRow.id) == col(ArticleRow.assessment_id))
        .where(col(AssessmentRow.wanted))
        .order_by(
            func.coalesce(ArticleRow.created, LONG_AGO).desc(),
            func.length(ArticleRow.pmid).desc(),
            col(ArticleRow.pmid).desc(),
        )
    )
    return list(session.exec(query))


def _stream(session: Session, query: Any) -> Iterator[Any]:
    return iter(session.connection().execute(query.execution_options(yield_per=_PART)))


def _digest(*parts: str) -> str:
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode()
        found.update(len(data).to_bytes(8, "big") + data)
    return found.hexdigest()
