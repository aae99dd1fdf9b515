"""`monitor import`: files into the store, batch by batch, each from where it was left.

One process reads and writes, or several read for one that writes (SQLite has one writer), or, on
PostgreSQL, several take whole files each. All go through `Importer.take`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from monitor.bulk.pool import Pool
from monitor.bulk.reader import Reader, Sheet
from monitor.bulk.split import SIZE, Chunk, chunks
from monitor.errors import ConflictError, RecordError, StoppedError
from monitor.harvest import changes, files
from monitor.store import Store, imports
from monitor.store.imports import Batch, Counts, ImportFile

Clock = Callable[[], datetime]
Progress = Callable[[int, int], None]
_TRIES: Final = 3


@dataclass
class Report:
    """What an import did: of all files together, and the faults of those that are not whole.

    `known` are files that were imported before, under the same rules. `seconds` is the time that
    the files took, added up.
    """

    counts: Counts = field(default_factory=Counts)
    known: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: Report) -> None:
        """Count another report in."""
        self.counts += other.counts
        self.known += other.known
        self.faults += other.faults
        self.seconds += other.seconds


#: Told of each file when it is done: (its path, what it gave).
Told = Callable[[str, Report], None]


def silent(_path: str, _report: Report) -> None:
    """Tell nobody."""


def in_order(paths: Sequence[str]) -> list[str]:
    """Files of NLM by their numbers, then the others as they were given."""
    ranked = [(r, p) for p in paths if (r := files.rank(p)) is not None]
    return [p for _, p in sorted(ranked)] + [p for p in paths if files.rank(p) is None]


def reading(reader: Reader, processes: int) -> Pool[Chunk, Sheet]:
    """Processes that read chunks for an `Importer`."""
    return Pool(lambda chunk: reader.read(chunk.xml), processes)


class Importer:
    """Takes files into a store, in batches of `chunk_size` bytes of XML.

    `stop` is asked after every batch.
    """

    def __init__(
        self,
        store: Store,
        reader: Reader,
        now: Clock,
        pool: Pool[Chunk, Sheet] | None = None,
        *,
        progress: Progress | None = None,
        stop: Callable[[], bool] = lambda: False,
        chunk_size: int = SIZE,
    ) -> None:
        self._store, self._reader, self._now = store, reader, now
        self._pool = pool or reading(reader, 1)
        self._progress, self._stop = progress, stop
        self._seen, self._size = 0, chunk_size

    def take_all(self, paths: Iterable[str], told: Told = silent) -> Report:
        """Take files in one after the other; one that is broken does not stop the next."""
        report = Report()
        for path in paths:
            one = self.take(path)
            told(path, one)
            report.add(one)
        return report

    def take(self, path: str) -> Report:
        """Take one file in. What it holds before a fault is stored, and the fault is reported."""
        began = self._now()
        report = self._take(path)
        report.seconds = (self._now() - began).total_seconds()
        return report

    def _take(self, path: str) -> Report:
        try:
            file = self._begin(path)
        except RecordError as error:
            return Report(faults=[f"{path}: {error}"])
        if file.state == imports.DONE:
            return Report(known=1)
        before = file.counts
        fault = ""
        try:
            source = chunks(files.blocks(path), file.place, self._size)
            for chunk, sheet in self._pool.results(source):
                file = self._store_batch(file, self._batch(file, chunk, sheet))
                self._told(sheet.read)
                if fault := sheet.fault:
                    break
                if self._stop():
                    raise StoppedError(f"{path}: stopped after {file.counts.read} records.")
        except RecordError as error:
            fault = str(error)
        if fault:
            fault = f"{path}: record {file.counts.read + 1}: {fault}"
            if file.id:
                imports.give_up(self._store, file, fault, self._now())
        return Report(file.counts - before, faults=[fault] if fault else [])

    def _begin(self, path: str) -> ImportFile:
        rank = files.rank(path)
        if path == "-":
            return ImportFile(0, path, rank)
        digest = files.checksum(path)
        name = os.path.basename(path)  # noqa: PTH119 - a name, not a place
        return imports.begin(self._store, digest, self._reader.rules, name, rank, self._now())

    def _batch(self, file: ImportFile, chunk: Chunk, sheet: Sheet) -> Batch:
        held = imports.held(self._store, sheet.passed_over)
        if held:  # no topic wants them any more, but what we hold is kept up to date
            sheet = self._reader.read(chunk.xml, held)
        return Batch(
            # With a fault it stays before the chunk: tried again, it breaks at the same record.
            place=file.place if sheet.fault else chunk.place,
            read=sheet.read,
            entries=sheet.entries,
            bad=sheet.bad,
            left_out=len(sheet.passed_over),
            last=chunk.last and not sheet.fault,
        )

    def _store_batch(self, file: ImportFile, batch: Batch) -> ImportFile:
        for attempt in range(_TRIES):
            try:
                return imports.take_in(self._store, file, batch, self._now(), changes.compare)
            except ConflictError:
                # Another process wrote one of these papers first; this file's place is the same.
                if attempt + 1 == _TRIES:
                    raise
        raise AssertionError

    def _told(self, read: int) -> None:
        self._seen += read
        if self._progress:
            self._progress(self._seen, 0)


def take_apart(
    url: str,
    reader: Reader,
    now: Clock,
    pool_size: int,
    paths: Sequence[str],
    told: Told = silent,
) -> Report:
    """Take files on several processes, a whole file each; for a database with many writers."""

    def take(path: str) -> Report:
        store = Store(url)
        try:
            return Importer(store, reader, now).take(path)
        finally:
            store.close()

    report = Report()
    pool = Pool(take, pool_size)
    try:
        for path, one in pool.results(paths):
            told(path, one)
            report.add(one)
    finally:
        pool.close()
    return report
