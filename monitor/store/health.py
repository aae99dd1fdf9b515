"""Whether what the database holds still fits together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import text
from sqlmodel import col, func, select

from monitor.model import Article, Assessment, Quote
from monitor.store.codec import decode
from monitor.store.engine import Store
from monitor.store.rows import chunks
from monitor.store.tables import ArticleRow, ArticleVersionRow, AssessmentRow, DeliveryRow, IssueRow


def size(store: Store) -> int:
    """Number of papers."""
    with store.read() as session:
        return session.exec(select(func.count()).select_from(ArticleRow)).one()


def faults(store: Store) -> list[str]:
    """Every fault found, in a sentence; empty when the database is sound."""
    return [*_engine(store), *_orphans(store), *_quotes(store)]


def _engine(store: Store) -> list[str]:
    if not store.is_sqlite:
        return []
    with store.read() as session:
        rows = session.connection().execute(text("PRAGMA integrity_check")).scalars().all()
        broken = session.connection().execute(text("PRAGMA foreign_key_check")).all()
    found = [f"SQLite: {row}" for row in rows if row != "ok"]
    return found + [f"table {row[0]}: row {row[1]} refers to nothing in {row[2]}" for row in broken]


def _orphans(store: Store) -> list[str]:
    with store.read() as session:
        lonely = session.exec(
            select(ArticleRow.pmid)
            .outerjoin(ArticleVersionRow, col(ArticleVersionRow.id) == col(ArticleRow.version_id))
            .where(col(ArticleVersionRow.id).is_(None))
        ).all()
        homeless = session.exec(
            select(DeliveryRow.id)
            .outerjoin(IssueRow, col(IssueRow.number) == col(DeliveryRow.issue))
            .where(col(IssueRow.number).is_(None))
        ).all()
    return [f"article {p}: no revision of it is stored" for p in lonely] + [
        f"delivery {d}: its issue is missing" for d in homeless
    ]


def _quotes(store: Store) -> list[str]:
    """Quotes of current labels that the current article does not hold word for word."""
    found: list[str] = []
    with store.read() as session:
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
                article = decode(Article, data)
                found += [
                    f"article {pmid}: a quote no longer matches: {quote.text[:60]!r}"
                    for quote in quotes_of(decode(Assessment, labels))
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
