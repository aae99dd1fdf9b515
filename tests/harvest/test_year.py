"""A year of weeks with everything that goes wrong ends like a year in which nothing did."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitor.catalog import Topic
from monitor.demo.pubmed import PubMedServer, Request, Response
from monitor.harvest import stage
from monitor.harvest.entrez import Patience, PubMed
from monitor.store import Store, articles, health, schema
from tests.demo.test_pubmed_server import record
from tests.fakes.pubmed import FAULTS, Faulty

TOPIC = Topic(id="ldn", title="LDN", query="naltrexone")
START = date(2024, 1, 1)
WEEKS = 52
PAPERS = 150
IMPATIENT = Patience(attempts=3, deadline=5, first_pause=0.0005, longest_pause=0.001)


class Killed(BaseException):
    """The process was killed."""


class Deadly:
    """A limiter that now and then kills the process instead of waiting."""

    def __init__(self, rng: random.Random, share: float) -> None:
        self._rng, self._share = rng, share

    def acquire(self) -> None:
        if self._rng.random() < self._share:
            raise Killed


def dated(pmid: int, words: str, created: date, revised: date, retracted: bool = False) -> bytes:
    xml = record(pmid, words, f"{created:%Y/%m/%d}").decode()
    old = (
        f"<DateRevised><Year>{created:%Y}</Year><Month>{created:%m}</Month><Day>{created:%d}</Day>"
    )
    new = (
        f"<DateRevised><Year>{revised:%Y}</Year><Month>{revised:%m}</Month><Day>{revised:%d}</Day>"
    )
    assert old in xml
    xml = xml.replace(old, new)
    if retracted:
        link = "<CommentsCorrections RefType='RetractionIn'><RefSource>J</RefSource></CommentsCorrections>"
        note = f"<CommentsCorrectionsList>{link}</CommentsCorrectionsList><MeshHeadingList>"
        xml = xml.replace("<MeshHeadingList>", note)
    return xml.encode()


def fill(server: PubMedServer, seed: int) -> None:
    """A year of records: new, back-dated, revised, retracted, late to match, withdrawn."""
    rng = random.Random(seed)
    for pmid in range(1, PAPERS + 1):
        created = START + timedelta(days=rng.randrange(-60, 7 * WEEKS))
        fate = rng.random()
        if fate < 0.15:  # PubMed shows it weeks after the Create Date that it bears
            shown = created + timedelta(days=rng.randrange(8, 60))
            server.add(dated(pmid, "naltrexone", created, shown), shown)
            continue
        if fate < 0.25:  # its words come to match later
            server.add(dated(pmid, "other words", created, created), created)
            shown = created + timedelta(days=rng.randrange(1, 90))
            server.add(dated(pmid, "naltrexone", created, shown), shown)
            continue
        server.add(dated(pmid, "naltrexone", created, created), created)
        if fate < 0.45:
            shown = created + timedelta(days=rng.randrange(1, 120))
            server.add(dated(pmid, f"naltrexone, revised {pmid}", created, shown), shown)
        elif fate < 0.55:
            shown = created + timedelta(days=rng.randrange(1, 120))
            server.add(dated(pmid, "naltrexone", created, shown, retracted=True), shown)
        elif fate < 0.6:
            server.delete(pmid, created + timedelta(days=rng.randrange(10, 100)))


@contextmanager
def opened(folder: Path, name: str) -> Iterator[Store]:
    store = Store(f"sqlite:///{folder / name}")
    schema.upgrade(store)
    yield store
    store.close()


def harvest(
    server: PubMedServer, store: Store, day: date, limiter: Deadly, *, full: bool = False
) -> None:
    server.today = day
    pubmed = PubMed(server.url, "me@example.org", limiter, patience=IMPATIENT)
    now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    try:
        stage.harvest(store, pubmed, [TOPIC], lambda: now, full=full)
    finally:
        pubmed.close()


def end(store: Store) -> dict[str, tuple[str, bool, bool]]:
    held = articles.articles(store, articles.held(store))
    gone = {p for p in held if articles.versions(store, p)[-1].gone}
    return {p: (a.title, a.is_retracted, p in gone) for p, a in held.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_year_of_trouble_ends_like_a_year_without(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    last = START + timedelta(days=7 * WEEKS + 130)
    calm, deadly = Deadly(rng, 0), Deadly(rng, 0.05)
    with PubMedServer(today=START) as server:
        fill(server, seed)
        with opened(tmp_path, "trouble.db") as store:
            outage_until = START
            faulty = Faulty(0.2, seed)

            def trouble(request: Request, number: int) -> Response | None:
                if server.today < outage_until:
                    return FAULTS["unavailable"]
                return faulty(request, number)

            server.fault = trouble
            for week in range(WEEKS):
                day = START + timedelta(days=7 * week)
                if rng.random() < 0.08:
                    outage_until = day + timedelta(days=rng.randrange(1, 21))
                with suppress(Killed):
                    harvest(server, store, day, deadly, full=week % 4 == 3)
            server.fault = None
            harvest(server, store, last, calm)
            harvest(server, store, last, calm, full=True)
            troubled = end(store)
            assert health.faults(store) == []
        with opened(tmp_path, "perfect.db") as store:
            for week in range(WEEKS):
                harvest(server, store, START + timedelta(days=7 * week), calm, full=week % 4 == 3)
            harvest(server, store, last, calm)
            harvest(server, store, last, calm, full=True)
            perfect = end(store)
    # A record that PubMed withdrew while we could not ask was never to be had.
    lost = {p for p, (_, _, gone) in perfect.items() if gone and p not in troubled}
    assert troubled == {p: v for p, v in perfect.items() if p not in lost}
    assert len(lost) <= PAPERS * 0.03
    assert len(perfect) > PAPERS * 0.9
