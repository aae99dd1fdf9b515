"""PubMed XML from files: for `monitor classify` and `monitor import`."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final, cast

from monitor.errors import RecordError
from monitor.harvest import changes
from monitor.harvest.records import Deletion, Parsed, Record, read_records
from monitor.model import Article, Change, EventKind, Revision
from monitor.store import Store, articles

_GZIP: Final = b"\x1f\x8b"
_BATCH: Final = 500


@contextmanager
def open_records(path: str) -> Iterator[IO[bytes]]:
    """A file of records as a stream of XML; "-" is standard input, gzip is seen by its first bytes.

    Raises `RecordError` that names the file when it cannot be opened or decompressed.
    """
    try:
        with sys.stdin.buffer if path == "-" else Path(path).open("rb") as raw:
            head = raw.peek(2)[:2] if hasattr(raw, "peek") else b""
            yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if head == _GZIP else raw
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecordError(f"{path}: it cannot be read ({reason}).") from error


def records_of(path: str) -> Iterator[Record]:
    """Records of a file. Raises `RecordError` that names the file."""
    with open_records(path) as stream:
        try:
            yield from read_records(stream)
        except RecordError as error:
            raise RecordError(f"{path}: {error}") from error


@dataclass
class ImportReport:
    """What an import did, in records."""

    read: int = 0
    kept: int = 0
    new: int = 0
    changed: int = 0
    left_out: int = 0
    deleted: int = 0
    bad: int = 0


def import_files(
    store: Store,
    paths: Sequence[str],
    now: datetime,
    topics_of: Callable[[Article], tuple[str, ...]],
    *,
    keep_all: bool,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Take the records of files into the store: those that a topic wants, or all.

    `topics_of` names the topics that want an article. Records that cannot be read are kept for the
    operator. Raises `RecordError` for a file that cannot be read; what came before it is stored.
    """
    report = ImportReport()
    for path in paths:
        batch: list[Parsed] = []
        for record in records_of(path):
            report.read += 1
            _sort(store, path, record, now, batch, report)
            if len(batch) >= _BATCH:
                _take_in(store, batch, now, topics_of, keep_all, report)
                batch = []
                if progress:
                    progress(report.read, 0)
        _take_in(store, batch, now, topics_of, keep_all, report)
    return report


def _sort(
    store: Store,
    path: str,
    record: Record,
    now: datetime,
    batch: list[Parsed],
    report: ImportReport,
) -> None:
    if isinstance(record, Parsed):
        batch.append(record)
    elif isinstance(record, Deletion):
        report.deleted += _delete(store, record.pmid, now)
    else:
        articles.record_bad(store, path, [record], now)
        report.bad += 1


def _delete(store: Store, pmid: str, now: datetime) -> int:
    held = articles.articles(store, [pmid]).get(pmid)
    if held is None:
        return 0
    change = (Change(EventKind.WITHDRAWN),)
    gone = Revision(held, b"", changes.digest(held), now, ("status",), change, gone=True)
    return articles.record(store, None, [gone])


def _take_in(
    store: Store,
    batch: Sequence[Parsed],
    now: datetime,
    topics_of: Callable[[Article], tuple[str, ...]],
    keep_all: bool,
    report: ImportReport,
) -> None:
    wanted = {r.article.pmid: topics_of(r.article) for r in batch}
    newest = {r.article.pmid: r for r in batch if keep_all or wanted[r.article.pmid]}
    report.left_out += len({r.article.pmid for r in batch}) - len(newest)
    before = articles.articles(store, newest)
    revisions: list[Revision] = []
    for pmid, record in newest.items():
        changed, told = changes.compare(before.get(pmid), record.article)
        if pmid in before and not changed:
            continue
        revision = Revision(
            record.article, record.xml, changes.digest(record.article), now, changed, told
        )
        revisions.append(revision)
    report.kept += len(newest)
    report.new += sum(r.article.pmid not in before for r in revisions)
    report.changed += sum(r.article.pmid in before for r in revisions)
    articles.record(store, None, revisions)
    for topic in sorted({t for topics in wanted.values() for t in topics}):
        mine = [pmid for pmid, topics in wanted.items() if topic in topics]
        articles.link(store, topic, mine, now)
