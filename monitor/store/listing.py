"""Papers by filter, a page at a time, in the order of the site: newest Create Date first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import and_, col, func, or_, select

from monitor.model import Level, Paper, Stance
from monitor.store import papers
from monitor.store.engine import Store
from monitor.store.rows import LONG_AGO
from monitor.store.tables import (
    ArticleRow,
    ArticleVersionRow,
    AssessmentRow,
    ClaimHistoryRow,
    HarvestRunRow,
    IssueRow,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which papers; None means any. `topic`, `design` and `mechanism` are ids of the catalog.

    `stance` is the side taken on `mechanism`, or on any mechanism when none is named.
    `changed_since` keeps papers whose record or labels changed then or later.
    """

    topic: str | None = None
    design: str | None = None
    mechanism: str | None = None
    stance: Stance | None = None
    year: int | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: Create Date and PMID of its last paper."""

    created: date
    pmid: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A paper, and when its record or its labels changed last."""

    paper: Paper
    changed: datetime

    @property
    def place(self) -> Place:
        """Its place in the order."""
        return Place(self.paper.article.dates.created or LONG_AGO, self.paper.article.pmid)


def page(store: Store, wanted: Wanted, after: Place | None, limit: int) -> list[Listed]:
    """At most `limit` papers that some topic wants, from the one that follows `after`."""
    created = func.coalesce(ArticleRow.created, LONG_AGO)
    length, pmid = func.length(ArticleRow.pmid), col(ArticleRow.pmid)
    clauses = [col(AssessmentRow.wanted), *_clauses(wanted)]
    if after is not None:
        long = len(after.pmid)
        earlier = or_(length < long, and_(length == long, pmid < after.pmid))
        clauses.append(or_(created < after.created, and_(created == after.created, earlier)))
    query = (
        select(ArticleRow.pmid, AssessmentRow.made, ArticleVersionRow.fetched)
        .join(AssessmentRow, col(AssessmentRow.id) == col(ArticleRow.assessment_id))
        .join(ArticleVersionRow, col(ArticleVersionRow.id) == col(ArticleRow.version_id))
        .where(*clauses)
        .order_by(created.desc(), length.desc(), pmid.desc())
        .limit(limit)
    )
    with store.read() as session:
        changed = {key: max(made, fetched) for key, made, fetched in session.exec(query)}
    found = {p.article.pmid: p for p in papers.some(store, changed)}
    return [Listed(found[key], when) for key, when in changed.items() if key in found]


def one(store: Store, pmid: str) -> Listed | None:
    """One paper that some topic wants."""
    query = (
        select(AssessmentRow.made, ArticleVersionRow.fetched)
        .select_from(ArticleRow)
        .join(AssessmentRow, col(AssessmentRow.id) == col(ArticleRow.assessment_id))
        .join(ArticleVersionRow, col(ArticleVersionRow.id) == col(ArticleRow.version_id))
        .where(ArticleRow.pmid == pmid, col(AssessmentRow.wanted))
    )
    with store.read() as session:
        times = session.exec(query).first()
    paper = papers.get(store, pmid) if times else None
    return Listed(paper, max(times)) if times and paper else None


def last_change(store: Store) -> datetime | None:
    """When anything that readers see was written last; None while the store is empty."""
    moments = (
        func.max(AssessmentRow.made),
        func.max(ArticleVersionRow.fetched),
        func.max(ClaimHistoryRow.at),
        func.max(IssueRow.made),
        func.max(HarvestRunRow.finished),
    )
    with store.read() as session:
        found = [session.exec(select(moment)).one() for moment in moments]
    return max((when for when in found if when is not None), default=None)


def _clauses(wanted: Wanted) -> list[Any]:
    clauses: list[Any] = []
    if wanted.topic is not None:
        clauses.append(or_(*(_holds("topic", wanted.topic, "level", v) for v in _WANTED_LEVELS)))
    if wanted.design is not None:
        clauses.append(col(AssessmentRow.design) == wanted.design)
    if wanted.mechanism is not None:
        stances = [wanted.stance] if wanted.stance else list(Stance)
        clauses.append(or_(*(_holds("mechanism", wanted.mechanism, "stance", s) for s in stances)))
    elif wanted.stance is not None:
        clauses.append(_labels().contains(f'"stance":"{wanted.stance.value}"', autoescape=True))
    if wanted.year is not None:
        clauses.append(col(ArticleRow.year) == wanted.year)
    if wanted.changed_since is not None:
        since = wanted.changed_since
        clauses.append(
            or_(col(AssessmentRow.made) >= since, col(ArticleVersionRow.fetched) >= since)
        )
    return clauses


_WANTED_LEVELS = (Level.CORE.value, Level.RELATED.value)


def _labels() -> Any:
    return col(AssessmentRow.data)


def _holds(first: str, value: str, second: str, other: str) -> Any:
    """Whether the stored labels hold two neighbouring fields with these values.

    The codec always writes them in this order and escapes quotes inside texts, so that no title or
    passage can be taken for them.
    """
    return _labels().contains(f'"{first}":"{value}","{second}":"{other}"', autoescape=True)
