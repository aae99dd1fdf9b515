"""Imports of whole files: how far each one is, and batches of records that are ready to be stored.

A batch, what it counts and the place up to which its file is now stored are one transaction. A file
of NLM has a rank, and a record never goes back to an older one, in whatever order files arrive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Final, Protocol

from sqlalchemy import and_, case, or_
from sqlmodel import Session, col, select

from monitor.errors import ConflictError
from monitor.model import Article, Assessment, BadRecord, Change, EventKind
from monitor.store import articles, assessments
from monitor.store.articles import Known
from monitor.store.codec import decode, encode
from monitor.store.engine import Store
from monitor.store.rows import chunks, insert, pack, table
from monitor.store.tables import (
    ArticleRow,
    ArticleVersionRow,
    BadRecordRow,
    ImportFileRow,
    ImportMarkRow,
)

RUNNING: Final = "running"
DONE: Final = "done"
BROKEN: Final = "broken"


class Compare(Protocol):
    """Tells what a new revision changed; `is_back` says that PubMed had withdrawn the record."""

    def __call__(
        self, before: Article, after: Article, /, *, is_back: bool
    ) -> tuple[tuple[str, ...], tuple[Change, ...]]:
        """(names of fields that differ, changes that readers are told of)."""


_WITHDRAWN: Final = encode((Change(EventKind.WITHDRAWN),), tuple[Change, ...])


@dataclass(frozen=True, slots=True)
class Counts:
    """What an import did, in records; `older` were left alone, for we hold something newer."""

    read: int = 0
    kept: int = 0
    new: int = 0
    changed: int = 0
    left_out: int = 0
    older: int = 0
    deleted: int = 0
    bad: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))

    def __sub__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(Counts)))


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file under some rules, and how far it is: up to byte `place` of its XML.

    `id` is 0 for a stream that cannot be resumed. `rank` orders the files of NLM, None for others.
    """

    id: int
    name: str
    rank: int | None
    state: str = RUNNING
    place: int = 0
    counts: Counts = Counts()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record that is ready to be stored: rows, with texts encoded and the XML compressed.

    `changes` are those of a first revision. `labels` lack their revision and time.
    """

    pmid: str
    version: int
    digest: str
    revised: date | None
    topics: tuple[str, ...]
    paper: dict[str, object]
    xml: bytes
    changes: str
    labels: dict[str, object]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one stretch of a file, in its order, up to byte `place` of its XML.

    `entries` are records that are wanted, and PMIDs that the file deletes. `last` says that the
    file is stored whole with it. A batch that does not move the place is not counted for the file:
    it comes again when the file is tried again.
    """

    place: int
    read: int
    entries: Sequence[Incoming | str] = ()
    bad: Sequence[BadRecord] = ()
    left_out: int = 0
    last: bool = False


def incoming(
    article: Article, xml: bytes, digest: str, changes: tuple[Change, ...], labels: Assessment
) -> Incoming:
    """A record made ready: everything that does not need the database."""
    return Incoming(
        pmid=article.pmid,
        version=article.version,
        digest=digest,
        revised=article.dates.revised,
        topics=labels.topics(),
        paper=articles.columns(article, digest),
        xml=pack(xml),
        changes=encode(changes, tuple[Change, ...]),
        labels=assessments.columns(labels),
    )


def begin(
    store: Store, digest: str, rules: str, name: str, rank: int | None, now: datetime
) -> ImportFile:
    """The file as far as it was imported under these rules; from its start when it never was."""
    with store.write() as session:
        fresh = {"name": name, "state": RUNNING, "place": 0, "started": now}
        session.connection().execute(
            insert(session, ImportFileRow)
            .values(digest=digest, rules=rules, error="", data="{}", **fresh)
            .on_conflict_do_nothing(index_elements=["digest", "rules"])
        )
        query = select(ImportFileRow).where(
            ImportFileRow.digest == digest, ImportFileRow.rules == rules
        )
        row = session.exec(query).one()
        counts = decode(Counts, row.data)
        return ImportFile(row.id or 0, name, rank, row.state, row.place, counts, row.error)


def give_up(store: Store, file: ImportFile, error: str, now: datetime) -> None:
    """Write down that a file is stored as far as it can be read, and why no further."""
    with store.write() as session:
        row = session.get_one(ImportFileRow, file.id)
        row.state, row.error, row.finished = BROKEN, error, now


def files(store: Store) -> list[tuple[str, str, Counts, str]]:
    """(name, state, counts, error) of every file, in the order in which they were begun."""
    with store.read() as session:
        rows = session.exec(select(ImportFileRow).order_by(col(ImportFileRow.id)))
        return [(r.name, r.state, decode(Counts, r.data), r.error) for r in rows]


def held(store: Store, pmids: Iterable[str]) -> set[str]:
    """Those of these PMIDs that we hold."""
    found: set[str] = set()
    with store.read() as session:
        for part in chunks(pmids):
            query = select(ArticleRow.pmid).where(col(ArticleRow.pmid).in_(part))
            found.update(session.exec(query))
    return found


def take_in(
    store: Store, file: ImportFile, batch: Batch, now: datetime, compare: Compare
) -> ImportFile:
    """Store a batch in one transaction; the file as far as it is then.

    Raises `ConflictError` when another process has taken the file further meanwhile; nothing of the
    batch is kept then.
    """
    with store.write() as session:
        last: dict[str, Incoming | str] = {}
        for entry in batch.entries:
            _put(last, entry)
        admitted = _admit(session, file.rank, last)
        records = {p: e for p, e in admitted.items() if isinstance(e, Incoming)}
        known = articles.hold(session, admitted)
        records = {p: e for p, e in records.items() if not _older(e, known.get(p), file.rank)}
        gone = [p for p, e in admitted.items() if isinstance(e, str) and p in known]
        gone = [p for p in gone if not known[p].gone]
        new, changed = _record(session, file.rank, records, known, now, compare)
        _withdraw(session, file.rank, gone, known, now)
        _keep_bad(session, file.name, batch.bad, now)
        wanted = sum(isinstance(e, Incoming) for e in last.values())
        counts = file.counts + Counts(
            read=batch.read,
            kept=len(records),
            new=new,
            changed=changed,
            left_out=batch.left_out,
            older=wanted - len(records),
            deleted=len(gone),
            bad=len(batch.bad),
        )
        if file.id:
            _move(session, file, batch, counts, now)
    return ImportFile(file.id, file.name, file.rank, RUNNING, batch.place, counts)


def _put(last: dict[str, Incoming | str], entry: Incoming | str) -> None:
    """Of several entries of one record the last one counts, unless its version is lower."""
    if isinstance(entry, str):
        last[entry] = entry
        return
    before = last.get(entry.pmid)
    if not isinstance(before, Incoming) or before.version <= entry.version:
        last[entry.pmid] = entry


def _admit(
    session: Session, rank: int | None, entries: Mapping[str, Incoming | str]
) -> dict[str, Incoming | str]:
    """Entries on which no newer file has spoken; marks them as spoken of by this one.

    The marks are made in the order of PMIDs and stay locked until the transaction ends, so that of
    two processes with the same record one waits for the other.
    """
    if rank is None or not entries:
        return dict(entries)
    statement = insert(session, ImportMarkRow)
    new, mark = statement.excluded, table(ImportMarkRow).c
    same_or_later = new.rank >= mark.rank
    newer = case(
        (or_(mark.gone, new.gone), same_or_later),
        else_=or_(new.version > mark.version, and_(new.version == mark.version, same_or_later)),
    )
    version = case((new.gone, mark.version), else_=new.version)
    statement = statement.on_conflict_do_update(
        index_elements=["pmid"],
        set_={"rank": new.rank, "version": version, "gone": new.gone},
        where=newer,
    ).returning(mark.pmid)
    admitted: set[str] = set()
    for part in chunks(sorted(entries)):
        rows = [
            {
                "pmid": pmid,
                "rank": rank,
                "version": entry.version if isinstance(entry, Incoming) else 1,
                "gone": isinstance(entry, str),
            }
            for pmid in part
            for entry in (entries[pmid],)
        ]
        admitted.update(session.connection().execute(statement, rows).scalars())
    return {pmid: entry for pmid, entry in entries.items() if pmid in admitted}


def _older(entry: Incoming, known: Known | None, rank: int | None) -> bool:
    """Whether what we hold came in another way than from a file of NLM, and is newer."""
    if known is None or known.revised is None or entry.revised is None:
        return False
    if rank is not None and known.rank is not None:
        return False  # the ranks have decided
    return entry.revised < known.revised


def _record(
    session: Session,
    rank: int | None,
    records: Mapping[str, Incoming],
    known: Mapping[str, Known],
    now: datetime,
    compare: Compare,
) -> tuple[int, int]:
    """Write records that differ from what we hold, and links to topics: (new, changed)."""
    fresh = [
        r
        for p, r in records.items()
        if p not in known or known[p].digest != r.digest or known[p].gone
    ]
    before = _articles(session, [r.pmid for r in fresh if r.pmid in known])
    if fresh:
        papers, versions = [], []
        for r in fresh:
            held_now = known.get(r.pmid)
            changed, told = encode((), tuple[str, ...]), r.changes
            if held_now is not None:
                after = decode(Article, str(r.paper["data"]))
                names, found = compare(before[r.pmid], after, is_back=held_now.gone)
                changed = encode(names, tuple[str, ...])
                told = encode(found, tuple[Change, ...])
            papers.append(r.paper | {"first_seen": held_now.first_seen if held_now else now})
            versions.append(
                {
                    "pmid": r.pmid,
                    "number": 1 + (held_now.revisions if held_now else 0),
                    "fetched": now,
                    "digest": r.digest,
                    "gone": False,
                    "changed": changed,
                    "changes": told,
                    "xml": r.xml,
                    "rank": rank,
                }
            )
        articles.write_rows(session, papers, versions)
        current = _version_ids(session, [r.pmid for r in fresh])
        assessments.write_rows(
            session,
            [r.labels | {"version_id": current[r.pmid], "made": now} for r in fresh],
        )
    for topic in sorted({t for r in records.values() for t in r.topics}):
        mine = {p: now for p, r in records.items() if topic in r.topics}
        articles.add_links(session, topic, mine, seed=False)
    new = sum(r.pmid not in known for r in fresh)
    return new, len(fresh) - new


def _articles(session: Session, pmids: Sequence[str]) -> dict[str, Article]:
    found: dict[str, Article] = {}
    for part in chunks(pmids):
        query = select(ArticleRow.pmid, ArticleRow.data).where(col(ArticleRow.pmid).in_(part))
        found.update((pmid, decode(Article, data)) for pmid, data in session.exec(query))
    return found


def _version_ids(session: Session, pmids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(pmids):
        query = select(ArticleRow.pmid, ArticleRow.version_id).where(col(ArticleRow.pmid).in_(part))
        found.update((pmid, int(version or 0)) for pmid, version in session.exec(query))
    return found


def _withdraw(
    session: Session,
    rank: int | None,
    pmids: Collection[str],
    known: Mapping[str, Known],
    now: datetime,
) -> None:
    """Write a last revision that says that PubMed withdrew the record, as harvest does."""
    if not pmids:
        return
    session.connection().execute(
        table(ArticleVersionRow).insert(),
        [
            {
                "pmid": p,
                "number": known[p].revisions + 1,
                "fetched": now,
                "digest": known[p].digest,
                "gone": True,
                "changed": encode(("status",), tuple[str, ...]),
                "changes": _WITHDRAWN,
                "xml": pack(b""),
                "rank": rank,
            }
            for p in pmids
        ],
    )
    articles.to_newest(session, pmids, gone=True)


def _keep_bad(session: Session, name: str, bad: Sequence[BadRecord], now: datetime) -> None:
    session.add_all(
        BadRecordRow(pmid=r.pmid, source=name, reason=r.reason, seen=now, xml=pack(r.xml))
        for r in bad
    )


def _move(session: Session, file: ImportFile, batch: Batch, counts: Counts, now: datetime) -> None:
    rows = table(ImportFileRow)
    said = counts if batch.place > file.place or batch.last else file.counts
    moved = session.connection().execute(
        rows.update()
        .where(rows.c.id == file.id, rows.c.place == file.place, rows.c.state != DONE)
        .values(
            place=batch.place,
            data=encode(said),
            state=DONE if batch.last else RUNNING,
            finished=now if batch.last else None,
            error="",
        )
    )
    if moved.rowcount != 1:
        raise ConflictError(f"{file.name}: another process imports this file at the moment.")
