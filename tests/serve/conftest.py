"""The service in process: a real store with the sample, a clock that the test holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.digest import stage as digest_stage
from monitor.ledger import stage as ledger_stage
from monitor.model import Article, Receipt, RunState
from monitor.serve.app import create
from monitor.serve.context import Web
from monitor.settings import Settings
from monitor.store import Store, articles, runs, schema
from tests.conftest import NOW, revision
from tests.store.conftest import database, postgresql

__all__ = ["database", "postgresql"]

SITE = "https://evidence.example.org/"
SECRET = "0123456789abcdef0123"


@dataclass
class Clock:
    """The time of the service, moved by hand."""

    at: datetime = NOW
    seconds: float = 0.0
    tick: Callable[[timedelta], None] = field(init=False)

    def __post_init__(self) -> None:
        def tick(by: timedelta) -> None:
            self.at += by
            self.seconds += by.total_seconds()

        self.tick = tick


def harvested(topic: str, at: datetime, state: RunState = RunState.GOOD) -> Receipt:
    return Receipt(
        topic=topic, query="q", query_hash="h", state=state, started=at, finished=at,
        since=at.date(), until=at.date(), error="secret-host refused" if state is RunState.FAILED else "",
    )  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "reports_dir": tmp_path / "site",
            "outbox_dir": tmp_path / "outbox",
            "site_url": SITE,
            "secret_key": SECRET,
            "mail_from": "Evidence monitor <monitor@example.org>",
        }
    )


@pytest.fixture
def client(store: Store, catalog: Catalog, settings: Settings, clock: Clock) -> TestClient:
    web = Web(settings, store, catalog, now=lambda: clock.at, clock=lambda: clock.seconds)
    return ask(web)


def ask(web: Web, **more: Any) -> TestClient:
    """A client of the service; a fault of ours is raised in the test."""
    return TestClient(create(web), base_url=SITE, follow_redirects=False, **more)


@pytest.fixture(scope="session")
def full_store(
    tmp_path_factory: pytest.TempPathFactory,
    catalog: Catalog,
    assessor: Assessor,
    sample: list[Article],
) -> Iterator[Store]:
    """The sample with labels, ledger and an issue; read only."""
    folder = tmp_path_factory.mktemp("full")
    store = Store(f"sqlite:///{folder / 'monitor.db'}")
    schema.upgrade(store)
    articles.record(store, "ldn", [revision(a) for a in sample])
    assess_stage.assess(store, assessor, NOW)
    ledger_stage.update(store, catalog, NOW)
    for topic in catalog.topics:
        run = harvested(topic.id, NOW)
        runs.finish(store, runs.start(store, run), run, {})
    bad = harvested("ldn", NOW + timedelta(hours=1), RunState.FAILED)
    runs.finish(store, runs.start(store, bad), bad, {})
    digest_stage.make_issue(store, catalog, Settings(), NOW + timedelta(hours=2))
    yield store
    store.close()


@pytest.fixture
def full(full_store: Store, catalog: Catalog, settings: Settings, clock: Clock) -> TestClient:
    """A client over the sample."""
    web = Web(settings, full_store, catalog, now=lambda: clock.at, clock=lambda: clock.seconds)
    return ask(web)
