"""The ledger's rows: what it has taken in, bearings, claims and their history, events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as core
from sqlalchemy import ColumnElement, bindparam
from sqlmodel import Session, SQLModel, and_, col, delete, func, or_, select

from monitor.model import Article, Assessment, Balance, Bearing, Change, Event
from monitor.store.codec import decode, encode
from monitor.store.engine import Store
from monitor.store.rows import LONG_AGO, chunks, insert, table
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
        found = session.exec(query).all()
        taken = [row[2] for row in found if row[2] is not None]
        about = _About(
            before=_labels(session, (row.assessment_id for row in taken)),
            seeds=_seeds(session, (row[0].pmid for row in found)),
            changes=_changes(session, (row[0].pmid for row in found)),
        )
        return [_outstanding(about, *row) for row in found]


@dataclass(frozen=True, slots=True)
class _About:
    """What else is known about a batch of papers: asked once for all of them.

    `before` are labels by assessment, `changes` by paper, each with its revision, oldest first.
    """

    before: dict[int, str]
    seeds: frozenset[str]
    changes: dict[str, list[tuple[int, str]]]


def _labels(session: Session, numbers: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for part in chunks(numbers):
        query = select(AssessmentRow.id, AssessmentRow.data).where(col(AssessmentRow.id).in_(part))
        found.update({number or 0: data for number, data in session.exec(query)})
    return found


def _seeds(session: Session, pmids: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for part in chunks(pmids):
        query = select(ArticleTopicRow.pmid).where(
            col(ArticleTopicRow.pmid).in_(part), col(ArticleTopicRow.seed)
        )
        found.update(session.exec(query))
    return frozenset(found)


def _changes(session: Session, pmids: Iterable[str]) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for part in chunks(pmids):
        query = (
            select(ArticleVersionRow.pmid, ArticleVersionRow.id, ArticleVersionRow.changes)
            .where(col(ArticleVersionRow.pmid).in_(part))
            .order_by(col(ArticleVersionRow.id))
        )
        for pmid, number, text in session.exec(query):
            found.setdefault(pmid, []).append((number or 0, text))
    return found


def _outstanding(
    about: _About, article: ArticleRow, labels: AssessmentRow, taken: LedgerPaperRow | None
) -> Outstanding:
    before = about.before.get(taken.assessment_id) if taken else None
    since = taken.version_id if taken else 0
    changes = (text for number, text in about.changes.get(article.pmid, ()) if number > since)
    return Outstanding(
        article=decode(Article, article.data),
        assessment=decode(Assessment, labels.data),
        version_id=article.version_id or 0,
        assessment_id=article.assessment_id or 0,
        first_seen=article.first_seen,
        gone=article.gone,
        seed=article.pmid in about.seeds,
        before=decode(Assessment, before) if before else None,
        announced=bool(taken and taken.announced),
        changes=tuple(c for text in changes for c in decode(tuple[Change, ...], text)),
        memory=taken.data if taken else "",
    )


def bearings(store: Store, claims: Collection[str] | None = None) -> dict[str, list[Bearing]]:
    """Bearings by claim, of these claims or all, each list in the order of PMIDs."""
    texts = bearing_texts(store, claims)
    return {claim: bearings_of(texts[claim]) for claim in sorted(texts)}


def bearing_texts(store: Store, claims: Collection[str] | None = None) -> dict[str, list[str]]:
    """The same as `bearings_of` reads them, in no order."""
    with store.read() as session:
        rows = table(BearingRow).c
        query = core.select(rows.claim, rows.data)
        if claims is not None:
            query = query.where(rows.claim.in_(list(claims)))
        texts: dict[str, list[str]] = {}
        for claim, data in session.connection().execute(query).all():
            texts.setdefault(claim, []).append(data)
    return texts


def bearings_of(texts: Iterable[str]) -> list[Bearing]:
    """Bearings of `bearing_texts`, in the order of PMIDs.

    One text for all: to decode thousands one by one takes far longer. Sorted here, as a database
    would carry all the data through its sorting.
    """
    found = decode(list[Bearing], f"[{','.join(texts)}]")
    found.sort(key=lambda b: (len(b.pmid), b.pmid))
    return found


def bearings_around(
    store: Store, claims: Collection[str], pmids: Iterable[str]
) -> list[tuple[str, Bearing]]:
    """Bearings of these papers on these claims, and of all papers of their groups there."""
    found: dict[tuple[str, str], str] = {}
    names: set[str] = set()
    columns = select(BearingRow.claim, BearingRow.pmid, BearingRow.group_name, BearingRow.data)
    columns = columns.where(col(BearingRow.claim).in_(list(claims)))
    with store.read() as session:
        for part in chunks(pmids):
            for claim, pmid, name, data in session.exec(
                columns.where(col(BearingRow.pmid).in_(part))
            ):
                found[claim, pmid] = data
                names.add(name)
        for part in chunks(sorted(names - {""})):
            for claim, pmid, _, data in session.exec(
                columns.where(col(BearingRow.group_name).in_(part))
            ):
                found[claim, pmid] = data
    decoded = decode(list[Bearing], f"[{','.join(found.values())}]")
    return [(claim, bearing) for (claim, _), bearing in zip(found, decoded, strict=True)]


def tallies(store: Store) -> dict[str, str]:
    """The ledger's sums by claim, as given to `record`; "" where they are not known."""
    with store.read() as session:
        return dict(session.exec(select(ClaimRow.id, ClaimRow.tally)).all())


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
    """Every change of a claim's balance: when, the paper that caused it, where it stood then.

    The paper is "" where none did: our rules changed.
    """
    with store.read() as session:
        query = (
            select(ClaimHistoryRow)
            .where(ClaimHistoryRow.claim == claim)
            .order_by(col(ClaimHistoryRow.id))
        )
        return [(r.at, r.cause, decode(Balance, r.data)) for r in session.exec(query)]


def record(
    store: Store,
    steps: Sequence[Step],
    now: datetime,
    tallies: Mapping[str, str] | None = None,
) -> None:
    """Write steps in order, in one transaction. Events that are there already stay as they are.

    What a later step of the batch replaces is not written first: one statement a table. `tallies`
    are the ledger's sums after the last step, of every claim that a step may have moved; without
    them the sums of all claims are forgotten, as they may no longer be true.
    """
    with store.write() as session:
        _write_bearings(session, steps)
        _write_balances(session, steps, now)
        _write_tallies(session, tallies)
        _append(session, [event for step in steps for event in step.events])
        taken = [
            {
                "pmid": step.pmid,
                "version_id": step.version_id,
                "assessment_id": step.assessment_id,
                "announced": step.announced,
                "data": step.memory,
            }
            for step in {step.pmid: step for step in steps}.values()
        ]
        _upsert(session, LedgerPaperRow, ("pmid",), taken)


def _write_bearings(session: Session, steps: Sequence[Step]) -> None:
    """Each step replaces the bearings of its paper, and single ones of others."""
    new: dict[str, dict[str, Bearing]] = {}
    for step in steps:
        new[step.pmid] = {}
        for claim, bearing in (*step.bearings, *step.moved):
            new.setdefault(bearing.pmid, {})[claim] = bearing
    for part in chunks(dict.fromkeys(step.pmid for step in steps)):
        # A new paper has none yet; to look for them would be to read all that there are.
        taken = select(LedgerPaperRow.pmid).where(col(LedgerPaperRow.pmid).in_(part))
        if known := session.exec(taken).all():
            session.exec(delete(BearingRow).where(col(BearingRow.pmid).in_(known)))
    rows = [
        {"claim": claim, "pmid": pmid, "group_name": bearing.group, "data": encode(bearing)}
        for pmid, claims in new.items()
        for claim, bearing in claims.items()
    ]
    _upsert(session, BearingRow, ("claim", "pmid"), rows)


def _write_tallies(session: Session, tallies: Mapping[str, str] | None) -> None:
    claims = table(ClaimRow)
    if tallies is None:
        session.connection().execute(claims.update().values(tally=""))
    elif tallies:
        statement = claims.update().where(claims.c.id == bindparam("claim"))
        rows = [{"claim": claim, "tally": text} for claim, text in tallies.items()]
        session.connection().execute(statement, rows)


def restate(
    store: Store, balances: Sequence[Balance], moved: Collection[str], now: datetime
) -> None:
    """Write where claims stand by new rules; the `moved` go into the history, by no paper."""
    moves = [_move(balance, now, "") for balance in balances]
    with store.write() as session:
        _write_history(session, [move for move in moves if move["claim"] in moved])
        _write_standing(session, moves)


def _write_balances(session: Session, steps: Sequence[Step], now: datetime) -> None:
    """Every balance goes into the history, the last one of a claim is where it stands."""
    moves = [_move(balance, now, step.pmid) for step in steps for balance in step.balances]
    _write_history(session, moves)
    _write_standing(session, moves)


def _move(balance: Balance, at: datetime, cause: str) -> dict[str, object]:
    return {
        "claim": balance.claim,
        "at": at,
        "cause": cause,
        "status": balance.status.value,
        "data": encode(balance),
    }


def _write_history(session: Session, moves: Sequence[Mapping[str, object]]) -> None:
    if moves:
        session.connection().execute(insert(session, ClaimHistoryRow), list(moves))


def _write_standing(session: Session, moves: Sequence[Mapping[str, object]]) -> None:
    last = {move["claim"]: move for move in moves}.values()
    rows = [{"id": m["claim"], "status": m["status"], "data": m["data"]} for m in last]
    _upsert(session, ClaimRow, ("id",), rows)


def _upsert(
    session: Session,
    row: type[SQLModel],
    key: Sequence[str],
    rows: Sequence[Mapping[str, object]],
) -> None:
    if not rows:
        return
    statement = insert(session, row)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=changed)
    session.connection().execute(statement, rows)


def _append(session: Session, told: Sequence[Event]) -> None:
    """Events that are not there yet, in order, with their papers."""
    fresh = {event.key: event for event in reversed(told)}  # of two with one key the first stays
    for part in chunks(list(fresh)):
        known = session.exec(select(EventRow.key).where(col(EventRow.key).in_(part))).all()
        for key in known:
            del fresh[key]
    if not fresh:
        return
    rows = [
        {
            "key": event.key,
            "kind": event.kind.value,
            "at": event.at,
            "claim": event.claim,
            "data": encode(event),
        }
        for event in told
        if fresh.get(event.key) is event
    ]
    session.connection().execute(insert(session, EventRow), rows)
    papers: list[dict[str, object]] = []
    for part in chunks(list(fresh)):
        query = select(EventRow.id, EventRow.key).where(col(EventRow.key).in_(part))
        for number, key in session.exec(query):
            pmids = dict.fromkeys(fresh[key].pmids)
            papers += [{"event_id": number, "pmid": pmid} for pmid in pmids]
    if papers:
        session.connection().execute(insert(session, EventPaperRow), papers)


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
