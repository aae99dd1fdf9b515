"""A wrong clock is refused before it can date anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from monitor.catalog import Topic
from monitor.demo.pubmed import PubMedServer
from monitor.errors import ClockError
from monitor.harvest import stage
from monitor.harvest.entrez import PubMed
from monitor.model import Issue, RunState
from monitor.store import Store, clock, issues, runs
from tests.conftest import NOW
from tests.demo.test_pubmed_server import record

YEAR = timedelta(days=365)
TOPIC = Topic(id="ldn", title="LDN", query="naltrexone")


class Free:
    def acquire(self) -> None:
        """Nobody to be polite to."""


def harvest(store: Store, ours: Callable[[], datetime]) -> RunState:
    with PubMedServer() as server:
        server.add(record(1, "naltrexone", "2020/01/01"))
        pubmed = PubMed(server.url, "me@example.org", Free(), clock=ours)
        try:
            (receipt,) = stage.harvest(store, pubmed, [TOPIC], ours)
        finally:
            pubmed.close()
    return receipt.state


@pytest.mark.parametrize("off", [-2 * YEAR, timedelta(days=-3), timedelta(days=3), 5 * YEAR])
def test_a_harvest_under_a_wrong_date_moves_no_watermark(store: Store, off: timedelta) -> None:
    def wrong() -> datetime:
        return datetime.now(UTC) + off

    assert harvest(store, wrong) is RunState.FAILED
    receipt = runs.last(store)["ldn"]
    assert "the clock of this machine says" in receipt.error
    assert runs.last_good(store, "ldn") is None
    with pytest.raises(ClockError, match="Set the clock"):
        clock.require_true(store, wrong())
    assert harvest(store, lambda: datetime.now(UTC)) is RunState.GOOD
    clock.require_true(store, datetime.now(UTC))


def test_no_issue_is_made_before_the_last_one_or_years_after_the_last_harvest(
    store: Store,
) -> None:
    assert harvest(store, lambda: datetime.now(UTC)) is RunState.GOOD
    now = datetime.now(UTC)
    issues.create(store, Issue(number=1, made=now, since=None, until=now, first=True), [], [])
    clock.require_true(store, now)
    with pytest.raises(ClockError, match="the last issue was made on"):
        clock.require_true(store, now - timedelta(days=1))
    with pytest.raises(ClockError, match="more than a year after the last harvest"):
        clock.require_true(store, now + 2 * YEAR)


def test_an_empty_database_knows_no_wrong_time(store: Store) -> None:
    clock.require_true(store, NOW)
