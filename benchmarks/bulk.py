"""Records a second from a complete NLM file to labelled papers, on one process and on two.

    python benchmarks/bulk.py FILE.xml.gz [--all] [--most 5000] [--database URL] [--rounds 1]

One and two processes take turns in one run, so that both meet the same machine; seconds of
processors (all processes together) are told beside those of the clock, because other work on the
machine stretches only the latter. SQLite: the processes read, this one writes. PostgreSQL
(`--database`, of an empty database that is filled and emptied): each takes whole files and writes.
"""

from __future__ import annotations

import argparse
import gzip
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
from sqlmodel import SQLModel

from monitor import catalog
from monitor.assess.assessor import Assessor
from monitor.bulk.importer import Importer, Report, reading, take_apart
from monitor.bulk.reader import Reader
from monitor.bulk.split import chunks
from monitor.harvest.files import blocks
from monitor.settings import packaged_queries
from monitor.store import Store, schema

_PARTS = 4


@dataclass(frozen=True)
class Run:
    """One import: records, and what it took."""

    records: int
    kept: int
    clock: float
    processors: float


def processors() -> float:
    """Seconds that this process and those that it has ended spent."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def timed(work: Callable[[], Report]) -> Run:
    before, start = processors(), time.perf_counter()
    counts = work().counts
    clock = time.perf_counter() - start
    return Run(counts.read, counts.kept, clock, processors() - before)


def now() -> datetime:
    return datetime.now(UTC)


def on_sqlite(reader: Reader, paths: list[str], processes: int) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/monitor.db")
        schema.upgrade(store)
        store.close()

        def work() -> Report:
            pool = reading(reader, processes)
            try:
                return Importer(store, reader, now, pool).take_all(paths)
            finally:
                pool.close()

        run = timed(work)
        store.close()
        return run


def on_postgresql(url: str, reader: Reader, paths: list[str], processes: int) -> Run:
    store = Store(url)
    schema.upgrade(store)
    names = ", ".join(t.name for t in SQLModel.metadata.sorted_tables)
    with store.write() as session:
        session.connection().execute(text(f"TRUNCATE {names}"))
    store.close()
    return timed(lambda: take_apart(url, reader, now, processes, paths))


def parts(path: str, most: int, number: int, folder: Path) -> list[str]:
    """About `most` records of a file as `number` files."""
    found, count = [], 0
    for chunk in chunks(blocks(path)):
        found.append(chunk.xml)
        count += chunk.xml.count(b"</PubmedArticle>")
        if count >= most:
            break
    names = []
    for n in range(number):
        target = folder / f"part{n}.xml.gz"
        mine = found[n::number]
        head = mine[0][: mine[0].index(b"<PubmedArticle>")]
        bodies = (c[c.index(b"<PubmedArticle>") : c.rindex(b"</PubmedArticle>") + 16] for c in mine)
        target.write_bytes(gzip.compress(head + b"".join(bodies) + b"</PubmedArticleSet>", 1))
        names.append(str(target))
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of imports.")
    parser.add_argument("file")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--most", type=int, default=10**9)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--database", default="")
    given = parser.parse_args()
    reader = Reader(Assessor(catalog.load(packaged_queries())), keep_all=given.all)
    with tempfile.TemporaryDirectory() as folder:
        paths = [given.file]
        if given.database or given.most < 10**9:
            number = _PARTS if given.database else 1
            paths = parts(given.file, given.most, number, Path(folder))
        runs: dict[int, list[Run]] = {1: [], 2: []}
        for _ in range(given.rounds):
            for processes, done in runs.items():
                done.append(
                    on_postgresql(given.database, reader, paths, processes)
                    if given.database
                    else on_sqlite(reader, paths, processes)
                )
    where = "PostgreSQL" if given.database else "SQLite"
    first = runs[1][0]
    print(f"{first.records} records, {first.kept} kept, {where}, load {os.getloadavg()[0]:.1f}")
    clock = {n: min(r.clock for r in done) for n, done in runs.items()}
    spent = {n: min(r.processors for r in done) for n, done in runs.items()}
    for n in runs:
        rate = first.records / spent[n]
        print(
            f"{n} process{'es' if n > 1 else '  '}  {clock[n]:6.1f} s by the clock  "
            f"{spent[n]:6.1f} s of processors: {rate:.0f} records a second a core"
        )
    print(f"two processes are {clock[1] / clock[2]:.2f} times as fast as one by the clock;")
    print(f"two free cores would give {2 * spent[1] / spent[2]:.2f} times at most")
    most = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"memory of the largest process {most / 1024:.0f} MB")


if __name__ == "__main__":
    main()
