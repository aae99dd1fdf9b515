"""Assessments: which revisions still need one, and the labels that were given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as core
from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, not_, or_, select

from monitor.model import Article, Assessment
from monitor.store.codec import decode, encode
from monitor.store.engine import Store
from monitor.store.rows import chunks, insert, table
from monitor.store.tables import ArticleRow, AssessmentRow


def outstanding(store: Store, assessor: str, limit: int) -> list[tuple[int, Article]]:
    """Current revisions without an assessment by this assessor, as (version id, article)."""
    with store.read() as session:
        query = (
            select(ArticleRow.version_id, ArticleRow.data)
            .outerjoin(AssessmentRow, _same_by(assessor))
            .where(col(AssessmentRow.id).is_(None), col(ArticleRow.version_id).is_not(None))
            .order_by(col(ArticleRow.pmid))
            .limit(limit)
        )
        return [(int(v or 0), decode(Article, data)) for v, data in session.exec(query)]


def count_outstanding(store: Store, assessor: str) -> int:
    """How many revisions `outstanding` would give without a limit."""
    with store.read() as session:
        query = (
            select(func.count())
            .select_from(ArticleRow)
            .outerjoin(AssessmentRow, _same_by(assessor))
            .where(col(AssessmentRow.id).is_(None), col(ArticleRow.version_id).is_not(None))
        )
        return session.exec(query).one()


def count_others(store: Store, assessor: str) -> int:
    """How many papers are labelled by another assessor, at an older revision, or not at all."""
    with store.read() as session:
        query = (
            select(func.count())
            .select_from(ArticleRow)
            .outerjoin(AssessmentRow, col(AssessmentRow.id) == col(ArticleRow.assessment_id))
            .where(col(ArticleRow.version_id).is_not(None))
            .where(or_(col(AssessmentRow.id).is_(None), not_(_same_by(assessor))))
        )
        return session.exec(query).one()


def take_back(store: Store, assessor: str) -> int:
    """Make labels that this assessor gave before the current ones again; how many.

    So it is when rules or queries are changed back: there is nothing to be labelled anew.
    """
    articles, labels = table(ArticleRow), table(AssessmentRow)
    mine = and_(labels.c.version_id == articles.c.version_id, labels.c.assessor == assessor)
    found = core.select(labels.c.id).where(mine).scalar_subquery()
    other = articles.c.assessment_id.is_distinct_from(labels.c.id)
    with store.write() as session:
        done = session.connection().execute(
            articles.update()
            .where(core.exists().where(and_(mine, other)))
            .values(assessment_id=found)
        )
        return done.rowcount


def columns(labels: Assessment) -> dict[str, object]:
    """The columns of an assessment's row, the revision and the time aside."""
    return {
        "pmid": labels.pmid,
        "assessor": labels.assessor,
        "wanted": bool(labels.topics()),
        "design": labels.design.id,
        "data": encode(labels),
    }


def record(store: Store, made: Sequence[tuple[int, Assessment]], now: datetime) -> None:
    """Keep assessments of these revisions and make them the current ones, in one transaction."""
    if not made:
        return
    with store.write() as session:
        write_rows(
            session, [columns(a) | {"version_id": version, "made": now} for version, a in made]
        )


def write_rows(session: Session, made: Sequence[dict[str, object]]) -> None:
    """Write assessments of current revisions and make them the current ones."""
    connection = session.connection()
    connection.execute(
        insert(session, AssessmentRow).on_conflict_do_nothing(
            index_elements=["version_id", "assessor"]
        ),
        list(made),
    )
    rows, labels = table(ArticleRow), table(AssessmentRow)
    newest = (
        select(func.max(labels.c.id))
        .where(labels.c.version_id == rows.c.version_id)
        .scalar_subquery()
    )
    for part in chunks(row["pmid"] for row in made):
        connection.execute(rows.update().where(rows.c.pmid.in_(part)).values(assessment_id=newest))


def current(store: Store, pmids: Iterable[str]) -> dict[str, Assessment]:
    """The current labels of these papers."""
    found: dict[str, Assessment] = {}
    with store.read() as session:
        for part in chunks(pmids):
            query = (
                select(AssessmentRow.pmid, AssessmentRow.data)
                .join(ArticleRow, col(ArticleRow.assessment_id) == col(AssessmentRow.id))
                .where(col(ArticleRow.pmid).in_(part))
            )
            found.update((p, decode(Assessment, data)) for p, data in session.exec(query))
    return found


def _same_by(assessor: str) -> ColumnElement[bool]:
    return and_(
        col(AssessmentRow.version_id) == col(ArticleRow.version_id),
        col(AssessmentRow.assessor) == assessor,
    )
