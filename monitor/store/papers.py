"""Papers as readers see them: article, labels, topics and standing, together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlmodel import Session, col, func, select

from monitor.model import Article, Assessment, Paper
from monitor.store.codec import decode
from monitor.store.engine import Store
from monitor.store.rows import LONG_AGO, chunks
from monitor.store.tables import ArticleRow, ArticleTopicRow, AssessmentRow, BadRecordRow


def get(store: Store, pmid: str) -> Paper | None:
    """One paper, or None when we do not hold it or it has no labels yet."""
    return next(iter(some(store, [pmid])), None)


def some(store: Store, pmids: Iterable[str]) -> list[Paper]:
    """These papers, in the order of the store; those that we do not hold are left out."""
    with store.read() as session:
        return [
            paper
            for part in chunks(pmids)
            for paper in _select(session, col(ArticleRow.pmid).in_(part))
        ]


def wanted(store: Store) -> Iterator[Paper]:
    """All papers that some topic wants, newest Create Date first; streamed in parts."""
    yield from _stream(store, wanted=True)


def excluded(store: Store) -> Iterator[Paper]:
    """All papers that a query found and relevance rejected, with the reason in their labels."""
    yield from _stream(store, wanted=False)


def counts(store: Store) -> dict[str, int]:
    """Numbers for the operator: articles, wanted, excluded, retracted, gone, unreadable."""
    with store.read() as session:
        join = select(func.count()).select_from(ArticleRow)
        labelled = join.join(AssessmentRow, col(AssessmentRow.id) == col(ArticleRow.assessment_id))
        return {
            "articles": session.exec(join).one(),
            "wanted": session.exec(labelled.where(col(AssessmentRow.wanted))).one(),
            "excluded": session.exec(labelled.where(col(AssessmentRow.wanted).is_(False))).one(),
            "retracted": session.exec(join.where(col(ArticleRow.retracted))).one(),
            "gone": session.exec(join.where(col(ArticleRow.gone))).one(),
            "unreadable": session.exec(select(func.count()).select_from(BadRecordRow)).one(),
        }


def _stream(store: Store, *, wanted: bool) -> Iterator[Paper]:
    with store.read() as session:
        query = (
            select(ArticleRow.pmid)
            .join(AssessmentRow, col(AssessmentRow.id) == col(ArticleRow.assessment_id))
            .where(col(AssessmentRow.wanted).is_(wanted))
            .order_by(
                func.coalesce(ArticleRow.created, LONG_AGO).desc(),
                func.length(ArticleRow.pmid).desc(),
                col(ArticleRow.pmid).desc(),
            )
        )
        pmids = list(session.exec(query))
    for part in chunks(pmids):
        found = {p.article.pmid: p for p in some(store, part)}
        yield from (found[pmid] for pmid in part if pmid in found)


def _select(session: Session, which: object) -> list[Paper]:
    query = (
        select(ArticleRow, AssessmentRow.data)
        .join(AssessmentRow, col(AssessmentRow.id) == col(ArticleRow.assessment_id))
        .where(which)  # type: ignore[arg-type]  # a SQLAlchemy clause
    )
    rows = session.exec(query).all()
    topics: dict[str, list[tuple[str, bool]]] = {}
    if rows:
        links = select(ArticleTopicRow).where(
            col(ArticleTopicRow.pmid).in_([row.pmid for row, _ in rows])
        )
        for link in session.exec(links.order_by(ArticleTopicRow.topic)):
            topics.setdefault(link.pmid, []).append((link.topic, link.seed))
    return [
        Paper(
            article=decode(Article, row.data),
            assessment=decode(Assessment, labels),
            first_seen=row.first_seen,
            found_by=tuple(topic for topic, _ in topics.get(row.pmid, ())),
            seed=any(seed for _, seed in topics.get(row.pmid, ())),
            gone=row.gone,
        )
        for row, labels in rows
    ]
