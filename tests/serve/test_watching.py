"""/healthz and /metrics: what they say, when they fail, and what they never say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from starlette.testclient import TestClient

from monitor.catalog import Catalog
from monitor.harvest import changes
from monitor.model import JobState, RunState, Subscriber, WorkerJob
from monitor.queue import schema as queue_schema
from monitor.queue.app import Job, options
from monitor.queue.deferring import defer
from monitor.serve.context import Web
from monitor.serve.health import max_age
from monitor.settings import Settings
from monitor.store import Store, imports, jobs, runs, schema, subscribers
from monitor.store.imports import Batch
from tests.conftest import NOW
from tests.serve.conftest import Clock, ask, harvested

DOCS = Path(__file__).parents[2] / "docs" / "api.md"
WATCH = DOCS.with_name("watch.md")


def _harvest(store: Store, catalog: Catalog, state: RunState = RunState.GOOD) -> None:
    for topic in catalog.topics:
        run = harvested(topic.id, NOW, state)
        runs.finish(store, runs.start(store, run), run, {})


def test_health_is_good_while_every_topic_was_harvested_lately(
    client: TestClient, store: Store, catalog: Catalog, clock: Clock
) -> None:
    assert client.get("/healthz").status_code == 503
    _harvest(store, catalog)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "pass")
    assert answer.headers["cache-control"] == "no-store"
    clock.tick(timedelta(hours=50))
    assert client.get("/healthz").status_code == 200
    clock.tick(timedelta(seconds=1))
    failed = client.get("/healthz")
    assert failed.status_code == 503
    assert [c["status"] for c in failed.json()["checks"]] == ["pass", "fail", "fail"]


@pytest.mark.parametrize(
    ("given", "hours"),
    [
        ({}, 50),
        ({"harvest_schedule": "mon 05:30"}, 216),
        ({"harvest_schedule": "monthly 05:30"}, 792),
        ({"harvest_schedule": "mon 05:30", "health_max_age_hours": 7}, 7),
    ],
)
def test_how_old_a_harvest_may_be_follows_its_schedule(given: dict[str, Any], hours: int) -> None:
    assert max_age(Settings(**given)) == timedelta(hours=hours)


def test_a_failed_harvest_is_no_good_harvest(
    client: TestClient, store: Store, catalog: Catalog
) -> None:
    _harvest(store, catalog, RunState.FAILED)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "no good harvest yet" in answer.text
    assert "secret-host" not in answer.text


def test_an_old_schema_is_not_healthy(client: TestClient, store: Store, catalog: Catalog) -> None:
    _harvest(store, catalog)
    with store.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "schema" in answer.text


def _broken(tmp_path: Path, catalog: Catalog, settings: Settings) -> TestClient:
    path = tmp_path / "broken.db"
    path.write_bytes(b"this is no database" * 100)
    return ask(Web(settings, Store(f"sqlite:///{path}"), catalog, now=lambda: NOW))


def test_a_database_that_cannot_be_read_is_told_without_its_place(
    tmp_path: Path, catalog: Catalog, settings: Settings
) -> None:
    client = _broken(tmp_path, catalog, settings)
    for path in ("/healthz", "/api/v1/papers", "/api/v1/claims/griffith-study"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "broken.db" not in answer.text
        assert str(tmp_path) not in answer.text
    scraped = client.get("/metrics")
    assert "monitor_up 0.0" in scraped.text


def _values(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_count_what_the_store_holds(full: TestClient, catalog: Catalog) -> None:
    found = _values(full.get("/metrics").text)
    assert found["monitor_up",] == 1
    assert found["monitor_papers", "wanted"] > 50
    assert found["monitor_harvest_runs_total", "good", "ldn"] == 1
    assert found["monitor_harvest_runs_total", "failed", "ldn"] == 1
    for topic in catalog.topics:
        when = found["monitor_last_good_harvest_timestamp_seconds", topic.id]
        assert when == NOW.timestamp()
    assert found["monitor_events_untold",] == 0
    assert found["monitor_last_issue",] == 1
    assert found["monitor_database_bytes",] > 100_000
    assert found["monitor_deliveries", "pending"] == 0


def test_metrics_tell_of_each_job(client: TestClient, store: Store) -> None:
    hour, later = timedelta(hours=1), NOW + timedelta(days=1)
    for began, state in ((NOW, JobState.GOOD), (later, JobState.CUT_OFF)):
        jobs.finish(store, jobs.start(store, "backup", "r", began), state, "", began + hour)
    jobs.start(store, "backup", "r", later + 2 * hour)
    file = imports.begin(store, "d" * 32, "rules", "a.xml", None, NOW)
    imports.take_in(store, file, Batch(9, 3, last=True), NOW + hour, changes.compare)
    broken = imports.begin(store, "e" * 32, "rules", "b.xml", None, later)
    imports.give_up(store, broken, "it breaks off", later + hour)
    found = _values(client.get("/metrics").text)
    name = "monitor_job_last_{}".format
    assert found[name("run_timestamp_seconds"), "backup"] == (later + 2 * hour).timestamp()
    assert found[name("good_timestamp_seconds"), "backup"] == (NOW + hour).timestamp()
    assert found[name("duration_seconds"), "backup"] == hour.total_seconds()
    assert found[name("run_timestamp_seconds"), "import"] == later.timestamp()
    assert found[name("good_timestamp_seconds"), "import"] == (NOW + hour).timestamp()
    outcomes = ("good", "failed", "cut_off", "stopped", "running")
    counts = {
        job: [found["monitor_job_runs", *sorted((job, o))] for o in outcomes]
        for job in ("backup", "import", "digest")
    }
    assert counts == {
        "backup": [1, 0, 1, 0, 1],
        "import": [1, 1, 0, 0, 0],
        "digest": [0, 0, 0, 0, 0],
    }
    assert (name("run_timestamp_seconds"), "digest") not in found


@pytest.fixture
def queued(
    database: Callable[[], str], settings: Settings, catalog: Catalog
) -> Iterator[tuple[str, TestClient]]:
    """A PostgreSQL database with a queue, and a client of the service over it."""
    url = database()
    store = Store(url)
    schema.upgrade(store)
    queue_schema.upgrade(url)
    there = settings.model_copy(update={"database_url": SecretStr(url)})
    yield url, ask(Web(there, store, catalog, now=lambda: NOW))
    store.close()


def test_metrics_tell_of_the_queue(queued: tuple[str, TestClient]) -> None:
    url, client = queued
    empty = _values(client.get("/metrics").text)
    for kind in WorkerJob:
        assert empty["monitor_queue_workers", kind] == 0
        assert empty["monitor_queue_oldest_waiting_seconds", kind] == 0
        assert empty["monitor_queue_jobs", *sorted((kind, "waiting"))] == 0
    defer(url, [Job("harvest", {}, "a"), Job("harvest", {}, "b"), Job("import", {}, "c")])
    with psycopg.connect(url, options=options(), autocommit=True) as connection:
        for kinds in (None, ["import"]):
            row = connection.execute("SELECT procrastinate_register_worker_v1()").fetchone()
            values = [*(row or ()), kinds]
            connection.execute("INSERT INTO monitor_worker_kinds VALUES (%s, %s)", values)
        connection.execute(
            "UPDATE procrastinate_jobs SET status = 'failed' WHERE task_name = 'import'"
        )
        connection.execute("UPDATE procrastinate_events SET at = at - interval '1 hour'")
    found = _values(client.get("/metrics").text)
    assert found["monitor_queue_workers", "harvest"] == 1
    assert found["monitor_queue_workers", "import"] == 2
    assert found["monitor_queue_jobs", "harvest", "waiting"] == 2
    assert found["monitor_queue_jobs", "import", "waiting"] == 0
    assert found["monitor_queue_jobs", "failed", "import"] == 1
    assert 3600 <= found["monitor_queue_oldest_waiting_seconds", "harvest"] < 3700
    assert found["monitor_queue_oldest_waiting_seconds", "import"] == 0


def test_metrics_tell_of_no_queue_where_there_is_none(full: TestClient) -> None:
    assert "monitor_queue" not in full.get("/metrics").text


def test_metrics_and_pages_name_no_reader(client: TestClient, store: Store) -> None:
    for number, state in enumerate(({}, {"confirmed": False}, {"suspended": True})):
        subscribers.add(store, Subscriber(0, f"someone{number}@secret.example", NOW, **state))
    scraped = client.get("/metrics").text
    found = _values(scraped)
    for state in ("confirmed", "unconfirmed", "suspended"):
        assert found["monitor_subscribers", state] == 1
    assert "secret.example" not in scraped + client.get("/healthz").text


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer wrong", "Basic c2NyYXBlcg=="])
def test_metrics_ask_for_their_token(
    store: Store, catalog: Catalog, settings: Settings, given: str | None
) -> None:
    closed = settings.model_copy(update={"metrics_token": SecretStr("scrape-me")})
    client = ask(Web(closed, store, catalog, now=lambda: NOW))
    headers = {} if given is None else {"authorization": given}
    refused = client.get("/metrics", headers=headers)
    assert refused.status_code == 401
    assert "monitor_" not in refused.text
    good = client.get("/metrics", headers={"authorization": "Bearer scrape-me"})
    assert "monitor_up 1.0" in good.text


def _all_documented(client: TestClient) -> None:
    documented, watched = (path.read_text() for path in (DOCS, WATCH))
    for family in text_string_to_metric_families(client.get("/metrics").text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"`{name}`" in documented
        assert f"`{family.name}`" in watched


def test_every_metric_is_in_the_docs(full: TestClient) -> None:
    _all_documented(full)


def test_every_metric_of_the_queue_is_in_the_docs(queued: tuple[str, TestClient]) -> None:
    _all_documented(queued[1])
