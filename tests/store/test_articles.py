"""What we hold: revisions, batches, links; on a real SQLite file."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.errors import ConfigurationError, StoreError
from monitor.model import Article, BadRecord, Change, Dates, EventKind, Journal, PartialDate
from monitor.store import Store, articles, health, limiter, notices, papers, schema
from monitor.store.migrations import HEAD
from tests.conftest import NOW, revision

PAPER = Article("1", "A title", "An abstract.", journal=Journal("J"), doi="10.1/A")


def test_a_paper_comes_back_as_it_went_in(store: Store, sample: list[Article]) -> None:
    articles.record(store, "ldn", [revision(a) for a in sample])
    assert articles.articles(store, [a.pmid for a in sample]) == {a.pmid: a for a in sample}
    assert articles.held(store, "ldn") == {a.pmid for a in sample}
    assert articles.held(store, "me-cfs") == set()


def test_the_same_batch_twice_is_one_revision(store: Store) -> None:
    assert articles.record(store, "ldn", [revision(PAPER)]) == 1
    assert articles.record(store, "me-cfs", [revision(PAPER)]) == 0
    assert len(articles.versions(store, "1")) == 1
    assert articles.held(store, "me-cfs") == {"1"}


def test_a_new_revision_is_kept_beside_the_old_one(store: Store) -> None:
    articles.record(store, "ldn", [revision(PAPER)])
    after = replace(PAPER, abstract="Another abstract.")
    articles.record(store, "ldn", [revision(after, NOW + timedelta(days=1), PAPER)])
    first, second = articles.versions(store, "1")
    assert (first.number, second.number) == (1, 2)
    assert second.changed == ("abstract",)
    assert articles.articles(store, ["1"])["1"].abstract == "Another abstract."
    assert articles.xml(store, "1") == b"<x/>"


def test_a_withdrawn_record_keeps_its_history(store: Store) -> None:
    articles.record(store, "ldn", [revision(PAPER)])
    gone = replace(revision(PAPER), gone=True, changes=(Change(EventKind.WITHDRAWN),))
    assert articles.record(store, None, [gone]) == 1
    assert [v.gone for v in articles.versions(store, "1")] == [False, True]
    assert papers.counts(store)["gone"] == 1


def test_a_bad_record_is_kept_for_the_operator(store: Store) -> None:
    articles.record_bad(store, "ldn", [BadRecord("no title", "7", b"<broken")], NOW)
    assert papers.counts(store)["unreadable"] == 1


def test_partial_dates_survive(store: Store) -> None:
    dates = Dates(published=PartialDate(2013, 1, text="2013 Jan-Mar"))
    articles.record(store, "ldn", [revision(replace(PAPER, dates=dates))])
    assert str(articles.articles(store, ["1"])["1"].dates.published) == "2013 Jan-Mar"


def test_an_old_schema_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(StoreError, match="monitor db upgrade"):
        store.require_current()
    assert schema.upgrade(store) == (None, HEAD)
    store.require_current()
    assert schema.differences(store) == []
    with store.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=f"schema 9999, this version needs {HEAD}"):
        store.require_current()


def test_a_bad_url_is_a_sentence_without_the_password() -> None:
    with pytest.raises(ConfigurationError, match="MONITOR_DATABASE_URL"):
        Store("nonsense://user:secret@host/db")
    assert "secret" not in Store("postgresql://user:secret@127.0.0.1/db").url


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'none' / 'monitor.db'}")
    with pytest.raises(StoreError, match="folder exists and is writable, and its disk too"):
        store.require_current()


def test_a_failed_write_leaves_nothing_behind(store: Store) -> None:
    class Boom(Exception):
        pass

    with pytest.raises(Boom), store.write() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO request_slot (name, free_at) VALUES ('x', 1)"
        )
        raise Boom
    with store.read() as session:
        rows = session.connection().exec_driver_sql("SELECT count(*) FROM request_slot").scalar()
    assert rows == 0


def test_naive_times_are_refused(store: Store) -> None:
    with pytest.raises(Exception, match="without zone"):
        notices.add(store, "x", "y", datetime(2026, 1, 1))


def test_times_come_back_in_utc(store: Store) -> None:
    notices.add(store, "x", "y", NOW)
    assert notices.waiting(store)[0][1] == NOW.astimezone(UTC)
    assert notices.waiting(store)[0][1].tzinfo is not None


def test_slots_are_spaced_across_threads(store: Store) -> None:
    starts: list[float] = []
    lock = threading.Lock()
    clock = 1000.0

    def work() -> None:
        waited: list[float] = []
        slots = limiter.SlotLimiter(store, "pubmed", 2, clock=lambda: clock, sleep=waited.append)
        for _ in range(5):
            waited.clear()
            slots.acquire()
            with lock:
                starts.append(sum(waited))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts.sort()
    assert len(starts) == 15
    assert all(b - a >= 0.49 for a, b in zip(starts, starts[1:], strict=False))


def test_a_quote_that_no_longer_matches_is_a_fault(store: Store) -> None:
    articles.record(store, "ldn", [revision(PAPER)])
    assert health.faults(store) == []
    with store.write() as session:
        session.connection().exec_driver_sql("UPDATE article SET version_id = 77")
    assert health.faults(store) == ["article 1: its current revision is not stored"]
