"""The whole line, and two processes that would lead, over PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from monitor.demo.pubmed import PubMedServer
from monitor.model import JobState
from monitor.store import Store, articles, health, issues, jobs, ledger
from tests.conftest import NOW
from tests.end_to_end.conftest import TODAY, Program
from tests.end_to_end.test_run import SECONDS, Hanging, running


@pytest.fixture
def url(database: Callable[[], str]) -> str:
    return database()


@pytest.fixture
def on_postgresql(program: Program, url: str) -> Program:
    program.use({"MONITOR_DATABASE_URL": url, "MONITOR_LOG_FORMAT": "json"})
    program.run("db", "upgrade")
    return program


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    made = Store(url)
    yield made
    made.close()


def test_two_weeks_are_told_backed_up_and_restored(
    on_postgresql: Program, pubmed: PubMedServer, store: Store
) -> None:
    on_postgresql.run("subscribers", "add", "reader@example.org")
    on_postgresql.run("run", "--once")
    on_postgresql.run("db", "backup", "first.db")
    pubmed.today = TODAY
    on_postgresql.run("run", "--once")
    assert [i.number for i in issues.all_issues(store)] == [1, 2]
    assert len(list((on_postgresql.folder / "outbox").glob("issue-*.eml"))) == 2
    keys = [e.key for e in ledger.events(store)]
    assert len(keys) == len(set(keys)) > 0
    assert "sound" in on_postgresql.run("db", "check")
    held = articles.held(store)
    on_postgresql.run("db", "restore", "first.db", "--yes")
    assert [i.number for i in issues.all_issues(store)] == [1]
    on_postgresql.run("run", "--once")
    assert articles.held(store) == held
    assert health.faults(store) == []


def test_one_leads_and_another_takes_over_when_its_connection_is_lost(
    on_postgresql: Program, pubmed: PubMedServer, store: Store, url: str
) -> None:
    pubmed.fault = hanging = Hanging()
    with running(on_postgresql) as first:
        first.wait_for("leading")
        assert hanging.asked.wait(SECONDS)
        with running(on_postgresql) as second:
            second.wait_for("waiting: another process")
            with psycopg.connect(url, autocommit=True) as server:  # as when PostgreSQL restarts
                server.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            first.wait_for("the lead is lost")
            pubmed.fault = None
            hanging.go.set()
            limit = time.monotonic() + SECONDS
            while jobs.last(store)["harvest"].state is not JobState.GOOD:
                assert time.monotonic() < limit, (*first.lines, *second.lines)
                time.sleep(0.2)
    assert len(articles.held(store)) == 60
    ran = [r.state for r in jobs.since(store, NOW) if r.job == "harvest"]
    assert ran == [JobState.STOPPED, JobState.GOOD]
