"""Speed of the assessor: loading time, abstracts a second on one core, memory.

    python benchmarks/assess.py FILE.xml.gz... [--most 5000]

Only records with an abstract are counted. Processor time is measured, so that other work on the
machine counts as little as it can.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import resource
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, cast

from monitor import catalog
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.harvest.records import Parsed, read_records
from monitor.model import Article

#: Objects made before the collector looks for garbage, as in monitor/cli.
_OBJECTS = 50_000


def articles(paths: list[Path], most: int) -> list[Article]:
    found: list[Article] = []
    for path in paths:
        with gzip.open(path) as stream:
            records = read_records(cast("IO[bytes]", stream))
            wanted = (r.article for r in records if isinstance(r, Parsed) and r.article.abstract)
            found.extend(islice(wanted, most - len(found)))
    return found


def without_claims(known: Catalog) -> Assessor:
    """An assessor of designs, relevance and facts only: no cue of a mechanism is looked for."""
    return Assessor(replace(known, mechanisms=()))


def seconds(assessor: Assessor, papers: list[Article]) -> float:
    start = time.process_time()
    assessor.assess_all(papers)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of the assessor.")
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--queries", type=Path, default=Path("queries"))
    parser.add_argument("--most", type=int, default=5000)
    given = parser.parse_args()
    known = catalog.load(given.queries)
    start = time.process_time()
    assessor = Assessor(known)
    loading = time.process_time() - start
    less = without_claims(known)
    papers = articles(given.files, given.most)
    gc.collect()
    gc.freeze()  # tries and weights stay: the collector need not walk over them again and again
    gc.set_threshold(_OBJECTS, 20, 20)  # as the program does
    for one in (assessor, less):
        seconds(one, papers[:200])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    letters = sum(len(p.abstract) for p in papers) / len(papers)
    print(f"assessor loaded in {loading:.2f} s")
    print(f"{len(papers)} abstracts of {letters:.0f} letters on average")
    for name, one in (("all labels", assessor), ("without mechanism claims", less)):
        print(f"{name}: {len(papers) / seconds(one, papers):.0f} a second")
    print(f"memory at most {memory:.0f} MB, the records and both assessors included")


if __name__ == "__main__":
    main()
