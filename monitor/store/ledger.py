"""The ledger's rows: what it has taken in, bearings, claims and their history, events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, delete, func, or_, select

from monitor.model import Article, Assessment, Balance, Bearing, Change, Event
from monitor.store.codec import decode, encode
from monitor.store.engine import Store
from monitor.store.rows import LONG_AGO, chunks, insert
from monitor.store.tables import (
    ArticleRow,
    ArticleTopicRow,
    ArticleVersionRow,
    AssessmentRow,
    BearingRow,
    ClaimHistoryRow,
    ClaimRow,
    EventPaperRow,
    EventRow,
    LedgerPaperRow,
)


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A paper whose current revision and labels the ledger has not taken in yet.

    `before` are the labels it took in last time, None for a paper that is new to it; `changes` what
    PubMed changed since then; `announced` whether readers were told of the paper; `memory` is the
    ledger's own text about the paper, as given to `record`.
    """

    article: Article
    assessment: Assessment
    version_id: int
    assessment_id: int
    first_seen: datetime
    gone: bool
    seed: bool
    before: Assessment | None
    announced: bool
    changes: tuple[Change, ...]
    memory: str


@dataclass(frozen=True, slots=True)
class Step:
    """What the ledger writes for one paper, whole or not at all.

    `bearings` replace all bearings of the paper, except that `moved` bearings (of other papers,
    whose group changed) are replaced one by one; `balances` are the claims that it moved.
    """

    pmid: str
    version_id: int
    assessment_id: int
    announced: bool
    bearings: tuple[tuple[str, Bearing], ...]
    balances: tuple[Balance, ...]
    events: tuple[Event, ...]
    moved: tuple[tuple[str, Bearing], ...] = ()
    memory: str = ""


def _waiting() -> ColumnElement[bool]:
    return or_(
        col(LedgerPaperRow.pmid).is_(None),
        col(LedgerPaperRow.version_id) != col(ArticleRow.version_id),
        col(LedgerPaperRow.assessment_id) != col(ArticleRow.assessment_id),
    )


def count_outstanding(store: Store) -> int:
    """How many papers the ledger has not taken in as they are now."""
    with store.read() as session:
        query = (
            select(func.count())
            .select_from(ArticleRow)
            .outerjoin(LedgerPaperRow, col(LedgerPaperRow.pmid) == col(ArticleRow.pmid))
            .where(col(ArticleRow.assessment_id).is_not(None), _waiting())
        )
        return session.exec(query).one()


def outstanding(store: Store, limit: int) -> list[Outstanding]:
    """Papers to take in, in the ledger's order: Create Date, then PMID."""
    with store.read() as session:
        query = (
            select(ArticleRow, AssessmentRow, LedgerPaperRow)
            .join(AssessmentRow, col(AssessmentRow.id) == col(ArticleRow.assessment_id))
            .outerjoin(LedgerPaperRow, col(LedgerPaperRow.pmid) == col(ArticleRow.pmid))
            .where(col(AssessmentRow.version_id) == col(ArticleRow.version_id), _waiting())
            .order_by(
                func.coalesce(ArticleRow.created, LONG_AGO),
                func.length(ArticleRow.pmid),
                col(ArticleRow.pmid),
            )
            .limit(limit)
        )
        return [_outstanding(session, *row) for row in session.exec(query)]


def _outstanding(
    session: Session, article: ArticleRow, labels: AssessmentRow, taken: LedgerPaperRow | None
) -> Outstanding:
    before = session.get(AssessmentRow, taken.assessment_id) if taken else None
    seed = session.exec(
        select(func.count())
        .select_from(ArticleTopicRow)
        .where(ArticleTopicRow.pmid == article.pmid, col(ArticleTopicRow.seed))
    ).one()
    return Outstanding(
        article=decode(Article, article.data),
        assessment=decode(Assessment, labels.data),
        version_id=article.version_id or 0,
        assessment_id=article.assessment_id or 0,
        first_seen=article.first_seen,
        gone=article.gone,
        seed=bool(seed),
        before=decode(Assessment, before.data) if before else None,
        announced=bool(taken and taken.announced),
        changes=_changes_since(session, article.pmid, taken.version_id if taken else 0),
        memory=taken.data if taken else "",
    )


def _changes_since(session: Session, pmid: str, version_id: int) -> tuple[Change, ...]:
    query = (
        select(ArticleVersionRow.changes)
        .where(ArticleVersionRow.pmid == pmid, col(ArticleVersionRow.id) > version_id)
        .order_by(col(ArticleVersionRow.id))
    )
    return tuple(c for text in session.exec(query) for c in decode(tuple[Change, ...], text))


def bearings(store: Store, claims: Collection[str] | None = None) -> dict[str, list[Bearing]]:
    """Bearings by claim, of these claims or all, each list in the order of PMIDs."""
    with store.read() as session:
        query = select(BearingRow.claim, BearingRow.data).order_by(
            col(BearingRow.claim), func.length(BearingRow.pmid), col(BearingRow.pmid)
        )
        if claims is not None:
            query = query.where(col(BearingRow.claim).in_(list(claims)))
        found: dict[str, list[Bearing]] = {}
        for claim, data in session.exec(query):
            found.setdefault(claim, []).append(decode(Bearing, data))
        return found


def memories(store: Store, pmids: Iterable[str] | None = None) -> dict[str, str]:
    """What the ledger noted about each paper that it took in."""
    found: dict[str, str] = {}
    with store.read() as session:
        parts = [None] if pmids is None else chunks(pmids)
        for part in parts:
            query = select(LedgerPaperRow.pmid, LedgerPaperRow.data)
            if part is not None:
                query = query.where(col(LedgerPaperRow.pmid).in_(part))
            found.update(dict(session.exec(query).all()))
    return found


def balances(store: Store) -> dict[str, Balance]:
    """Where each claim stands now."""
    with store.read() as session:
        rows = session.exec(select(ClaimRow.id, ClaimRow.data))
        return {claim: decode(Balance, data) for claim, data in rows}


def balances_as_of(store: Store, moment: datetime) -> dict[str, Balance]:
    """Where each claim stood at a moment."""
    with store.read() as session:
        newest = (
            select(func.max(ClaimHistoryRow.id))
            .where(ClaimHistoryRow.at <= moment)
            .group_by(col(ClaimHistoryRow.claim))
        )
        rows = session.exec(select(ClaimHistoryRow).where(col(ClaimHistoryRow.id).in_(newest)))
        return {row.claim: decode(Balance, row.data) for row in rows}


def history(store: Store, claim: str) -> list[tuple[datetime, str, Balance]]:
    """Every change of a claim's balance: when, the paper that caused it, where it stood then."""
    with store.read() as session:
        query = (
            select(ClaimHistoryRow)
            .where(ClaimHistoryRow.claim == claim)
            .order_by(col(ClaimHistoryRow.id))
        )
        return [(r.at, r.cause, decode(Balance, r.data)) for r in session.exec(query)]


def record(store: Store, steps: Sequence[Step], now: datetime) -> None:
    """Write steps in order, in one transaction. Events that are there already stay as they are."""
    with store.write() as session:
        for step in steps:
            _write(session, step, now)


def _write(session: Session, step: Step, now: datetime) -> None:
    connection = session.connection()
    session.exec(delete(BearingRow).where(col(BearingRow.pmid) == step.pmid))
    for claim, bearing in (*step.bearings, *step.moved):
        data = encode(bearing)
        connection.execute(
            insert(session, BearingRow)
            .values(claim=claim, pmid=bearing.pmid, data=data)
            .on_conflict_do_update(index_elements=["claim", "pmid"], set_={"data": data})
        )
    for balance in step.balances:
        row = {"status": balance.status.value, "data": encode(balance)}
        connection.execute(
            insert(session, ClaimRow)
            .values(id=balance.claim, **row)
            .on_conflict_do_update(index_elements=["id"], set_=row)
        )
        session.add(
            ClaimHistoryRow(
                claim=balance.claim,
                at=now,
                cause=step.pmid,
                status=row["status"],
                data=row["data"],
            )
        )
    for event in step.events:
        _append(session, event)
    taken = {
        "version_id": step.version_id,
        "assessment_id": step.assessment_id,
        "announced": step.announced,
        "data": step.memory,
    }
    connection.execute(
        insert(session, LedgerPaperRow)
        .values(pmid=step.pmid, **taken)
        .on_conflict_do_update(index_elements=["pmid"], set_=taken)
    )


def _append(session: Session, event: Event) -> None:
    statement = (
        insert(session, EventRow)
        .values(
            key=event.key,
            kind=event.kind.value,
            at=event.at,
            claim=event.claim,
            data=encode(event),
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(EventRow.id)
    )
    number = session.connection().execute(statement).scalar()
    if number is not None:
        session.add_all(
            EventPaperRow(event_id=number, pmid=pmid) for pmid in dict.fromkeys(event.pmids)
        )


def events(
    store: Store, *, claim: str | None = None, pmid: str | None = None, limit: int | None = None
) -> list[Event]:
    """Events, newest first; of one claim or one paper when named."""
    with store.read() as session:
        query = select(EventRow.data).order_by(col(EventRow.id).desc())
        if claim is not None:
            query = query.where(EventRow.claim == claim)
        if pmid is not None:
            mine = and_(col(EventPaperRow.event_id) == col(EventRow.id), EventPaperRow.pmid == pmid)
            query = query.join(EventPaperRow, mine)
        if limit is not None:
            query = query.limit(limit)
        return [decode(Event, data) for data in session.exec(query)]
