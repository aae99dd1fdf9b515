"""Whether what the database holds still fits together.

Each fault is a sentence that names the table, the record and the cause. Nothing is changed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Protocol

import sqlalchemy as sa
from sqlalchemy import ForeignKeyConstraint, Table, and_, exists, text
from sqlmodel import Session, SQLModel, col, func, or_, select

from monitor.errors import StoreError
from monitor.model import (
    Article,
    Assessment,
    Balance,
    Bearing,
    Change,
    Event,
    Issue,
    Quote,
    Receipt,
    Subscriber,
)
from monitor.store.codec import decode
from monitor.store.engine import Store
from monitor.store.rows import chunks, table, unpack
from monitor.store.tables import (
    ArticleRow,
    ArticleVersionRow,
    AssessmentRow,
    BadRecordRow,
    BearingRow,
    ClaimHistoryRow,
    ClaimRow,
    DeliveryRow,
    EventRow,
    HarvestRunRow,
    IssueRow,
    LedgerPaperRow,
    SubscriberRow,
)

_SHOWN: Final = 20
_BATCH: Final = 500


def size(store: Store) -> int:
    """Number of papers."""
    with store.read() as session:
        return session.exec(select(func.count()).select_from(ArticleRow)).one()


def faults(store: Store) -> list[str]:
    """Every fault found, in a sentence; empty when the database is sound."""
    found: list[str] = []
    for look in (_engine, _references, _orphans, _rows, _quotes):
        try:
            with store.read() as session:
                found += look(session)
        except StoreError as error:  # the rest may still be readable
            found.append(str(error))
    return found


def _engine(session: Session) -> list[str]:
    """What SQLite says of its own pages and indexes; PostgreSQL has no such question."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    rows = session.connection().execute(text("PRAGMA integrity_check(20)")).scalars()
    return [f"SQLite: {row}" for row in rows if row != "ok"]


def _references(session: Session) -> list[str]:
    """Rows whose foreign key names a row that is not there."""
    found: list[str] = []
    for mine in SQLModel.metadata.sorted_tables:
        for key in mine.foreign_key_constraints:
            found += _dangling(session, mine, key)
    return found


def _dangling(session: Session, mine: Table, key: ForeignKeyConstraint) -> list[str]:
    theirs = key.referred_table.alias("theirs")
    pairs = [(e.parent, theirs.c[e.column.name]) for e in key.elements]
    there = exists().where(and_(*(mine.c[a.name] == b for a, b in pairs)))
    named = [mine.c[a.name] for a, _ in pairs]
    lost = sa.select(*mine.primary_key.columns, *named).where(
        and_(*(c.is_not(None) for c in named)), ~there
    )
    rows = session.connection().execute(lost.limit(_SHOWN))
    width = len(mine.primary_key.columns)
    return [
        f"{mine.name} {_name(row[:width])}: it refers to {key.referred_table.name} "
        f"{_name(row[width:])}, which is not there"
        for row in rows
    ]


def _orphans(session: Session) -> list[str]:
    """Current revisions and labels that are not there, or belong to another paper."""
    article, version = table(ArticleRow), table(ArticleVersionRow)
    labels, taken = table(AssessmentRow), table(LedgerPaperRow)
    queries = (
        (
            select(article.c.pmid)
            .outerjoin(version, version.c.id == article.c.version_id)
            .where(or_(version.c.id.is_(None), version.c.pmid != article.c.pmid)),
            "article {}: its current revision is not stored",
        ),
        (
            select(article.c.pmid)
            .outerjoin(labels, labels.c.id == article.c.assessment_id)
            .where(
                article.c.assessment_id.is_not(None),
                or_(labels.c.id.is_(None), labels.c.pmid != article.c.pmid),
            ),
            "article {}: its current labels are not stored",
        ),
        (
            select(taken.c.pmid)
            .outerjoin(labels, labels.c.id == taken.c.assessment_id)
            .where(or_(labels.c.id.is_(None), labels.c.pmid != taken.c.pmid)),
            "ledger_paper {}: the labels that it took in are not stored",
        ),
    )
    return [
        said.format(row[0])
        for query, said in queries
        for row in session.connection().execute(query.limit(_SHOWN))
    ]


def _value(kind: Any) -> Callable[[str], object]:
    return lambda found: decode(kind, found)


#: What must be readable: row, column, how.
_READ: Final[tuple[tuple[type[SQLModel], str, Callable[[Any], object]], ...]] = (
    (ArticleRow, "data", _value(Article)),
    (ArticleVersionRow, "changed", _value(tuple[str, ...])),
    (ArticleVersionRow, "changes", _value(tuple[Change, ...])),
    (ArticleVersionRow, "xml", unpack),
    (BadRecordRow, "xml", unpack),
    (AssessmentRow, "data", _value(Assessment)),
    (BearingRow, "data", _value(Bearing)),
    (ClaimRow, "data", _value(Balance)),
    (ClaimHistoryRow, "data", _value(Balance)),
    (EventRow, "data", _value(Event)),
    (HarvestRunRow, "data", _value(Receipt)),
    (IssueRow, "data", _value(Issue)),
    (SubscriberRow, "data", _value(Subscriber)),
    (DeliveryRow, "papers", _value(list[str])),
)


def _rows(session: Session) -> list[str]:
    """Values that cannot be read any more."""
    found: list[str] = []
    for row, column, read in _READ:
        mine = table(row)
        keys = list(mine.primary_key.columns)
        query = sa.select(*keys, mine.c[column])
        for *key, value in _stream(session, query):
            try:
                read(value)
            except (ValueError, zlib.error) as error:
                cause = str(error).splitlines()[0]
                found.append(f"{mine.name} {_name(key)}: {column} cannot be read: {cause}")
    return found


def _stream(session: Session, query: Any) -> Iterator[Any]:
    options = {"yield_per": _BATCH}
    with session.connection().execute(query, execution_options=options) as result:
        yield from result


def _name(key: Iterable[object]) -> str:
    return "/".join(str(part) for part in key)


def _quotes(session: Session) -> list[str]:
    """Quotes of current labels that the current article does not hold word for word."""
    found: list[str] = []
    pmids = list(session.exec(select(ArticleRow.pmid).order_by(col(ArticleRow.pmid))))
    for part in chunks(pmids):
        query = (
            select(ArticleRow.pmid, ArticleRow.data, AssessmentRow.data)
            .join(AssessmentRow, col(AssessmentRow.id) == col(ArticleRow.assessment_id))
            .where(
                col(ArticleRow.pmid).in_(part),
                col(AssessmentRow.version_id) == col(ArticleRow.version_id),
            )
        )
        for pmid, data, labels in session.exec(query):
            try:
                article, quotes = decode(Article, data), quotes_of(decode(Assessment, labels))
            except ValueError:
                continue  # told among the rows
            found += [
                f"article {pmid}: a quote no longer matches: {quote.text[:60]!r}"
                for quote in quotes
                if not quote.holds(article)
            ]
    return found


def quotes_of(labels: Assessment) -> list[Quote]:
    """All quotes of an assessment."""
    found: list[Quote] = []
    lists: tuple[Iterable[_Quoted], ...] = (
        labels.relevance,
        (labels.design, labels.result),
        labels.claims,
        labels.doses,
        labels.case_definitions,
        labels.registrations,
        labels.review_registrations,
        labels.populations,
        labels.comparators,
        labels.durations,
        labels.outcomes,
        [p for p in (labels.sample_size, labels.pem_required) if p is not None],
    )
    for labelled in lists:
        for part in labelled:
            found.extend(part.quotes)
    return found


class _Quoted(Protocol):
    @property
    def quotes(self) -> tuple[Quote, ...]: ...
