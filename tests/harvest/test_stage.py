"""The harvest stage against a real server and a real database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.catalog import Topic
from monitor.demo.pubmed import PubMedServer
from monitor.harvest import entrez, stage
from monitor.harvest.entrez import PubMed
from monitor.model import EventKind, RunState
from monitor.store import Store, articles, notices, papers, runs
from tests.demo.test_pubmed_server import record
from tests.fakes.pubmed import Faulty, Outage
from tests.harvest.test_entrez import QUICK, NoWait

TOPIC = Topic(id="ldn", title="LDN", query="naltrexone")
MONDAY = date(2024, 6, 3)


class Desk:
    """An operator's week: a server, a client, a store and a clock that can be moved."""

    def __init__(self, server: PubMedServer, store: Store) -> None:
        self.server, self.store = server, store
        self.pubmed = PubMed(server.url, "me@example.org", NoWait(), patience=QUICK)

    def harvest(self, day: date, topic: Topic = TOPIC, **options: bool):
        self.server.today = day
        now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
        (receipt,) = stage.harvest(self.store, self.pubmed, [topic], lambda: now, **options)
        return receipt


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    with PubMedServer(today=MONDAY) as server:
        for pmid in range(1, 31):
            server.add(record(pmid, f"naltrexone {pmid}", f"2024/05/{pmid:02d}"))
        made = Desk(server, store)
        yield made
        made.pubmed.close()


def test_a_first_run_takes_everything_and_a_second_nothing(desk: Desk) -> None:
    first = desk.harvest(MONDAY)
    assert (first.state, first.found, first.new, first.requests) == (RunState.GOOD, 30, 30, 2)
    second = desk.harvest(MONDAY + timedelta(days=7))
    assert (second.new, second.changed, second.failed) == (0, 0, 0)
    assert len(articles.held(desk.store)) == 30


def test_a_weekly_run_is_frugal(desk: Desk) -> None:
    desk.harvest(MONDAY)
    for pmid in range(100, 350):
        desk.server.add(record(pmid, "naltrexone", "2024/06/05"))
    receipt = desk.harvest(MONDAY + timedelta(days=7))
    assert receipt.new == 250
    assert receipt.requests <= 3 + 2


def test_a_changed_record_is_stored_beside_the_old_one(desk: Desk) -> None:
    desk.harvest(MONDAY)
    changed = record(5, "naltrexone 5", "2024/05/05", abstract="It arrived.").replace(
        b"<DateRevised><Year>2024</Year><Month>05</Month><Day>05</Day>",
        b"<DateRevised><Year>2024</Year><Month>06</Month><Day>06</Day>",
    )
    desk.server.add(changed, date(2024, 6, 6))
    receipt = desk.harvest(MONDAY + timedelta(days=7))
    assert (receipt.new, receipt.changed) == (0, 1)
    last = articles.versions(desk.store, "5")[-1]
    assert "abstract" in last.changed
    assert [c.kind for c in last.changes] == [EventKind.ABSTRACT_ARRIVED]


def test_a_record_that_starts_to_match_late_is_not_missed(desk: Desk) -> None:
    desk.server.add(record(900, "something else", "2024/01/01"))
    desk.harvest(MONDAY)
    late = record(900, "naltrexone after all", "2024/01/01").replace(
        b"<DateRevised><Year>2024</Year><Month>01</Month><Day>01</Day>",
        b"<DateRevised><Year>2024</Year><Month>06</Month><Day>08</Day>",
    )
    desk.server.add(late, date(2024, 6, 8))
    assert desk.harvest(MONDAY + timedelta(days=7)).new == 1
    assert "900" in articles.held(desk.store, "ldn")


def test_an_outage_of_weeks_loses_nothing(desk: Desk) -> None:
    desk.harvest(MONDAY)
    outage = Outage()
    desk.server.fault = outage
    outage.on = True
    for week in (1, 2, 3):
        day = MONDAY + timedelta(days=7 * week)
        desk.server.add(record(500 + week, "naltrexone", f"{day:%Y/%m/%d}"))
        assert desk.harvest(day).state is RunState.FAILED
    assert notices.waiting(desk.store)
    outage.on = False
    back = desk.harvest(MONDAY + timedelta(days=28))
    assert (back.state, back.new) == (RunState.GOOD, 3)


def test_faults_on_a_fifth_of_the_requests_change_nothing(desk: Desk) -> None:
    desk.server.fault = Faulty(0.2, seed=7)
    for week in range(8):
        day = MONDAY + timedelta(days=7 * week)
        desk.server.add(record(600 + week, "naltrexone", f"{day:%Y/%m/%d}"))
        desk.harvest(day)
    desk.server.fault = None
    desk.harvest(MONDAY + timedelta(days=70))
    assert articles.held(desk.store) == {str(p) for p in (*range(1, 31), *range(600, 608))}


def test_a_withdrawn_record_is_marked_and_kept(desk: Desk) -> None:
    desk.harvest(MONDAY)
    assert desk.harvest(MONDAY + timedelta(days=1), full=True).changed == 0
    desk.server.delete(3, MONDAY)
    receipt = desk.harvest(MONDAY + timedelta(days=2), full=True)
    assert (receipt.state, receipt.changed) == (RunState.GOOD, 1)
    last = articles.versions(desk.store, "3")[-1]
    assert last.gone
    assert [c.kind for c in last.changes] == [EventKind.WITHDRAWN]
    assert "3" in articles.held(desk.store)
    again = desk.harvest(MONDAY + timedelta(days=3), full=True)
    assert (again.changed, len(articles.versions(desk.store, "3"))) == (0, 2)


@pytest.mark.parametrize("full", [True, False])
def test_a_withdrawn_record_that_comes_back_unchanged_is_taken_up_again(
    desk: Desk, full: bool
) -> None:
    desk.harvest(MONDAY)
    desk.server.delete(30, MONDAY)
    desk.harvest(MONDAY + timedelta(days=1), full=True)
    assert articles.withdrawn(desk.store, ["29", "30"]) == {"30"}
    desk.server.delete(30, date(2034, 1, 1))  # not yet, that is: it is there again
    receipt = desk.harvest(MONDAY + timedelta(days=2), full=full)
    assert (receipt.new, receipt.changed) == (0, 1)
    assert articles.withdrawn(desk.store, ["29", "30"]) == set()
    last = articles.versions(desk.store, "30")[-1]
    assert (last.number, last.gone, last.changed, last.changes) == (3, False, ("status",), ())
    assert articles.xml(desk.store, "30")
    again = desk.harvest(MONDAY + timedelta(days=3), full=True)
    assert (again.new, again.changed) == (0, 0)


def test_what_is_listed_and_not_delivered_is_named_and_tried_again(desk: Desk) -> None:
    current = desk.server.index.current
    desk.server.index.current = (  # type: ignore[method-assign]
        lambda pmid, today: None if pmid == 9 else current(pmid, today)
    )
    seen = frozenset(range(30))
    desk.server.index.visible = lambda today: seen  # type: ignore[method-assign]
    receipt = desk.harvest(MONDAY)
    assert (receipt.state, receipt.new, receipt.failed) == (RunState.GOOD, 29, 1)
    assert runs.unobtainable(desk.store, "ldn") == {"9": "PubMed lists it but does not deliver it"}
    desk.server.index.current = current  # type: ignore[method-assign]
    assert desk.harvest(MONDAY + timedelta(days=30)).new == 1
    assert runs.unobtainable(desk.store, "ldn") == {}


def test_a_mistyped_field_fails_the_run_and_tells_the_operator(desk: Desk) -> None:
    receipt = desk.harvest(MONDAY, TOPIC.model_copy(update={"query": "naltrexone[tiabb]"}))
    assert receipt.state is RunState.FAILED
    assert "does not know the field [tiabb]" in receipt.error
    assert "tiabb" in notices.waiting(desk.store)[0][3]
    assert articles.held(desk.store) == set()


def test_more_hits_than_pubmed_lists_are_split(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrez, "CEILING", 7)
    monkeypatch.setattr(stage, "CEILING", 7)
    for pmid in range(700, 720):
        desk.server.add(record(pmid, "naltrexone", "2024/05/31"))
    receipt = desk.harvest(MONDAY)
    assert (receipt.state, receipt.found) == (RunState.GOOD, 50)
    assert len(articles.held(desk.store)) == 50


def test_seeds_are_planted_and_marked(desk: Desk) -> None:
    seed = {
        "doi": "10.1000/seed",
        "title": "Outside PubMed",
        "authors": ["Polo O"],
        "journal": "Fatigue",
        "year": 2019,
    }
    topic = Topic.model_validate(
        {
            "id": "ldn",
            "title": "LDN",
            "query": "naltrexone",
            "seed": [seed, {"pmid": "40"}],
        }
    )
    desk.server.add(record(40, "unrelated words", "2020/01/01"))
    receipt = desk.harvest(MONDAY, topic)
    assert receipt.state is RunState.GOOD
    found = articles.articles(desk.store, ["doi:10.1000/seed", "40"])
    assert found["doi:10.1000/seed"].authors[0].name == "Polo O"
    assert set(found) == {"doi:10.1000/seed", "40"}
    assert papers.counts(desk.store)["articles"] == 32
    assert desk.harvest(MONDAY + timedelta(days=7), topic).changed == 0


def test_a_query_that_pubmed_reads_otherwise_alarms_the_operator(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.harvest(MONDAY)
    desk.harvest(MONDAY + timedelta(days=7))
    desk.harvest(MONDAY + timedelta(days=14))
    assert notices.waiting(desk.store) == []
    search = desk.pubmed.search

    def otherwise(term: str) -> entrez.SearchResult:
        found = search(term)
        return replace(found, translation=found.translation.replace("naltrexone", "nalmefene"))

    monkeypatch.setattr(desk.pubmed, "search", otherwise)
    desk.harvest(MONDAY + timedelta(days=21))
    (notice,) = notices.waiting(desk.store)
    assert "reads the query otherwise" in notice[3]


def test_nothing_found_is_no_alarm(desk: Desk) -> None:
    topic = TOPIC.model_copy(update={"query": "unheardof"})
    assert desk.harvest(MONDAY, topic).state is RunState.GOOD
    assert notices.waiting(desk.store) == []
