"""Articles and their revisions: what we hold, and how a batch of records is taken in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from monitor.model import Article, BadRecord, Change, Revision
from monitor.store.codec import decode, encode
from monitor.store.engine import Store
from monitor.store.rows import chunks, insert, pack, table, unpack
from monitor.store.tables import (
    ArticleRow,
    ArticleTopicRow,
    ArticleVersionRow,
    BadRecordRow,
)


@dataclass(frozen=True, slots=True)
class Version:
    """A stored revision as the history of a paper shows it."""

    number: int
    fetched: datetime
    changed: tuple[str, ...]
    changes: tuple[Change, ...]
    gone: bool


def held(store: Store, topic: str | None = None) -> set[str]:
    """PMIDs that we hold, of one topic or of all; papers outside PubMed are left out."""
    with store.read() as session:
        query = select(ArticleTopicRow.pmid if topic else ArticleRow.pmid)
        if topic:
            query = query.where(ArticleTopicRow.topic == topic)
        return {pmid for pmid in session.exec(query) if not pmid.startswith("doi:")}


def digests(store: Store, pmids: Iterable[str]) -> dict[str, str]:
    """Digest of the current revision of each of these PMIDs that we hold (also those gone)."""
    found: dict[str, str] = {}
    with store.read() as session:
        for part in chunks(pmids):
            query = select(ArticleRow.pmid, ArticleRow.digest).where(col(ArticleRow.pmid).in_(part))
            found.update((pmid, digest) for pmid, digest in session.exec(query))
    return found


def articles(
    store: Store, pmids: Iterable[str], *, seen_by: datetime | None = None
) -> dict[str, Article]:
    """The current article of each of these PMIDs that we hold (`seen_by`: held by then)."""
    found: dict[str, Article] = {}
    with store.read() as session:
        for part in chunks(pmids):
            query = select(ArticleRow.pmid, ArticleRow.data).where(col(ArticleRow.pmid).in_(part))
            if seen_by is not None:
                query = query.where(ArticleRow.first_seen <= seen_by)
            found.update((pmid, decode(Article, data)) for pmid, data in session.exec(query))
    return found


def record(store: Store, topic: str | None, revisions: Sequence[Revision]) -> int:
    """Take in a batch in one transaction; the number of revisions that were new to us.

    A revision whose digest is the current one only links the paper to the topic, so that a batch
    may be recorded again after a crash. `topic` None links to none (import with --all).
    """
    with store.write() as session:
        current = _current(session, [r.article.pmid for r in revisions])
        fresh: dict[str, Revision] = {}
        for revision in revisions:
            known = current.get(revision.article.pmid)
            if known is None or known.digest != revision.digest or known.gone != revision.gone:
                fresh[revision.article.pmid] = revision
        if fresh:
            _write(session, list(fresh.values()), current)
        if topic is not None:
            _link(session, topic, {r.article.pmid: r.fetched for r in revisions}, seed=False)
        return len(fresh)


def link(
    store: Store, topic: str, pmids: Collection[str], now: datetime, *, seed: bool = False
) -> None:
    """Say that a topic's query finds these papers that we hold, or that the operator names them."""
    with store.write() as session:
        _link(session, topic, dict.fromkeys(pmids, now), seed=seed)


def record_bad(store: Store, source: str, records: Sequence[BadRecord], now: datetime) -> None:
    """Keep records that cannot be read, for the operator; `source` is a topic or a file name."""
    with store.write() as session:
        session.add_all(
            BadRecordRow(pmid=r.pmid, source=source, reason=r.reason, seen=now, xml=pack(r.xml))
            for r in records
        )


def versions(store: Store, pmid: str) -> list[Version]:
    """All revisions of a paper that we hold, oldest first."""
    with store.read() as session:
        query = (
            select(ArticleVersionRow)
            .where(ArticleVersionRow.pmid == pmid)
            .order_by(col(ArticleVersionRow.number))
        )
        return [
            Version(
                number=row.number,
                fetched=row.fetched,
                changed=decode(tuple[str, ...], row.changed),
                changes=decode(tuple[Change, ...], row.changes),
                gone=row.gone,
            )
            for row in session.exec(query)
        ]


def xml(store: Store, pmid: str) -> bytes | None:
    """The XML of the current revision, as PubMed sent it."""
    with store.read() as session:
        query = (
            select(ArticleVersionRow.xml)
            .join(ArticleRow, col(ArticleRow.version_id) == col(ArticleVersionRow.id))
            .where(ArticleRow.pmid == pmid)
        )
        blob = session.exec(query).first()
    return unpack(blob) if blob is not None else None


@dataclass(frozen=True, slots=True)
class _Known:
    digest: str
    gone: bool
    first_seen: datetime
    revisions: int


def _current(session: Session, pmids: Sequence[str]) -> dict[str, _Known]:
    found: dict[str, _Known] = {}
    for part in chunks(dict.fromkeys(pmids)):
        counted = (
            select(ArticleVersionRow.pmid, func.count())
            .where(col(ArticleVersionRow.pmid).in_(part))
            .group_by(col(ArticleVersionRow.pmid))
        )
        counts = dict(session.exec(counted).all())
        query = select(
            ArticleRow.pmid, ArticleRow.digest, ArticleRow.gone, ArticleRow.first_seen
        ).where(col(ArticleRow.pmid).in_(part))
        for pmid, digest, gone, first_seen in session.exec(query):
            found[pmid] = _Known(digest, gone, first_seen, counts.get(pmid, 0))
    return found


def _write(
    session: Session,
    revisions: Sequence[Revision],
    current: dict[str, _Known],
) -> None:
    connection = session.connection()
    statement = insert(session, ArticleRow)
    shown = {name: statement.excluded[name] for name in _COLUMNS}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["pmid"], set_=shown),
        [
            _columns(r) | {"first_seen": current[p].first_seen if p in current else r.fetched}
            for r in revisions
            for p in (r.article.pmid,)
        ],
    )
    connection.execute(
        table(ArticleVersionRow).insert(),
        [
            {
                "pmid": r.article.pmid,
                "number": (current[r.article.pmid].revisions if r.article.pmid in current else 0)
                + 1,
                "fetched": r.fetched,
                "digest": r.digest,
                "gone": r.gone,
                "changed": encode(r.changed, tuple[str, ...]),
                "changes": encode(r.changes, tuple[Change, ...]),
                "xml": pack(r.xml),
            }
            for r in revisions
        ],
    )
    for part in chunks(r.article.pmid for r in revisions):
        rows, version = table(ArticleRow), table(ArticleVersionRow)
        newest = (
            select(func.max(version.c.id)).where(version.c.pmid == rows.c.pmid).scalar_subquery()
        )
        connection.execute(rows.update().where(rows.c.pmid.in_(part)).values(version_id=newest))


_COLUMNS = (
    "title",
    "journal",
    "doi",
    "year",
    "created",
    "revised",
    "status",
    "digest",
    "retracted",
    "gone",
    "data",
)


def _columns(revision: Revision) -> dict[str, object]:
    article = revision.article
    return {
        "pmid": article.pmid,
        "title": article.title,
        "journal": article.journal.title,
        "doi": article.doi.lower(),
        "year": article.year,
        "created": article.dates.created,
        "revised": article.dates.revised,
        "status": article.status,
        "digest": revision.digest,
        "retracted": article.is_retracted,
        "gone": revision.gone,
        "data": encode(article),
    }


def _link(session: Session, topic: str, seen: dict[str, datetime], *, seed: bool) -> None:
    if not seen:
        return
    statement = insert(session, ArticleTopicRow)
    keys = ["pmid", "topic"]
    statement = (
        statement.on_conflict_do_update(index_elements=keys, set_={"seed": True})
        if seed
        else statement.on_conflict_do_nothing(index_elements=keys)
    )
    session.connection().execute(
        statement,
        [
            {"pmid": pmid, "topic": topic, "first_seen": when, "seed": seed}
            for pmid, when in seen.items()
        ],
    )
