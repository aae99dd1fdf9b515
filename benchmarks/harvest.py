"""Records a second from XML to stored Article, beside bare lxml iteration over the same file.

    python benchmarks/harvest.py FILE.xml[.gz]

Prints processor seconds and their ratio; lone seconds mean nothing on a shared machine.
"""

from __future__ import annotations

import gzip
import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from lxml import etree

from monitor.harvest import changes
from monitor.harvest.files import records_of
from monitor.harvest.records import Parsed, read_records
from monitor.model import Revision
from monitor.store import Store, articles, papers, schema


def timed(work: Callable[[], int]) -> tuple[float, int]:
    start = time.process_time()
    count = work()
    return time.process_time() - start, count


def bare(data: bytes) -> int:
    count = 0
    tags = ("PubmedArticle", "PubmedBookArticle")
    for _, element in etree.iterparse(io.BytesIO(data), tag=tags):
        element.clear()
        count += 1
    return count


def parsed(data: bytes) -> int:
    return sum(isinstance(r, Parsed) for r in read_records(io.BytesIO(data)))


def stored(path: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/monitor.db")
        schema.upgrade(store)
        found = (r for r in records_of(path) if isinstance(r, Parsed))
        now = datetime.now(UTC)
        while batch := list(islice(found, 500)):
            revisions = {
                r.article.pmid: Revision(r.article, r.xml, changes.digest(r.article), now)
                for r in batch
            }
            articles.record(store, None, list(revisions.values()))
        return papers.counts(store)["articles"]


def main() -> None:
    path = sys.argv[1]
    raw = Path(path).read_bytes()
    data = gzip.decompress(raw) if path.endswith(".gz") else raw
    base, records = timed(lambda: bare(data))
    parse, _ = timed(lambda: parsed(data))
    store, articles = timed(lambda: stored(path))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{records} records, {len(data) / 1e6:.1f} MB of XML")
    print(f"bare lxml iteration     {base:6.2f} s   ratio 1.0")
    print(f"XML to Article          {parse:6.2f} s   ratio {parse / base:.1f}")
    print(
        f"XML to stored Article   {store:6.2f} s   ratio {store / base:.1f}   "
        f"{articles / store:.0f} records a second"
    )
    print(f"peak memory {peak:.0f} MB, the file itself ({len(data) / 1e6:.0f} MB) included")


if __name__ == "__main__":
    main()
