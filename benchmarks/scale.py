"""What many topics and many subscribers cost: seconds of processors for each.

    python benchmarks/scale.py topics FILE.xml.gz [--topics 2 100 1000] [--most 300]
    python benchmarks/scale.py harvest [--held 20000] [--topics 10]
    python benchmarks/scale.py ledger FILE.xml.gz [--papers 1000 2000]
    python benchmarks/scale.py subscribers [--readers 2000] [--database URL]

The topics are made up (two rules of their own each), the readers too (sixteen kinds of choices);
papers and issue of the last two are those of the embedded sample. Mails go into a folder.
"""

from __future__ import annotations

import argparse
import gc
import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

from monitor import catalog as catalogs
from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.bulk.importer import Importer
from monitor.bulk.reader import Reader
from monitor.catalog import Catalog, Topic
from monitor.demo.pubmed import PubMedServer
from monitor.demo.sample import DEMO_WEEK_1, DEMO_WEEK_2, sample_revisions
from monitor.digest import stage as digest_stage
from monitor.errors import StoppedError
from monitor.harvest import changes
from monitor.harvest import stage as harvest_stage
from monitor.harvest.entrez import PubMed
from monitor.harvest.files import records_of
from monitor.harvest.records import Parsed
from monitor.ledger import stage as ledger_stage
from monitor.model import Article, Dates, Revision, Subscriber
from monitor.settings import Settings, packaged_queries
from monitor.store import Store, articles, schema, subscribers
from monitor.store.limiter import SlotLimiter


def timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def more_topics(known: Catalog, number: int) -> Catalog:
    """The catalog with as many topics; those made up speak of compounds that do not exist."""
    made = list(known.topics)
    pattern = made[0].rules[0]
    for n in range(len(made), number):
        rules = tuple(
            pattern.model_copy(
                update={
                    "id": f"rule{n}-{part}",
                    "cues": (f"compound{n} {part}", f"low-dose compound{n}"),
                    "traps": (),
                    "requires": (),
                    "unless": (),
                    "mesh": (),
                }
            )
            for part in ("trial", "therapy")
        )
        query = f"compound{n}[tiab]"
        made.append(Topic.model_construct(id=f"t{n}", title=f"T{n}", query=query, rules=rules))
    return replace(known, topics=tuple(made[:number]))


def topics(file: str, numbers: list[int], most: int) -> None:
    known = catalogs.load(packaged_queries())
    parsed = (r.article for r in records_of(file) if isinstance(r, Parsed))
    papers = list(islice(parsed, most))
    for number in numbers:
        some = more_topics(known, number)
        found: list[Assessor] = []
        loading = timed(lambda c=some, f=found: f.append(Assessor(c)))  # type: ignore[misc]
        assessor = found[0]
        gc.collect()
        relevance = timed(lambda a=assessor: [a.topics(p) for p in papers])  # type: ignore[misc]
        labels = timed(lambda a=assessor: [a.assess(p) for p in papers])  # type: ignore[misc]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{number} topics: loaded in {loading:.1f} s, relevance of "
            f"{len(papers) / relevance:.0f} records a second, all labels of "
            f"{len(papers) / labels:.0f}, {memory:.0f} MB"
        )


def held(store: Store, number: int, now: datetime) -> None:
    """Fill a store with papers of few words."""
    dates = Dates(created=date(2020, 1, 1), revised=date(2020, 1, 1))
    for at in range(0, number, 1000):
        some = [
            Article(pmid=str(10_000_000 + n), title=f"Paper {n}", dates=dates)
            for n in range(at, min(at + 1000, number))
        ]
        articles.record(store, None, [Revision(a, b"<x/>", changes.digest(a), now) for a in some])


def harvest(number: int, count: int) -> None:
    day = DEMO_WEEK_1 + timedelta(days=7)
    now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder, PubMedServer(today=DEMO_WEEK_1) as server:
        server.add_all((r.xml, r.visible_from) for r in sample_revisions())
        store = Store(f"sqlite:///{folder}/monitor.db")
        schema.upgrade(store)
        held(store, number, now)
        made = more_topics(catalogs.load(packaged_queries()), count).topics
        pubmed = PubMed(server.url, "bench@example.org", SlotLimiter(store, "bench", 10_000))
        harvest_stage.harvest(store, pubmed, made, lambda: now - timedelta(days=7))
        requests = pubmed.requests
        server.today = day
        spent = timed(lambda: harvest_stage.harvest(store, pubmed, made, lambda: now))
        requests = pubmed.requests - requests
        pubmed.close()
        store.close()
    print(
        f"{count} topics over {number} papers: {spent / count * 1000:.0f} ms of processor a topic "
        f"(the small PubMed's part included), {requests / count:.1f} requests a topic"
    )


def ledger(file: str, numbers: list[int]) -> None:
    known = catalogs.load(packaged_queries())
    reader = Reader(Assessor(known), keep_all=True)
    now = datetime.now(UTC)
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "monitor.db"
            store = Store(f"sqlite:///{path}")
            schema.upgrade(store)
            stop = Stop(number)
            importer = Importer(store, reader, lambda: now, progress=stop.told, stop=stop)
            with suppress(StoppedError):
                importer.take(file)
            taken: list[int] = []
            spent = timed(lambda s=store, t=taken: t.append(ledger_stage.update(s, known, now)))  # type: ignore[misc]
            store.close()
            size = path.stat().st_size / taken[0]
        print(
            f"{taken[0]} papers that no topic wants, kept with --all: the ledger takes in "
            f"{taken[0] / spent:.0f} a second; {size / 1000:.1f} kB of database each"
        )


class Stop:
    """Says when so many records were read."""

    def __init__(self, number: int) -> None:
        self._number, self._read = number, 0

    def told(self, read: int, _total: int) -> None:
        """Note how many it were."""
        self._read = read

    def __call__(self) -> bool:
        """Whether it is time."""
        return self._read >= self._number


def sample_store(url: str) -> tuple[Store, Catalog]:
    """A store with the sample, labelled and in the ledger."""
    store = Store(url)
    schema.upgrade(store)
    known = catalogs.load(packaged_queries())
    now = datetime(DEMO_WEEK_2.year, DEMO_WEEK_2.month, DEMO_WEEK_2.day, 6, tzinfo=UTC)
    with PubMedServer(today=DEMO_WEEK_2) as server:
        server.add_all((r.xml, r.visible_from) for r in sample_revisions())
        pubmed = PubMed(server.url, "bench@example.org", SlotLimiter(store, "bench", 10_000))
        harvest_stage.harvest(store, pubmed, known.topics, lambda: now)
        pubmed.close()
    assess_stage.assess(store, Assessor(known), now)
    ledger_stage.update(store, known, now)
    return store, known


def readers(url: str, number: int) -> None:
    now = datetime(DEMO_WEEK_2.year, DEMO_WEEK_2.month, DEMO_WEEK_2.day, 7, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        store, known = sample_store(url or f"sqlite:///{folder}/monitor.db")
        settings = Settings.model_validate(
            {"outbox_dir": Path(folder) / "mails", "mail_from": "Monitor <monitor@example.org>"}
        )
        ids = [t.id for t in known.topics]
        for n in range(number):
            reader = Subscriber(
                id=0,
                email=f"reader{n}@example.org",
                joined=now,
                topics=(ids[n % len(ids)],) if n & 4 else (),
                max_tier=9 - (n & 3),
                text_only=bool(n & 8),
            )
            subscribers.add(store, reader)
        issue = timed(lambda: digest_stage.make_issue(store, known, settings, now))
        sent: list[int] = []

        def send() -> None:
            sent.extend(digest_stage.deliver(store, known, settings, lambda: now).values())

        sending = timed(send)
        store.close()
    mails = sum(sent)
    print(
        f"{number} readers: the issue made in {issue:.1f} s, {mails} mails in {sending:.1f} s of "
        f"processor: {mails / sending:.0f} mails a second, marked as sent and written into a folder"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Many topics, many subscribers.")
    parts = parser.add_subparsers(dest="part", required=True)
    part = parts.add_parser("topics")
    part.add_argument("file")
    part.add_argument("--topics", type=int, nargs="+", default=[2, 100, 1000])
    part.add_argument("--most", type=int, default=300)
    part = parts.add_parser("harvest")
    part.add_argument("--held", type=int, default=20_000)
    part.add_argument("--topics", type=int, default=10)
    part = parts.add_parser("ledger")
    part.add_argument("file")
    part.add_argument("--papers", type=int, nargs="+", default=[1000, 2000])
    part = parts.add_parser("subscribers")
    part.add_argument("--readers", type=int, default=2000)
    part.add_argument("--database", default="")
    given = parser.parse_args()
    if given.part == "topics":
        topics(given.file, given.topics, given.most)
    elif given.part == "harvest":
        harvest(given.held, given.topics)
    elif given.part == "ledger":
        ledger(given.file, given.papers)
    else:
        readers(given.database, given.readers)


if __name__ == "__main__":
    main()
