"""Articles and their revisions: what we hold, and how a batch of records is taken in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy
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


def withdrawn(store: Store, pmids: Iterable[str]) -> set[str]:
    """Those of these PMIDs that we hold and PubMed withdrew."""
    found: set[str] = set()
    with store.read() as session:
        for part in chunks(pmids):
            query = select(ArticleRow.pmid).where(col(ArticleRow.pmid).in_(part))
            found.update(session.exec(query.where(col(ArticleRow.gone))))
    return found


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
        current = hold(session, [r.article.pmid for r in revisions])
        fresh: dict[str, Revision] = {}
        for revision in revisions:
            known = current.get(revision.article.pmid)
            if known is None or known.digest != revision.digest or known.gone != revision.gone:
                fresh[revision.article.pmid] = revision
        if fresh:
            _write(session, list(fresh.values()), current)
        if topic is not None:
            add_links(session, topic, {r.article.pmid: r.fetched for r in revisions}, seed=False)
        return len(fresh)


def link(
    store: Store, topic: str, pmids: Collection[str], now: datetime, *, seed: bool = False
) -> None:
    """Say that a topic's query finds these papers that we hold, or that the operator names them."""
    with store.write() as session:
        add_links(session, topic, dict.fromkeys(pmids, now), seed=seed)


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
class Known:
    """What we hold of a paper; `rank` is that of the NLM file its current revision came from."""

    digest: str
    gone: bool
    first_seen: datetime
    revisions: int
    revised: date | None
    rank: int | None


def hold(session: Session, pmids: Iterable[str]) -> dict[str, Known]:
    """What we hold of these papers, locked against other writers until the transaction ends."""
    found: dict[str, Known] = {}
    paper, version = table(ArticleRow).c, table(ArticleVersionRow).c
    for part in chunks(sorted(set(pmids))):  # in one order, so that two writers never cross
        query = (
            sqlalchemy.select(
                paper.pmid,
                paper.digest,
                paper.gone,
                paper.first_seen,
                version.number,
                paper.revised,
                version.rank,
            )
            .join(table(ArticleVersionRow), version.id == paper.version_id)
            .where(paper.pmid.in_(part))
            .order_by(paper.pmid)
            .with_for_update(of=table(ArticleRow))
        )
        for pmid, *rest in session.connection().execute(query):
            found[pmid] = Known(*rest)
    return found


def _write(
    session: Session,
    revisions: Sequence[Revision],
    current: dict[str, Known],
) -> None:
    first_seen = {p: k.first_seen for p, k in current.items()}
    write_rows(
        session,
        [
            columns(r.article, r.digest, gone=r.gone)
            | {"first_seen": first_seen.get(r.article.pmid, r.fetched)}
            for r in revisions
        ],
        [
            {
                "pmid": r.article.pmid,
                "number": 1 + (known.revisions if known else 0),
                "fetched": r.fetched,
                "digest": r.digest,
                "gone": r.gone,
                "changed": encode(r.changed, tuple[str, ...]),
                "changes": encode(r.changes, tuple[Change, ...]),
                "xml": pack(r.xml),
            }
            for r in revisions
            for known in (current.get(r.article.pmid),)
        ],
    )


def write_rows(
    session: Session, papers: list[dict[str, object]], versions: list[dict[str, object]]
) -> None:
    """Write papers as they are now, and the revision that each of them has come to."""
    connection = session.connection()
    statement = insert(session, ArticleRow)
    shown = {name: statement.excluded[name] for name in _COLUMNS}
    connection.execute(statement.on_conflict_do_update(index_elements=["pmid"], set_=shown), papers)
    connection.execute(table(ArticleVersionRow).insert(), versions)
    to_newest(session, [str(row["pmid"]) for row in versions])


def to_newest(session: Session, pmids: Iterable[str], *, gone: bool | None = None) -> None:
    """Make the newest revision of these papers the current one (`gone`: withdrawn, or not)."""
    rows, version = table(ArticleRow), table(ArticleVersionRow)
    newest = select(func.max(version.c.id)).where(version.c.pmid == rows.c.pmid).scalar_subquery()
    values: dict[str, object] = {"version_id": newest}
    if gone is not None:
        values["gone"] = gone
    for part in chunks(pmids):
        session.connection().execute(rows.update().where(rows.c.pmid.in_(part)).values(**values))


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


def columns(article: Article, digest: str, *, gone: bool = False) -> dict[str, object]:
    """The columns of a paper's row, `first_seen` aside."""
    return {
        "pmid": article.pmid,
        "title": article.title,
        "journal": article.journal.title,
        "doi": article.doi.lower(),
        "year": article.year,
        "created": article.dates.created,
        "revised": article.dates.revised,
        "status": article.status,
        "digest": digest,
        "retracted": article.is_retracted,
        "gone": gone,
        "data": encode(article),
    }


def add_links(session: Session, topic: str, seen: dict[str, datetime], *, seed: bool) -> None:
    """Say when a topic's query was first seen to find these papers, or (`seed`) named them."""
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
